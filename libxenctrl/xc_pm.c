/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Power management of the processors: statistics, frequencies, idle states,
 * and taking processors away and back. */
#include "config.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "xc_abi_host.h"
#include "xc_private.h"

/* get_pmstat: {u32 type, cpu, union}. */
enum {
	PMSTAT_MAX_PX = 0x11,
	PMSTAT_PXSTAT = 0x12,
	PMSTAT_RESET_PX = 0x13,
	PMSTAT_MAX_CX = 0x21,
	PMSTAT_CXSTAT = 0x22,
	PMSTAT_RESET_CX = 0x23,
};

/* pm_op: {u32 cmd, cpu, union}. */
enum {
	PM_GET_PARA = 0x11,
	PM_SET_GOV = 0x12,
	PM_SET_PARA = 0x13,
	PM_GET_AVGFREQ = 0x14,
	PM_SET_CPPC = 0x15,
	PM_GET_CPPC = 0x16,
	PM_SET_SCHED_OPT_SMT = 0x21,
	PM_GET_MAX_CSTATE = 0x22,
	PM_SET_MAX_CSTATE = 0x23,
	PM_ENABLE_TURBO = 0x26,
	PM_DISABLE_TURBO = 0x27,
};

enum {
	HOTPLUG_ONLINE = 0,
	HOTPLUG_OFFLINE = 1,
	HOTPLUG_SMT_ENABLE = 2,
	HOTPLUG_SMT_DISABLE = 3,
};

#define MAX_ENTRIES 16384

static int
hotplug(xc_interface *xch, uint32_t cpu, uint32_t op, const char *what)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_cpu_hotplug };

	ctl.u.u32[0] = cpu;
	ctl.u.u32[1] = op;
	return xc_change_sysctl(xch, &ctl, what);
}

XC_API int
xc_cpu_online(xc_interface *xch, uint32_t cpu)
{
	return hotplug(xch, cpu, HOTPLUG_ONLINE, "bring a CPU online");
}

XC_API int
xc_cpu_offline(xc_interface *xch, uint32_t cpu)
{
	return hotplug(xch, cpu, HOTPLUG_OFFLINE, "take a CPU offline");
}

XC_API int
xc_smt_enable(xc_interface *xch)
{
	return hotplug(xch, 0, HOTPLUG_SMT_ENABLE,
	    "bring sibling threads online");
}

XC_API int
xc_smt_disable(xc_interface *xch)
{
	return hotplug(xch, 0, HOTPLUG_SMT_DISABLE,
	    "take sibling threads offline");
}

static struct xc_sysctl
pmstat(uint32_t type, uint32_t cpu)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_get_pmstat };

	ctl.u.u32[0] = type;
	ctl.u.u32[1] = cpu;
	return ctl;
}

XC_API int
xc_pm_get_max_px(xc_interface *xch, uint32_t cpu)
{
	struct xc_sysctl ctl = pmstat(PMSTAT_MAX_PX, cpu);

	if (xc_do_sysctl(xch, &ctl, "ask for performance states") < 0)
		return -1;
	return ctl.u.raw[8];
}

/*
 * {u8 total, usable, last, cur, u64 transitions, values}. Up to 4.18 Xen writes
 * all its states whatever `total` says; from 4.19 that is the room there is.
 * Room for all of them, told, is right everywhere. If there are more when it is
 * asked (the table came anew), it does not write the transitions.
 */
XC_API int
xc_pm_get_pxstat(xc_interface *xch, uint32_t cpu, struct xc_px_stat *out,
    struct xc_px_val *values, uint64_t *transitions, uint32_t max)
{
	struct xc_sysctl ctl;
	size_t room, n, size;
	uint64_t *buf;
	int r;

	if (xc_check_ptr(xch, out, "performance states") < 0 ||
	    xc_check_range(xch, max, 0, 255, "performance states") < 0)
		return -1;
	r = xc_pm_get_max_px(xch, cpu);
	if (r < 0)
		return -1;
	room = n = (size_t)r;
	size = n * 3 * 8 + n * n * 8;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask for performance states");
	ctl = pmstat(PMSTAT_PXSTAT, cpu);
	ctl.u.raw[8] = (uint8_t)n;
	ctl.u.u64[2] = (uintptr_t)(buf + 3 * n);
	ctl.u.u64[3] = (uintptr_t)buf;
	r = xc_do_sysctl(xch, &ctl, "ask for performance states") < 0 ? -1 : 0;
	if (r == 0) {
		memcpy(out, ctl.u.raw + 8, sizeof(*out));
		n = out->total < n ? out->total : n;
		n = n < max ? n : max;
	}
	for (size_t i = 0; r == 0 && i < n; i++) {
		if (values != NULL)
			memcpy(&values[i], buf + 3 * i, sizeof(values[i]));
		if (transitions != NULL && out->total <= room)
			memcpy(transitions + i * max,
			    buf + 3 * room + i * out->total, n * 8);
		else if (transitions != NULL)
			memset(transitions + i * max, 0, n * 8);
	}
	xc_buf_put(xch, buf, size);
	return r;
}

XC_API int
xc_pm_reset_pxstat(xc_interface *xch, uint32_t cpu)
{
	struct xc_sysctl ctl = pmstat(PMSTAT_RESET_PX, cpu);

	return xc_change_sysctl(xch, &ctl, "reset performance statistics");
}

XC_API int
xc_pm_get_max_cx(xc_interface *xch, uint32_t cpu)
{
	struct xc_sysctl ctl = pmstat(PMSTAT_MAX_CX, cpu);

	if (xc_do_sysctl(xch, &ctl, "ask for idle states") < 0)
		return -1;
	return (int)ctl.u.u32[2];
}

/* {u32 nr, last, u64 idle, triggers, residencies, u32 nr_pc, nr_cc, u64 pc,
 * cc}: the counts say what room there is. */
XC_API int
xc_pm_get_cxstat(xc_interface *xch, uint32_t cpu, struct xc_cx_stat *out)
{
	struct xc_sysctl ctl = pmstat(PMSTAT_CXSTAT, cpu);
	const size_t array = XC_CX_MAX * sizeof(uint64_t), size = 4 * array;
	uint8_t *buf;
	int r;

	if (xc_check_ptr(xch, out, "idle states") < 0)
		return -1;
	buf = xc_buf_get(xch, size);
	if (buf == NULL)
		return xc_fail(xch, errno, "ask for idle states");
	memset(buf + 2 * array, 0xff, 2 * array);
	ctl.u.u32[2] = ctl.u.u32[10] = ctl.u.u32[11] = XC_CX_MAX;
	ctl.u.u64[3] = (uintptr_t)buf;
	ctl.u.u64[4] = (uintptr_t)(buf + array);
	ctl.u.u64[6] = (uintptr_t)(buf + 2 * array);
	ctl.u.u64[7] = (uintptr_t)(buf + 3 * array);
	r = xc_do_sysctl(xch, &ctl, "ask for idle states") < 0 ? -1 : 0;
	if (r == 0) {
		memset(out, 0, sizeof(*out));
		out->nr = ctl.u.u32[2] < XC_CX_MAX ? ctl.u.u32[2] : XC_CX_MAX;
		out->last = ctl.u.u32[3];
		out->idle_ns = ctl.u.u64[2];
		out->nr_pc = ctl.u.u32[10] < XC_CX_MAX ? ctl.u.u32[10]
						       : XC_CX_MAX;
		out->nr_cc = ctl.u.u32[11] < XC_CX_MAX ? ctl.u.u32[11]
						       : XC_CX_MAX;
		memcpy(out->triggers, buf, array);
		memcpy(out->residencies_ns, buf + array, array);
		memcpy(out->pc, buf + 2 * array, array);
		memcpy(out->cc, buf + 3 * array, array);
	}
	xc_buf_put(xch, buf, size);
	return r;
}

XC_API int
xc_pm_reset_cxstat(xc_interface *xch, uint32_t cpu)
{
	struct xc_sysctl ctl = pmstat(PMSTAT_RESET_CX, cpu);

	return xc_change_sysctl(xch, &ctl, "reset idle statistics");
}

static struct xc_sysctl
pm_op(uint32_t cmd, uint32_t cpu)
{
	struct xc_sysctl ctl = { .cmd = SYSCTL_pm_op };

	ctl.u.u32[0] = cmd;
	ctl.u.u32[1] = cpu;
	return ctl;
}

struct para_lists {
	uint32_t cpus, freqs, govs;
	uint8_t *buf;
	size_t size;
};

static size_t
list_size(const struct para_lists *l)
{
	return ((size_t)l->cpus + l->freqs) * 4 +
	    (size_t)l->govs * XC_CPUFREQ_NAME;
}

/*
 * The three counts must be exactly Xen's: asked with others it answers EAGAIN
 * and what they are. They change when a processor comes or goes, so a few more
 * rounds are allowed. The lists are l->buf's, to be given back by the caller.
 */
static int
ask_para(xc_interface *xch, uint32_t cpu, struct xc_sysctl *ctl,
    struct para_lists *l)
{
	memset(l, 0, sizeof(*l));
	for (int i = 0; i < 5; i++) {
		*ctl = pm_op(PM_GET_PARA, cpu);
		l->size = list_size(l);
		l->buf = xc_buf_get(xch, l->size + 1);
		if (l->buf == NULL)
			return xc_fail(xch, errno, "ask for frequencies");
		xc_encode_para(ctl->u.raw, l->cpus, l->freqs, l->govs,
		    (uintptr_t)l->buf);
		if (xc_try_sysctl(xch, ctl) >= 0)
			return 0;
		xc_buf_put(xch, l->buf, l->size + 1);
		l->buf = NULL;
		l->cpus = ctl->u.u32[2];
		l->freqs = ctl->u.u32[3];
		l->govs = ctl->u.u32[4];
		if (errno != EAGAIN)
			break;
		if (l->cpus > MAX_ENTRIES || l->freqs > MAX_ENTRIES ||
		    l->govs > MAX_ENTRIES)
			return xc_fail(xch, EPROTO, "ask for frequencies");
	}
	return xc_fail(xch, errno, "CPU %u: ask for frequencies", cpu);
}

static uint32_t
least(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

XC_API int
xc_get_cpufreq_para(xc_interface *xch, uint32_t cpu,
    struct xc_cpufreq_para *out, uint32_t *cpus, uint32_t *frequencies,
    char *governors, uint32_t max)
{
	struct xc_sysctl ctl;
	struct para_lists l;

	if (xc_check_ptr(xch, out, "frequencies") < 0 ||
	    xc_check_range(xch, max, 1, MAX_ENTRIES, "entries") < 0 ||
	    ask_para(xch, cpu, &ctl, &l) < 0)
		return -1;
	xc_decode_para(xch->abi, ctl.u.raw, out);
	if (cpus != NULL)
		memcpy(cpus, l.buf, (size_t)least(l.cpus, max) * 4);
	if (frequencies != NULL)
		memcpy(frequencies, l.buf + (size_t)l.cpus * 4,
		    (size_t)least(l.freqs, max) * 4);
	if (governors != NULL)
		memcpy(governors, l.buf + ((size_t)l.cpus + l.freqs) * 4,
		    (size_t)least(l.govs, max) * XC_CPUFREQ_NAME);
	xc_buf_put(xch, l.buf, l.size + 1);
	return 0;
}

XC_API int
xc_set_cpufreq_gov(xc_interface *xch, uint32_t cpu, const char *governor)
{
	struct xc_sysctl ctl = pm_op(PM_SET_GOV, cpu);
	size_t len;

	if (xc_check_ptr(xch, governor, "the governor's name") < 0)
		return -1;
	len = strlen(governor);
	if (xc_check_range(xch, len, 1, XC_CPUFREQ_NAME - 1,
		"characters of a governor's name") < 0)
		return -1;
	memcpy(ctl.u.raw + 8, governor, len);
	return xc_change_sysctl(xch, &ctl, "set the frequency governor");
}

XC_API int
xc_set_cpufreq_para(xc_interface *xch, uint32_t cpu, enum xc_cpufreq_ctrl what,
    uint32_t value)
{
	struct xc_sysctl ctl = pm_op(PM_SET_PARA, cpu);

	ctl.u.u32[2] = what;
	ctl.u.u32[3] = value;
	return xc_change_sysctl(xch, &ctl, "set a frequency parameter");
}

XC_API int
xc_get_cpufreq_avgfreq(xc_interface *xch, uint32_t cpu, uint64_t *khz)
{
	struct xc_sysctl ctl = pm_op(PM_GET_AVGFREQ, cpu);

	if (xc_check_ptr(xch, khz, "a frequency") < 0 ||
	    xc_do_sysctl(xch, &ctl, "ask for the average frequency") < 0)
		return -1;
	*khz = ctl.u.u64[1];
	return 0;
}

XC_API int
xc_get_cpufreq_cppc(xc_interface *xch, uint32_t cpu, struct xc_cppc *out)
{
	struct xc_sysctl ctl = pm_op(PM_GET_CPPC, cpu);
	struct para_lists l;
	int r;

	if (xc_check_ptr(xch, out, "performance levels") < 0 ||
	    xc_need_release(xch, 18, "performance levels of hardware") < 0)
		return -1;
	if (xc_cppc_has_op(xch->abi)) {
		if (xc_do_sysctl(xch, &ctl, "ask for performance levels") < 0)
			return -1;
		xc_decode_cppc(ctl.u.raw + 8, out);
		return 0;
	}
	if (ask_para(xch, cpu, &ctl, &l) < 0)
		return -1;
	r = xc_decode_para_cppc(xch->abi, ctl.u.raw, out);
	xc_buf_put(xch, l.buf, l.size + 1);
	if (r < 0)
		return xc_fail(xch, errno, "CPU %u: performance levels", cpu);
	return 0;
}

XC_API int
xc_set_cpufreq_cppc(xc_interface *xch, uint32_t cpu, const struct xc_cppc *in,
    uint32_t *set)
{
	struct xc_sysctl ctl = pm_op(PM_SET_CPPC, cpu);

	if (xc_check_ptr(xch, in, "performance levels") < 0 ||
	    xc_check_ptr(xch, set, "which levels to set") < 0 ||
	    xc_need_release(xch, 18, "performance levels of hardware") < 0)
		return -1;
	ctl.u.u32[2] = *set;
	ctl.u.u32[3] = in->minimum;
	ctl.u.u32[4] = in->maximum;
	ctl.u.u32[5] = in->desired;
	ctl.u.u32[6] = in->energy_perf;
	ctl.u.u32[7] = in->activity_window;
	if (xc_change_sysctl(xch, &ctl, "set performance levels") < 0)
		return -1;
	*set = ctl.u.u32[2];
	return 0;
}

XC_API int
xc_enable_turbo(xc_interface *xch, uint32_t cpu)
{
	struct xc_sysctl ctl = pm_op(PM_ENABLE_TURBO, cpu);

	return xc_change_sysctl(xch, &ctl, "enable turbo mode");
}

XC_API int
xc_disable_turbo(xc_interface *xch, uint32_t cpu)
{
	struct xc_sysctl ctl = pm_op(PM_DISABLE_TURBO, cpu);

	return xc_change_sysctl(xch, &ctl, "disable turbo mode");
}

XC_API int
xc_set_sched_opt_smt(xc_interface *xch, uint32_t on)
{
	struct xc_sysctl ctl = pm_op(PM_SET_SCHED_OPT_SMT, 0);

	ctl.u.u32[2] = on;
	if (xc_change_sysctl(xch, &ctl, "set the power-saving option") < 0)
		return -1;
	return (int)ctl.u.u32[2];
}

/* "cpu" 0 is the state, 1 the sub-state. */
static int
get_cstate(xc_interface *xch, uint32_t which, uint32_t *state)
{
	struct xc_sysctl ctl = pm_op(PM_GET_MAX_CSTATE, which);

	if (xc_check_ptr(xch, state, "the deepest idle state") < 0 ||
	    xc_do_sysctl(xch, &ctl, "ask for the deepest idle state") < 0)
		return -1;
	*state = ctl.u.u32[2];
	return 0;
}

static int
set_cstate(xc_interface *xch, uint32_t which, uint32_t state)
{
	struct xc_sysctl ctl = pm_op(PM_SET_MAX_CSTATE, which);

	ctl.u.u32[2] = state;
	return xc_change_sysctl(xch, &ctl, "set the deepest idle state");
}

XC_API int
xc_get_cpuidle_max_cstate(xc_interface *xch, uint32_t *state)
{
	return get_cstate(xch, 0, state);
}

XC_API int
xc_set_cpuidle_max_cstate(xc_interface *xch, uint32_t state)
{
	return set_cstate(xch, 0, state);
}

XC_API int
xc_get_cpuidle_max_csubstate(xc_interface *xch, uint32_t *substate)
{
	return get_cstate(xch, 1, substate);
}

XC_API int
xc_set_cpuidle_max_csubstate(xc_interface *xch, uint32_t substate)
{
	return set_cstate(xch, 1, substate);
}
