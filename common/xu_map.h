/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Hash map from a string or a number to a pointer. Keys are copied; values are
 * borrowed. The string hash is keyed per process, so that names chosen by an
 * outsider cannot be made to collide.
 */
#ifndef XU_MAP_H
#define XU_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xu_auto.h"

struct xu_map;

struct xu_map *xu_map_new(void) XU_MUST_CHECK;
void xu_map_free(struct xu_map **m);
size_t xu_map_count(const struct xu_map *m);

/* Replaces an older value. 0, or -1 with ENOMEM (nothing changed then). */
int xu_map_put(struct xu_map *m, const char *key, void *value) XU_MUST_CHECK;
int xu_map_put_u64(struct xu_map *m, uint64_t key, void *value) XU_MUST_CHECK;
void *xu_map_get(const struct xu_map *m, const char *key);
void *xu_map_get_u64(const struct xu_map *m, uint64_t key);
/* Returns the value that was there, or NULL. */
void *xu_map_del(struct xu_map *m, const char *key);
void *xu_map_del_u64(struct xu_map *m, uint64_t key);

/* The hash of keys, for tables of others' own. */
uint64_t xu_map_hash(const char *text);

/*
 * Steps through all values: size_t pos = 0; while ((v = xu_map_next(m, &pos)))
 * The map must not change in between. Order is arbitrary.
 */
void *xu_map_next(const struct xu_map *m, size_t *pos);

#endif
