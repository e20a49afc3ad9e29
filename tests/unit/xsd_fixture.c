/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xsd_fixture.h. */
#include "config.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "xsd_fixture.h"

struct thv *h;
struct thv_client *dom0, *good;

static void
up_with(char *const *extra)
{
	h = thv_new();
	ck_assert_int_eq(thv_start(h, DAEMON, extra), 0);
	dom0 = thv_client(h, -1);
	good = thv_guest(h, dom0, 99);
}

void
fx_up(void)
{
	up_with(NULL);
}

void
fx_up_impatient(void)
{
	char opt[] = "--timeout", value[] = "watch-event=1";
	char *extra[] = { opt, value, NULL };

	up_with(extra);
}

void
fx_others_are_served(void)
{
	ck_assert(thv_alive(h));
	ASK(dom0, XS_WRITE, "/served|1", "OK");
	ASK(dom0, XS_READ, "/served|", "1");
	ASK(good, XS_WRITE, "served|1", "OK");
	ASK(good, XS_READ, "served|", "1");
}

void
fx_down(void)
{
	const char *check;

	fx_others_are_served();
	check = thv_ask(dom0, XS_CONTROL, "check|");
	ck_assert_msg(strncmp(check, "OK", 2) == 0, "%s", check);
	ck_assert_int_eq(thv_stop(h, SIGTERM), 0);
	thv_free(h);
}

struct thv_client *
fx_guest(unsigned domid)
{
	return thv_guest(h, dom0, domid);
}

/* What is written for its successor must not be taken for its own. */
void
fx_dies(unsigned domid)
{
	thv_destroy(h, domid);
	for (int i = 0; i < 500; i++) {
		if (strcmp(thv_askf(dom0, XS_IS_DOMAIN_INTRODUCED, "%u|",
			domid), "F") == 0)
			return;
		usleep(10000);
	}
	ck_abort_msg("domain %u lives on", domid);
}

void
fx_watch(struct thv_client *c, const char *path_token)
{
	ck_assert_str_eq(thv_askf(c, XS_WATCH, "%s|", path_token), "OK");
	ck_assert_str_eq(thv_event(c, 5000), path_token);
}

long
fx_used(unsigned domid, const char *quota, int column)
{
	const char *text = thv_askf(dom0, XS_CONTROL, "quota|%u|", domid);
	const char *at = strstr(text, quota);
	char limit[16];
	long v[2];

	ck_assert_msg(at != NULL, "%s", text);
	ck_assert_int_eq(sscanf(at + strlen(quota), " %15s %ld %ld", limit,
			     &v[0], &v[1]), 3);
	return v[column - 1];
}

void
fx_cut_off(struct thv_client *g, unsigned domid, uint32_t code)
{
	for (int i = 0; i < 500 && thv_field(h, domid, THV_ERROR) == 0; i++)
		thv_wait(h, 10);
	ck_assert_uint_eq(thv_field(h, domid, THV_ERROR), code);
	(void)thv_send_raw(g, "0123456789abcdef", 16, 0);
	ck_assert_str_eq(thv_event(g, 50), "");
	ck_assert(thv_alive(h));
}
