/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Intrusive doubly linked list with a sentinel. */
#ifndef XU_LIST_H
#define XU_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct xu_list {
	struct xu_list *next, *prev;
};

#define XU_LIST_INIT(l)                                                        \
	{                                                                      \
		&(l), &(l)                                                     \
	}

static inline void
xu_list_init(struct xu_list *l)
{
	l->next = l->prev = l;
}

static inline bool
xu_list_empty(const struct xu_list *l)
{
	return l->next == l;
}

static inline void
xu_list_append(struct xu_list *l, struct xu_list *n)
{
	n->prev = l->prev;
	n->next = l;
	l->prev->next = n;
	l->prev = n;
}

/* Safe to call twice: the node is left as an empty list. */
static inline void
xu_list_remove(struct xu_list *n)
{
	n->prev->next = n->next;
	n->next->prev = n->prev;
	xu_list_init(n);
}

#define xu_container_of(p, type, member)                                       \
	((type *)(void *)((char *)(p)-offsetof(type, member)))

#define LIST_FOREACH(it, l) for ((it) = (l)->next; (it) != (l); (it) = (it)->next)
/* The body may remove `it`. */
#define LIST_FOREACH_SAFE(it, tmp, l)                                          \
	for ((it) = (l)->next; (it) != (l) && ((tmp) = (it)->next, 1); (it) = (tmp))

#endif
