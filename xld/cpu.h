/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Processors of the host and their pools, as Xen has them at the moment. */
#ifndef XLD_CPU_H
#define XLD_CPU_H

#include "xld.h"

#define CPUS_MAX 4096

struct cpu {
	char uuid[UUID_TEXT];
	uint32_t number;
	uint32_t core, socket, node;
	/* For its utilisation: when it was last asked, how long it had been
	 * idle. Nanoseconds. */
	uint64_t asked, idle;
};

struct cpu_pool {
	char uuid[UUID_TEXT];
	/* What its owner set; NULL: it is none of ours. */
	struct xu_val *config;
	char name[NAME_MAX_LEN + 1];
	/* In Xen; -1: it is not activated. */
	int64_t id;
	uint32_t sched, domains;
	uint8_t cpus[CPUS_MAX / 8];
};

struct hardware {
	struct core *core;
	struct cpu *cpus;
	size_t ncpus;
	struct cpu_pool *pools;
	size_t npools;
};

/* Brings both up to what Xen says; errors are logged. */
void hardware_look(struct core *c);
void hardware_close(struct core *c);
struct cpu *cpu_find(struct core *c, const char *ref);
struct cpu_pool *cpu_pool_find(struct core *c, const char *ref);
/* By its number in Xen; NULL: there is none. */
const char *cpu_pool_uuid(struct core *c, uint32_t id);
/* Refuses: the pool is not in a state for it. */
void cpu_pool_bad_state(
    struct call *k, const struct cpu_pool *p, const char *why);
/* Pools have changed, this one among them: clients hear of it and k has ended. */
void cpu_pool_changed(struct call *k, const char *uuid);
bool cpu_pool_has(const struct cpu_pool *p, uint32_t cpu);
/* Xen's name of a scheduler; "unknown". */
const char *sched_word(uint32_t id);

/* cpu_sched.c: the numbers of its scheduler, by name. */
struct xu_val *cpu_pool_sched(struct core *c, const struct cpu_pool *p);

#endif
