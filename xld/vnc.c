/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See vnc.h. */
#include "config.h"

#include <stdlib.h>
#include <string.h>

#include "qemu.h"
#include "vnc.h"
#include "xu_log.h"

/* QEMU looks for a file of that name. */
#define KEYMAP_LETTERS "abcdefghijklmnopqrstuvwxyz-"
#define KEYMAP_MAX     16
/* What the protocol has room for. */
#define PASSWORD_MAX 8

/* NULL: not, or empty. */
static const char *
given(const struct xu_val *platform, const char *key)
{
	const char *s = xu_val_get_str(platform, key, "");

	return s[0] == '\0' ? NULL : s;
}

struct vnc
vnc_of(const struct xu_val *config)
{
	const struct xu_val *platform = xu_val_get(config, "platform");

	return (struct vnc){ .address = given(platform, "vnc"),
		.unused = config_number(config, "platform", "vnc_unused", 1) !=
		    0,
		.password = given(platform, "vnc_password") != NULL,
		.keymap = given(platform, "keymap") };
}

int
vnc_check(const struct xu_val *platform, struct xu_err *e)
{
	const char *keymap = xu_val_get_str(platform, "keymap", "");
	const char *password = xu_val_get_str(platform, "vnc_password", "");
	const char *vnc = xu_val_get_str(platform, "vnc", "");
	const char *display = strrchr(vnc, ':');

	/* Of what QEMU takes there, an address alone. */
	if (vnc[0] != '\0' &&
	    (display == NULL || display == vnc || display[1] == '\0' ||
		display[1 + strspn(display + 1, "0123456789")] != '\0' ||
		strpbrk(vnc, ",/ \n") != NULL ||
		strncmp(vnc, "unix:", 5) == 0))
		return config_unsupported(e, "platform:vnc", vnc,
		    "an address and a display number are wanted, such as "
		    "127.0.0.1:0");
	if (strlen(keymap) > KEYMAP_MAX ||
	    keymap[strspn(keymap, KEYMAP_LETTERS)] != '\0')
		return config_unsupported(e, "platform:keymap", keymap,
		    "the name of a keyboard map such as en-us is wanted");
	/* Not shown: it is one. */
	if (strlen(password) > PASSWORD_MAX)
		return config_unsupported(e, "platform:vnc_password",
		    "(hidden)", "VNC passwords have at most 8 characters");
	return 0;
}

const char *
vnc_location(const struct guest *g)
{
	return g->domid >= 0 && g->vnc != NULL ? g->vnc : "";
}

/* ---- told when QEMU greets ------------------------------------------------------- */

static void
tell(struct guest *g)
{
	struct core *c = g->core;

	api_event(c, "console", "mod", g->rfb_uuid,
	    console_ops.record(c, g->rfb_uuid));
}

void
vnc_forget(struct guest *g)
{
	static const char *const nodes[] = { "vnc-listen", "vnc-port" };
	struct core *c = g->core;
	char path[96];

	if (g->vnc == NULL)
		return;
	free(steal_ptr(&g->vnc));
	for (size_t i = 0; c->xs != NULL && i < XU_ARRAY_SIZE(nodes); i++) {
		snprintf(path, sizeof(path), "/local/domain/%d/console/%s",
		    g->domid, nodes[i]);
		xs_rm(c->xs, XBT_NULL, path);
	}
	tell(g);
}

static void
note(struct guest *g, const char *host, const char *port)
{
	const char *six = strchr(host, ':') != NULL ? "[" : "";
	char *s;

	if (asprintf(&s, "%s%s%s:%s", six, host, six[0] != '\0' ? "]" : "",
		port) < 0)
		return;
	free(g->vnc);
	g->vnc = s;
	tell(g);
}

/* Which display it found is what viewers want to know. */
static void
on_vnc(void *arg, const struct xu_val *ret, const struct xu_err *e)
{
	struct qemu *q = arg;
	const char *host = xu_val_get_str(ret, "host", "");
	const char *port = xu_val_get_str(ret, "service", "");
	struct xu_err own = XU_ERR_INIT;

	if (q->guest == NULL)
		return;
	if (e == NULL && store_write_vnc(q->guest, host, port, &own) < 0)
		e = &own;
	if (e == NULL) {
		note(q->guest, host, port);
		xu_log(XU_NOTICE, "domain %d: its screen is at %s port %s, by "
				  "VNC", q->domid, host, port);
	}
	qemu_started(q, e);
}

static void
on_password(void *arg, const struct xu_val *ret XU_UNUSED,
    const struct xu_err *e)
{
	struct qemu *q = arg;

	if (e != NULL || !qmp_call(q->qmp, "query-vnc", NULL, on_vnc, q))
		qemu_started(q, e);
}

void
vnc_set_up(struct qemu *q)
{
	const struct xu_val *platform = xu_val_get(q->guest->config,
	    "platform");
	const char *password = xu_val_get_str(platform, "vnc_password", "");
	struct xu_val *args;

	if (xu_val_get_str(platform, "vnc", "")[0] == '\0') {
		qemu_started(q, NULL);
	} else if (password[0] == '\0' || q->ready == NULL) {
		/* One that is ours again has its password. */
		on_password(q, NULL, NULL);
	} else {
		args = xu_struct();
		xu_val_set(args, "protocol", xu_str("vnc"));
		xu_val_set(args, "password", xu_str(password));
		if (!qmp_call(q->qmp, "set_password", args, on_password, q))
			qemu_started(q, NULL);
	}
}
