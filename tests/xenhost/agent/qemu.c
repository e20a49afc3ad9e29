/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starts the emulator(s) as children that die with us, runs a command in the
 * first through the channel, and ends them. Everything temporary is memory that
 * only a descriptor names, so that SIGKILL leaves nothing.
 *
 *   run [--tty] [--boot-timeout S] [--timeout S] [--log FILE] [--initrd FILE]...
 *       [--also] -- [words of another emulator --] emulator words -- command
 * In an emulator's words these stand for descriptors it inherits: @CHAN@ the
 * command channel, @INITRD@ the initrd files one after the other, @LOG@ its
 * console log, @NET@ the cable between the two.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xh.h"

#define HOSTS 2
/* How much of the console is shown for a host that was up already. */
#define TAIL  8192

struct emulator {
	char **argv;
	int log, chan, net;
};

static pid_t emulators[HOSTS];
static int initrd = -1;

static void
end_emulators(void)
{
	for (size_t i = 0; i < HOSTS; i++)
		if (emulators[i] > 0) {
			kill(emulators[i], SIGKILL);
			waitpid(emulators[i], NULL, 0);
			emulators[i] = 0;
		}
}

static void
on_signal(int sig)
{
	for (size_t i = 0; i < HOSTS; i++)
		if (emulators[i] > 0)
			kill(emulators[i], SIGKILL);
	xh_restore_terminal();
	signal(sig, SIG_DFL);
	raise(sig);
}

/* word with every mark replaced by a descriptor's number. */
static char *
fill_in(char *word, const struct emulator *e)
{
	const struct {
		const char *mark;
		int fd;
	} marks[] = { { "@CHAN@", e->chan }, { "@INITRD@", initrd },
		{ "@LOG@", e->log }, { "@NET@", e->net } };
	char *at, *full;

	for (size_t i = 0; i < sizeof(marks) / sizeof(marks[0]); i++)
		while ((at = strstr(word, marks[i].mark)) != NULL) {
			*at = '\0';
			if (asprintf(&full, "%s%d%s", word, marks[i].fd,
				at + strlen(marks[i].mark)) < 0)
				_exit(1);
			word = full;
		}
	return word;
}

/* The descriptors an emulator keeps; everybody else's are CLOEXEC. */
static void
keep(int fd)
{
	if (fd >= 0)
		fcntl(fd, F_SETFD, 0);
}

static pid_t
spawn(const struct emulator *e)
{
	pid_t pid, self = getpid();
	int null;

	pid = fork();
	if (pid != 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != self)
		_exit(1);
	null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(e->log, 1);
	dup2(e->log, 2);
	keep(e->chan);
	keep(e->net);
	keep(e->log);
	keep(initrd);
	for (char **a = e->argv; *a != NULL; a++)
		*a = fill_in(*a, e);
	/* Ctrl-C at the terminal is the parent's business. */
	setpgid(0, 0);
	execvp(e->argv[0], e->argv);
	dprintf(2, "%s: %s\n", e->argv[0], strerror(errno));
	_exit(127);
}

static void
show_log(int fd, off_t tail)
{
	off_t at = lseek(fd, 0, SEEK_END);
	char buf[8192];
	ssize_t n;

	at = tail == 0 || at < tail ? 0 : at - tail;
	for (; (n = pread(fd, buf, sizeof(buf), at)) > 0; at += n)
		if (xh_write_all(2, buf, (size_t)n) < 0)
			return;
	fprintf(stderr, "\nxenhost: end of the console log\n");
}

/* Says why there is no status of the command. The console tells a host that
 * stands still from a command that takes long. */
static void
explain(const struct xh_call *call, int status, const struct emulator *e, int n)
{
	bool late = call->up && status == XH_TIMEOUT;

	if (call->up && !call->broken && !late)
		return;
	if (late)
		fprintf(stderr, "xenhost: no end after %u s (--timeout)\n",
		    call->timeout);
	for (int i = 0; i < n; i++) {
		fprintf(stderr, "xenhost: %s; %s console said:\n",
		    late	   ? "it was running"
			: call->up ? "the host went away"
				   : "the host did not come up",
		    i == 0 ? "its" : "the second host's");
		show_log(e[i].log, call->up ? TAIL : 0);
	}
}

/* The words up to the next "--" (NULL-terminated in place); *rest behind it. */
static char **
take_words(char **argv, char ***rest)
{
	char **p = argv;

	while (*p != NULL && strcmp(*p, "--") != 0)
		p++;
	*rest = *p == NULL ? p : p + 1;
	*p = NULL;
	return argv;
}

static int
append_file(int to, const char *name)
{
	int fd = open(name, O_RDONLY | O_CLOEXEC);
	char buf[65536];
	ssize_t n = -1;

	if (fd >= 0)
		while ((n = read(fd, buf, sizeof(buf))) > 0)
			if (xh_write_all(to, buf, (size_t)n) < 0) {
				n = -1;
				break;
			}
	if (n < 0)
		fprintf(stderr, "xenhost: %s: %s\n", name, strerror(errno));
	if (fd >= 0)
		close(fd);
	return n < 0 ? -1 : 0;
}

/* Appending, because the emulator opens it a second time. */
static int
open_log(const char *name)
{
	int fd;

	if (name != NULL) {
		fd = open(name, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC,
		    0644);
		if (fd < 0)
			fprintf(stderr, "xenhost: %s: %s\n", name,
			    strerror(errno));
		return fd;
	}
	fd = memfd_create("xenhost-log", MFD_CLOEXEC);
	if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) < 0)
		perror("xenhost: memory for the console log");
	return fd;
}

static int
run(struct xh_call *call, struct emulator *e, int n)
{
	int chan[2], net[2], status;

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, chan) < 0 ||
	    socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, net) < 0) {
		perror("xenhost: socketpair");
		return XH_FAILED;
	}
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	e[0].chan = chan[1];
	for (int i = 0; i < n; i++) {
		e[i].net = net[i];
		emulators[i] = spawn(&e[i]);
		if (emulators[i] < 0) {
			perror("xenhost: fork");
			end_emulators();
			return XH_FAILED;
		}
	}
	close(chan[1]);
	close(net[0]);
	close(net[1]);
	call->fd = chan[0];
	status = xh_run(call);
	end_emulators();
	explain(call, status, e, n);
	return status;
}

static int
prepare(struct emulator *e, int n, const char *log)
{
	for (int i = 0; i < n; i++) {
		/* A named log is the first host's. */
		e[i].log = open_log(i == 0 ? log : NULL);
		e[i].chan = e[i].net = -1;
		if (e[i].log < 0)
			return -1;
	}
	return 0;
}

int
xh_qemu_main(int argc, char **argv)
{
	static const struct option opts[] = { { "tty", 0, NULL, 't' },
		{ "boot-timeout", 1, NULL, 'b' }, { "timeout", 1, NULL, 's' },
		{ "log", 1, NULL, 'l' }, { "initrd", 1, NULL, 'i' },
		{ "also", 0, NULL, 'a' }, { NULL, 0, NULL, 0 } };
	struct xh_call call = { .boot_timeout = 180, .timeout = 600 };
	struct emulator e[HOSTS];
	const char *log = NULL;
	char **rest;
	int c, n = 1;

	initrd = memfd_create("xenhost-initrd", MFD_CLOEXEC);
	while ((c = getopt_long(argc, argv, "+", opts, NULL)) != -1)
		switch (c) {
		case 't':
			call.tty = true;
			break;
		case 'b':
			call.boot_timeout = (unsigned)atoi(optarg);
			break;
		case 's':
			call.timeout = (unsigned)atoi(optarg);
			break;
		case 'l':
			log = optarg;
			break;
		case 'i':
			if (append_file(initrd, optarg) < 0)
				return XH_FAILED;
			break;
		case 'a':
			n = 2;
			break;
		default:
			return 2;
		}
	rest = argv + optind;
	for (int i = n - 1; i >= 0; i--)
		e[i].argv = take_words(rest, &rest);
	call.argv = rest;
	if (*e[0].argv == NULL || *rest == NULL) {
		fprintf(stderr, "xenhost: internal: no emulator or command\n");
		return 2;
	}
	if (prepare(e, n, log) < 0)
		return XH_FAILED;
	return run(&call, e, n);
}
