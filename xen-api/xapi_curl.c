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
	lib.setopt(x->curl, CURLOPT_URL, url_of(x, rq->path, &url));
	lib.setopt(x->curl, CURLOPT_NOSIGNAL, 1L);
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
	if (rc == CURLE_OK)
		return 0;
	if (rc == CURLE_OPERATION_TIMEDOUT)
		return xapi_fail(e, "XLD_TIMEOUT", ETIMEDOUT,
		    "no answer from %s in time", x->text);
	return xapi_fail(e, "XLD_UNREACHABLE", EHOSTUNREACH,
	    "cannot reach the XenAPI server at %s: %s", x->text,
	    lib.error(rc));
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

static const struct xapi_far far = { exchange, close_curl, connect_tcp };
const struct xapi_far *const xapi_far = &far;
