/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_peer.h"
#include "xu_file.h"
#include "xu_proc.h"

struct peer peer;
static struct xu_chan *chan;
static pthread_t core;

static void __attribute__((noreturn))
die(const char *what)
{
	fprintf(stderr, "api_peer: %s\n", what);
	exit(1);
}

/* ---- the core -------------------------------------------------------------------- */

void
peer_tell(uint32_t kind, uint32_t id, const struct xu_val *v, const int *fds,
    int nfds)
{
	static pthread_mutex_t sending = PTHREAD_MUTEX_INITIALIZER;

	pthread_mutex_lock(&sending);
	xu_chan_send(chan, kind, id, v, fds, nfds);
	pthread_mutex_unlock(&sending);
}

void
peer_reply(const struct xu_msg *m, const char *name, struct xu_val *v,
    const char *sentence)
{
	AUTO_VAL struct xu_val *r = xu_struct();

	xu_val_set(r, name, v);
	if (strcmp(name, "error") == 0)
		xu_val_set(r, "message", xu_str(sentence));
	peer_tell(XU_MSG_REPLY, m->id, r, NULL, 0);
}

void
peer_event(const char *cls, const char *operation, const char *ref,
    struct xu_val *snapshot)
{
	AUTO_VAL struct xu_val *v = xu_struct();

	xu_val_set(v, "class", xu_str(cls));
	xu_val_set(v, "operation", xu_str(operation));
	xu_val_set(v, "ref", xu_str(ref));
	if (snapshot != NULL)
		xu_val_set(v, "snapshot", snapshot);
	peer_tell(XU_MSG_EVENT, 0, v, NULL, 0);
}

static void *
core_main(void *arg)
{
	peer_answer_f **answer = arg;
	struct xu_msg m;

	while (xu_chan_recv(chan, &m) == 1) {
		(*answer)(&m);
		xu_msg_fini(&m);
	}
	return NULL;
}

/* ---- sockets ---------------------------------------------------------------------- */

static struct sockaddr_in
loopback(int port)
{
	return (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK),
		.sin_port = htons((uint16_t)port) };
}

int
peer_listen(int *port)
{
	struct sockaddr_in a = loopback(0);
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || bind(fd, (struct sockaddr *)&a, sizeof(a)) < 0 ||
	    listen(fd, 512) < 0 ||
	    getsockname(fd, (struct sockaddr *)&a, &len) < 0)
		die("no address");
	*port = ntohs(a.sin_port);
	return fd;
}

int
peer_dial(int port)
{
	struct sockaddr_in a = loopback(port);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	close(fd);
	return -1;
}

/* ---- the program ---------------------------------------------------------------- */

static int
settings_file(const char *text)
{
	int fd = memfd_create("settings", MFD_CLOEXEC);

	if (fd < 0 || xu_fd_write(fd, text, strlen(text)) < 0)
		die("no settings");
	return fd;
}

void
peer_start(const char *program, const char *settings, peer_answer_f *answer)
{
	static char name[] = "xld-api", with[] = "settings";
	static peer_answer_f *answers;
	char *argv[] = { name, settings != NULL ? with : NULL, NULL };
	struct xu_err e = XU_ERR_INIT;
	int sv[2], fds[4];
	struct xu_spawn sp = { .path = program,
		.argv = argv,
		.fds = fds,
		.nfds = settings != NULL ? 4 : 2,
		.pdeathsig = SIGKILL };

	signal(SIGPIPE, SIG_IGN);
	snprintf(peer.path, sizeof(peer.path), "/tmp/api-%d.sock", getpid());
	peer.listening = -1;
	if (xu_socketpair(sv, false) < 0)
		die("no socket");
	fds[0] = sv[1];
	fds[1] = xu_listen_unix(peer.path, 0600, 64, &e);
	if (fds[1] < 0)
		die(e.msg);
	if (settings != NULL) {
		fds[2] = settings_file(settings);
		fds[3] = peer.listening = peer_listen(&peer.port);
	}
	peer.server = xu_spawn(&sp, &e);
	if (peer.server < 0)
		die(e.msg);
	for (int i = 0; i < (settings != NULL ? 3 : 2); i++)
		close(fds[i]);
	chan = xu_chan_new(sv[0], 0);
	answers = answer;
	if (chan == NULL ||
	    pthread_create(&core, NULL, core_main, &answers) != 0)
		die("no thread");
}

int
peer_stop(bool hang_up)
{
	int status = -1;

	if (hang_up)
		shutdown(xu_chan_fd(chan), SHUT_RDWR);
	else
		kill(peer.server, SIGTERM);
	waitpid(peer.server, &status, 0);
	pthread_join(core, NULL);
	xu_chan_free(&chan);
	unlink(peer.path);
	if (peer.listening >= 0)
		close(peer.listening);
	return status;
}

const char *
peer_program(const char *path)
{
	static char real[512], libraries[512];
	const char *slash = strrchr(path, '/');
	int dir = (int)(slash - path);

	snprintf(real, sizeof(real), "%.*s/.libs%s", dir, path, slash);
	if (access(real, X_OK) != 0)
		return path;
	snprintf(libraries, sizeof(libraries), "%.*s/../xen-api/.libs", dir,
	    path);
	setenv("LD_LIBRARY_PATH", libraries, 1);
	return real;
}
