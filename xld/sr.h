/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Storage repositories: where disks lie.
 *
 *   local  files and devices wherever they are, made by others; there is one
 *   dir    a folder that has a file UUID.raw for each disk, made here
 *   iso    a folder of others' *.iso files, which are read only
 */
#ifndef XLD_SR_H
#define XLD_SR_H

#include "xld.h"

enum sr_type {
	SR_LOCAL,
	SR_DIR,
	SR_ISO,
	SR_TYPES,
};

struct sr {
	char uuid[UUID_TEXT];
	enum sr_type type;
	/* The API's fields that its maker set. */
	struct xu_val *config;
};

int srs_open(struct core *c, struct xu_err *e);
void srs_close(struct core *c);
struct sr *sr_find(const struct core *c, const char *uuid);
/* The one of files and devices wherever they are. */
struct sr *sr_local(const struct core *c);
/* Of dir and iso; "" = it has none. */
const char *sr_folder(const struct sr *s);
const char *sr_type_word(enum sr_type t);
/* Calls f for each *.iso of the repository. */
void sr_each_iso(const struct sr *s,
    void (*f)(void *arg, const struct sr *s, const char *file), void *arg);

#endif
