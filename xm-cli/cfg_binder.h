/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the files that bind settings share: cfg_bind.c, and one for each family
 * of keys. */
#ifndef XM_CFG_BINDER_H
#define XM_CFG_BINDER_H

#include "cfg_bind.h"

struct binder {
	const struct cfg *cfg;
	struct domcfg *d;
	struct xu_buf *report;
	unsigned errors;
	/* An unknown key looks like one that says what boots. */
	bool maybe_kernel;
};

/* A problem, or (error false) a warning, at a place of the file. */
void bind_say(struct binder *b, const struct cfg_pos *pos, bool error,
    const char *fmt, ...) XU_PRINTF(4, 5);

/* "" or []. */
bool bind_is_empty(const struct cfg_value *v);
bool bind_as_number(const struct cfg_value *v, int64_t *out);
bool bind_is_yes(const struct cfg_value *v);

/* The setting when it is there and of the kind of its row, else NULL; its value,
 * else dflt. */
const struct cfg_setting *bind_get(const struct binder *b, const char *key);
const char *bind_str(const struct binder *b, const char *key, const char *dflt);
int64_t bind_int(const struct binder *b, const char *key, int64_t dflt);
bool bind_bool(const struct binder *b, const char *key, bool dflt);
uint64_t bind_kib(const struct binder *b, const char *key, uint64_t dflt);

/* Whether what those keys (ends with NULL) say can be judged together: none had a
 * mistake. */
bool bind_known(const struct binder *b, const char *const *keys);
/* Where to point at: the setting, or the start of the configuration. */
struct cfg_pos bind_pos(
    const struct binder *b, const char *key, const char *file);

/* cfg_cpus.c */
void bind_cpus(struct binder *b, const char *file);
/* cfg_cpuid.c */
void bind_cpuid(struct binder *b);
/* cfg_devices.c */
void bind_disks(struct binder *b);
void bind_vifs(struct binder *b);
void bind_pcis(struct binder *b);
/* cfg_screen.c */
void bind_screen(struct binder *b);
/* cfg_hvm.c */
void bind_hvm(struct binder *b);

#endif
