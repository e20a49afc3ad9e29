/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processes, listeners, readiness; see xu_proc.h. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xu_file.h"
#include "xu_proc.h"

/* The child's last words: which call failed and why. */
struct last_words {
	int errnum;
	char what[32];
};

static void
child_fail(int fd, const char *what)
{
	struct last_words w = { .errnum = errno };

	snprintf(w.what, sizeof(w.what), "%s", what);
	(void)!write(fd, &w, sizeof(w));
	_exit(127);
}

/* First out of the way of 3.., then into place. */
static void
place_fds(const struct xu_spawn *s, int *words_fd)
{
	int tmp[XU_SPAWN_FDS], base = 3 + s->nfds;

	*words_fd = fcntl(*words_fd, F_DUPFD_CLOEXEC, base);
	for (int i = 0; i < s->nfds; i++)
		tmp[i] = fcntl(s->fds[i], F_DUPFD_CLOEXEC, base);
	for (int i = 0; i < s->nfds; i++)
		if (tmp[i] < 0 || dup2(tmp[i], 3 + i) < 0)
			child_fail(*words_fd, "dup2");
	if (*words_fd > base)
		close_range((unsigned)base, (unsigned)*words_fd - 1, 0);
	close_range((unsigned)*words_fd + 1, ~0u, 0);
}

static void
drop_identity(const struct passwd *pw, int words_fd)
{
	if (setgroups(0, NULL) < 0 || setgid(pw->pw_gid) < 0 ||
	    setuid(pw->pw_uid) < 0)
		child_fail(words_fd, "drop privileges");
}

static void __attribute__((noreturn))
child(const struct xu_spawn *s, const struct passwd *pw, int words_fd,
    pid_t parent)
{
	sigset_t none;

	/* The other way round a signal would run our handler in it. */
	for (int sig = 1; sig < 32; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (s->out_fd > 0 &&
	    (dup2(s->out_fd, 1) < 0 || dup2(s->out_fd, 2) < 0))
		child_fail(words_fd, "dup2");
	place_fds(s, &words_fd);
	if (pw != NULL)
		drop_identity(pw, words_fd);
	/* After the identity: setuid clears the death signal. */
	if (s->pdeathsig != 0) {
		if (prctl(PR_SET_PDEATHSIG, s->pdeathsig) < 0)
			child_fail(words_fd, "prctl");
		if (getppid() != parent)
			_exit(127);
	}
	if (s->prepare != NULL && s->prepare(s->prepare_arg) < 0)
		child_fail(words_fd, "confine");
	if (s->envp != NULL)
		execve(s->path, s->argv, s->envp);
	else
		execv(s->path, s->argv);
	child_fail(words_fd, "exec");
	_exit(127);
}

/* A copy of a daemon's page tables is what costs most of a fork, above all in a
 * PV domain 0, where Xen checks each; so there is none where the child does nothing
 * but system calls before its exec. Signals wait meanwhile: the child has our memory. */
static pid_t
begin(const struct xu_spawn *s, const struct passwd *pw, int words_fd)
{
	const pid_t self = getpid();
	sigset_t all, old;
	pid_t pid;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, &old);
	pid = pw == NULL && s->prepare == NULL ? vfork() : fork();
	if (pid == 0)
		child(s, pw, words_fd, self);
	sigprocmask(SIG_SETMASK, &old, NULL);
	return pid;
}

pid_t
xu_spawn(const struct xu_spawn *s, struct xu_err *e)
{
	const struct passwd *pw = NULL;
	struct last_words w;
	int words[2];
	ssize_t n;
	pid_t pid;

	if (s->nfds > XU_SPAWN_FDS)
		return xu_err_set(e, "INTERNAL_ERROR", EINVAL, "start %s",
		    s->path);
	if (s->user != NULL && (pw = getpwnam(s->user)) == NULL)
		return xu_err_set(e, "INTERNAL_ERROR", 0,
		    "start %s: there is no user '%s'; create it (systemd-sysusers "
		    "or adduser --system %s)", s->path, s->user, s->user);
	if (pipe2(words, O_CLOEXEC) < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno, "start %s",
		    s->path);
	pid = begin(s, pw, words[1]);
	close(words[1]);
	if (pid < 0) {
		xu_err_set(e, "INTERNAL_ERROR", errno, "start %s", s->path);
		close(words[0]);
		return -1;
	}
	do
		n = read(words[0], &w, sizeof(w));
	while (n < 0 && errno == EINTR);
	close(words[0]);
	if (n != (ssize_t)sizeof(w))
		return pid;
	w.what[sizeof(w.what) - 1] = '\0';
	waitpid(pid, NULL, 0);
	return xu_err_set(e, "INTERNAL_ERROR", w.errnum, "start %s: %s",
	    s->path, w.what);
}

static int
unix_addr(struct sockaddr_un *a, const char *path, struct xu_err *e)
{
	memset(a, 0, sizeof(*a));
	a->sun_family = AF_UNIX;
	if (strlen(path) >= sizeof(a->sun_path))
		return xu_err_set(e, "INTERNAL_ERROR", ENAMETOOLONG,
		    "socket %s", path);
	memcpy(a->sun_path, path, strlen(path) + 1);
	return 0;
}

int
xu_connect_unix(const char *path, struct xu_err *e)
{
	struct sockaddr_un a;
	int fd;

	if (unix_addr(&a, path, e) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno, "socket");
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	xu_err_set(e, "INTERNAL_ERROR", errno, "connect to %s", path);
	close(fd);
	return -1;
}

int
xu_listen_unix(const char *path, mode_t mode, int backlog, struct xu_err *e)
{
	struct sockaddr_un a;
	mode_t old;
	int fd, r;

	fd = xu_connect_unix(path, NULL);
	if (fd >= 0) {
		close(fd);
		return xu_err_set(e, "INTERNAL_ERROR", EADDRINUSE,
		    "listen on %s: another process answers there", path);
	}
	if (unix_addr(&a, path, e) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno, "socket");
	unlink(path);
	old = umask(~mode & 0777);
	r = bind(fd, (struct sockaddr *)&a, sizeof(a));
	umask(old);
	if (r == 0)
		r = listen(fd, backlog);
	if (r == 0)
		return fd;
	xu_err_set(e, "INTERNAL_ERROR", errno, "listen on %s", path);
	close(fd);
	return -1;
}

int
xu_socketpair(int sv[2], bool nonblock)
{
	return socketpair(AF_UNIX,
	    SOCK_STREAM | SOCK_CLOEXEC | (nonblock ? SOCK_NONBLOCK : 0), 0, sv);
}

int
xu_set_nonblock(int fd, bool on)
{
	int fl = fcntl(fd, F_GETFL);

	if (fl < 0)
		return -1;
	return fcntl(fd, F_SETFL, on ? fl | O_NONBLOCK : fl & ~O_NONBLOCK);
}

int
xu_daemonise(int *ready_fd, struct xu_err *e)
{
	int p[2], null;
	pid_t pid;
	char c;

	if (pipe2(p, O_CLOEXEC) < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno, "pipe");
	pid = fork();
	if (pid < 0) {
		close(p[0]);
		close(p[1]);
		return xu_err_set(e, "INTERNAL_ERROR", errno, "fork");
	}
	if (pid > 0) {
		close(p[1]);
		_exit(read(p[0], &c, 1) == 1 ? 0 : 1);
	}
	close(p[0]);
	setsid();
	if (chdir("/") < 0) {
		/* "/" always exists */
	}
	null = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null >= 0) {
		dup2(null, 0);
		dup2(null, 1);
		if (null > 2)
			close(null);
	}
	*ready_fd = p[1];
	return 0;
}

void
xu_daemon_ready(int *ready_fd)
{
	if (*ready_fd < 0)
		return;
	(void)!write(*ready_fd, "", 1);
	close(*ready_fd);
	*ready_fd = -1;
}

int
xu_pidfile(const char *path, struct xu_err *e)
{
	struct flock lk = { .l_type = F_WRLCK, .l_whence = SEEK_SET };
	char text[32];
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);

	if (fd < 0)
		return xu_err_set(e, "INTERNAL_ERROR", errno, "open %s", path);
	if (fcntl(fd, F_SETLK, &lk) < 0) {
		if ((errno == EAGAIN || errno == EACCES) &&
		    fcntl(fd, F_GETLK, &lk) == 0)
			xu_err_set(e, "INTERNAL_ERROR", 0,
			    "already running as process %d (lock on %s)",
			    (int)lk.l_pid, path);
		else
			xu_err_set(e, "INTERNAL_ERROR", errno, "lock %s", path);
		close(fd);
		return -1;
	}
	snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || xu_fd_write(fd, text, strlen(text)) < 0) {
		xu_err_set(e, "INTERNAL_ERROR", errno, "write %s", path);
		close(fd);
		return -1;
	}
	return fd;
}

/* ---- connections to other hosts ---------------------------------------------------- */

/* A worker waits so long for room or bytes; longer than a guest may take to suspend
 * itself, twice. */
#define STALL_S 150
/* Of a line that nothing is said on: probes, spread over what is left of the time. */
#define PROBES	      5
#define SILENCE_LEAST 2

void
xu_watch_line(int fd, int silence_s)
{
	const int all = silence_s < SILENCE_LEAST ? SILENCE_LEAST : silence_s;
	const int idle = (all + 2) / 3;
	const int probe = (all - idle + PROBES - 1) / PROBES;
	/* Those of TCP mean nothing to another socket. */
	const struct {
		int level, name, value;
	} rows[] = {
		{ SOL_SOCKET, SO_KEEPALIVE, 1 },
		{ IPPROTO_TCP, TCP_NODELAY, 1 },
		{ IPPROTO_TCP, TCP_KEEPIDLE, idle },
		{ IPPROTO_TCP, TCP_KEEPINTVL, probe },
		{ IPPROTO_TCP, TCP_KEEPCNT, (all - idle) / probe },
		/* And of one where what was said is not acknowledged. */
		{ IPPROTO_TCP, TCP_USER_TIMEOUT, all * 1000 },
	};
	const struct timeval stall = { .tv_sec = STALL_S };

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++)
		(void)setsockopt(fd, rows[i].level, rows[i].name,
		    &rows[i].value, sizeof(rows[i].value));
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &stall, sizeof(stall));
	(void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &stall, sizeof(stall));
}
