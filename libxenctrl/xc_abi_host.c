/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What differs between releases in the host's operations; no system call. */
#include "config.h"

#include <errno.h>
#include <string.h>

#include "xc_abi_host.h"

#define REL(maj, min) ((uint32_t)(maj) << 16 | (min))

static uint32_t
get32(const uint8_t *in, size_t off)
{
	uint32_t v;

	memcpy(&v, in + off, sizeof(v));
	return v;
}

static void
put(uint8_t *out, size_t off, const void *v, size_t size)
{
	memcpy(out + off, v, size);
}

/* pm_op's union begins at 8; get_para: counts, three buffers, then figures. */
#define PARA_CPUS     8
#define PARA_FREQS    12
#define PARA_GOVS     16
#define PARA_BUFFERS  24
#define PARA_DRIVER   48
#define PARA_CPUINFO  64
/* From here to TURBO either a governor's figures or performance levels. */
#define PARA_UNION    76
#define PARA_GOVERNOR 80
#define PARA_LIMITS   96
#define PARA_OWN      104
#define PARA_TURBO    120

void
xc_encode_para(uint8_t out[XC_CTL_PAYLOAD], uint32_t cpus, uint32_t freqs,
    uint32_t governors, uint64_t buf)
{
	uint64_t at[3] = { buf, buf + (uint64_t)cpus * 4,
		buf + ((uint64_t)cpus + freqs) * 4 };

	put(out, PARA_CPUS, &cpus, 4);
	put(out, PARA_FREQS, &freqs, 4);
	put(out, PARA_GOVS, &governors, 4);
	put(out, PARA_BUFFERS, at, sizeof(at));
}

/* The drivers that decide nothing themselves. */
static bool
left_to_hardware(const struct xc_abi *abi, const char *driver)
{
	return abi->first >= REL(4, 18) &&
	    (strcmp(driver, "hwp") == 0 || strcmp(driver, "amd-cppc-epp") == 0);
}

void
xc_decode_para(const struct xc_abi *abi, const uint8_t in[XC_CTL_PAYLOAD],
    struct xc_cpufreq_para *out)
{
	memset(out, 0, sizeof(*out));
	out->nr_cpus = get32(in, PARA_CPUS);
	out->nr_freqs = get32(in, PARA_FREQS);
	out->nr_governors = get32(in, PARA_GOVS);
	memcpy(out->driver, in + PARA_DRIVER, XC_CPUFREQ_NAME);
	out->cpuinfo_cur = get32(in, PARA_CPUINFO);
	out->cpuinfo_max = get32(in, PARA_CPUINFO + 4);
	out->cpuinfo_min = get32(in, PARA_CPUINFO + 8);
	out->turbo = get32(in, PARA_TURBO) != 0;
	out->hardware = left_to_hardware(abi, out->driver);
	if (out->hardware)
		return;
	out->scaling_cur = get32(in, PARA_UNION);
	memcpy(out->governor, in + PARA_GOVERNOR, XC_CPUFREQ_NAME);
	out->scaling_max = get32(in, PARA_LIMITS);
	out->scaling_min = get32(in, PARA_LIMITS + 4);
	if (strcmp(out->governor, "userspace") == 0) {
		out->setspeed = get32(in, PARA_OWN);
	} else if (strcmp(out->governor, "ondemand") == 0) {
		out->sampling_rate_max = get32(in, PARA_OWN);
		out->sampling_rate_min = get32(in, PARA_OWN + 4);
		out->sampling_rate = get32(in, PARA_OWN + 8);
		out->up_threshold = get32(in, PARA_OWN + 12);
	}
}

int
xc_decode_para_cppc(const struct xc_abi *abi, const uint8_t in[XC_CTL_PAYLOAD],
    struct xc_cppc *out)
{
	char driver[XC_CPUFREQ_NAME + 1] = "";

	memcpy(driver, in + PARA_DRIVER, XC_CPUFREQ_NAME);
	if (!left_to_hardware(abi, driver) || xc_cppc_has_op(abi)) {
		errno = ENODEV;
		return -1;
	}
	xc_decode_cppc(in + PARA_UNION, out);
	return 0;
}

bool
xc_cppc_has_op(const struct xc_abi *abi)
{
	return abi->first >= REL(4, 21);
}

void
xc_decode_cppc(const uint8_t *in, struct xc_cppc *out)
{
	out->has_activity_window = (get32(in, 0) & 1) != 0;
	out->lowest = get32(in, 4);
	out->lowest_nonlinear = get32(in, 8);
	out->nominal = get32(in, 12);
	out->highest = get32(in, 16);
	out->minimum = get32(in, 20);
	out->maximum = get32(in, 24);
	out->desired = get32(in, 28);
	out->energy_perf = get32(in, 32);
	out->activity_window = get32(in, 36);
}

int
xc_encode_livepatch(const struct xc_abi *abi, uint32_t cmd, uint32_t flags,
    uint64_t name, uint16_t name_size, uint8_t out[XC_CTL_PAYLOAD])
{
	if (flags != 0 && abi->first < REL(4, 19)) {
		errno = ENOTSUP;
		return -1;
	}
	memset(out, 0, XC_CTL_PAYLOAD);
	put(out, 0, &cmd, 4);
	put(out, 4, &flags, 4);
	put(out, 8, &name, 8);
	put(out, 16, &name_size, 2);
	return 0;
}

unsigned
xc_version_op(uint32_t release, enum xc_version_text which, size_t *cut)
{
	static const struct {
		uint8_t old;
		uint16_t cut;
		uint8_t op;
	} ops[] = {
		[XC_VERSION_EXTRA] = { 1, 16, 11 },
		[XC_VERSION_CAPABILITIES] = { 3, 1024, 12 },
		[XC_VERSION_CHANGESET] = { 4, 64, 13 },
		[XC_VERSION_COMMANDLINE] = { 9, 1024, 14 },
	};
	bool cuts = release < REL(4, 20);

	*cut = cuts ? ops[which].cut : 0;
	return cuts ? ops[which].old : ops[which].op;
}
