/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Starts the emulator(s) as children that die with us, runs a command in the
 * first through the channel, and ends them. Everything temporary is an unlinked
 * file whose descriptor we inherited, so that SIGKILL leaves nothing.
 *
 *   run [--tty] [--boot-timeout S] [--timeout S] [--log FD] [--also N]
 *       -- N words of another emulator -- emulator words -- command words
 * In the emulator's words @CHAN@ is the descriptor of the channel.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xh.h"

static pid_t emulators[2];

static void
end_emulators(void)
{
	for (size_t i = 0; i < 2; i++)
		if (emulators[i] > 0) {
			kill(emulators[i], SIGKILL);
			waitpid(emulators[i], NULL, 0);
			emulators[i] = 0;
		}
}

static void
on_signal(int sig)
{
	for (size_t i = 0; i < 2; i++)
		if (emulators[i] > 0)
			kill(emulators[i], SIGKILL);
	signal(sig, SIG_DFL);
	raise(sig);
}

static pid_t
spawn(char **argv, int log_fd, int chan_fd)
{
	char num[16];
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
	dup2(log_fd >= 0 ? log_fd : null, 1);
	dup2(log_fd >= 0 ? log_fd : null, 2);
	snprintf(num, sizeof(num), "%d", chan_fd);
	for (char **a = argv; *a != NULL; a++) {
		char *at = strstr(*a, "@CHAN@");

		if (at == NULL)
			continue;
		*at = '\0';
		if (asprintf(a, "%s%s%s", *a, num, at + 6) < 0)
			_exit(1);
	}
	/* Not ours to keep: Ctrl-C at the terminal is handled by the parent. */
	setpgid(0, 0);
	execvp(argv[0], argv);
	dprintf(2, "%s: %s\n", argv[0], strerror(errno));
	_exit(127);
}

static void
show_log(int log_fd)
{
	char buf[8192];
	ssize_t n;

	if (log_fd < 0 || lseek(log_fd, 0, SEEK_SET) < 0)
		return;
	fprintf(stderr, "xenhost: the host did not come up; its console said:\n");
	while ((n = read(log_fd, buf, sizeof(buf))) > 0)
		(void)xh_write_all(2, buf, (size_t)n);
	fprintf(stderr, "\nxenhost: end of the console log\n");
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
run(struct xh_call *call, char **qemu, char **also, int log_fd)
{
	int sv[2], status;

	if (socketpair(AF_UNIX, SOCK_STREAM, 0, sv) < 0) {
		perror("xenhost: socketpair");
		return XH_FAILED;
	}
	fcntl(sv[0], F_SETFD, FD_CLOEXEC);
	signal(SIGINT, on_signal);
	signal(SIGTERM, on_signal);
	signal(SIGHUP, on_signal);
	if (also != NULL)
		emulators[1] = spawn(also, log_fd, -1);
	emulators[0] = spawn(qemu, log_fd, sv[1]);
	close(sv[1]);
	if (emulators[0] < 0 || emulators[1] < 0) {
		perror("xenhost: fork");
		end_emulators();
		return XH_FAILED;
	}
	call->fd = sv[0];
	status = xh_run(call);
	end_emulators();
	if (!call->up)
		show_log(log_fd);
	else if (status == XH_TIMEOUT)
		fprintf(stderr, "xenhost: no end after %u s (--timeout)\n",
		    call->timeout);
	else if (status == XH_FAILED)
		fprintf(stderr, "xenhost: the host went away\n");
	return status;
}

int
xh_qemu_main(int argc, char **argv)
{
	static const struct option opts[] = { { "tty", 0, NULL, 't' },
		{ "boot-timeout", 1, NULL, 'b' }, { "timeout", 1, NULL, 's' },
		{ "log", 1, NULL, 'l' }, { "also", 0, NULL, 'a' },
		{ NULL, 0, NULL, 0 } };
	struct xh_call call = { .boot_timeout = 180, .timeout = 600 };
	char **qemu, **also = NULL, **rest;
	bool two = false;
	int c, log_fd = -1;

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
			log_fd = atoi(optarg);
			break;
		case 'a':
			two = true;
			break;
		default:
			return 2;
		}
	rest = argv + optind;
	if (two)
		also = take_words(rest, &rest);
	qemu = take_words(rest, &rest);
	call.argv = rest;
	if (*qemu == NULL || *rest == NULL) {
		fprintf(stderr, "xenhost: internal: no emulator or command\n");
		return 2;
	}
	return run(&call, qemu, also, log_fd);
}
