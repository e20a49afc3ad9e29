/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XS_CONTROL live-update: the file and its arguments, and at the end of the turn
 * that asked for it the hand-over (supervise.h). Whoever asked is answered by the
 * program that follows. Nothing has to be waited for: transactions that are open
 * end with EAGAIN, so -t and -F are taken and mean nothing.
 */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <stdint.h>
#include <unistd.h>
#include <stdint.h>
#include <xen/io/xs_wire.h>

#include "state.h"
#include "supervise.h"
#include "xu_num.h"

static struct {
	char file[256], args[512];
	bool go;
	/* Who asked, before and after. */
	struct conn *c;
	uint32_t id, tx;
} lu;

static bool supervised;

void
update_possible(void)
{
	supervised = true;
}

bool
update_pending(void)
{
	return lu.go;
}

static int
set_file(const char *file, struct xu_buf *out)
{
	if (strlen(file) >= sizeof(lu.file) || file[0] != '/')
		xu_buf_addf(out, "%s is no absolute path", file);
	else if (access(file, X_OK) < 0)
		xu_buf_addf(out, "%s: %s", file, strerror(errno));
	else
		strcpy(lu.file, file);
	return 0;
}

static int
set_args(const char *args, struct xu_buf *out)
{
	if (strlen(args) >= sizeof(lu.args))
		xu_buf_adds(out, "the command line is too long");
	else
		strcpy(lu.args, args);
	return 0;
}

static int
start(const struct request *r, const char **arg, unsigned n,
    struct xu_buf *out)
{
	uint64_t v;

	for (unsigned i = 0; i < n; i++) {
		if (strcmp(arg[i], "-F") == 0)
			continue;
		if (strcmp(arg[i], "-t") != 0 || ++i == n ||
		    !xu_num_u64(arg[i], 0, 3600, &v))
			return EINVAL;
	}
	if (lu.file[0] == '\0') {
		xu_buf_adds(out, "no file was named (-f FILE)");
	} else if (!supervised) {
		xu_buf_adds(out, "this xenstored runs without its supervisor "
				 "(--no-fork): it cannot be updated");
	} else if (!state_on()) {
		xu_buf_adds(out, "the state is not kept now (see 'check'): "
				 "it cannot be handed over");
	} else {
		lu.go = true;
		lu.c = r->c;
		lu.id = r->id;
		lu.tx = r->tx;
		return EINPROGRESS;
	}
	return 0;
}

int
update_command(struct request *r, const char **arg, unsigned n,
    struct xu_buf *out)
{
	if (n == 2 && strcmp(arg[0], "-f") == 0)
		return set_file(arg[1], out);
	if (n == 2 && strcmp(arg[0], "-c") == 0)
		return set_args(arg[1], out);
	if (n >= 1 && strcmp(arg[0], "-s") == 0)
		return start(r, arg + 1, n - 1, out);
	if (n == 1 && strcmp(arg[0], "-a") == 0) {
		lu.file[0] = lu.args[0] = '\0';
		return 0;
	}
	return EINVAL;
}

/* In batches, in the order of the journal's records. */
static int
hand_sockets(void)
{
	struct sup_msg m = { .kind = SUP_SOCKETS };
	int fds[SUP_SOCKETS_MAX], r = 0;
	struct xu_list *it;
	size_t n = 0;

	LIST_FOREACH(it, &conns)
	{
		const struct conn *c = xu_container_of(it, struct conn, link);

		if (c->fd < 0)
			continue;
		fds[n++] = c->fd;
		if (n < SUP_SOCKETS_MAX)
			continue;
		r |= sup_send(SUP_FD, &m, fds, n);
		n = 0;
	}
	if (n > 0)
		r |= sup_send(SUP_FD, &m, fds, n);
	return r;
}

void
update_run(void)
{
	struct sup_msg m = { .kind = SUP_UPDATE };

	lu.go = false;
	if (!state_handover())
		return;
	snprintf(m.file, sizeof(m.file), "%s", lu.file);
	snprintf(m.args, sizeof(m.args), "%s", lu.args);
	/* From here on the program that follows may serve the sockets. */
	lanes_end();
	/* Without a supervisor that listens there is nobody to serve for. */
	if (hand_sockets() < 0 || sup_send(SUP_FD, &m, NULL, 0) < 0)
		xu_log(XU_ERROR, "the supervisor does not answer");
	xu_log(XU_NOTICE, "live update to %s", lu.file);
	state_close();
	_exit(0);
}

bool
update_asked(const struct conn *c, uint32_t *id, uint32_t *tx)
{
	*id = lu.id;
	*tx = lu.tx;
	return lu.c == c;
}

void
update_recovered(struct conn *c, uint32_t id, uint32_t tx)
{
	lu.c = c;
	lu.id = id;
	lu.tx = tx;
}

void
update_answer(void)
{
	static const char failed[] = "the new program did not start (see the "
				     "log): the old one goes on";
	const char *text = worker_how() == START_FALLBACK ? failed : "OK";

	if (lu.c != NULL)
		conn_reply(lu.c, XS_CONTROL, lu.id, lu.tx, text,
		    strlen(text) + 1);
	lu.c = NULL;
}
