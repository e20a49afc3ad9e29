/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What xld-api takes for a call: getters over one connection, the records of many
 * machines, an event from the core to a client that waits. The program is the real
 * one, over TCP; behind it a thread here plays the core and has its answers ready,
 * so the core's own work is not in it. Prints a table.
 *
 *   apibench XLD-API [MACHINES [CALLS]]
 */
#include "config.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>

#include "api_peer.h"
#include "schema.h"
#include "xu_file.h"
#include "xu_num.h"

#define SETTINGS "{\"settings\":{},\"listeners\":[{\"tls\":false}]}"
#define EVENTS	 1000

/* The answer with all records. */
static struct xu_val *records;

static double
now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

/* Processor time that xld-api has used: it hardly depends on who else runs. */
static double
used(void)
{
	struct timespec ts = { .tv_nsec = 0 };
	clockid_t clock;

	if (clock_getcpuclockid(peer.server, &clock) == 0)
		clock_gettime(clock, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static void __attribute__((noreturn))
die(const char *what)
{
	fprintf(stderr, "apibench: %s\n", what);
	exit(1);
}

/* ---- the core ----------------------------------------------------------------- */

/* A record with every field of the class, of its type. */
static struct xu_val *
make_record(const char *uuid)
{
	struct xu_val *v = xu_struct();

	for (const struct model_field *f = model_vm.fields; f->name != NULL; f++)
		xu_val_set(v, f->name,
		    f->type->kind == MK_INT    ? xu_int(1 << 30) :
			f->type->kind == MK_BOOL ? xu_bool(true) :
			f->type->kind == MK_SET	 ? xu_array() :
			f->type->kind == MK_MAP	 ? xu_struct() :
						   xu_str(uuid));
	return v;
}

static void
make_records(size_t n)
{
	char uuid[64];

	struct xu_val *all = xu_struct();

	for (size_t i = 0; i < n; i++) {
		snprintf(uuid, sizeof(uuid),
		    "00000000-0000-4000-8000-%012zu", i);
		xu_val_set(all, uuid, make_record(uuid));
	}
	records = xu_struct();
	xu_val_set(records, "ok", all);
}

static void
send_event(void)
{
	peer_event("VM", "mod", "x", xu_val_copy(xu_val_at(xu_val_at(records, 0), 0)));
}

static void
answer(const struct xu_msg *m)
{
	const char *method = xu_val_get_str(m->val, "method", "");
	struct xu_val *v;

	if (strcmp(method, "VM.get_all_records") == 0) {
		peer_tell(XU_MSG_REPLY, m->id, records, NULL, 0);
		return;
	} else if (strcmp(method, "access.login") == 0) {
		v = xu_struct();
		xu_val_set(v, "user", xu_str("root"));
		xu_val_set(v, "role", xu_str("pool-admin"));
	} else if (strcmp(method, "event.state") == 0) {
		v = xu_struct();
		xu_val_set(v, "counts", xu_struct());
		xu_val_set(v, "records", xu_struct());
	} else {
		v = xu_str("web");
	}
	peer_reply(m, "ok", v, NULL);
}

/* ---- the client ------------------------------------------------------------------ */

static int
dial(void)
{
	int fd = peer_dial(peer.port);

	if (fd < 0)
		die("no connection");
	return fd;
}

/* One request, and all of its reply in out. */
static void
request(int fd, const char *path, const char *body, struct xu_buf *out)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	const char *head, *length;
	size_t want = 0, len;
	ssize_t n;

	xu_buf_addf(&b, "POST %s HTTP/1.1\r\nHost: x\r\nContent-Length: %zu\r\n"
			"\r\n%s", path, strlen(body), body);
	if (xu_fd_write(fd, b.data, b.len) < 0)
		die("the server has hung up");
	xu_buf_reset(out);
	while (want == 0 || out->len < want) {
		len = out->len;
		n = read(fd, xu_buf_reserve(out, 1 << 16), 1 << 16);
		if (n <= 0)
			die("the server has hung up");
		out->len = len + (size_t)n;
		out->data[out->len] = '\0';
		head = strstr(out->data, "\r\n\r\n");
		length = strstr(out->data, "Content-Length: ");
		if (want == 0 && head != NULL && length != NULL)
			want = (size_t)(head + 4 - out->data) +
			    strtoul(length + 16, NULL, 10);
	}
}

struct client {
	const char *name, *path, *login, *getter, *all;
	/* What is around a session's handle. */
	const char *before;
	char session[64];
};

#define XML_CALL(m, p)                                                         \
	"<methodCall><methodName>" m "</methodName><params>" p                 \
	"</params></methodCall>"
#define XML_P(v) "<param><value><string>" v "</string></value></param>"

static struct client clients[] = {
	{ "JSON, modern", "/jsonrpc",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
	    "\"session.login_with_password\",\"params\":[\"root\",\"x\"]}",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"VM.get_name_label\","
	    "\"params\":[\"%s\",\"x\"]}",
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"VM.get_all_records\","
	    "\"params\":[\"%s\"]}",
	    "\"result\":\"", "" },
	{ "XML, classic", "/RPC2",
	    XML_CALL("session.login_with_password", XML_P("root") XML_P("x")),
	    XML_CALL("VM.get_name_label", XML_P("%s") XML_P("x")),
	    XML_CALL("VM.get_all_records", XML_P("%s")),
	    "<name>Value</name><value><string>", "" },
};

static void
log_in(struct client *c, int fd)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT;
	const char *p;

	request(fd, c->path, c->login, &out);
	p = strstr(xu_buf_text(&out), c->before);
	if (p == NULL)
		die("no session");
	p += strlen(c->before);
	snprintf(c->session, sizeof(c->session), "%.*s",
	    (int)strcspn(p, "\"<"), p);
}

static int
by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static void
line(const char *client, const char *what, double *t, size_t n, double cpu)
{
	double sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += t[i];
	qsort(t, n, sizeof(*t), by_size);
	printf("| %s | %s | %.0f | %.3f | %.3f | %.3f |\n", client, what,
	    (double)n / sum, t[n / 2] * 1e3, t[n * 99 / 100] * 1e3,
	    (used() - cpu) / (double)n * 1e3);
}

static void
calls(struct client *c, const char *what, const char *form, size_t n)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT, body = XU_BUF_INIT;
	AUTO_FREE double *t = calloc(n, sizeof(*t));
	int fd = dial();
	double begin, cpu = used();

	log_in(c, fd);
	for (const char *p = form; *p != '\0'; p++)
		if (p[0] == '%' && p[1] == 's') {
			xu_buf_adds(&body, c->session);
			p++;
		} else {
			xu_buf_addc(&body, *p);
		}
	for (size_t i = 0; i < n; i++) {
		begin = now();
		request(fd, c->path, xu_buf_text(&body), &out);
		t[i] = now() - begin;
	}
	close(fd);
	line(c->name, what, t, n, cpu);
}

static void *
send_later(void *sent)
{
	struct timespec ts = { .tv_nsec = 2000000 };

	nanosleep(&ts, NULL);
	*(double *)sent = now();
	send_event();
	return NULL;
}

/* From the core's word to the end of the client's reply. */
static void
events(struct client *c)
{
	AUTO_BUF struct xu_buf out = XU_BUF_INIT, body = XU_BUF_INIT;
	AUTO_FREE double *t = calloc(EVENTS, sizeof(*t));
	char token[64] = "";
	const char *p;
	pthread_t thread;
	double sent, cpu = used();
	int fd = dial();

	log_in(c, fd);
	for (int i = -1; i < EVENTS; i++) {
		xu_buf_reset(&body);
		xu_buf_addf(&body,
		    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"event.from\","
		    "\"params\":[\"%s\",[\"vm\"],\"%s\",30.0]}",
		    c->session, token);
		if (i >= 0)
			pthread_create(&thread, NULL, send_later, &sent);
		request(fd, c->path, xu_buf_text(&body), &out);
		if (i >= 0) {
			pthread_join(thread, NULL);
			t[i] = now() - sent;
		}
		p = strstr(xu_buf_text(&out), "\"token\":\"");
		if (p == NULL)
			die("no token");
		snprintf(token, sizeof(token), "%.37s", p + 9);
	}
	close(fd);
	line(c->name, "an event to event.from", t, EVENTS, cpu);
}

int
main(int argc, char **argv)
{
	uint64_t n = 1000, m = 10000;
	char what[64];

	if (argc < 2 || argc > 4 ||
	    (argc > 2 && !xu_num_u64(argv[2], 10, 100000, &n)) ||
	    (argc > 3 && !xu_num_u64(argv[3], 10, 10000000, &m)) || m < 100) {
		fprintf(stderr, "usage: apibench XLD-API [MACHINES [CALLS]]\n");
		return 2;
	}
	make_records(n);
	peer_start(argv[1], SETTINGS, answer);
	snprintf(what, sizeof(what), "records of %llu machines",
	    (unsigned long long)n);
	printf("| client | call | per second | p50 ms | p99 ms | "
	       "CPU ms |\n|---|---|---|---|---|---|\n");
	for (size_t i = 0; i < XU_ARRAY_SIZE(clients); i++) {
		calls(&clients[i], "a getter", clients[i].getter, m);
		calls(&clients[i], what, clients[i].all, 100);
	}
	events(&clients[0]);
	return peer_stop(false) == 0 ? 0 : 1;
}
