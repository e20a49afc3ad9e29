/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The handlers of requests, for the table in proto.c alone. Each answers with
 * one reply and returns 0, or returns the errno the table turns into one.
 */
#ifndef XSD_REQ_H
#define XSD_REQ_H

#include "xsd.h"

/* Reconnection, error field, watch depth, DOMID_ANY. */
#define FEATURES (1u | 2u | 4u | 8u)

/* The tree the request works on. */
struct node **req_tree(const struct request *r);
/* The only string of the payload, canonical. 0 or an errno. */
int req_path(const struct request *r, char *path, bool special);
/* A read in a transaction is remembered, its failure too. */
int req_saw(const struct request *r, const char *path, unsigned what, int err);
/* Events of a plain change, or the log entry of one in a transaction. */
int req_changed(const struct request *r, enum op op, const struct change *ch,
    const void *value, uint32_t len, struct perms *perms);
/* The books a change is entered in, and their closing. */
struct acct *req_acct(const struct request *r, struct acct *own);
void req_book(const struct request *r, const struct acct *own);

/* req_node.c */
int req_read(struct request *r);
int req_directory(struct request *r);
int req_directory_part(struct request *r);
int req_write(struct request *r);
int req_mkdir(struct request *r);
int req_rm(struct request *r);
/* req_perms.c */
int req_get_perms(struct request *r);
int req_set_perms(struct request *r);
/* req_watch.c */
int req_watch(struct request *r);
int req_unwatch(struct request *r);
int req_reset_watches(struct request *r);
int req_transaction_start(struct request *r);
int req_transaction_end(struct request *r);
/* req_domain.c */
int req_introduce(struct request *r);
int req_release(struct request *r);
int req_resume(struct request *r);
int req_get_domain_path(struct request *r);
int req_is_introduced(struct request *r);
int req_set_target(struct request *r);
int req_get_feature(struct request *r);
int req_set_feature(struct request *r);
int req_get_quota(struct request *r);
int req_set_quota(struct request *r);

#endif
