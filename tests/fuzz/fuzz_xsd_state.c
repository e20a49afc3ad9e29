/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Reaches what reads the state files of xenstored: recover.c, state_file.c,
 * state_conn.c, and the tree below. The input is a row of records, each a type,
 * two bytes of length and its bytes; type 255 ends the snapshot and begins the
 * journal. Sums are made here, so that the fuzzer gets behind them. What is taken
 * must agree with the books.
 */
#include "config.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "state.h"

#define BOOT "fuzz"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char dir[64];

static void
put_file(const char *kind, const struct xu_buf *records)
{
	struct state_head head = { .version = STATE_VERSION, .number = 1,
		.empty = 1, .boot = BOOT,
		.committed = sizeof(head) + records->len };
	char path[96];
	int fd;

	memcpy(head.magic, STATE_MAGIC, sizeof(head.magic));
	snprintf(path, sizeof(path), "%s/%s.1", dir, kind);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, &head, sizeof(head)) != (ssize_t)sizeof(head) ||
	    write(fd, records->data, records->len) != (ssize_t)records->len)
		abort();
	close(fd);
}

static void
add_record(struct xu_buf *out, uint8_t type, const uint8_t *data, uint32_t len)
{
	static const char zero[8];
	struct state_rec r = { .len = len, .type = type,
		.sum = state_sum(type, data, len) };

	xu_buf_add(out, &r, sizeof(r));
	xu_buf_add(out, data, len);
	xu_buf_add(out, zero, state_padded(len) - len);
}

static void
forget(void)
{
	struct xu_list *it, *tmp;

	LIST_FOREACH_SAFE(it, tmp, &domains)
	domain_gone(xu_container_of(it, struct domain, link));
	LIST_FOREACH_SAFE(it, tmp, &conns)
	conn_kill(xu_container_of(it, struct conn, link));
	while (conn_free_dead())
		;
	node_unref(store_root);
	while (tree_reap(1000))
		;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct xu_buf file[2] = { XU_BUF_INIT, XU_BUF_INIT };
	struct xu_err e = XU_ERR_INIT;
	struct state_files f;
	bool journal = false;
	uint64_t nodes;
	uint32_t len;

	if (dir[0] == '\0') {
		strcpy(dir, "/dev/shm/fuzz_state.XXXXXX");
		if (mkdtemp(dir) == NULL || watches_init() != 0)
			abort();
	}
	if (store_init() != 0)
		abort();
	while (size >= 3) {
		len = data[1] | (uint32_t)data[2] << 8;
		len = len > size - 3 ? (uint32_t)(size - 3) : len;
		if (data[0] == 255)
			journal = true;
		else
			add_record(&file[journal], data[0], data + 3, len);
		data += 3 + len;
		size -= 3 + len;
	}
	recover_clean(dir);
	if (journal)
		put_file("snapshot", &file[0]);
	put_file("journal", &file[journal]);
	if (recover(dir, BOOT, &f, &e) > 0 && store_check(&nodes) != NULL)
		abort();
	forget();
	xu_buf_fini(&file[0]);
	xu_buf_fini(&file[1]);
	return 0;
}
