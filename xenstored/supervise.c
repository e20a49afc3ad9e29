/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The supervisor: see supervise.h. */
#include "config.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "supervise.h"
#include "xu_log.h"
#include "xu_proc.h"

#define ARGS_MAX 64
/* So many deaths within SHORT_S of the start, and it is given up. */
#define DEATHS_MAX 8
#define SHORT_S	   2

static volatile sig_atomic_t stop;

static struct {
	int listen, sock;
	pid_t pid;
	bool is_ready, once_ready, updating;
	char self[256], file[256], old_file[256];
	char args[512], old_args[512];
	char *const *argv;
	/* Sockets of clients, between two workers. */
	int *fds;
	size_t nfds;
	void (*ready)(void);
} s = { .sock = -1 };

static void
on_signal(int sig)
{
	if (sig == SIGTERM || sig == SIGINT)
		stop = 1;
	if (s.pid > 0)
		kill(s.pid, sig);
}

/* --- messages ------------------------------------------------------------------ */

int
sup_send(int sock, const struct sup_msg *m, const int *fds, size_t n)
{
	union {
		struct cmsghdr align;
		char data[CMSG_SPACE(SUP_SOCKETS_MAX * sizeof(int))];
	} c = { .data = "" };
	struct iovec v = { (void *)(uintptr_t)m, sizeof(*m) };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1 };
	struct cmsghdr *ch;
	ssize_t r;

	if (n > 0) {
		h.msg_control = c.data;
		h.msg_controllen = CMSG_SPACE(n * sizeof(int));
		ch = CMSG_FIRSTHDR(&h);
		ch->cmsg_level = SOL_SOCKET;
		ch->cmsg_type = SCM_RIGHTS;
		ch->cmsg_len = CMSG_LEN(n * sizeof(int));
		memcpy(CMSG_DATA(ch), fds, n * sizeof(int));
	}
	do
		r = sendmsg(sock, &h, MSG_NOSIGNAL);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -1 : 0;
}

int
sup_recv(int sock, struct sup_msg *m, int *fds, size_t *n)
{
	union {
		struct cmsghdr align;
		char data[CMSG_SPACE(SUP_SOCKETS_MAX * sizeof(int))];
	} c;
	struct iovec v = { m, sizeof(*m) };
	struct msghdr h = { .msg_iov = &v, .msg_iovlen = 1,
		.msg_control = c.data, .msg_controllen = sizeof(c.data) };
	struct cmsghdr *ch;
	ssize_t r = recvmsg(sock, &h, MSG_CMSG_CLOEXEC);

	*n = 0;
	if (r < 0)
		return -1;
	ch = CMSG_FIRSTHDR(&h);
	if (ch != NULL && ch->cmsg_type == SCM_RIGHTS) {
		*n = (ch->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(fds, CMSG_DATA(ch), *n * sizeof(int));
	}
	if (r != (ssize_t)sizeof(*m))
		return 0;
	m->file[sizeof(m->file) - 1] = m->args[sizeof(m->args) - 1] = '\0';
	return 1;
}

/* --- the worker ------------------------------------------------------------------- */

static void
close_sockets(void)
{
	for (size_t i = 0; i < s.nfds; i++)
		close(s.fds[i]);
	free(s.fds);
	s.fds = NULL;
	s.nfds = 0;
}

static int
keep_sockets(const int *fds, size_t n)
{
	int *more = reallocarray(s.fds, s.nfds + n, sizeof(int));

	if (more == NULL) {
		for (size_t i = 0; i < n; i++)
			close(fds[i]);
		return -1;
	}
	memcpy(more + s.nfds, fds, n * sizeof(int));
	s.fds = more;
	s.nfds += n;
	return 0;
}

/* The words of an update's -c, or what we were called with. */
static void
make_argv(char **out, char *args)
{
	size_t n = 0;

	out[n++] = s.file;
	out[n++] = (char *)(uintptr_t)"--worker";
	if (args[0] != '\0')
		for (char *w = strtok(args, " "); w != NULL && n < ARGS_MAX - 1;
		     w = strtok(NULL, " "))
			out[n++] = w;
	else
		for (char *const *a = s.argv; *a != NULL && n < ARGS_MAX - 1;
		     a++)
			out[n++] = *a;
	out[n] = NULL;
}

static int
start_worker(enum sup_start how, struct xu_err *e)
{
	struct sup_msg m = { .kind = SUP_SOCKETS };
	char args[sizeof(s.args)], *argv[ARGS_MAX];
	int sv[2], fds[2], r = 0;
	struct xu_spawn sp = { .path = s.file, .argv = argv, .fds = fds,
		.nfds = 2, .pdeathsig = SIGKILL };
	size_t n;

	memcpy(args, s.args, sizeof(args));
	make_argv(argv, args);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sv) < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno, "socketpair");
	fds[0] = sv[1];
	fds[1] = s.listen;
	s.is_ready = false;
	s.pid = xu_spawn(&sp, e);
	close(sv[1]);
	s.sock = sv[0];
	if (s.pid < 0) {
		close(s.sock);
		return -1;
	}
	for (size_t i = 0; r == 0 && i < s.nfds; i += n) {
		n = s.nfds - i < SUP_SOCKETS_MAX ? s.nfds - i : SUP_SOCKETS_MAX;
		r = sup_send(s.sock, &m, s.fds + i, n);
	}
	m.kind = SUP_START;
	m.how = how;
	/* A worker that is gone already is seen by its end. */
	if (r == 0)
		(void)sup_send(s.sock, &m, NULL, 0);
	return 0;
}

static void
take(const struct sup_msg *m, const int *fds, size_t n)
{
	switch (m->kind) {
	case SUP_READY:
		s.is_ready = true;
		s.updating = false;
		close_sockets();
		if (!s.once_ready)
			s.ready();
		s.once_ready = true;
		return;
	case SUP_SOCKETS:
		if (keep_sockets(fds, n) == 0)
			return;
		xu_log(XU_ERROR, "no memory for clients' sockets");
		return;
	case SUP_UPDATE:
		memcpy(s.old_file, s.file, sizeof(s.file));
		memcpy(s.old_args, s.args, sizeof(s.args));
		snprintf(s.file, sizeof(s.file), "%s", m->file);
		if (m->args[0] != '\0')
			snprintf(s.args, sizeof(s.args), "%s", m->args);
		s.updating = true;
		return;
	default:
		return;
	}
}

/* Until the worker is gone; its wait status. */
static int
watch_worker(void)
{
	struct pollfd p = { .fd = s.sock, .events = POLLIN };
	int fds[SUP_SOCKETS_MAX], status = 0, r = 1;
	struct sup_msg m;
	size_t n;

	while (r > 0) {
		if (poll(&p, 1, -1) < 0 && errno == EINTR)
			continue;
		r = sup_recv(s.sock, &m, fds, &n);
		if (r > 0)
			take(&m, fds, n);
		else if (r < 0 && errno == EINTR)
			r = 1;
	}
	close(s.sock);
	s.sock = -1;
	while (waitpid(s.pid, &status, 0) < 0 && errno == EINTR)
		;
	s.pid = 0;
	return status;
}

static void
log_end(int status)
{
	if (WIFSIGNALED(status))
		xu_log(XU_ERROR, "xenstored was ended by signal %d; it goes on "
				 "from its journal", WTERMSIG(status));
	else
		xu_log(XU_ERROR, "xenstored ended with status %d; it goes on "
				 "from its journal", WEXITSTATUS(status));
}

static enum sup_start
after(int status)
{
	if (s.updating && s.old_file[0] != '\0' &&
	    (!WIFEXITED(status) || WEXITSTATUS(status) != 0)) {
		xu_log(XU_ERROR, "%s does not start: the old program goes on",
		    s.file);
		memcpy(s.file, s.old_file, sizeof(s.file));
		memcpy(s.args, s.old_args, sizeof(s.args));
		s.old_file[0] = '\0';
		return START_FALLBACK;
	}
	if (s.updating)
		return START_UPDATED;
	log_end(status);
	close_sockets();
	return START_AGAIN;
}

static void
catch_signals(void)
{
	struct sigaction sa = { .sa_handler = on_signal };
	static const int sigs[] = { SIGTERM, SIGINT, SIGHUP };

	for (size_t i = 0; i < sizeof(sigs) / sizeof(sigs[0]); i++)
		sigaction(sigs[i], &sa, NULL);
}

int
supervise(int listen_fd, char *const *argv, void (*ready)(void))
{
	enum sup_start how = START_FIRST;
	struct xu_err e = XU_ERR_INIT;
	unsigned deaths = 0;
	time_t began;
	ssize_t n = readlink("/proc/self/exe", s.self, sizeof(s.self) - 1);
	int status;

	if (n < 0)
		return 1;
	memcpy(s.file, s.self, sizeof(s.file));
	s.listen = listen_fd;
	s.argv = argv;
	s.ready = ready;
	catch_signals();
	while (!stop) {
		began = time(NULL);
		status = 1 << 8;
		if (start_worker(how, &e) == 0)
			status = watch_worker();
		else
			xu_log_err(XU_ERROR, &e);
		xu_err_clear(&e);
		if (stop || (!s.once_ready && !s.updating))
			return stop && WIFEXITED(status) ? WEXITSTATUS(status)
							 : 1;
		deaths = time(NULL) - began < SHORT_S ? deaths + 1 : 0;
		if (deaths > DEATHS_MAX) {
			xu_log(XU_ERROR, "xenstored does not stay alive");
			return 1;
		}
		how = after(status);
	}
	return 0;
}
