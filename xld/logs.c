/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What somebody needs who is to find out what went wrong on this host, in one
 * archive: the ends of logs, and what the API knows. Guests' consoles are not in it,
 * nor what their owners may have put secrets into.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "access.h"
#include "xld.h"
#include "xu_buf.h"
#include "xu_file.h"
#include "xu_tar.h"

/* The newest part of each. */
#define PART_MAX (1u << 20)
/* klogctl: SYSLOG_ACTION_READ_ALL. */
#define READ_ALL 3

struct bundle {
	struct core *core;
	int fd;
	bool failed;
};

static void
add(struct bundle *b, const char *name, const void *data, size_t len)
{
	char path[100];

	snprintf(path, sizeof(path), "xld-logs/%s", name);
	if (xu_tar_add(b->fd, path, now_real(), data, len) < 0)
		b->failed = true;
}

/* What is not there is not in it. */
static void
add_file(struct bundle *b, const char *name, const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	AUTO_FREE char *data = malloc(PART_MAX);
	struct stat st;
	off_t from;
	ssize_t n;

	if (fd < 0 || data == NULL || fstat(fd, &st) < 0 ||
	    !S_ISREG(st.st_mode))
		return;
	from = st.st_size > (off_t)PART_MAX ? st.st_size - (off_t)PART_MAX : 0;
	n = pread(fd, data, PART_MAX, from);
	if (n > 0)
		add(b, name, data, (size_t)n);
}

static void
add_kernels(struct bundle *b)
{
	AUTO_FREE char *data = malloc(PART_MAX);
	uint32_t len = PART_MAX;
	int n;

	if (data == NULL)
		return;
	if (xc_readconsole(b->core->xch, data, &len, false, false, NULL) == 0)
		add(b, "xen-dmesg.txt", data, len);
	n = klogctl(READ_ALL, data, PART_MAX);
	if (n > 0)
		add(b, "dom0-dmesg.txt", data, (size_t)n);
}

/* ---- what the API knows -------------------------------------------------------------- */

static struct xu_val *
hidden(void *arg XU_UNUSED, const char *name XU_UNUSED, struct xu_val *child)
{
	xu_val_free(child);
	return xu_str("(not told)");
}

/* Fields and keys that are their owners' own words: a password for the screen, or
 * what a guest's software is told. */
static void
hide(struct xu_val *record)
{
	static const char *const fields[] = { "other_config", "xenstore_data",
		"platform", "qos_algorithm_params" };
	static const char *const texts[] = { "PV_args", "PV_bootloader_args",
		"name_description" };
	struct xu_val *v;

	for (size_t i = 0; i < XU_ARRAY_SIZE(fields); i++) {
		v = xu_val_take(record, fields[i]);
		if (v == NULL)
			continue;
		xu_val_change(v, hidden, NULL);
		xu_val_set(record, fields[i], v);
	}
	for (size_t i = 0; i < XU_ARRAY_SIZE(texts); i++)
		if (xu_val_get(record, texts[i]) != NULL)
			xu_val_set(record, texts[i], xu_str("(not told)"));
}

static void
add_class(struct bundle *b, const struct class_ops *o)
{
	AUTO_BUF struct xu_buf text = { .max = 4 * PART_MAX };
	AUTO_VAL struct xu_val *v = NULL;
	size_t pos = 0;
	char name[64];
	void *obj;

	if (o->refresh != NULL)
		o->refresh(b->core);
	xu_buf_adds(&text, "[\n");
	while ((obj = o->next(b->core, &pos)) != NULL) {
		v = o->record(b->core, obj);
		hide(v);
		if (text.len > 2)
			xu_buf_adds(&text, ",\n");
		xu_val_to_json(v, false, &text);
		xu_val_free(steal_ptr(&v));
		/* So many objects that not all are told. */
		if (text.len > PART_MAX)
			break;
	}
	xu_buf_adds(&text, "\n]\n");
	snprintf(name, sizeof(name), "objects/%s.json", o->cls->name);
	if (text.error == 0 && text.len > 5)
		add(b, name, text.data, text.len);
}

static void
fill(struct bundle *b)
{
	static const struct {
		const char *name, *path;
	} files[] = {
		{ "xld.log", XLD_LOGDIR "/xld.log" },
		{ "xld.log.1", XLD_LOGDIR "/xld.log.1" },
		{ "audit.log", XLD_LOGDIR "/audit.log" },
		{ "xenstored.log", "/var/log/xen/xenstored.log" },
		{ "cmdline.txt", "/proc/cmdline" },
	};
	const struct class_ops *o;

	for (size_t i = 0; i < XU_ARRAY_SIZE(files); i++)
		add_file(b, files[i].name, files[i].path);
	add_file(b, "xld.conf", b->core->conf_path);
	add_kernels(b);
	for (size_t i = 0; (o = class_ops_at(i)) != NULL; i++)
		if ((o->cls->flags & MC_SECRET) == 0)
			add_class(b, o);
	if (xu_tar_end(b->fd) < 0)
		b->failed = true;
}

void
host_logs_call(struct call *k)
{
	struct bundle b = { .core = k->core,
		.fd = memfd_create("xld-logs", MFD_CLOEXEC) };

	if (b.fd >= 0)
		fill(&b);
	if (b.fd >= 0 && !b.failed) {
		call_ok_fd(k, b.fd);
		return;
	}
	if (b.fd >= 0)
		close(b.fd);
	call_refuse(k, XE(XLD_NO_MEMORY), "", "collect the logs: %s",
	    strerror(errno));
}
