/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Random programs over a small tree, so that clients meet; and their text. */
#include "config.h"

#include <stdio.h>
#include <string.h>

#include "xsdiff.h"

static uint64_t state;

static uint32_t
rnd(uint32_t n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)(state >> 20) % n;
}

#define PICK(array) array[rnd(sizeof(array) / sizeof(array[0]))]

static void
add(struct step *s, const char *text, size_t n)
{
	if (s->len + n > PAYLOAD_MAX)
		n = PAYLOAD_MAX - s->len;
	memcpy(s->payload + s->len, text, n);
	s->len += n;
}

/* With its NUL. */
static void
add_string(struct step *s, const char *text)
{
	add(s, text, strlen(text) + 1);
}

static void
add_path(struct step *s)
{
	static const char *const names[] = { "a", "b", "c" };
	static const char *const odd[] = { "", "/", "//x", "/x/", "/x//a", "x y",
		"/x/a+b", "@introduceDomain", "@releaseDomain", "@other", "a/",
		"/x/a@b", "/local/domain/12/a", "/local/domain", "/x/a.b" };
	unsigned depth = rnd(4), i;
	char path[64];

	if (rnd(25) == 0) {
		add_string(s, PICK(odd));
		return;
	}
	if (rnd(5) == 0)
		strcpy(path, rnd(3) == 0 ? "" : "/local/domain/11");
	else
		strcpy(path, "/x");
	if (path[0] == '\0')
		depth = 1 + rnd(2);
	for (i = 0; i < depth; i++) {
		if (path[0] != '\0')
			strcat(path, "/");
		strcat(path, PICK(names));
	}
	add_string(s, path);
}

static void
add_perms(struct step *s)
{
	static const char *const entries[] = { "n0", "r0", "b0", "w0", "n11",
		"r11", "b11", "w11", "n12", "r12", "b12" };
	/* Not "r-1", "r0x0b" or "b11 ": the peer takes them as something. */
	static const char *const odd[] = { "q0", "r99", "", "0" };
	unsigned n = 1 + rnd(3);

	while (n-- > 0)
		add_string(s, rnd(20) == 0 ? PICK(odd) : PICK(entries));
}

static void
make_request(struct step *s)
{
	static const char *const values[] = { "", "0", "1", "2", "value" };
	static const char *const tokens[] = { "t", "u", "" };
	static const uint32_t types[] = { XS_READ, XS_READ, XS_READ, XS_READ,
		XS_WRITE, XS_WRITE, XS_WRITE, XS_WRITE, XS_WRITE, XS_WRITE,
		XS_MKDIR, XS_MKDIR, XS_MKDIR, XS_RM, XS_RM, XS_RM, XS_DIRECTORY,
		XS_DIRECTORY, XS_DIRECTORY, XS_GET_PERMS, XS_GET_PERMS,
		XS_SET_PERMS, XS_SET_PERMS, XS_WATCH, XS_WATCH, XS_WATCH,
		XS_WATCH, XS_UNWATCH };

	s->op = OP_REQUEST;
	s->type = PICK(types);
	add_path(s);
	switch (s->type) {
	case XS_WRITE: {
		const char *v = PICK(values);

		add(s, v, strlen(v));
		break;
	}
	case XS_SET_PERMS:
		add_perms(s);
		break;
	case XS_WATCH:
		if (rnd(6) == 0) {
			s->len = 0;
			add_string(s, rnd(2) ? "@introduceDomain" :
					       "@releaseDomain");
		}
		/* FALLTHROUGH */
	case XS_UNWATCH:
		add_string(s, PICK(tokens));
		break;
	default:
		break;
	}
}

/* Requests that are rare, or wrong. */
static void
make_odd(struct step *s)
{
	static const uint32_t types[] = { XS_READ, XS_WRITE, XS_MKDIR, XS_RM,
		XS_DIRECTORY, XS_GET_PERMS, XS_SET_PERMS, XS_WATCH, XS_UNWATCH,
		XS_WATCH_EVENT, XS_ERROR, XS_GET_DOMAIN_PATH, XS_RELEASE,
		XS_IS_DOMAIN_INTRODUCED, XS_RESUME, XS_SET_TARGET,
		XS_RESET_WATCHES, XS_TRANSACTION_END, 20, 200, 65535 };
	static const char *const domids[] = { "0", "11", "12", "13", "99" };
	static const char *const pointing[] = { "12", "12", "13", "99" };
	static const char *const targets[] = { "0", "11", "11", "13" };

	s->op = OP_REQUEST;
	s->type = PICK(types);
	switch (s->type) {
	case XS_GET_DOMAIN_PATH:
	case XS_IS_DOMAIN_INTRODUCED:
	case XS_RESUME:
		add_string(s, PICK(domids));
		break;
	case XS_SET_TARGET:
		/* Of the two guests only one can be the other's target, which
		 * the runner then keeps: the peer does not survive its loss. */
		add_string(s, PICK(pointing));
		add_string(s, PICK(targets));
		break;
	case XS_RELEASE:
		add_string(s, "13");
		break;
	case XS_RESET_WATCHES:
		s->slot = 0; /* inside a transaction, another assertion */
		break;
	case XS_TRANSACTION_END:
		s->slot = 0;
		add_string(s, rnd(2) ? "T" : "X");
		break;
	default:
		/* One string where two are due. A string too many, or one
		 * without its NUL, or no body at all, is left out: Debian's
		 * 4.17 ends at those with an assertion. */
		add_path(s);
	}
}

static void
make_step(struct step *s)
{
	unsigned what = rnd(100);

	memset(s, 0, sizeof(*s));
	s->client = rnd(CLIENTS);
	s->slot = rnd(3) == 0 ? 0 : 1 + rnd(SLOTS);
	if (what < 12)
		s->op = OP_START;
	else if (what < 24)
		s->op = OP_COMMIT;
	else if (what < 25)
		s->op = OP_ABORT;
	else if (what < 26)
		s->op = OP_RECONNECT;
	else if (what < 27)
		s->op = rnd(3) != 0 ? OP_JOIN : rnd(2) ? OP_DIE : OP_SHUTDOWN;
	else if (what < 31)
		make_odd(s);
	else
		make_request(s);
	/* What owns the root, or the homes, is the harness's. */
	if (s->type == XS_SET_PERMS && s->payload[0] == '/' &&
	    s->payload[1] != 'x' && strcmp(s->payload, "/local/domain/11") < 0) {
		s->type = XS_READ;
		s->len = strlen(s->payload) + 1;
	}
	/* The assertion again, but for what tools may do. */
	if (s->payload[0] == '@' && s->type != XS_WATCH &&
	    s->type != XS_UNWATCH &&
	    (s->client >= SOCKETS || s->payload[1] == 'o' ||
		(s->type != XS_SET_PERMS && s->type != XS_GET_PERMS)))
		s->payload[0] = '/';
	if (s->len == 0)
		add_string(s, "");
	if (s->op >= OP_START && s->op <= OP_ABORT && s->slot == 0)
		s->slot = 1;
	if (s->op == OP_RECONNECT)
		s->client = rnd(SOCKETS);
	if (s->op == OP_DIE || s->op == OP_JOIN || s->op == OP_SHUTDOWN)
		s->client = SOCKETS + rnd(CLIENTS - SOCKETS);
}

void
program_make(struct program *p, uint64_t seed)
{
	static const char *const perms[] = { "n0", "r0", "b0", "w0", "b0",
		"n11 r12", "b12 r11", "n0 b11 b12", "b11", "b0" };
	unsigned i;

	state = (seed + 1) * 0x9e3779b97f4a7c15u;
	for (i = 0; i < 8; i++)
		rnd(2);
	p->seed = seed;
	p->perms = PICK(perms);
	p->n = 8 + rnd(STEPS_MAX - 8 + 1);
	for (i = 0; i < p->n; i++)
		make_step(&p->v[i]);
}

void
bytes_print(const char *p, size_t n)
{
	size_t i;

	putchar('"');
	for (i = 0; i < n; i++) {
		if (p[i] == '\0')
			putchar('|');
		else if (p[i] < 0x20 || p[i] > 0x7e)
			printf("\\x%02x", (unsigned char)p[i]);
		else
			putchar(p[i]);
	}
	putchar('"');
}

void
step_print(const struct step *s)
{
	static const char *const ops[] = { "", "START", "COMMIT", "ABORT",
		"dies", "joins", "shuts down", "reconnects" };
	static const char *const names[] = { "CONTROL", "DIRECTORY", "READ",
		"GET_PERMS", "WATCH", "UNWATCH", "TRANSACTION_START",
		"TRANSACTION_END", "INTRODUCE", "RELEASE", "GET_DOMAIN_PATH",
		"WRITE", "MKDIR", "RM", "SET_PERMS", "WATCH_EVENT", "ERROR",
		"IS_DOMAIN_INTRODUCED", "RESUME", "SET_TARGET", "20",
		"RESET_WATCHES", "DIRECTORY_PART" };

	printf("%s%u", s->client < SOCKETS ? "tool" : "guest",
	    s->client < SOCKETS ? s->client : client_domid(s->client));
	if (s->slot != 0)
		printf(" t%u", s->slot);
	putchar(' ');
	if (s->op != OP_REQUEST) {
		puts(ops[s->op]);
		return;
	}
	if (s->type < sizeof(names) / sizeof(names[0]))
		printf("%s ", names[s->type]);
	else
		printf("%u ", s->type);
	bytes_print(s->payload, s->len);
	putchar('\n');
}
