/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What goes through a pipe of the core's to a client, or from one: api_transfer.c
 * disks, api_xva.c archives of machines. */
#ifndef API_TRANSFER_H
#define API_TRANSFER_H

#include "api.h"

struct transfer {
	struct api *api;
	/* NULL: the client has gone, or has its answer. */
	struct request *rq;
	/* -1: closed. */
	int pipe;
	uv_poll_t poll;
	/* The request, the handle, the call that awaits the end. */
	int refs;
	/* Of the piece that has begun. */
	size_t left;
	/* What an export has in all; MHD_SIZE_UNKNOWN: its task's end is awaited. */
	uint64_t bytes;
	/* The task has ended; with success. */
	bool ended, whole;
	/* Goes before what is in the pipe, or before what else goes into it. */
	struct xu_buf head;
	/* Of an archive whose beginning has not come yet; NULL: of nothing. */
	struct incoming *incoming;
	/* Who asks, as far as the core wants to know it. */
	struct session who;
};

/* rq has one now. NULL: it is answered. */
struct transfer *api_transfer_new(struct request *rq, const struct session *s);
/* Takes the pipe from the core's reply. False: rq is answered. */
bool api_transfer_begun(struct request *rq, struct xu_msg *reply);

/* Its connection goes on. */
void api_transfer_go_on(struct request *rq);
/* Bytes that nobody wants: so many, then it is hung up. */
enum MHD_Result api_transfer_forget(struct request *rq, size_t *size);

/* ---- api_xva_in.c ------------------------------------------------------------------- */

/* Bytes of an archive whose ova.xml has not come whole; takes all of them. */
enum MHD_Result api_xva_take(struct request *rq, const char *data, size_t *size);
/* Nothing more comes. */
void api_xva_torn(struct request *rq);
void api_xva_incoming_free(struct incoming *in);

#endif
