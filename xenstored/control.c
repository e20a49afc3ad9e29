/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * XS_CONTROL: commands to the daemon itself. Only the control domain comes here;
 * what a command cannot do is an errno, what it has to say is text.
 */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "state.h"
#include "trace.h"
#include "xu_file.h"
#include "xu_num.h"

typedef int control_f(struct request *r, const char **arg, unsigned n,
    struct xu_buf *out);

/* Relative names go below our own directory. */
static int
file_name(const char *name, char path[PATH_MAX])
{
	struct xu_err e = XU_ERR_INIT;
	int n;

	if (name[0] == '\0')
		return EINVAL;
	/* A worker behind its filter makes no folders; the package does. */
	if (name[0] != '/' && access(XSD_LIBDIR, X_OK) < 0 &&
	    xu_mkdirs(XSD_LIBDIR, 0755, &e) < 0)
		return ENOENT;
	n = snprintf(path, PATH_MAX, "%s%s", name[0] == '/' ? ""
							     : XSD_LIBDIR "/",
	    name);
	return n < 0 || n >= PATH_MAX ? EINVAL : 0;
}

/* --- the daemon ------------------------------------------------------------------- */

static int
ctl_check(struct request *r, const char **arg, unsigned n, struct xu_buf *out)
{
	uint64_t nodes;
	const char *bad;

	(void)r, (void)arg;
	if (n != 0)
		return EINVAL;
	bad = store_check(&nodes);
	if (bad != NULL)
		xu_buf_addf(out, "INCONSISTENT: %s", bad);
	else
		xu_buf_addf(out, "OK %llu nodes, %zu watches; state: ",
		    (unsigned long long)nodes, watch_count());
	if (bad == NULL)
		state_describe(out);
	return 0;
}

static int
ctl_lane(struct request *r, const char **arg, unsigned n, struct xu_buf *out)
{
	(void)arg, (void)out;
	return n == 0 ? lane_make(r->c) : EINVAL;
}

static int
ctl_logfile(struct request *r, const char **arg, unsigned n,
    struct xu_buf *out)
{
	char path[PATH_MAX];
	int err = n == 1 ? file_name(arg[0], path) : EINVAL;

	(void)r, (void)out;
	return err != 0 ? err : trace_open(path);
}

static int
ctl_log(struct request *r, const char **arg, unsigned n, struct xu_buf *out)
{
	(void)r;
	if (n == 0) {
		trace_describe(out);
		return 0;
	}
	if (n != 1)
		return EINVAL;
	if (strcmp(arg[0], "on") == 0)
		return trace_open(NULL);
	if (strcmp(arg[0], "off") == 0) {
		trace_close();
		return 0;
	}
	return trace_switch(arg[0]) ? 0 : EINVAL;
}

static int
ctl_print(struct request *r, const char **arg, unsigned n, struct xu_buf *out)
{
	(void)r, (void)out;
	if (n != 1)
		return EINVAL;
	xu_log(XU_NOTICE, "control: %s", arg[0]);
	return 0;
}

static void
memreport(struct xu_buf *out)
{
	struct mallinfo2 m = mallinfo2();
	size_t nconns = 0, ndomains = 0, in = 0, wait = 0;
	struct xu_list *it;
	uint64_t nodes;

	(void)store_check(&nodes);
	LIST_FOREACH (it, &conns) {
		const struct conn *c = xu_container_of(it, struct conn, link);

		nconns++;
		in += c->in.cap;
		wait += c->out.len - c->out_sent;
	}
	LIST_FOREACH (it, &domains)
		ndomains++;
	xu_buf_addf(out,
	    "allocated %zu bytes in use, %zu free in the heap\n"
	    "%llu nodes, %zu watches, %zu domains\n"
	    "%zu connections: %zu bytes of input buffers, %zu bytes of output "
	    "that waits\n",
	    m.uordblks + m.hblkhd, m.fordblks, (unsigned long long)nodes,
	    watch_count(), ndomains, nconns, in, wait);
}

static int
ctl_memreport(struct request *r, const char **arg, unsigned n,
    struct xu_buf *out)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	char path[PATH_MAX];
	int fd, err = 0;

	(void)r;
	if (n > 1)
		return EINVAL;
	if (n == 0) {
		memreport(out);
		return 0;
	}
	err = file_name(arg[0], path);
	if (err != 0)
		return err;
	memreport(&text);
	fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC,
	    0600);
	if (fd < 0 || xu_fd_write(fd, text.data, text.len) < 0)
		err = errno;
	if (fd >= 0)
		close(fd);
	return err;
}

/* --- quota -------------------------------------------------------------------------- */

static void
quota_row(const struct domain *d, enum quota q, struct xu_buf *out)
{
	const uint32_t limit = d != NULL ? d->quota[q] : quota_defaults[q];
	char max[16] = "none";

	if (limit != 0)
		snprintf(max, sizeof(max), "%u", limit);
	xu_buf_addf(out, "%-18s %8s", quota_name(q), max);
	if (d != NULL && quota_counted(q))
		xu_buf_addf(out, " %8lld %8lld",
		    (long long)quota_used(d, q), (long long)quota_top(d, q));
	else if (d != NULL)
		xu_buf_addf(out, " %8s %8s", "-", "-");
	xu_buf_addf(out, "  %s\n", quota_meaning(q));
}

static int
quota_show(const struct domain *d, struct xu_buf *out)
{
	if (d != NULL)
		xu_buf_addf(out, "Domain %u:\n%-18s %8s %8s %8s\n", d->domid,
		    "quota", "limit", "used", "highest");
	else
		xu_buf_addf(out, "%-18s %8s\n", "quota", "limit");
	for (int q = 0; q < QUOTA_COUNT; q++)
		quota_row(d, (enum quota)q, out);
	return 0;
}

static int
quota_tops(const char **arg, unsigned n, struct xu_buf *out)
{
	if (n > 1 || (n == 1 && strcmp(arg[0], "-r") != 0))
		return EINVAL;
	xu_buf_addf(out, "%-18s %8s\n", "quota", "highest");
	for (int q = 0; q < QUOTA_COUNT; q++)
		if (quota_counted((enum quota)q))
			xu_buf_addf(out, "%-18s %8lld  %s\n",
			    quota_name((enum quota)q),
			    (long long)quota_top(NULL, (enum quota)q),
			    quota_meaning((enum quota)q));
	if (n == 1)
		quota_forget_tops();
	return 0;
}

static int
quota_change(const char *name, const char *value)
{
	int q = quota_find(name);
	uint64_t v;

	if (q < 0 || !xu_num_u64(value, 10, UINT32_MAX, &v))
		return EINVAL;
	quota_set(NULL, (enum quota)q, (uint32_t)v);
	return 0;
}

static int
ctl_quota(struct request *r, const char **arg, unsigned n, struct xu_buf *out)
{
	const struct domain *d;
	uint64_t domid;

	(void)r;
	if (n == 0)
		return quota_show(NULL, out);
	if (strcmp(arg[0], "max") == 0)
		return quota_tops(arg + 1, n - 1, out);
	if (strcmp(arg[0], "set") == 0)
		return n == 3 ? quota_change(arg[1], arg[2]) : EINVAL;
	if (n != 1 || !xu_num_u64(arg[0], 10, UINT16_MAX, &domid))
		return EINVAL;
	d = domain_find((uint16_t)domid);
	return d == NULL ? ENOENT : quota_show(d, out);
}

static int
ctl_quota_soft(struct request *r, const char **arg, unsigned n,
    struct xu_buf *out)
{
	(void)r;
	if (n == 0) {
		quota_row(NULL, QUOTA_SOFT_MEMORY, out);
		return 0;
	}
	if (n != 3 || strcmp(arg[0], "set") != 0 ||
	    strcmp(arg[1], "memory") != 0)
		return EINVAL;
	return quota_change(quota_name(QUOTA_SOFT_MEMORY), arg[2]);
}

/* --- the table ------------------------------------------------------------------------ */

static control_f ctl_help;

static const struct {
	const char *name, *args, *help;
	control_f *fn;
} commands[] = {
	{ "check", "", "verify the tree and the books", ctl_check },
	{ "help", "", "list the commands", ctl_help },
	{ "lane", "", "a page for one call at a time (libxenstore asks)", ctl_lane },
	{ "live-update", "-f FILE | -c ARGS | -s | -a",
	    "another program takes over", update_command },
	{ "log", "[on|off|+SWITCH|-SWITCH]",
	    "show or switch the trace; io: messages, obj: connections, "
	    "acc: quota",
	    ctl_log },
	{ "logfile", "FILE", "trace to FILE", ctl_logfile },
	{ "memreport", "[FILE]", "memory in use, here or into FILE",
	    ctl_memreport },
	{ "print", "TEXT", "write TEXT to the daemon's log", ctl_print },
	{ "quota", "", "the quota of new domains", ctl_quota },
	{ "quota", "DOMID", "a domain's quota and use", ctl_quota },
	{ "quota", "max [-r]", "highest use of any domain; -r: begin again",
	    ctl_quota },
	{ "quota", "set NAME VALUE", "quota of new domains; 0: none",
	    ctl_quota },
	{ "quota-soft", "[set memory BYTES]",
	    "bytes from which on a domain is in the log", ctl_quota_soft },
};

static int
ctl_help(struct request *r, const char **arg, unsigned n, struct xu_buf *out)
{
	(void)r, (void)arg, (void)n;
	for (size_t i = 0; i < XU_ARRAY_SIZE(commands); i++)
		xu_buf_addf(out, "%-11s %-25s %s\n", commands[i].name,
		    commands[i].args, commands[i].help);
	xu_buf_adds(out, "A relative FILE is one in " XSD_LIBDIR ".\n");
	return 0;
}

static control_f *
find(const char *name)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(commands); i++)
		if (strcmp(name, commands[i].name) == 0)
			return commands[i].fn;
	return NULL;
}

int
control_request(struct request *r)
{
	AUTO_BUF struct xu_buf out = { .max = XSD_PAYLOAD - 1 };
	unsigned n = request_count(r);
	struct request all = *r;
	const char *arg[16];
	control_f *fn;
	int err;

	/* The last string may come without its NUL (it is behind the payload). */
	if (r->len > 0 && r->data[r->len - 1] != '\0') {
		all.len++;
		n++;
	}
	if (n < 1 || n > XU_ARRAY_SIZE(arg) || !request_strings(&all, arg, n))
		return EINVAL;
	fn = find(arg[0]);
	err = fn == NULL ? EINVAL : fn(r, arg + 1, n - 1, &out);
	if (err != 0)
		return err == EINPROGRESS ? 0 : err;
	if (out.len == 0)
		reply_ok(r);
	else
		reply_data(r, xu_buf_text(&out), out.len + 1);
	return 0;
}
