/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* XS_CONTROL: commands to the daemon itself. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "xu_num.h"
#include "state.h"

typedef int control_f(struct request *r, const char **arg, unsigned n,
    struct xu_buf *out);

int trace_fd = -1;

static int
ctl_check(struct request *r, const char **arg, unsigned n, struct xu_buf *out)
{
	uint64_t nodes;
	const char *bad = store_check(&nodes);

	(void)r, (void)arg, (void)n;
	if (bad != NULL)
		xu_buf_addf(out, "INCONSISTENT: %s", bad);
	else
		xu_buf_addf(out, "OK %llu nodes, %zu watches",
		    (unsigned long long)nodes, watch_count());
	return 0;
}

static int
ctl_logfile(struct request *r, const char **arg, unsigned n,
    struct xu_buf *out)
{
	int fd;

	(void)r, (void)out;
	if (n != 1)
		return EINVAL;
	fd = open(arg[0], O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		return errno;
	if (trace_fd >= 0)
		close(trace_fd);
	trace_fd = fd;
	return 0;
}

static int
ctl_log(struct request *r, const char **arg, unsigned n, struct xu_buf *out)
{
	(void)r;
	if (n == 0) {
		xu_buf_adds(out, trace_fd >= 0 ? "on" : "off");
		return 0;
	}
	if (n != 1 || (strcmp(arg[0], "on") != 0 && strcmp(arg[0], "off") != 0))
		return EINVAL;
	if (strcmp(arg[0], "off") == 0 && trace_fd >= 0) {
		close(trace_fd);
		trace_fd = -1;
	}
	return strcmp(arg[0], "on") == 0 && trace_fd < 0 ? ENOENT : 0;
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

static int
ctl_memreport(struct request *r, const char **arg, unsigned n,
    struct xu_buf *out)
{
	struct mallinfo2 m = mallinfo2();

	(void)r, (void)arg;
	if (n != 0)
		return EINVAL;
	xu_buf_addf(out, "allocated %zu bytes in use, %zu free in the heap",
	    m.uordblks + m.hblkhd, m.fordblks);
	return 0;
}

static int
quota_show(const char *who, struct xu_buf *out)
{
	const struct domain *d = NULL;
	uint64_t domid;

	if (who != NULL) {
		if (!xu_num_u64(who, 10, UINT16_MAX, &domid))
			return EINVAL;
		d = domain_find((uint16_t)domid);
		if (d == NULL)
			return ENOENT;
		xu_buf_addf(out, "Domain %u: %lld nodes owned, %u watches, "
				 "%u transactions open\n",
		    d->domid, (long long)d->nodes,
		    d->conn != NULL ? d->conn->nwatches : 0,
		    d->conn != NULL ? d->conn->ntxns : 0);
	}
	for (int i = 0; i < QUOTA_COUNT; i++)
		xu_buf_addf(out, "%-17s: %8u\n", quota_names[i],
		    d != NULL ? d->quota[i] : quota_defaults[i]);
	return 0;
}

static int
ctl_quota(struct request *r, const char **arg, unsigned n, struct xu_buf *out)
{
	uint64_t v;
	int q;

	(void)r;
	if (n <= 1)
		return quota_show(n == 1 ? arg[0] : NULL, out);
	if (n != 3 || strcmp(arg[0], "set") != 0)
		return EINVAL;
	q = quota_find(arg[1]);
	if (q < 0 || !xu_num_u64(arg[2], 10, UINT32_MAX, &v))
		return EINVAL;
	quota_defaults[q] = (uint32_t)v;
	state_quota();
	return 0;
}

static int ctl_help(struct request *r, const char **arg, unsigned n,
    struct xu_buf *out);

static const struct {
	const char *name, *args, *help;
	control_f *fn;
} commands[] = {
	{ "check", "", "verify the tree and the books", ctl_check },
	{ "help", "", "list the commands", ctl_help },
	{ "log", "[on|off]", "show or switch the trace", ctl_log },
	{ "logfile", "FILE", "trace requests to FILE", ctl_logfile },
	{ "memreport", "", "memory in use", ctl_memreport },
	{ "print", "TEXT", "write TEXT to the daemon's log", ctl_print },
	{ "quota", "[DOMID | set NAME VALUE]", "show or set quota", ctl_quota },
};

static int
ctl_help(struct request *r, const char **arg, unsigned n, struct xu_buf *out)
{
	(void)r, (void)arg, (void)n;
	for (size_t i = 0; i < XU_ARRAY_SIZE(commands); i++)
		xu_buf_addf(out, "%-10s %-26s %s\n", commands[i].name,
		    commands[i].args, commands[i].help);
	return 0;
}

int
control_request(struct request *r)
{
	AUTO_BUF struct xu_buf out = { .max = XSD_PAYLOAD - 1 };
	unsigned n = request_count(r);
	const char *arg[8];
	struct request all = *r;
	int err = EINVAL;

	/* The last string may come without its NUL (it is behind the payload). */
	if (r->len > 0 && r->data[r->len - 1] != '\0') {
		all.len++;
		n++;
	}
	if (n < 1 || n > XU_ARRAY_SIZE(arg) || !request_strings(&all, arg, n))
		return EINVAL;
	for (size_t i = 0; i < XU_ARRAY_SIZE(commands); i++)
		if (strcmp(arg[0], commands[i].name) == 0)
			err = commands[i].fn(r, arg + 1, n - 1, &out);
	if (err != 0)
		return err;
	if (out.len == 0)
		reply_ok(r);
	else
		reply_data(r, xu_buf_text(&out), out.len + 1);
	return 0;
}

void
trace_io(const struct conn *c, bool out, uint32_t type, const void *data,
    size_t len)
{
	char line[256];
	size_t n, i;

	if (trace_fd < 0)
		return;
	n = (size_t)snprintf(line, sizeof(line), "%s d%u%s %s (",
	    out ? "OUT" : "IN", c->domid, c->fd >= 0 ? "" : " ring",
	    request_name(type));
	for (i = 0; i < len && n < sizeof(line) - 3; i++) {
		char ch = ((const char *)data)[i];

		line[n++] = ch >= ' ' && ch < 0x7f ? ch : ' ';
	}
	line[n++] = ')';
	line[n++] = '\n';
	(void)!write(trace_fd, line, n);
}
