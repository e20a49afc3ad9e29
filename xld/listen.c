/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What xld-api, which may open nothing, is given when it starts: listening
 * sockets, and in a sealed piece of memory its settings with the certificate and
 * its key.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "access.h"
#include "xu_file.h"
#include "xu_log.h"
#include "xu_num.h"
#include "xu_proc.h"

#define CERT_PROGRAM XLD_LIBEXECDIR "/xld-cert"
#define OWN_CERT     XLD_STATEDIR "/api.pem"
#define OWN_KEY	     XLD_STATEDIR "/api.key"
#define PEM_MAX	     (1u << 20)
#define BACKLOG	     512
/* As model/daemoncfg.h has it. */
#define CONNECTIONS_MAX 10000

/* ---- sockets ---------------------------------------------------------------------- */

static int
no_address(const char *where, struct xu_err *e)
{
	return xu_err_set(e, "XLD_CONFIG", 0,
	    "'%s' is no address to listen at; write 127.0.0.1:9363 or "
	    "[::1]:9363", where);
}

/* Host and port of "host:port" or "[host]:port". */
static bool
split(const char *where, char host[64], char port[8])
{
	const char *colon = strrchr(where, ':');
	uint64_t number;
	size_t n;

	if (colon == NULL || !xu_num_u64(colon + 1, 10, UINT16_MAX, &number))
		return false;
	n = (size_t)(colon - where);
	if (where[0] == '[') {
		if (n < 3 || where[n - 1] != ']')
			return false;
		where++;
		n -= 2;
	} else if (memchr(where, ':', n) != NULL) {
		return false;
	}
	if (n == 0 || n >= 64)
		return false;
	snprintf(host, 64, "%.*s", (int)n, where);
	snprintf(port, 8, "%u", (unsigned)number);
	return true;
}

int
listen_tcp(const char *where, struct xu_err *e)
{
	const struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
		.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE };
	struct addrinfo *ai = NULL;
	char host[64], port[8];
	const int on = 1;
	int fd;

	if (!split(where, host, port) ||
	    getaddrinfo(host, port, &hints, &ai) != 0)
		return no_address(where, e);
	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* An interface may come up later than we do. */
	if (fd >= 0 &&
	    (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
		setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof(on)) < 0 ||
		(ai->ai_family == AF_INET6 &&
		    setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on,
			sizeof(on)) < 0) ||
		bind(fd, ai->ai_addr, ai->ai_addrlen) < 0 ||
		listen(fd, BACKLOG) < 0)) {
		close(fd);
		fd = -1;
	}
	freeaddrinfo(ai);
	if (fd < 0)
		xu_err_set(e, "XLD_CONFIG", errno, "listen at %s", where);
	return fd;
}

static bool
is_loopback(const char *where)
{
	return strncmp(where, "127.", 4) == 0 ||
	    strncmp(where, "[::1]:", 6) == 0;
}

/* The socket that was at this address before, or a new one. */
static int
socket_at(struct listeners *old, const char *where, struct xu_err *e)
{
	for (int i = 0; i < old->n; i++)
		if (old->fds[i] >= 0 && strcmp(old->where[i], where) == 0)
			return steal_fd(&old->fds[i]);
	return listen_tcp(where, e);
}

/* All of one setting; told: what xld-api hears of them. */
static void
open_all(struct listeners *l, struct listeners *old,
    const struct xu_val *words, bool tls, struct xu_val *told)
{
	struct xu_err e;
	struct xu_val *one;
	const char *where;
	int fd;

	for (size_t i = 0; i < xu_val_count(words) && l->n < LISTENERS_MAX;
	     i++) {
		where = xu_val_str(xu_val_at(words, i));
		xu_err_clear(&e);
		fd = socket_at(old, where, &e);
		if (fd < 0) {
			/* Guests and the local socket do not suffer for it. */
			xu_log_err(XU_ERROR, &e);
			continue;
		}
		if (!tls && !is_loopback(where))
			xu_log(XU_WARNING,
			    "http = %s: passwords pass there in clear; use "
			    "https, or http at 127.0.0.1", where);
		xu_log(XU_NOTICE, "the API is at %s://%s",
		    tls ? "https" : "http", where);
		snprintf(l->where[l->n], sizeof(l->where[0]), "%s", where);
		l->fds[l->n++] = fd;
		one = xu_struct();
		xu_val_set(one, "where", xu_str(where));
		xu_val_set(one, "tls", xu_bool(tls));
		xu_val_add(told, one);
	}
}

/* ---- the certificate ------------------------------------------------------------------ */

/* Its own, which only its user may read. */
static int
new_file(const char *path, mode_t mode, const struct passwd *pw,
    struct xu_err *e)
{
	char name[128];
	int fd;

	snprintf(name, sizeof(name), "%s.new", path);
	unlink(name);
	fd = open(name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW,
	    mode);
	if (fd >= 0 && (fchmod(fd, mode) < 0 ||
			   fchown(fd, pw->pw_uid, pw->pw_gid) < 0)) {
		close(fd);
		fd = -1;
	}
	if (fd < 0)
		xu_err_set(e, "XLD_FILE", errno, "write %s", name);
	return fd;
}

static int
rename_new(const char *path)
{
	char name[128];

	snprintf(name, sizeof(name), "%s.new", path);
	return rename(name, path);
}

static int
run_cert(const int fds[2], struct xu_err *e)
{
	static char name[] = "xld-cert";
	char host[256] = "localhost";
	char *const argv[] = { name, host, NULL };
	const struct xu_spawn s = { .path = CERT_PROGRAM,
		.argv = argv,
		.fds = fds,
		.nfds = 2,
		.user = API_USER };
	int status = 0;
	pid_t pid;

	if (gethostname(host, sizeof(host) - 1) < 0)
		host[0] = '\0';
	pid = xu_spawn(&s, e);
	if (pid < 0)
		return -1;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
		return xu_err_set(e, "XLD_HELPER", 0,
		    "%s could not make a certificate", CERT_PROGRAM);
	return fsync(fds[0]) < 0 || fsync(fds[1]) < 0 ?
	    xu_err_set(e, "XLD_FILE", errno, "write a certificate") : 0;
}

/* The key is in place before the certificate: who finds both finds a pair. */
int
own_certificate(const char *cert_path, const char *key_path, const char *user,
    struct xu_err *e)
{
	const struct passwd *pw = getpwnam(user);
	AUTO_CLOSE int cert = -1, key = -1;
	int fds[2];

	if (pw == NULL)
		return xu_err_set(e, "XLD_HELPER", 0,
		    "there is no user '%s'; create it (systemd-sysusers)",
		    user);
	unlink(cert_path);
	if ((cert = new_file(cert_path, 0444, pw, e)) < 0 ||
	    (key = new_file(key_path, 0400, pw, e)) < 0)
		return -1;
	fds[0] = cert;
	fds[1] = key;
	if (run_cert(fds, e) < 0)
		return -1;
	if (rename_new(key_path) < 0 || rename_new(cert_path) < 0)
		return xu_err_set(e, "XLD_FILE", errno, "write %s", cert_path);
	xu_log(XU_NOTICE, "made the certificate %s, signed by itself",
	    cert_path);
	return 0;
}

int
renew_certificate(struct xu_err *e)
{
	return own_certificate(OWN_CERT, OWN_KEY, API_USER, e);
}

static int
write_new(const char *path, mode_t mode, const struct passwd *pw,
    const char *text, struct xu_err *e)
{
	AUTO_CLOSE int fd = new_file(path, mode, pw, e);

	if (fd < 0)
		return -1;
	return xu_fd_write(fd, text, strlen(text)) < 0 || fsync(fd) < 0 ?
	    xu_err_set(e, "XLD_FILE", errno, "write %s", path) : 0;
}

/* Whoever finds the new certificate finds its key. */
int
keep_certificate(const char *cert, const char *key, struct xu_err *e)
{
	const struct passwd *pw = getpwnam(API_USER);

	if (pw == NULL)
		return xu_err_set(e, "XLD_HELPER", 0, "there is no user '%s'",
		    API_USER);
	if (write_new(OWN_CERT, 0444, pw, cert, e) < 0 ||
	    write_new(OWN_KEY, 0400, pw, key, e) < 0)
		return -1;
	if (rename_new(OWN_KEY) < 0 || rename_new(OWN_CERT) < 0)
		return xu_err_set(e, "XLD_FILE", errno, "write %s", OWN_CERT);
	xu_log(XU_NOTICE, "another certificate is in %s", OWN_CERT);
	return 0;
}

const char *
certificate_path(const struct xu_val *conf)
{
	const char *path = xu_val_str(xu_val_at(xu_val_get(conf,
	    "certificate"), 0));

	return path[0] != '\0' ? path : OWN_CERT;
}

static int
add_pem(struct xu_val *told, const char *name, const char *path,
    struct xu_err *e)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	if (xu_file_read(path, PEM_MAX, &b, e) < 0)
		return -1;
	xu_val_set(told, name, xu_str(xu_buf_text(&b)));
	explicit_bzero(b.data, b.len);
	return 0;
}

static int
add_certificate(struct xu_val *told, const struct xu_val *conf,
    struct xu_err *e)
{
	const char *cert, *key;

	cert = xu_val_str(xu_val_at(xu_val_get(conf, "certificate"), 0));
	key = xu_val_str(xu_val_at(xu_val_get(conf, "key"), 0));
	if ((cert[0] == '\0') != (key[0] == '\0'))
		return xu_err_set(e, "XLD_CONFIG", 0,
		    "certificate and key belong together, and there is only "
		    "one of them");
	if (cert[0] == '\0') {
		if ((access(OWN_CERT, R_OK) < 0 || access(OWN_KEY, R_OK) < 0) &&
		    own_certificate(OWN_CERT, OWN_KEY, API_USER, e) < 0)
			return -1;
		cert = OWN_CERT;
		key = OWN_KEY;
	}
	return add_pem(told, "certificate", cert, e) < 0 ?
	    -1 : add_pem(told, "key", key, e);
}

/* ---- both -------------------------------------------------------------------------------- */

/* A file without a name that ends with its last reader. */
static int
sealed(const struct xu_val *v, struct xu_err *e)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	int fd = memfd_create("xld-api", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	int r = -1;

	if (fd >= 0 && xu_val_to_json(v, false, &b) == 0 &&
	    xu_fd_write(fd, b.data, b.len) == 0 &&
	    fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK |
		F_SEAL_SEAL) == 0)
		r = 0;
	if (b.data != NULL)
		explicit_bzero(b.data, b.len);
	if (r == 0)
		return fd;
	xu_err_set(e, "XLD_NO_MEMORY", errno, "settings of xld-api");
	if (fd >= 0)
		close(fd);
	return -1;
}

/* The hard limit of open files is xld-api's own: it is no program of root's. As many as
 * any settings name, for one that runs cannot have more when they change. */
static void
raise_files(void)
{
	/* Beside those of the network: root's, consoles and some. */
	const rlim_t want = 4096 + (rlim_t)CONNECTIONS_MAX * LISTENERS_MAX;
	struct rlimit files;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_max >= want)
		return;
	files.rlim_max = want;
	/* Where it may not be, xld-api says what it makes of less. */
	setrlimit(RLIMIT_NOFILE, &files);
}

void
listeners_close(struct listeners *l)
{
	while (l->n > 0)
		if (l->fds[--l->n] >= 0)
			close(l->fds[l->n]);
	if (l->settings_fd >= 0)
		close(steal_fd(&l->settings_fd));
}

int
listeners_open(struct listeners *l, const struct xu_val *conf,
    struct xu_err *e)
{
	const struct xu_val *https = xu_val_get(conf, "https");
	AUTO_VAL struct xu_val *told = xu_struct();
	struct listeners old = *l;
	struct xu_val *all = xu_array();
	struct xu_err why = XU_ERR_INIT;

	*l = (struct listeners) { .settings_fd = -1 };
	xu_val_set(told, "settings", xu_val_copy(conf));
	open_all(l, &old, xu_val_get(conf, "http"), false, all);
	if (xu_val_count(https) > 0) {
		if (add_certificate(told, conf, &why) == 0)
			open_all(l, &old, https, true, all);
		else
			xu_log(XU_ERROR, "there is no https: %s", why.msg);
	}
	listeners_close(&old);
	raise_files();
	xu_val_set(told, "listeners", all);
	l->settings_fd = sealed(told, e);
	return l->settings_fd < 0 ? -1 : 0;
}
