/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "config.h"

#include <string.h>

#include "vm_allows.h"

/* ---- what its owner has blocked ---------------------------------------------------- */

/* Words of messages that are called otherwise; all others are their own. */
static const struct {
	const char *method, *words[2];
} others[] = {
	{ "VM.clean_halt", { "clean_shutdown" } },
	{ "VM.save", { "suspend" } },
	{ "VM.migrate", { "pool_migrate", "migrate_send" } },
	{ "VM.set_memory_limits", { "changing_memory_limits" } },
	{ "VM.set_memory_static_max", { "changing_static_range" } },
	{ "VM.set_memory_static_min", { "changing_static_range" } },
	{ "VM.set_memory_dynamic_max", { "changing_dynamic_range" } },
	{ "VM.set_memory_dynamic_min", { "changing_dynamic_range" } },
	{ "VM.set_memory_dynamic_max_live", { "changing_dynamic_range" } },
	{ "VM.set_memory_dynamic_min_live", { "changing_dynamic_range" } },
	{ "VM.set_VCPUs_max", { "changing_VCPUs" } },
	{ "VM.set_VCPUs_at_startup", { "changing_VCPUs" } },
	{ "VM.set_VCPUs_number_live", { "changing_VCPUs_live" } },
};

bool
vm_is_blocked(const struct guest *g, const char *word)
{
	return xu_val_get(xu_val_get(g->config, "blocked_operations"), word) !=
	    NULL;
}

bool
vm_blocks(struct call *k, const struct guest *g, const char *word)
{
	struct xu_err e = XU_ERR_INIT;
	const char *why;

	if (!vm_is_blocked(g, word))
		return false;
	why = xu_val_get_str(xu_val_get(g->config, "blocked_operations"), word,
	    "");
	xu_err_set(&e, XE(OPERATION_BLOCKED), 0,
	    "%s: '%s' is protected from %s%s%.100s; "
	    "VM.remove_from_blocked_operations ends that", k->method,
	    guest_name(g), word, why[0] != '\0' ? ": " : "", why);
	xu_err_param(&e, "%s", g->uuid);
	xu_err_param(&e, "%s", why);
	call_fail(k, &e);
	return true;
}

/* What a message without its class is called. */
static const char *
bare(const char *method)
{
	const char *dot = strchr(method, '.');

	return dot != NULL ? dot + 1 : method;
}

static bool
is_blocked(struct call *k)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(others); i++) {
		if (strcmp(others[i].method, k->method) != 0)
			continue;
		for (size_t w = 0; w < XU_ARRAY_SIZE(others[i].words); w++)
			if (others[i].words[w] != NULL &&
			    vm_blocks(k, k->guest, others[i].words[w]))
				return true;
		return false;
	}
	return vm_blocks(k, k->guest, bare(k->method));
}

/* ---- what its state allows ------------------------------------------------------------ */

static void
expected_states(unsigned states, char *out, size_t size)
{
	size_t n = 0;

	out[0] = '\0';
	for (unsigned p = 0; p <= DOM_UNKNOWN; p++)
		if ((states & (1u << p)) != 0 && n < size)
			n += (size_t)snprintf(out + n, size - n, "%s%s",
			    n > 0 ? ", " : "", dom_power_word(p));
}

bool
vm_allows(struct call *k)
{
	struct guest *g = k->guest;
	struct xu_err e = XU_ERR_INIT;
	AUTO_VAL struct xu_val *dying = NULL;
	enum dom_power power;
	char expected[96];

	if (g == NULL || (k->m.flags & MM_READS) != 0)
		return true;
	if (is_blocked(k))
		return false;
	if (g->op != OP_NONE && k->m.states != STATES_ANY) {
		xu_err_set(&e, "OTHER_OPERATION_IN_PROGRESS", 0,
		    "'%s' is being %s; try again when that is done",
		    guest_name(g),
		    g->op == OP_CREATE	    ? "created" :
			g->op == OP_DESTROY ? "destroyed" :
			g->op == OP_SAVE    ? "saved" :
			g->op == OP_DUMP    ? "dumped" :
			g->op == OP_SNAPSHOT ? "copied" :
			g->op == OP_REVERT  ? "reverted" :
			g->op == OP_EXPORT  ? "exported" :
					      "restarted");
		xu_err_param(&e, "VM");
		xu_err_param(&e, "%s", g->uuid);
		call_fail(k, &e);
		return false;
	}
	if (k->m.states == STATES_ANY)
		return true;
	scan_one(g);
	power = guest_power(g);
	if ((k->m.states & (1u << power)) != 0)
		return true;
	expected_states(k->m.states, expected, sizeof(expected));
	dying = dying_reason(g);
	xu_err_set(&e, "VM_BAD_POWER_STATE", 0,
	    "'%s' is %s; %s needs it to be %s%s%s", guest_name(g),
	    dom_power_word(power), k->method, expected,
	    xu_val_strlen(dying) > 0 ? ": " : "", xu_val_str(dying));
	xu_err_param(&e, "%s", g->uuid);
	xu_err_param(&e, "%s", expected);
	xu_err_param(&e, "%s", dom_power_word(power));
	call_fail(k, &e);
	return false;
}
