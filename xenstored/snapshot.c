/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree into a file, in slices: a counted root stands still while the store
 * goes on. Nodes come parents first, each with the number of its children, in
 * blocks with a sum.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "state.h"
#include "xu_file.h"

#define BLOCK 32768u
#define NODES_MAX 1000u

static struct {
	bool on;
	int fd;
	struct node *root;
	struct walk *walk;
	struct xu_buf block;
	struct state_head head;
	uint64_t nodes, bytes;
	/* Marks the lists that have a number in this file. */
	uint32_t run, next_list;
	char tmp[264], path[256];
} s = {.fd = -1};

bool
snapshot_running(void)
{
	return s.on;
}

static void
finish(void)
{
	if (s.fd >= 0)
		close(s.fd);
	s.fd = -1;
	if (s.walk != NULL)
		walk_fini(s.walk);
	free(s.walk);
	s.walk = NULL;
	node_unref(s.root);
	s.root = NULL;
	xu_buf_fini(&s.block);
	s.on = false;
}

void
snapshot_abort(void)
{
	if (!s.on)
		return;
	unlink(s.tmp);
	finish();
}

int
snapshot_begin(const char *dir, const struct state_head *head)
{
	snapshot_abort();
	snprintf(s.path, sizeof(s.path), "%s/snapshot.%u", dir, head->number);
	snprintf(s.tmp, sizeof(s.tmp), "%s.new", s.path);
	s.head = *head;
	s.head.committed = 0;
	s.nodes = 0;
	s.bytes = sizeof(s.head);
	s.next_list = 0;
	s.run++;
	s.fd = open(s.tmp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	s.walk = malloc(sizeof(*s.walk));
	s.on = true;
	s.root = node_ref(store_root);
	if (s.fd < 0 || s.walk == NULL || walk_init(s.walk, s.root, "/") != 0 ||
	    xu_fd_write(s.fd, &s.head, sizeof(s.head)) < 0) {
		snapshot_abort();
		return -1;
	}
	return 0;
}

static int
write_record(uint32_t type, const void *data, size_t len)
{
	static const char zero[8];
	struct state_rec r = {.len = (uint32_t)len,
	    .type = type,
	    .sum = state_sum(type, data, len)};

	s.bytes += sizeof(r) + state_padded(len);
	if (xu_fd_write(s.fd, &r, sizeof(r)) < 0 ||
	    xu_fd_write(s.fd, data, len) < 0)
		return -1;
	return xu_fd_write(s.fd, zero, state_padded(len) - len);
}

static int
flush_block(void)
{
	int r = 0;

	if (s.block.error != 0)
		return -1;
	if (s.block.len > 0)
		r = write_record(ST_NODES, s.block.data, s.block.len);
	xu_buf_reset(&s.block);
	return r;
}

/* A list has its content at its first node of this file, then its number. */
static void
add_list(struct perms *p)
{
	char text[4 + 256 * 4], *end;
	uint32_t id;

	if (p->file == s.run) {
		id = p->file_id;
		xu_buf_add(&s.block, &id, sizeof(id));
		return;
	}
	p->file = s.run;
	id = p->file_id = s.next_list++;
	xu_buf_add(&s.block, &id, sizeof(id));
	end = state_put_perms(text, p);
	xu_buf_add(&s.block, text, (size_t)(end - text));
}

static void
add_node(const struct node *n)
{
	uint32_t kids = node_nkids(n);

	xu_buf_add(&s.block, &kids, sizeof(kids));
	xu_buf_add(&s.block, &n->name_len, sizeof(n->name_len));
	xu_buf_add(&s.block, &n->value_len, sizeof(n->value_len));
	xu_buf_add(&s.block, n->text, n->name_len + 1u + n->value_len);
	add_list(n->perms);
	s.nodes++;
}

static int
complete(uint64_t *bytes)
{
	uint64_t end[2] = {s.nodes, tree_gen()};

	if (flush_block() < 0 || write_record(ST_END, end, sizeof(end)) < 0)
		return -1;
	/* Of all that is written, this name says that it is complete. */
	if (pwrite(s.fd, &s.bytes, sizeof(s.bytes),
		offsetof(struct state_head, committed)) !=
		(ssize_t)sizeof(s.bytes) ||
	    rename(s.tmp, s.path) < 0)
		return -1;
	*bytes = s.bytes;
	return 0;
}

int
snapshot_slice(uint64_t *bytes)
{
	const struct node *n = NULL;
	int r;

	for (unsigned i = 0; i < NODES_MAX; i++) {
		n = walk_next(s.walk);
		if (n == NULL)
			break;
		add_node(n);
		if (s.block.len >= BLOCK)
			break;
	}
	if (s.walk->failed)
		r = -1;
	else if (n == NULL)
		r = complete(bytes);
	else
		r = s.block.len < BLOCK || flush_block() == 0 ? 1 : -1;
	if (r < 0)
		snapshot_abort();
	else if (r == 0)
		finish();
	return r;
}
