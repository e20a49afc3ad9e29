/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Clocks, samples, what the kernel says of the daemon, and the output. */
#include "config.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "xsb.h"

uint64_t
xb_now(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

void
xb_sample(struct xb_samples *s, uint64_t ns)
{
	if (s->count == s->size) {
		s->size = s->size != 0 ? 2 * s->size : 4096;
		s->ns = realloc(s->ns, s->size * sizeof(*s->ns));
		if (s->ns == NULL)
			xb_die("no memory for samples");
	}
	s->ns[s->count++] = ns < UINT32_MAX ? (uint32_t)ns : UINT32_MAX;
}

static int
compare(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

double
xb_percentile(struct xb_samples *s, double p)
{
	if (s->count == 0)
		return 0;
	qsort(s->ns, s->count, sizeof(*s->ns), compare);
	return s->ns[(size_t)((double)(s->count - 1) * p)];
}

double
xb_rate(struct xb_samples *s)
{
	double median = xb_percentile(s, 0.5);

	return median > 0 ? 1e9 / median : 0;
}

void
xb_samples_fini(struct xb_samples *s)
{
	free(s->ns);
	memset(s, 0, sizeof(*s));
}

void
xb_emit(const char *metric, double value, const char *unit)
{
	printf("%s\t%.9g\t%s\n", metric, value, unit);
	fflush(stdout);
}

void
xb_emit_samples(const char *name, struct xb_samples *s)
{
	xb_emit(name, xb_rate(s), "/s");
	xb_emit(XB_NAME("%s.us", name), xb_percentile(s, 0.5) / 1e3, "us");
	xb_emit(XB_NAME("%s.p99", name), xb_percentile(s, 0.99) / 1e3, "us");
	xb_emit(XB_NAME("%s.n", name), (double)s->count, "");
}

uint64_t
xb_cpu(void)
{
	char path[64];
	unsigned long long ns = 0;
	FILE *f;

	if (xb_opt.pid == 0)
		return 0;
	snprintf(path, sizeof(path), "/proc/%d/schedstat", xb_opt.pid);
	f = fopen(path, "r");
	if (f == NULL || fscanf(f, "%llu", &ns) != 1)
		xb_die("%s: cannot be read", path);
	fclose(f);
	return ns;
}

uint64_t
xb_cpu_settled(unsigned idle_ms)
{
	uint64_t last = xb_cpu(), now;
	uint64_t since = xb_now(), start = since;

	while (xb_now() - since < (uint64_t)idle_ms * 1000000 &&
	    xb_now() - start < 90000000000ull) {
		usleep(2000);
		now = xb_cpu();
		if (now != last)
			since = xb_now();
		last = now;
	}
	return last;
}

/* What the daemon keeps in files beside its socket. */
static uint64_t
state_bytes(const char *path)
{
	struct dirent *e;
	struct stat st;
	uint64_t sum = 0;
	char name[512];
	DIR *d = opendir(path);

	if (d == NULL)
		return 0;
	while ((e = readdir(d)) != NULL) {
		if (e->d_name[0] == '.')
			continue;
		snprintf(name, sizeof(name), "%s/%s", path, e->d_name);
		if (lstat(name, &st) != 0)
			continue;
		if (S_ISDIR(st.st_mode))
			sum += state_bytes(name);
		else if (S_ISREG(st.st_mode))
			sum += (uint64_t)st.st_blocks * 512;
	}
	closedir(d);
	return sum;
}

struct xb_memory
xb_memory(void)
{
	struct xb_memory m = { 0 };
	unsigned long long kb;
	char line[256];
	FILE *f;

	if (xb_opt.pid == 0)
		return m;
	snprintf(line, sizeof(line), "/proc/%d/status", xb_opt.pid);
	f = fopen(line, "r");
	if (f == NULL)
		xb_die("%s: cannot be read", line);
	while (fgets(line, sizeof(line), f) != NULL) {
		if (sscanf(line, "RssAnon: %llu", &kb) == 1)
			m.anon = kb * 1024;
		else if (sscanf(line, "RssShmem: %llu", &kb) == 1)
			m.shmem = kb * 1024;
	}
	fclose(f);
	if (xb_opt.rundir != NULL)
		m.state = state_bytes(xb_opt.rundir);
	return m;
}

uint32_t
xb_random(void)
{
	static uint64_t x = 0x9e3779b97f4a7c15;

	x ^= x << 13;
	x ^= x >> 7;
	x ^= x << 17;
	return (uint32_t)(x >> 16);
}
