/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-plugin: runs one program of the owner's for a client, as XenServer runs such:
 * its one argument is a call in XML-RPC, FUNCTION("", {args}), and what it prints is a
 * reply, {Status: Success, Value: text} or {Status: Failure, ErrorDescription:
 * [code, ...]}. The place of the session is empty: root needs none on the local socket,
 * and arguments are for everybody to see. Asked and answered over descriptor 3; what
 * the program prints is looked at when we are nobody any more. Who asked ends us, and
 * all of our group, when it has taken too long.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xapi_rpc.h"
#include "xu_msg.h"
#include "xu_proc.h"

enum {
	CHANNEL_FD = 3,
	/* The kernel's, of one argument. */
	ARGUMENT_MAX = 128 * 1024,
	QUESTION_MAX = 2 << 20,
	/* What it may print; of that, what an error tells. */
	PRINTED_MAX = 1 << 20,
	TOLD_MAX = 4096,
	NOBODY = 65534,
};

struct plugin {
	pid_t pid;
	/* What it prints, and what else. */
	int fds[2];
	struct xu_buf text[2];
	int status;
};

/* ---- answers ------------------------------------------------------------------------- */

/* Takes error: code and parameters. */
static struct xu_val *
refusal(const char *message, struct xu_val *error)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, "error", error);
	xu_val_set(v, "message", xu_str(message));
	return v;
}

/* Its last part, of which nothing upsets a terminal or XML. */
static struct xu_val *
printable(const struct xu_buf *b)
{
	const char *s = xu_buf_text(b);
	size_t n = b->len > TOLD_MAX ? TOLD_MAX : b->len;
	char text[TOLD_MAX];

	for (size_t i = 0; i < n; i++) {
		char c = s[b->len - n + i];

		text[i] = (c >= ' ' && c <= '~') || c == '\n' || c == '\t' ?
		    c : '?';
	}
	return xu_strn(text, n);
}

static struct xu_val *
failure(const struct plugin *p, const char *status)
{
	struct xu_val *error = xu_array();

	xu_val_add(error, xu_str("XENAPI_PLUGIN_FAILURE"));
	xu_val_add(error, xu_str(status));
	xu_val_add(error, printable(&p->text[0]));
	xu_val_add(error, printable(&p->text[1]));
	return refusal(status, error);
}

/* It says itself what has failed. */
static struct xu_val *
own_failure(const struct plugin *p, const struct xu_val *description)
{
	const struct xu_val *w;
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	struct xu_val *error;

	if (xu_val_str(xu_val_at(description, 0))[0] == '\0')
		return failure(p, "a failure without a code");
	error = xu_array();
	for (size_t i = 0; i < xu_val_count(description); i++) {
		w = xu_val_at(description, i);
		xu_val_add(error, xu_str(xu_val_str(w)));
		xu_buf_addf(&b, "%s%s", i > 0 ? " " : "", xu_val_str(w));
	}
	return refusal(xu_buf_text(&b), error);
}

static struct xu_val *
read_reply(const struct plugin *p)
{
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *r = NULL;
	const struct xu_val *value;
	struct xu_val *v;
	bool fault = false;

	r = xrpc_read_reply(xu_buf_text(&p->text[0]), p->text[0].len, &fault,
	    &e);
	value = xu_val_get(r, "Value");
	if (r == NULL || fault)
		return failure(p, "unparseable output");
	if (strcmp(xu_val_get_str(r, "Status", ""), "Failure") == 0)
		return own_failure(p, xu_val_get(r, "ErrorDescription"));
	if (strcmp(xu_val_get_str(r, "Status", ""), "Success") != 0 ||
	    !xu_val_is(value, XU_STRING))
		return failure(p, "a reply that is neither text nor a failure");
	v = xu_struct();
	xu_val_set(v, "ok", xu_val_copy(value));
	return v;
}

static struct xu_val *
judge(const struct plugin *p)
{
	char status[64];

	if (p->text[0].error != 0)
		return failure(p, "it printed too much");
	if (WIFSIGNALED(p->status)) {
		snprintf(status, sizeof(status), "signal %d",
		    WTERMSIG(p->status));
		return failure(p, status);
	}
	if (WEXITSTATUS(p->status) != 0) {
		snprintf(status, sizeof(status), "non-zero exit %d",
		    WEXITSTATUS(p->status));
		return failure(p, status);
	}
	return read_reply(p);
}

/* ---- the program --------------------------------------------------------------------- */

static int
own_stderr(const void *arg XU_UNUSED)
{
	if (dup2(3, STDERR_FILENO) < 0)
		return -1;
	return close(3);
}

static int
start(struct plugin *p, const char *path, const char *xml, struct xu_err *e)
{
	static char search[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:"
			       "/usr/bin:/sbin:/bin", home[] = "HOME=/root",
			lang[] = "LANG=C.UTF-8";
	char *const envp[] = { search, home, lang, NULL };
	char *const argv[] = { (char *)(uintptr_t)path,
		(char *)(uintptr_t)xml, NULL };
	int out[2], err[2];
	struct xu_spawn s = { .path = path, .argv = argv, .envp = envp,
		.fds = &err[1], .nfds = 1, .prepare = own_stderr };

	if (pipe2(out, O_CLOEXEC) < 0 || pipe2(err, O_CLOEXEC) < 0)
		return xu_err_set(e, "XLD_HELPER", errno, "start %s", path);
	s.out_fd = out[1];
	p->pid = xu_spawn(&s, e);
	close(out[1]);
	close(err[1]);
	p->fds[0] = out[0];
	p->fds[1] = err[0];
	xu_set_nonblock(out[0], true);
	xu_set_nonblock(err[0], true);
	return p->pid < 0 ? -1 : 0;
}

/* All that is there. Of what it prints the first counts, of its errors the last. */
static void
drain(struct plugin *p, int which)
{
	struct xu_buf *b = &p->text[which];
	char part[8192];
	ssize_t n;

	while ((n = read(p->fds[which], part, sizeof(part))) > 0) {
		xu_buf_add(b, part, (size_t)n);
		if (which == 1 && b->len > TOLD_MAX)
			xu_buf_drop(b, b->len - TOLD_MAX);
		if (b->error != 0)
			return;
	}
	if (n == 0) {
		close(p->fds[which]);
		p->fds[which] = -1;
	}
}

/* Until it ends, or prints too much. What it has started may go on and hold its
 * pipes. */
static void
watch(struct plugin *p, int pid_fd)
{
	struct pollfd f[3] = { { .fd = pid_fd, .events = POLLIN } };

	while (p->text[0].error == 0) {
		for (int i = 0; i < 2; i++)
			f[i + 1] = (struct pollfd) { .fd = p->fds[i],
				.events = POLLIN };
		if (poll(f, 3, -1) < 0 && errno != EINTR)
			return;
		for (int i = 0; i < 2; i++)
			if (f[i + 1].revents != 0)
				drain(p, i);
		if (f[0].revents != 0) {
			waitpid(p->pid, &p->status, 0);
			for (int i = 0; i < 2; i++)
				if (p->fds[i] >= 0)
					drain(p, i);
			return;
		}
	}
}

static int
become_nobody(void)
{
	if (geteuid() != 0)
		return 0;
	return setgroups(0, NULL) < 0 || setresgid(NOBODY, NOBODY, NOBODY) < 0 ||
		setresuid(NOBODY, NOBODY, NOBODY) < 0 ? -1 : 0;
}

static struct xu_val *
run(const char *path, const char *xml)
{
	struct plugin p = { .pid = -1, .text = { { .max = PRINTED_MAX } } };
	struct xu_err e = XU_ERR_INIT;
	struct xu_val *v;
	int pid_fd;

	if (start(&p, path, xml, &e) < 0)
		return failure(&p, e.msg);
	pid_fd = (int)syscall(SYS_pidfd_open, p.pid, 0);
	if (pid_fd < 0 || become_nobody() < 0)
		return failure(&p, "it cannot be watched");
	watch(&p, pid_fd);
	v = judge(&p);
	xu_buf_fini(&p.text[0]);
	xu_buf_fini(&p.text[1]);
	return v;
}

static struct xu_val *
answer(const struct xu_val *q)
{
	static const char too_long[] =
	    "the arguments are longer than a program can be given";
	AUTO_BUF struct xu_buf xml = XU_BUF_INIT;
	AUTO_VAL struct xu_val *params = xu_array();
	struct xu_val *error;

	xu_val_add(params, xu_str(""));
	xu_val_add(params, xu_val_copy(xu_val_get(q, "args")));
	xrpc_write_call(&xml, xu_val_get_str(q, "function", ""), params);
	if (xml.error == 0 && xu_val_ok(params) && xml.len < ARGUMENT_MAX)
		return run(xu_val_get_str(q, "path", ""), xu_buf_text(&xml));
	error = xu_array();
	xu_val_add(error, xu_str("VALUE_NOT_SUPPORTED"));
	xu_val_add(error, xu_str("args"));
	xu_val_add(error, xu_str(""));
	xu_val_add(error, xu_str(too_long));
	return refusal(too_long, error);
}

int
main(void)
{
	struct xu_chan *chan = xu_chan_new(CHANNEL_FD, QUESTION_MAX);
	AUTO_VAL struct xu_val *v = NULL;
	AUTO_MSG struct xu_msg m = XU_MSG_INIT;
	int r;

	/* A group that can be ended as a whole; before there is anybody in it. */
	setsid();
	if (chan == NULL || xu_chan_recv(chan, &m) <= 0)
		return 1;
	v = answer(m.val);
	r = xu_chan_send(chan, XU_MSG_REPLY, m.id, v, NULL, 0);
	xu_chan_free(&chan);
	return r < 0;
}
