/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The other side of the test transport; see xs_testhv.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "hv_test.h"
#include "xs_testhv.h"

#define PAGE 4096
#define RING XENSTORE_RING_SIZE

struct thv {
	char dir[64];
	pid_t pid;
	int fd;
	bool quiet;
	struct hvt_table *table;
	struct thv_client *clients;
	uint64_t next_instance;
	volatile struct xenstore_domain_interface *page[HVT_DOMAINS];
};

struct thv_client {
	struct thv *h;
	/* All of the host's, so that none is left when it goes. */
	struct thv_client *next;
	int domid, fd, patience;
	uint32_t next_id;
	/* What came in, not yet taken. */
	char *in;
	size_t len, cap;
	/* Events set aside, as NUL-terminated texts. */
	char *events;
	size_t elen, eat;
	char text[XENSTORE_PAYLOAD_MAX + 16];
};

static void
die(const char *what)
{
	perror(what);
	abort();
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* --- the host ---------------------------------------------------------------- */

struct thv *
thv_new(void)
{
	struct thv *h = calloc(1, sizeof(*h));
	const char *tmp = getenv("TMPDIR");
	char path[128];
	int fd;

	if (h == NULL)
		die("calloc");
	snprintf(h->dir, sizeof(h->dir), "%s/thvXXXXXX",
	    tmp != NULL && strlen(tmp) < 40 ? tmp : "/tmp");
	if (mkdtemp(h->dir) == NULL)
		die("mkdtemp");
	snprintf(path, sizeof(path), "%s/domains", h->dir);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, sizeof(*h->table)) < 0)
		die(path);
	h->table = mmap(NULL, sizeof(*h->table), PROT_READ | PROT_WRITE,
	    MAP_SHARED, fd, 0);
	if (h->table == MAP_FAILED)
		die("mmap");
	close(fd);
	h->fd = -1;
	h->next_instance = 1;
	return h;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st, (void)type, (void)ftw;
	return remove(path);
}

void
thv_free(struct thv *h)
{
	if (h->pid > 0)
		thv_stop(h, SIGKILL);
	while (h->clients != NULL)
		thv_client_free(h->clients);
	if (h->fd >= 0)
		close(h->fd);
	for (unsigned i = 0; i < HVT_DOMAINS; i++)
		if (h->page[i] != NULL)
			munmap((void *)(uintptr_t)h->page[i], PAGE);
	munmap(h->table, sizeof(*h->table));
	(void)nftw(h->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	free(h);
}

const char *
thv_dir(const struct thv *h)
{
	return h->dir;
}

static int
connect_to(const struct thv *h, const char *name, int type)
{
	struct sockaddr_un sa = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	snprintf(sa.sun_path, sizeof(sa.sun_path), "%s/%s", h->dir, name);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&sa, sizeof(sa)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

static void
child(const struct thv *h, const char *daemon, char *const *extra)
{
	char *argv[16] = { (char *)(uintptr_t)daemon,
		(char *)(uintptr_t) "--no-fork", (char *)(uintptr_t) "--test-hv",
		(char *)(uintptr_t)h->dir };
	char path[128];
	int fd, n = 4;

	while (extra != NULL && *extra != NULL && n < 15)
		argv[n++] = *extra++;
	snprintf(path, sizeof(path), "%s/log", h->dir);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
	if (fd >= 0) {
		dup2(fd, 1);
		dup2(fd, 2);
	}
	/* The daemon does not outlive a test that crashes. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	setenv("XENSTORED_RUNDIR", h->dir, 1);
	unsetenv("XENSTORED_PATH");
	execv(daemon, argv);
	_exit(127);
}

int
thv_again(struct thv *h)
{
	int64_t end = now_ms() + 20000;
	int fd;

	if (h->fd >= 0)
		close(h->fd);
	h->fd = -1;
	while (now_ms() < end && thv_alive(h)) {
		struct timespec ts = { .tv_nsec = 2000000 };

		fd = connect_to(h, "socket", SOCK_STREAM);
		if (fd >= 0) {
			close(fd);
			/* A supervisor listens before its worker does. */
			h->fd = connect_to(h, "hv", SOCK_SEQPACKET);
			if (h->fd >= 0)
				return 0;
		}
		nanosleep(&ts, NULL);
	}
	return -1;
}

int
thv_start(struct thv *h, const char *daemon, char *const *extra)
{
	h->pid = fork();
	if (h->pid < 0)
		die("fork");
	if (h->pid == 0)
		child(h, daemon, extra);
	return thv_again(h);
}

pid_t
thv_pid(const struct thv *h)
{
	return h->pid;
}

int
thv_stop(struct thv *h, int sig)
{
	int status = -1;

	if (h->pid <= 0)
		return -1;
	kill(h->pid, sig);
	while (waitpid(h->pid, &status, 0) < 0 && errno == EINTR)
		;
	h->pid = 0;
	return status;
}

bool
thv_alive(struct thv *h)
{
	int status;

	if (h->pid <= 0)
		return false;
	if (waitpid(h->pid, &status, WNOHANG) != h->pid)
		return true;
	h->pid = 0;
	return false;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define __SANITIZE_ADDRESS__ 1
#endif
#endif

size_t
thv_rss(const struct thv *h)
{
#ifdef __SANITIZE_ADDRESS__
	/* Which keeps what was freed. */
	(void)h;
	return 0;
#else
	char path[64];
	unsigned long size, resident = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/statm", (int)h->pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu %lu", &size, &resident) != 2)
		resident = 0;
	fclose(f);
	return resident * PAGE;
#endif
}

long
thv_cpu_ms(const struct thv *h)
{
	unsigned long user = 0, sys = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)h->pid);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%*d %*s %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u "
		      "%lu %lu", &user, &sys) != 2)
		user = sys = 0;
	fclose(f);
	return (long)((user + sys) * 1000 / (unsigned long)sysconf(_SC_CLK_TCK));
}

/* --- domains ------------------------------------------------------------------ */

static void
tell(struct thv *h, uint32_t kind, unsigned domid)
{
	struct hvt_msg m = { .kind = kind, .domid = domid };

	if (h->fd >= 0 && !(h->quiet && kind == HVT_CHANGED))
		(void)!send(h->fd, &m, sizeof(m), MSG_NOSIGNAL);
}

void
thv_create(struct thv *h, unsigned domid)
{
	char path[128];
	void *p;
	int fd;

	if (h->page[domid] != NULL)
		munmap((void *)(uintptr_t)h->page[domid], PAGE);
	snprintf(path, sizeof(path), "%s/%u", h->dir, domid);
	(void)unlink(path);
	fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0 || ftruncate(fd, PAGE) < 0)
		die(path);
	p = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		die("mmap");
	close(fd);
	h->page[domid] = p;
	h->table->v[domid].flags = 0;
	__atomic_store_n(&h->table->v[domid].instance, h->next_instance++,
	    __ATOMIC_RELEASE);
	if (h->table->top <= domid)
		__atomic_store_n(&h->table->top, domid + 1, __ATOMIC_RELEASE);
	tell(h, HVT_CHANGED, domid);
}

void
thv_shutdown(struct thv *h, unsigned domid)
{
	__atomic_fetch_or(&h->table->v[domid].flags, HVT_SHUTDOWN,
	    __ATOMIC_RELEASE);
	tell(h, HVT_CHANGED, domid);
}

void
thv_dying(struct thv *h, unsigned domid)
{
	__atomic_fetch_or(&h->table->v[domid].flags, HVT_DYING,
	    __ATOMIC_RELEASE);
	tell(h, HVT_CHANGED, domid);
}

void
thv_destroy(struct thv *h, unsigned domid)
{
	__atomic_store_n(&h->table->v[domid].instance, 0, __ATOMIC_RELEASE);
	tell(h, HVT_CHANGED, domid);
}

void
thv_quiet(struct thv *h, bool quiet)
{
	h->quiet = quiet;
}

volatile struct xenstore_domain_interface *
thv_page(struct thv *h, unsigned domid)
{
	return h->page[domid];
}

static uint32_t *
field(struct thv *h, unsigned domid, size_t off)
{
	return (uint32_t *)((uintptr_t)h->page[domid] + off);
}

uint32_t
thv_field(struct thv *h, unsigned domid, size_t off)
{
	return __atomic_load_n(field(h, domid, off), __ATOMIC_ACQUIRE);
}

void
thv_set_field(struct thv *h, unsigned domid, size_t off, uint32_t v)
{
	__atomic_store_n(field(h, domid, off), v, __ATOMIC_RELEASE);
}

void
thv_kick(struct thv *h, unsigned domid)
{
	__atomic_store_n(&h->table->v[domid].pending, 1, __ATOMIC_SEQ_CST);
	tell(h, HVT_KICK, domid);
}

bool
thv_masked(struct thv *h, unsigned domid)
{
	return __atomic_load_n(&h->table->v[domid].pending,
		   __ATOMIC_SEQ_CST) != 0;
}

bool
thv_wait(struct thv *h, int ms)
{
	struct pollfd p = { .fd = h->fd, .events = POLLIN };
	struct hvt_msg m;
	bool any = false;

	if (poll(&p, 1, ms) <= 0)
		return false;
	while (recv(h->fd, &m, sizeof(m), MSG_DONTWAIT) > 0)
		any = true;
	if (!any && (p.revents & POLLHUP) != 0 && ms > 0) {
		struct timespec ts = { .tv_nsec = 1000000 };

		nanosleep(&ts, NULL);
	}
	return any;
}

/* --- clients ----------------------------------------------------------------------- */

struct thv_client *
thv_client(struct thv *h, int domid)
{
	struct thv_client *c = calloc(1, sizeof(*c));

	if (c == NULL)
		die("calloc");
	c->h = h;
	c->next = h->clients;
	h->clients = c;
	c->domid = domid;
	c->patience = 10000;
	c->fd = domid < 0 ? connect_to(h, "socket", SOCK_STREAM) : -1;
	return c;
}

void
thv_client_free(struct thv_client *c)
{
	struct thv_client **at = &c->h->clients;

	while (*at != c)
		at = &(*at)->next;
	*at = c->next;
	if (c->fd >= 0)
		close(c->fd);
	free(c->in);
	free(c->events);
	free(c);
}

void
thv_patience(struct thv_client *c, int ms)
{
	c->patience = ms;
}

void
thv_client_again(struct thv_client *c)
{
	if (c->fd >= 0)
		close(c->fd);
	if (c->domid < 0)
		c->fd = connect_to(c->h, "socket", SOCK_STREAM);
	c->len = c->elen = c->eat = 0;
}

#define OFF(member) offsetof(struct xenstore_domain_interface, member)

static size_t
ring_put(struct thv_client *c, const char *data, size_t len)
{
	unsigned d = (unsigned)c->domid;
	uint32_t prod = thv_field(c->h, d, OFF(req_prod));
	uint32_t room = RING - (prod - thv_field(c->h, d, OFF(req_cons)));
	volatile char *req = c->h->page[d]->req;

	if (room > RING)
		return 0;
	if (len > room)
		len = room;
	for (size_t i = 0; i < len; i++)
		req[(prod + i) % RING] = data[i];
	thv_set_field(c->h, d, OFF(req_prod), prod + (uint32_t)len);
	if (len > 0)
		thv_kick(c->h, d);
	return len;
}

static bool
socket_send(struct thv_client *c, const char *p, size_t len, int64_t end)
{
	struct pollfd pf = { .fd = c->fd, .events = POLLOUT };

	while (len > 0) {
		ssize_t n = send(c->fd, p, len, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n > 0) {
			p += n;
			len -= (size_t)n;
		} else if (errno != EAGAIN || now_ms() >= end) {
			return false;
		} else {
			poll(&pf, 1, 10);
		}
	}
	return true;
}

bool
thv_send_raw(struct thv_client *c, const void *data, size_t len, int ms)
{
	int64_t end = now_ms() + ms;
	const char *p = data;

	if (c->domid < 0)
		return socket_send(c, p, len, end);
	for (;;) {
		size_t n = ring_put(c, p, len);

		p += n;
		len -= n;
		if (len == 0)
			return true;
		if (now_ms() >= end)
			return false;
		thv_wait(c->h, 5);
	}
}

bool
thv_send(struct thv_client *c, uint32_t type, uint32_t tx, const char *payload)
{
	struct thv_msg m = { .hdr = { .type = type, .req_id = ++c->next_id,
				 .tx_id = tx } };
	size_t len = strlen(payload);

	if (len > XENSTORE_PAYLOAD_MAX)
		return false;
	m.hdr.len = (uint32_t)len;
	for (size_t i = 0; i < len; i++)
		m.data[i] = payload[i] == '|' ? '\0' : payload[i];
	return thv_send_raw(c, &m, sizeof(m.hdr) + len, c->patience);
}

static void
room_for(struct thv_client *c, size_t n)
{
	if (c->cap - c->len >= n)
		return;
	c->cap = c->len + n;
	c->in = realloc(c->in, c->cap);
	if (c->in == NULL)
		die("realloc");
}

/* Takes what is there into c->in. False: nothing. */
static bool
take(struct thv_client *c)
{
	unsigned d = (unsigned)c->domid;
	uint32_t cons, n;
	ssize_t got;

	room_for(c, 65536);
	if (c->domid < 0) {
		got = recv(c->fd, c->in + c->len, 65536, MSG_DONTWAIT);
		c->len += got > 0 ? (size_t)got : 0;
		return got > 0;
	}
	cons = thv_field(c->h, d, OFF(rsp_cons));
	n = thv_field(c->h, d, OFF(rsp_prod)) - cons;
	if (n == 0 || n > RING)
		return false;
	for (uint32_t i = 0; i < n; i++)
		c->in[c->len++] = c->h->page[d]->rsp[(cons + i) % RING];
	thv_set_field(c->h, d, OFF(rsp_cons), cons + n);
	thv_kick(c->h, d);
	return true;
}

static bool
next_message(struct thv_client *c, struct thv_msg *m)
{
	size_t len;

	if (c->len < sizeof(m->hdr))
		return false;
	memcpy(&m->hdr, c->in, sizeof(m->hdr));
	len = sizeof(m->hdr) + m->hdr.len;
	if (m->hdr.len > XENSTORE_PAYLOAD_MAX) {
		fprintf(stderr, "the daemon sent %u bytes\n", m->hdr.len);
		abort();
	}
	if (c->len < len)
		return false;
	memcpy(m->data, c->in + sizeof(m->hdr), m->hdr.len);
	m->data[m->hdr.len] = '\0';
	memmove(c->in, c->in + len, c->len - len);
	c->len -= len;
	return true;
}

bool
thv_recv(struct thv_client *c, struct thv_msg *m, int ms)
{
	int64_t end = now_ms() + ms;
	struct pollfd p = { .fd = c->fd, .events = POLLIN };

	while (!next_message(c, m)) {
		if (take(c))
			continue;
		if (now_ms() >= end)
			return false;
		if (c->domid >= 0)
			thv_wait(c->h, 10);
		else if (poll(&p, 1, 10) > 0 && (p.revents & POLLHUP) != 0 &&
		    !take(c))
			return false;
	}
	return true;
}

static void
as_text(struct thv_client *c, const struct thv_msg *m)
{
	size_t len = m->hdr.len;

	/* The NUL that ends a reply is not worth a sign. */
	if (m->hdr.type != XS_READ && m->hdr.type != XS_DIRECTORY && len > 0 &&
	    m->data[len - 1] == '\0')
		len--;
	for (size_t i = 0; i < len; i++)
		c->text[i] = m->data[i] == '\0' ? '|' : m->data[i];
	c->text[len] = '\0';
}

static void
set_aside(struct thv_client *c, const struct thv_msg *m)
{
	as_text(c, m);
	c->events = realloc(c->events, c->elen + strlen(c->text) + 1);
	if (c->events == NULL)
		die("realloc");
	memcpy(c->events + c->elen, c->text, strlen(c->text) + 1);
	c->elen += strlen(c->text) + 1;
}

const char *
thv_ask_tx(struct thv_client *c, uint32_t type, uint32_t tx,
    const char *payload)
{
	struct thv_msg m;

	if (!thv_send(c, type, tx, payload))
		return "(not sent)";
	while (thv_recv(c, &m, c->patience)) {
		if (m.hdr.type == XS_WATCH_EVENT) {
			set_aside(c, &m);
			continue;
		}
		as_text(c, &m);
		if (m.hdr.req_id != c->next_id || m.hdr.tx_id != tx)
			return "(another request's reply)";
		return c->text;
	}
	return "(none)";
}

const char *
thv_ask(struct thv_client *c, uint32_t type, const char *payload)
{
	return thv_ask_tx(c, type, 0, payload);
}

const char *
thv_askf(struct thv_client *c, uint32_t type, const char *fmt, ...)
{
	char buf[XENSTORE_PAYLOAD_MAX + 1];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	return thv_ask(c, type, buf);
}

struct thv_client *
thv_guest(struct thv *h, struct thv_client *dom0, unsigned domid)
{
	thv_create(h, domid);
	if (strcmp(thv_askf(dom0, XS_WRITE, "/local/domain/%u|", domid),
		"OK") != 0 ||
	    strcmp(thv_askf(dom0, XS_SET_PERMS, "/local/domain/%u|n%u|", domid,
		       domid), "OK") != 0 ||
	    strcmp(thv_askf(dom0, XS_INTRODUCE, "%u|1|1|", domid), "OK") != 0) {
		fprintf(stderr, "domain %u: %s\n", domid, dom0->text);
		abort();
	}
	return thv_client(h, (int)domid);
}

const char *
thv_event(struct thv_client *c, int ms)
{
	struct thv_msg m;

	if (c->eat < c->elen) {
		snprintf(c->text, sizeof(c->text), "%s", c->events + c->eat);
		c->eat += strlen(c->text) + 1;
		if (c->eat == c->elen)
			c->eat = c->elen = 0;
		return c->text;
	}
	if (!thv_recv(c, &m, ms))
		return "";
	as_text(c, &m);
	return m.hdr.type == XS_WATCH_EVENT ? c->text : "(a reply)";
}
