/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xenstore-control: a command for the daemon, and live update, which takes
 * several: the binary, its command line, the start.
 */
#include "config.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "cli.h"
#include "xu_num.h"

#define UPDATE_USAGE                                                           \
	"usage: xenstore-control live-update [-c COMMAND-LINE] [-F] "          \
	"[-t SECONDS] FILE\n"
#define BUSY_PAUSE_MS 100

/* The reply, or NULL. words: n of them, the first is the command. */
static char *
command(struct cli *c, const char *const *words, int n)
{
	AUTO_BUF struct xu_buf data = XU_BUF_INIT;

	for (int i = 1; i < n; i++)
		xu_buf_add(&data, words[i], strlen(words[i]) + 1);
	if (data.error != 0) {
		errno = data.error;
		return NULL;
	}
	return xs_control_command(c->h, words[0], data.data,
	    (unsigned)data.len);
}

/* What the daemon would have understood. */
static void
print_help(struct cli *c)
{
	char *help = xs_control_command(c->h, "help", NULL, 0);

	if (help != NULL)
		fprintf(stderr, "Commands:\n%s", help);
	free(help);
}

/* --- live update ------------------------------------------------------------------ */

struct update {
	struct cli *c;
	const char *cmdline, *seconds;
	bool force;
	char *file;
	/* Of the step that failed; 0: the daemon gave a reason. */
	int err;
};

/* Does the process that listens at the socket run the file? */
static bool
runs(const char *file)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	AUTO_CLOSE int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct stat want, is;
	struct ucred peer;
	socklen_t len = sizeof(peer);
	char exe[32];

	if (fd < 0 || strlen(xs_daemon_socket()) >= sizeof(a.sun_path))
		return false;
	strcpy(a.sun_path, xs_daemon_socket());
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0)
		return false;
	snprintf(exe, sizeof(exe), "/proc/%d/exe", (int)peer.pid);
	return stat(file, &want) == 0 && stat(exe, &is) == 0 &&
	    want.st_dev == is.st_dev && want.st_ino == is.st_ino;
}

/* One step. True: the daemon says OK. With EIO it went away over it, and nothing
 * is said of that yet. */
static bool
step(struct update *u, const char *what, const char *const *words, int n)
{
	const struct timespec pause = { .tv_nsec = BUSY_PAUSE_MS * 1000000 };
	char *reply;
	bool ok;

	while ((reply = command(u->c, words, n)) != NULL &&
	    strcmp(reply, "BUSY") == 0) {
		free(reply);
		nanosleep(&pause, NULL);
	}
	u->err = reply == NULL ? errno : 0;
	if (reply == NULL) {
		if (u->err != EIO)
			(void)cli_failed(u->c, what);
		return false;
	}
	ok = strcmp(reply, "OK") == 0;
	if (!ok)
		fprintf(stderr, "xenstore-control: %s:\n%s\n", what, reply);
	free(reply);
	return ok;
}

/* The start. The old daemon may be gone before it can answer. */
static bool
start(struct update *u)
{
	const char *words[6] = { "live-update", "-s" };
	int n = 2;
	char *any;
	bool ok;

	if (u->seconds != NULL) {
		words[n++] = "-t";
		words[n++] = u->seconds;
	}
	if (u->force)
		words[n++] = "-F";
	if (step(u, "starting the live update failed", words, n))
		return true;
	if (u->err != EIO)
		return false;
	/* A word with who is there now, then a look at what it is. */
	any = xs_get_domain_path(u->c->h, 0);
	ok = any != NULL && runs(u->file);
	free(any);
	return ok;
}

static int
run_update(struct update *u)
{
	const char *const binary[] = { "live-update", "-f", u->file };
	const char *const line[] = { "live-update", "-c", u->cmdline };
	const char *const abort[] = { "live-update", "-a" };

	if (step(u, "setting the new binary failed", binary, 3) &&
	    (u->cmdline == NULL ||
	    step(u, "setting its command line failed", line, 3)) &&
	    start(u)) {
		puts("OK");
		return CLI_OK;
	}
	if (u->err == EBADF)
		return CLI_FAILED;
	if (u->err == EIO)
		fprintf(stderr, "xenstore-control: xenstored went away before it "
				"answered, and it is not %s that runs now\n",
		    u->file);
	if (u->err == EINVAL)
		print_help(u->c);
	free(command(u->c, abort, 2));
	return CLI_REFUSED;
}

static int
live_update(struct cli *c, int argc, char **argv)
{
	struct update u = { .c = c };
	uint64_t seconds;
	bool ok = true;
	int ch, r;

	optind = 0;
	while ((ch = getopt(argc, argv, "+c:Ft:")) != -1) {
		if (ch == 'c')
			u.cmdline = optarg;
		else if (ch == 't')
			u.seconds = optarg;
		else if (ch == 'F')
			u.force = true;
		else
			ok = false;
	}
	if (!ok || argc - optind != 1 ||
	    (u.seconds != NULL &&
	    !xu_num_u64(u.seconds, 10, 86400, &seconds))) {
		fputs(UPDATE_USAGE, stderr);
		return CLI_USAGE;
	}
	/* The daemon is in another folder; a stub domain has other files. */
	u.file = realpath(argv[optind], NULL);
	if (u.file == NULL)
		u.file = strdup(argv[optind]);
	if (u.file == NULL)
		return cli_failed(c, NULL);
	r = run_update(&u);
	free(u.file);
	return r;
}

int
cli_control(struct cli *c, int argc, char **argv)
{
	char *reply;
	int err;

	if (strcmp(argv[0], "live-update") == 0)
		return live_update(c, argc, argv);
	reply = command(c, (const char *const *)argv, argc);
	if (reply == NULL) {
		err = errno;
		(void)cli_failed(c, NULL);
		if (err == EINVAL)
			print_help(c);
		return err == EBADF ? CLI_FAILED : CLI_REFUSED;
	}
	printf("%s%s", reply,
	    reply[0] != '\0' && reply[strlen(reply) - 1] == '\n' ? "" : "\n");
	free(reply);
	return CLI_OK;
}
