/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A packed value: the whole tree in one block, a third of what it takes in pieces.
 * It reads, changes and ends like any other: what replaces a part of it is a piece
 * of its own, and the part's place stays unused until the root goes.
 */
#include "config.h"

#include <string.h>

#include "xu_val_impl.h"

struct block {
	/* What has to be aligned, and behind that all texts. */
	char *at, *text;
};

/* Of everything below v. */
static void
measure(const struct xu_val *v, size_t *aligned, size_t *texts)
{
	if (xu_val_is_text(v))
		*texts += v->n + 1u;
	if (!xu_val_is_container(v) || v->n == 0)
		return;
	*aligned += sizeof(struct xu_kids);
	for (size_t i = 0; i < v->n; i++) {
		const struct xu_kid *k = xu_val_kid(v, i);

		*aligned += sizeof(*k) + sizeof(*k->val);
		*texts += k->name == NULL ? 0 : strlen(k->name) + 1;
		measure(k->val, aligned, texts);
	}
}

static char *
put_text(struct block *b, const char *s, size_t n)
{
	char *at = b->text;

	memcpy(at, s, n);
	at[n] = '\0';
	b->text += n + 1;
	return at;
}

static void *
take(struct block *b, size_t n)
{
	void *at = b->at;

	b->at += n;
	return at;
}

/* to is in the block. */
static void
put(struct block *b, struct xu_val *to, const struct xu_val *v)
{
	*to = (struct xu_val){ .type = v->type, .n = v->n, .u = v->u };
	if (xu_val_is_text(v)) {
		to->lent = true;
		to->u.p = put_text(b, v->u.p, v->n);
	}
	if (!xu_val_is_container(v))
		return;
	to->u.c = NULL;
	if (v->n == 0)
		return;
	to->lent = true;
	to->u.c = take(b, sizeof(struct xu_kids) +
	    v->n * sizeof(struct xu_kid));
	*to->u.c = (struct xu_kids){ .cap = v->n };
	for (size_t i = 0; i < v->n; i++) {
		const struct xu_kid *k = xu_val_kid(v, i);
		struct xu_kid *mine = &to->u.c->kid[i];

		mine->val = take(b, sizeof(*mine->val));
		mine->name = k->name == NULL ? NULL :
		    put_text(b, k->name, strlen(k->name));
		put(b, mine->val, k->val);
		mine->val->packed = true;
	}
}

struct xu_val *
xu_val_pack(struct xu_val *v)
{
	size_t aligned = sizeof(*v), texts = 0;
	struct block b;
	struct xu_val *root;

	if (v == NULL || v->bad)
		return v;
	measure(v, &aligned, &texts);
	b.at = malloc(aligned + texts);
	if (b.at == NULL)
		return v;
	b.text = b.at + aligned;
	root = take(&b, sizeof(*root));
	put(&b, root, v);
	xu_val_free(v);
	return root;
}
