/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Servers on other hosts, through libcurl. It brings dozens of libraries along, which a
 * command on this host should not have to load: it is opened when a URL first
 * asks for it. The handle keeps libcurl's connection between calls.
 */
#include "config.h"

#include <curl/curl.h>
#include <dlfcn.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "xapi_private.h"

/* The macros check types of direct calls only; ours go through pointers. */
#undef curl_easy_setopt
#undef curl_easy_getinfo

static struct {
	CURLcode (*global_init)(long);
	CURL *(*init)(void);
	CURLcode (*setopt)(CURL *, CURLoption, ...);
	CURLcode (*perform)(CURL *);
	CURLcode (*getinfo)(CURL *, CURLINFO, ...);
	CURLcode (*send)(CURL *, const void *, size_t, size_t *);
	CURLcode (*recv)(CURL *, void *, size_t, size_t *);
	void (*cleanup)(CURL *);
	void (*reset)(CURL *);
	const char *(*error)(CURLcode);
	struct curl_slist *(*append)(struct curl_slist *, const char *);
	void (*free_all)(struct curl_slist *);
	bool loaded;
} lib;

static int
load(struct xapi_err *e)
{
	static const struct {
		const char *name;
		void *to;
	} symbols[] = {
		{ "curl_global_init", &lib.global_init },
		{ "curl_easy_init", &lib.init },
		{ "curl_easy_setopt", &lib.setopt },
		{ "curl_easy_perform", &lib.perform },
		{ "curl_easy_getinfo", &lib.getinfo },
		{ "curl_easy_send", &lib.send },
		{ "curl_easy_recv", &lib.recv },
		{ "curl_easy_cleanup", &lib.cleanup },
		{ "curl_easy_reset", &lib.reset },
		{ "curl_easy_strerror", &lib.error },
		{ "curl_slist_append", &lib.append },
		{ "curl_slist_free_all", &lib.free_all },
	};
	void *so, *sym;

	if (lib.loaded)
		return 0;
	so = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
	if (so == NULL)
		return xapi_fail(e, "XLD_UNREACHABLE", ENOENT,
		    "http and https need libcurl: %s", dlerror());
	for (size_t i = 0; i < XU_ARRAY_SIZE(symbols); i++) {
		sym = dlsym(so, symbols[i].name);
		if (sym == NULL)
			return xapi_fail(e, "XLD_UNREACHABLE", ENOENT,
			    "libcurl lacks %s", symbols[i].name);
		/* POSIX guarantees that a function's address fits. */
		memcpy(symbols[i].to, &sym, sizeof(sym));
	}
	if (lib.global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		return xapi_fail(e, "XLD_UNREACHABLE", EIO,
		    "libcurl cannot be started");
	lib.loaded = true;
	return 0;
}

static size_t
on_body(char *data, size_t size, size_t n, void *arg)
{
	struct xapi_reply *rp = arg;

	xu_buf_add(&rp->body, data, size * n);
	return rp->body.error == 0 ? size * n : 0;
}

static size_t
on_header(char *data, size_t size, size_t n, void *arg)
{
	static const char name[] = "X-XLD-Error:";
	struct xapi_reply *rp = arg;
	size_t len = size * n, at = sizeof(name) - 1;

	if (len <= at || strncasecmp(data, name, at) != 0)
		return len;
	while (at < len && data[at] == ' ')
		at++;
	n = len;
	while (n > at && (data[n - 1] == '\r' || data[n - 1] == '\n'))
		n--;
	xapi_take_message(rp, data + at, n - at);
	return len;
}

static const char *
url_of(const struct xapi *x, const char *path, struct xu_buf *out)
{
	bool v6 = strchr(x->url.host, ':') != NULL;

	xu_buf_addf(out, "%s://%s%s%s:%s%s",
	    x->url.scheme == XAPI_HTTP ? "http" : "https", v6 ? "[" : "",
	    x->url.host, v6 ? "]" : "", x->url.port, path);
	return xu_buf_text(out);
}

/* What holds for every connection. */
static void
prepare(const struct xapi *x, CURL *h, const char *path, struct xu_buf *url)
{
	const char *ca = getenv(XAPI_CA_ENV);

	lib.setopt(h, CURLOPT_URL, url_of(x, path, url));
	lib.setopt(h, CURLOPT_NOSIGNAL, 1L);
	if (ca != NULL && *ca != '\0')
		lib.setopt(h, CURLOPT_CAINFO, ca);
}

static int
cannot_reach(const struct xapi *x, CURLcode rc, struct xapi_err *e)
{
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return xapi_fail(e, "XLD_TIMEOUT", ETIMEDOUT,
		    "no answer from %s in time", x->text);
	return xapi_fail(e, "XLD_UNREACHABLE", EHOSTUNREACH,
	    "cannot reach the XenAPI server at %s: %s%s", x->text,
	    lib.error(rc),
	    rc == CURLE_PEER_FAILED_VERIFICATION ?
		" (" XAPI_CA_ENV " names a file of certificates to trust)" : "");
}

static int
exchange(struct xapi *x, const struct xapi_request *rq, struct xapi_reply *rp,
    struct xapi_err *e)
{
	AUTO_BUF struct xu_buf url = XU_BUF_INIT;
	struct curl_slist *headers;
	CURLcode rc;
	long status = 0;

	if (load(e) < 0)
		return -1;
	if (x->curl == NULL)
		x->curl = lib.init();
	/* Expect: 100-continue would cost a round trip. */
	headers = lib.append(NULL, "Expect:");
	if (x->curl == NULL || headers == NULL) {
		lib.free_all(headers);
		return xapi_fail(e, "XLD_NO_MEMORY", ENOMEM, "out of memory");
	}
	lib.reset(x->curl);
	prepare(x, x->curl, rq->path, &url);
	lib.setopt(x->curl, CURLOPT_TIMEOUT_MS, (long)rq->timeout);
	lib.setopt(x->curl, CURLOPT_WRITEFUNCTION, on_body);
	lib.setopt(x->curl, CURLOPT_WRITEDATA, rp);
	lib.setopt(x->curl, CURLOPT_HEADERFUNCTION, on_header);
	lib.setopt(x->curl, CURLOPT_HEADERDATA, rp);
	if (rq->body != NULL) {
		headers = lib.append(headers, "Content-Type: text/xml");
		lib.setopt(x->curl, CURLOPT_POSTFIELDS, rq->body->data);
		lib.setopt(x->curl, CURLOPT_POSTFIELDSIZE_LARGE,
		    (curl_off_t)rq->body->len);
	}
	lib.setopt(x->curl, CURLOPT_HTTPHEADER, headers);
	rc = lib.perform(x->curl);
	lib.getinfo(x->curl, CURLINFO_RESPONSE_CODE, &status);
	lib.free_all(headers);
	rp->status = (int)status;
	return rc == CURLE_OK ? 0 : cannot_reach(x, rc, e);
}

static void
close_curl(struct xapi *x)
{
	if (x->curl != NULL)
		lib.cleanup(x->curl);
	x->curl = NULL;
}

static int
connect_tcp(const struct xapi *x, struct xapi_err *e)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list, *a;
	int fd = -1, rc, err = ECONNREFUSED;

	rc = getaddrinfo(x->url.host, x->url.port, &hints, &list);
	if (rc != 0)
		return xapi_fail(e, "XLD_UNREACHABLE", EHOSTUNREACH,
		    "cannot reach the XenAPI server at %s: %s", x->text,
		    gai_strerror(rc));
	for (a = list; a != NULL && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC,
		    a->ai_protocol);
		if (fd < 0 || connect(fd, a->ai_addr, a->ai_addrlen) == 0)
			continue;
		err = errno;
		close(fd);
		fd = -1;
	}
	freeaddrinfo(list);
	return fd >= 0 ? fd : xapi_unreachable(x, err, e);
}

/* ---- a plain socket in front of TLS ---------------------------------------------------- */

#define TUNNEL_SIZE 16384

/* One direction: what was read and waits to be written. */
struct flow {
	char data[TUNNEL_SIZE];
	size_t from, to;
};

struct tunnel {
	CURL *curl;
	/* The connection, and our end of the caller's socket. */
	curl_socket_t far;
	int near;
	struct flow in, out;
};

enum moved {
	NOTHING,
	SOME,
	ENDED,
};

/* One try to read or write each. */
static enum moved
from_far(struct tunnel *t)
{
	CURLcode rc;

	if (t->in.from < t->in.to)
		return NOTHING;
	t->in.from = t->in.to = 0;
	rc = lib.recv(t->curl, t->in.data, TUNNEL_SIZE, &t->in.to);
	if (rc == CURLE_AGAIN)
		return NOTHING;
	return rc == CURLE_OK && t->in.to > 0 ? SOME : ENDED;
}

static enum moved
to_far(struct tunnel *t)
{
	size_t n = 0;
	CURLcode rc;

	if (t->out.from == t->out.to)
		return NOTHING;
	rc = lib.send(t->curl, t->out.data + t->out.from,
	    t->out.to - t->out.from, &n);
	if (rc == CURLE_AGAIN)
		return NOTHING;
	t->out.from += n;
	return rc == CURLE_OK ? SOME : ENDED;
}

static enum moved
sent_or_got(ssize_t n, size_t *count)
{
	if (n > 0) {
		*count += (size_t)n;
		return SOME;
	}
	return n < 0 && (errno == EAGAIN || errno == EINTR) ? NOTHING : ENDED;
}

static enum moved
from_near(struct tunnel *t)
{
	if (t->out.from < t->out.to)
		return NOTHING;
	t->out.from = t->out.to = 0;
	return sent_or_got(recv(t->near, t->out.data, TUNNEL_SIZE,
	    MSG_DONTWAIT), &t->out.to);
}

static enum moved
to_near(struct tunnel *t)
{
	if (t->in.from == t->in.to)
		return NOTHING;
	return sent_or_got(send(t->near, t->in.data + t->in.from,
	    t->in.to - t->in.from, MSG_DONTWAIT | MSG_NOSIGNAL), &t->in.from);
}

/* Until one side ends. Reading is tried before waiting: TLS may hold bytes that the
 * socket has no more. */
static void *
carry(void *arg)
{
	static enum moved (*const moves[])(struct tunnel *) = { from_far,
		to_near, from_near, to_far };
	struct tunnel *t = arg;
	enum moved m, best = SOME;

	while (best != ENDED) {
		struct pollfd p[2] = {
			{ t->far, t->in.from == t->in.to ? POLLIN : 0, 0 },
			{ t->near, t->out.from == t->out.to ? POLLIN : 0, 0 },
		};

		if (t->out.from < t->out.to)
			p[0].events |= POLLOUT;
		if (t->in.from < t->in.to)
			p[1].events |= POLLOUT;
		if (best == NOTHING && poll(p, 2, -1) < 0 && errno != EINTR)
			break;
		best = NOTHING;
		for (size_t i = 0; i < XU_ARRAY_SIZE(moves); i++) {
			m = moves[i](t);
			best = m > best ? m : best;
		}
	}
	/* The last words; the far side's end has come behind them. */
	while (to_near(t) == SOME)
		;
	close(t->near);
	lib.cleanup(t->curl);
	free(t);
	return NULL;
}

/* Signals are for the caller's threads. */
static int
start(struct tunnel *t)
{
	sigset_t all, before;
	pthread_t thread;
	int rc;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	rc = pthread_create(&thread, NULL, carry, t);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (rc == 0)
		pthread_detach(thread);
	return rc;
}

static CURL *
connect_tls(const struct xapi *x, curl_socket_t *s, struct xapi_err *e)
{
	AUTO_BUF struct xu_buf url = XU_BUF_INIT;
	CURL *h = lib.init();
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	if (h != NULL) {
		prepare(x, h, "/", &url);
		lib.setopt(h, CURLOPT_CONNECT_ONLY, 1L);
		/* HTTP/2 knows no upgrade. */
		lib.setopt(h, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
		lib.setopt(h, CURLOPT_TIMEOUT_MS, (long)x->timeout);
		rc = lib.perform(h);
	}
	if (rc == CURLE_OK)
		rc = lib.getinfo(h, CURLINFO_ACTIVESOCKET, s);
	if (rc == CURLE_OK)
		return h;
	cannot_reach(x, rc, e);
	lib.cleanup(h);
	return NULL;
}

static int
tunnel(const struct xapi *x, struct xapi_err *e)
{
	struct tunnel *t;
	int sv[2], rc;

	if (load(e) < 0)
		return -1;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sv) < 0)
		return xapi_fail(e, "XLD_NO_MEMORY", errno, "no socket");
	t = calloc(1, sizeof(*t));
	if (t != NULL)
		t->curl = connect_tls(x, &t->far, e);
	if (t != NULL && t->curl != NULL) {
		t->near = sv[1];
		rc = start(t);
		if (rc == 0)
			return sv[0];
		xapi_fail(e, "XLD_NO_MEMORY", rc, "no thread");
		lib.cleanup(t->curl);
	} else if (t == NULL) {
		xapi_fail(e, "XLD_NO_MEMORY", ENOMEM, "out of memory");
	}
	free(t);
	close(sv[0]);
	close(sv[1]);
	return -1;
}

static int
connect_far(const struct xapi *x, struct xapi_err *e)
{
	return x->url.scheme == XAPI_HTTPS ? tunnel(x, e) : connect_tcp(x, e);
}

static const struct xapi_far far = { exchange, close_curl, connect_far };
const struct xapi_far *const xapi_far = &far;
