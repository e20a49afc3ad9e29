/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* VM.dump_core. */
#include "config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "vm_dump.h"
#include "vm_save.h"

/* One call under way. */
struct dump_call {
	struct call *k;
	struct dumping *dumping;
	char *file;
};

static void
progress(void *arg, const char *step, int percent)
{
	struct dump_call *dc = arg;

	call_progress(dc->k, step, percent);
}

static void
dumped(void *arg, const struct xu_err *e)
{
	struct dump_call *dc = arg;
	struct call *k = dc->k;
	struct guest *g = k->guest;
	struct xu_err named = XU_ERR_INIT;

	k->cancel = NULL;
	if (e != NULL) {
		named = *e;
		xu_err_add(&named, "%s", guest_name(g));
		call_fail(k, &named);
	} else {
		call_ok(k, xu_str(dc->file));
	}
	free(dc->file);
	free(dc);
	vm_settle(g);
}

static void
cancel(struct call *k)
{
	struct dump_call *dc = k->cancel_arg;

	vm_dump_cancel(dc->dumping);
}

/* Where the caller wants it, or where it goes by itself. */
static char *
file_for(struct call *k, struct xu_err *e)
{
	const char *file = xu_val_str(xu_val_at(k->params, 1));
	const struct guest *g = k->guest;
	const char *folder;
	char *copy;

	if (file[0] != '\0') {
		copy = strdup(file);
		if (copy == NULL)
			xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "%s", k->method);
		return copy;
	}
	folder = dump_folder(k->core, e);
	return folder == NULL ? NULL : dump_path(folder, guest_name(g),
	    g->domid, now_real(), false, e);
}

static void
begin(struct call *k, const struct dump_order *wanted)
{
	struct dump_call *dc = calloc(1, sizeof(*dc));
	struct dump_order order = *wanted;
	struct xu_err e = XU_ERR_INIT;
	struct dumping *d;

	if (dc != NULL)
		dc->file = file_for(k, &e);
	if (dc == NULL || dc->file == NULL) {
		xu_err_set(&e, "XLD_NO_MEMORY", ENOMEM, "%s", k->method);
		free(dc);
		call_fail(k, &e);
		return;
	}
	dc->k = k;
	order.file = dc->file;
	d = vm_dump(k->guest, &order, progress, dumped, dc);
	/* Then dc has gone, too. */
	if (d == NULL)
		return;
	dc->dumping = d;
	k->cancel_arg = dc;
	k->cancel = cancel;
}

static void
dump_core(struct call *k)
{
	const char *file = xu_val_str(xu_val_at(k->params, 1));
	bool crash = xu_val_bool(xu_val_at(k->params, 3));
	bool reset = xu_val_bool(xu_val_at(k->params, 4));
	const struct dump_order order = {
		.live = xu_val_bool(xu_val_at(k->params, 2)),
		.after = crash ? DUMP_CRASH : reset ? DUMP_RESET : DUMP_GO_ON,
	};

	if (!vm_is_ours(k) || (file[0] != '\0' && !call_has_path(k, file)))
		return;
	if (crash && reset)
		call_refuse(k, XE(INVALID_VALUE), "crash",
		    "a machine is either crashed or reset after its dump");
	else
		begin(k, &order);
}

const struct handler vm_dump_handlers[] = {
	{ "VM.dump_core", dump_core },
	{ NULL, NULL },
};
