/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VM.migrate, VM.migrate_resolve. */
#include "config.h"

#include <string.h>

#include "migrate.h"
#include "xu_num.h"

static void
progress(void *arg, const char *step, int percent)
{
	call_progress(arg, step, percent);
}

/* The machine may be no more. */
static void
migrated(void *arg, const struct xu_err *e)
{
	struct call *k = arg;

	k->cancel = NULL;
	if (e != NULL)
		call_fail(k, e);
	else
		call_ok(k, NULL);
}

static void
migrate_stop(struct call *k)
{
	migrate_cancel(k->cancel_arg);
}

static int
take_option(struct call *k, struct save_limits *l, bool *paused,
    const char *name, const char *value)
{
	const struct {
		const char *name;
		int64_t *number;
		uint64_t most;
	} rows[] = {
		{ "downtime", &l->downtime_ms, 3600000 },
		{ "rounds", &l->rounds, 1000 },
		{ "seconds", &l->seconds, 1000000 },
		{ "bandwidth", &l->bandwidth, 1ull << 40 },
	};
	const bool yes = strcmp(value, "true") == 0;
	const bool given = yes || strcmp(value, "false") == 0;
	uint64_t n;

	for (size_t i = 0; i < XU_ARRAY_SIZE(rows); i++)
		if (strcmp(name, rows[i].name) == 0 &&
		    xu_num_u64(value, 10, rows[i].most, &n)) {
			*rows[i].number = (int64_t)n;
			return 0;
		}
	if (strcmp(name, "strict") == 0 && given)
		l->strict = yes;
	else if (strcmp(name, "paused") == 0 && given)
		*paused = yes;
	else if (strcmp(name, "track") == 0 && strcmp(value, "sums") == 0)
		l->by_sum = true;
	else if (strcmp(name, "track") != 0 || strcmp(value, "log") != 0) {
		call_refuse(k, XE(INVALID_VALUE), "options",
		    "VM.migrate: '%.40s' = '%.40s' is no option: downtime, "
		    "rounds, seconds, bandwidth (numbers), strict, paused "
		    "(true or false), track (log or sums)", name, value);
		return -1;
	}
	return 0;
}

static void
migrate(struct call *k)
{
	const struct xu_val *options = xu_val_at(k->params, 3);
	struct save_limits limits = { .downtime_ms = 0 };
	struct migrate_order o = { .to = xu_val_str(xu_val_at(k->params, 1)) };
	struct migration *m;

	for (size_t i = 0; i < xu_val_count(options); i++)
		if (take_option(k, &limits, &o.paused,
			xu_val_name_at(options, i),
			xu_val_str(xu_val_at(options, i))) < 0)
			return;
	if (xu_val_bool(xu_val_at(k->params, 2)))
		o.live = &limits;
	if (!vm_can_save(k))
		return;
	m = migrate_begin(k->guest, &o, progress, migrated, k);
	if (m == NULL)
		return;
	k->cancel_arg = m;
	k->cancel = migrate_stop;
}

static void
resolve(struct call *k)
{
	struct xu_err e = XU_ERR_INIT;

	if (migrate_resolve(k->guest, xu_val_bool(xu_val_at(k->params, 1)),
		migrated, k, &e) < 0)
		call_fail(k, &e);
}

const struct handler vm_migrate_handlers[] = {
	{ "VM.migrate", migrate },
	{ "VM.migrate_resolve", resolve },
	{ NULL, NULL },
};
