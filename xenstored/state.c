/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The journal: see state.h. Appending is a copy into a mapped window of the
 * file, whose pages were reserved before (a full tmpfs is an error here, not a
 * SIGBUS in the middle of a store).
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "state.h"
#include "xu_file.h"

#define WINDOW (1u << 20)
/* A new snapshot when the journal is longer than this and than the last one. */
#define JOURNAL_MIN ((uint64_t)8 << 20)
/* After a failure (no room, mostly) it is tried again so much later. */
#define RETRY_S 10

static struct {
	bool on, closed, recovering;
	/* That it is off was said. */
	bool told;
	char dir[160];
	char boot[40];
	int lock;
	/* The journal's file, its head, and the window at its end. */
	int fd;
	uint32_t number, oldest;
	struct state_head *head;
	char *win;
	uint64_t win_at, size, at;
	size_t win_len;
	uint64_t snapshot_bytes;
	time_t retry;
} j = {.lock = -1, .fd = -1};

static const char zero[8];

bool
state_on(void)
{
	return j.on;
}

static void
journal_path(char *buf, size_t size, uint32_t number)
{
	snprintf(buf, size, "%s/journal.%u", j.dir, number);
}

static void
remove_files(uint32_t from, uint32_t to)
{
	char path[256];

	for (; from < to; from++) {
		journal_path(path, sizeof(path), from);
		unlink(path);
		snprintf(path, sizeof(path), "%s/snapshot.%u", j.dir, from);
		unlink(path);
	}
}

static void
unmap_journal(void)
{
	if (j.win != NULL)
		munmap(j.win, j.win_len);
	if (j.head != NULL)
		munmap(j.head, sizeof(*j.head));
	if (j.fd >= 0)
		close(j.fd);
	j.win = NULL;
	j.head = NULL;
	j.fd = -1;
}

static time_t
seconds(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec;
}

/*
 * The store goes on without its safety net: better than to refuse a host's
 * domains what they need. What is written is void, so that no later start takes
 * it for the truth.
 */
static void
lost(const char *what)
{
	if (!j.told)
		xu_log(XU_ERROR,
		    "%s in %s: %s; until it works again (tried every %d s) a "
		    "killed xenstored would lose the store",
		    what, j.dir, strerror(errno), RETRY_S);
	j.told = true;
	snapshot_abort();
	unmap_journal();
	remove_files(j.oldest, j.number + 1);
	j.oldest = j.number + 1;
	j.on = false;
	j.retry = seconds() + RETRY_S;
}

/* --- appending ---------------------------------------------------------------- */

static bool
window(size_t need)
{
	uint64_t start = j.at & ~(uint64_t)4095;
	size_t len = (size_t)(j.at - start) + need;
	int err = 0;

	len = len < WINDOW ? WINDOW : (len + 4095) & ~(size_t)4095;
	if (start + len > j.size) {
		err = posix_fallocate(j.fd, 0, (off_t)(start + len));
		j.size = start + len;
	}
	if (j.win != NULL)
		munmap(j.win, j.win_len);
	j.win = err != 0 ? NULL
			 : mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_SHARED,
			       j.fd, (off_t)start);
	if (j.win == NULL || j.win == MAP_FAILED) {
		j.win = NULL;
		errno = err != 0 ? err : errno;
		lost("the journal cannot grow");
		return false;
	}
	j.win_at = start;
	j.win_len = len;
	return true;
}

/* Room for a record of at most len bytes; NULL: not now. */
char *
state_begin(size_t len)
{
	size_t need = sizeof(struct state_rec) + state_padded(len);

	if (!j.on)
		return NULL;
	if (j.at + need > j.win_at + j.win_len && !window(need))
		return NULL;
	return j.win + (j.at - j.win_at) + sizeof(struct state_rec);
}

void
state_end(uint32_t type, const char *data, const char *stop)
{
	size_t len = (size_t)(stop - data);
	struct state_rec *r =
	    (struct state_rec *)(void *)(j.win + (j.at - j.win_at));

	memcpy((char *)(r + 1) + len, zero, state_padded(len) - len);
	r->len = (uint32_t)len;
	r->type = type;
	r->sum = state_sum(type, data, len);
	j.at += sizeof(*r) + state_padded(len);
}

void
state_commit(void)
{
	if (!j.on || j.head->committed == j.at)
		return;
	__atomic_store_n(&j.head->committed, j.at, __ATOMIC_RELEASE);
}

void
state_op(const struct conn *c, enum op op, const char *path, const void *value,
    uint32_t len, const struct perms *perms)
{
	size_t plen = j.on ? strlen(path) : 0;
	char *data = state_begin(2 + 1 + 2 + plen + len +
		 (perms != NULL ? 2 + perms->n * 4 : 0)),
	     *p = data;

	if (p == NULL)
		return;
	STATE_PUT(p, c->domid);
	STATE_PUT(p, c->privileged);
	p = state_put_text(p, path);
	if (perms != NULL)
		p = state_put_perms(p, perms);
	else
		p = state_put(p, value, len);
	state_end(ST_WRITE + op, data, p);
}

void
state_special(const char *name, const struct perms *perms)
{
	char *data = state_begin(2 + 64 + 2 + perms->n * 4), *p = data;

	if (p == NULL)
		return;
	p = state_put_text(p, name);
	p = state_put_perms(p, perms);
	state_end(ST_SPECIAL, data, p);
}

void
state_forget(uint16_t domid)
{
	char *data = state_begin(sizeof(domid)), *p = data;

	if (p == NULL)
		return;
	STATE_PUT(p, domid);
	state_end(ST_FORGET, data, p);
}

/* --- journals and snapshots -------------------------------------------------------- */

static void
put_base(void)
{
	uint64_t gen = tree_gen();
	char *data = state_begin(sizeof(gen)), *p = data;

	if (p == NULL)
		return;
	STATE_PUT(p, gen);
	state_end(ST_BASE, data, p);
	for (size_t i = 0; special_name(i) != NULL; i++)
		state_special(special_name(i), *special_perms(special_name(i)));
	state_put_domains();
	data = state_begin(0);
	if (data != NULL)
		state_end(ST_BASE_END, data, data);
}

/* Journal `number` with its base, which is what counts from now on. */
static bool
start_journal(uint32_t number, bool empty)
{
	struct state_head head = {
	    .version = STATE_VERSION, .number = number, .empty = empty};
	char path[256];

	unmap_journal();
	j.number = number;
	journal_path(path, sizeof(path), number);
	j.fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	j.at = sizeof(head);
	j.size = j.win_at = j.win_len = 0;
	j.on = true;
	if (j.fd < 0 || posix_fallocate(j.fd, 0, WINDOW) != 0) {
		lost("no journal can be made");
		return false;
	}
	j.size = WINDOW;
	j.head = mmap(
	    NULL, sizeof(head), PROT_READ | PROT_WRITE, MAP_SHARED, j.fd, 0);
	if (j.head == MAP_FAILED) {
		j.head = NULL;
		lost("the journal cannot be mapped");
		return false;
	}
	memcpy(head.magic, STATE_MAGIC, sizeof(head.magic));
	memcpy(head.boot, j.boot, sizeof(head.boot));
	*j.head = head;
	put_base();
	state_commit();
	return j.on;
}

static bool
checkpoint(void)
{
	if (!start_journal(j.number + 1, false))
		return false;
	if (snapshot_begin(j.dir, j.head) == 0)
		return true;
	lost("no snapshot can be begun");
	return false;
}

static bool
wants_checkpoint(void)
{
	return j.at > JOURNAL_MIN && j.at > j.snapshot_bytes;
}

bool
state_failed(void)
{
	return j.number != 0 && !j.closed && !j.on;
}

bool
state_recovering(void)
{
	return j.recovering;
}

bool
state_slice(void)
{
	int r;

	if (j.closed || j.number == 0)
		return false;
	if (!j.on && seconds() >= j.retry)
		(void)checkpoint();
	if (!j.on)
		return false;
	if (!snapshot_running())
		return wants_checkpoint() && checkpoint();
	r = snapshot_slice(&j.snapshot_bytes);
	if (r < 0) {
		lost("no snapshot can be written");
	} else if (r == 0) {
		remove_files(j.oldest, j.number);
		j.oldest = j.number;
		if (j.told)
			xu_log(XU_NOTICE, "the journal in %s works again",
			    j.dir);
		j.told = false;
	}
	return r > 0;
}

void
state_describe(struct xu_buf *out)
{
	if (j.number == 0) {
		xu_buf_adds(out, "journal off (by option)");
		return;
	}
	xu_buf_addf(out,
	    "journal %s: %s/journal.%u, %llu bytes; snapshot %s, "
	    "%llu bytes",
	    j.on ? "on" : "OFF (see the log)", j.dir, j.number,
	    (unsigned long long)j.at,
	    snapshot_running() ? "being written" : "complete",
	    (unsigned long long)j.snapshot_bytes);
}

/* --- start and end --------------------------------------------------------------------- */

static int
take_dir(const char *dir, struct xu_err *e)
{
	char path[256];

	snprintf(j.dir, sizeof(j.dir), "%s", dir);
	if (strlen(dir) >= sizeof(j.dir))
		return xu_err_set(e, "INTERNAL_ERROR", ENAMETOOLONG, "%s", dir);
	if (xu_mkdirs(dir, 0700, e) < 0)
		return -1;
	snprintf(path, sizeof(path), "%s/lock", j.dir);
	j.lock = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (j.lock < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno, "open %s", path);
	if (flock(j.lock, LOCK_EX | LOCK_NB) < 0)
		return xu_err_set(e, "INTERNAL_ERROR", 0,
		    "another xenstored uses %s (it holds %s)", dir, path);
	return 0;
}

static void
read_boot_id(void)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;

	if (xu_file_read("/proc/sys/kernel/random/boot_id", 256, &text, NULL) ==
	    0)
		snprintf(j.boot, sizeof(j.boot), "%.36s", xu_buf_text(&text));
}

int
state_open(const char *dir, bool fresh, bool *recovered, struct xu_err *e)
{
	struct state_files f = {.oldest = 1};
	int r = 0;

	*recovered = false;
	if (take_dir(dir, e) < 0)
		return -1;
	read_boot_id();
	j.recovering = true;
	if (!fresh)
		r = recover(j.dir, j.boot, &f, e);
	j.recovering = false;
	if (r < 0)
		return -1;
	if (r == 0)
		recover_clean(j.dir);
	*recovered = r > 0;
	j.oldest = f.oldest;
	if (!start_journal(f.last + 1, r == 0))
		return 0; /* said, and tried again */
	if (snapshot_begin(j.dir, j.head) < 0)
		lost("no snapshot can be begun");
	return 0;
}

bool
state_handover(void)
{
	snapshot_abort();
	if (!start_journal(j.number + 1, false))
		return false;
	state_put_sockets();
	state_commit();
	return j.on;
}

void
state_close(void)
{
	snapshot_abort();
	unmap_journal();
	if (j.lock >= 0)
		close(j.lock);
	j.lock = -1;
	j.on = false;
	j.closed = true;
}
