/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xm: its rows, its texts from canned records, configurations to records (golden
 * files in xm/), and the program itself where no daemon is.
 */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cfg_bind.h"
#include "cmd_info.h"
#include "cmd_list.h"
#include "cmd_name.h"
#include "errors.h"
#include "schema.h"
#include "vmrec.h"
#include "xm.h"
#include "xu_file.h"
#include "xu_val.h"

#define GOLDEN SRCDIR "/xm/"

/* --- the program -------------------------------------------------------------- */

static struct xu_buf out, err;

static int
open_scratch(void)
{
	char path[] = "/tmp/test_xm.XXXXXX";
	int fd = mkstemp(path);

	ck_assert_int_ge(fd, 0);
	unlink(path);
	return fd;
}

static void
take(int fd, struct xu_buf *b)
{
	xu_buf_reset(b);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(xu_fd_read(fd, 1 << 20, b), 0);
	close(fd);
}

/* Runs xm with the words of a line in folder GOLDEN; its status, out and err. */
static int
xm(const char *line)
{
	char *words = strdup(line), *argv[32] = { NULL }, *save = NULL;
	int argc = 0, fds[2] = { open_scratch(), open_scratch() }, status;
	pid_t pid;

	argv[argc++] = strdup("xm");
	for (char *w = strtok_r(words, " ", &save); w != NULL && argc < 31;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
		dup2(fds[0], 1);
		dup2(fds[1], 2);
		if (chdir(GOLDEN) == 0)
			execv(XM, argv);
		_exit(99);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "xm %s died of %d", line,
	    WTERMSIG(status));
	take(fds[0], &out);
	take(fds[1], &err);
	free(argv[0]);
	free(words);
	return WEXITSTATUS(status);
}

static void
has(const struct xu_buf *b, const char *text)
{
	ck_assert_msg(strstr(xu_buf_text(b), text) != NULL,
	    "no '%s' in: %s", text, xu_buf_text(b));
}

static void
expect(const char *line, int status, const char *on_out, const char *on_err)
{
	int got = xm(line);

	ck_assert_msg(got == status, "xm %s ended with %d, not %d: %s%s", line,
	    got, status, xu_buf_text(&out), xu_buf_text(&err));
	if (on_out != NULL)
		has(&out, on_out);
	if (on_err != NULL)
		has(&err, on_err);
	else
		ck_assert_msg(err.len == 0, "xm %s: %s", line,
		    xu_buf_text(&err));
	ck_assert_msg(on_out != NULL || out.len == 0, "xm %s: %s", line,
	    xu_buf_text(&out));
}

/* --- rows ----------------------------------------------------------------------- */

static void
options_are_whole(const struct xm_cmd *c)
{
	size_t n = 0;

	for (const struct xm_opt *o = c->opts; o != NULL && o->name != NULL;
	     o++, n++) {
		ck_assert_str_ne(o->help, "");
		ck_assert_msg(o->help[strlen(o->help) - 1] == '.',
		    "%s --%s: '%s' is no sentence", c->name, o->name, o->help);
		for (const struct xm_opt *p = xm_common_opts; p->name != NULL;
		     p++)
			ck_assert_msg(strcmp(o->name, p->name) != 0 &&
				(o->letter == 0 || o->letter != p->letter),
			    "%s --%s is common", c->name, o->name);
		for (const struct xm_opt *p = c->opts; p < o; p++)
			ck_assert_msg(strcmp(o->name, p->name) != 0 &&
				(o->letter == 0 || o->letter != p->letter),
			    "%s --%s is there twice", c->name, o->name);
	}
	ck_assert_uint_le(n, XM_OPTS_MAX);
}

START_TEST(rows)
{
	const struct xm_cmd *c;

	for (size_t i = 0; (c = xm_commands[i]) != NULL; i++) {
		ck_assert_ptr_eq(xm_find_command(c->name, false), c);
		ck_assert_ptr_nonnull(c->run);
		ck_assert_ptr_nonnull(c->operands);
		ck_assert_ptr_nonnull(c->detail);
		ck_assert_int_eq(c->summary[strlen(c->summary) - 1], '.');
		ck_assert(c->max < 0 || c->min <= c->max);
		options_are_whole(c);
	}
	ck_assert_ptr_eq(xm_find_command("unp", true),
	    xm_find_command("unpause", false));
	ck_assert_ptr_null(xm_find_command("unp", false));
	ck_assert_ptr_null(xm_find_command("u", true));
	/* uptime and unpause, domid and domname */
	ck_assert_ptr_null(xm_find_command("dom", true));
}
END_TEST

/* --help of every command, and the manual, come from the rows and fit. */
START_TEST(every_command_explains_itself)
{
	AUTO_BUF struct xu_buf manual = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	const struct xm_cmd *c;
	char line[64];

	ck_assert_msg(
	    xu_file_read(XM_MANUAL, 1 << 20, &manual, &e) == 0, "%s", e.msg);
	ck_assert_ptr_null(strstr(xu_buf_text(&manual), "@COMMANDS@"));
	for (size_t i = 0; (c = xm_commands[i]) != NULL; i++) {
		snprintf(line, sizeof(line), "%s --help", c->name);
		expect(line, 0, "Usage: xm ", NULL);
		for (const char *s = xu_buf_text(&out); *s != '\0';
		     s += strcspn(s, "\n") + 1)
			ck_assert_msg(strcspn(s, "\n") <= 79,
			    "xm %s --help is too wide: %.90s", c->name, s);
		snprintf(line, sizeof(line), "\n.Ss xm %s", c->name);
		has(&manual, line);
		for (const struct xm_opt *o = c->opts;
		     o != NULL && o->name != NULL; o++) {
			snprintf(line, sizeof(line), "--%s", o->name);
			has(&out, line);
			snprintf(line, sizeof(line), "Fl -%s", o->name);
			has(&manual, line);
		}
	}
}
END_TEST

START_TEST(manual_names_every_key)
{
	AUTO_BUF struct xu_buf manual = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	char line[80];

	ck_assert_msg(
	    xu_file_read(CFG_MANUAL, 1 << 20, &manual, &e) == 0, "%s", e.msg);
	for (size_t i = 0; i < domcfg_nkeys; i++) {
		snprintf(line, sizeof(line), ".It Ic %s Pq ",
		    domcfg_keys[i].name);
		has(&manual, line);
		snprintf(line, sizeof(line), "\n%.70s", domcfg_keys[i].help);
		has(&manual, line);
	}
	ck_assert_ptr_null(strchr(xu_buf_text(&manual), '@'));
}
END_TEST

/* --- the command line ----------------------------------------------------------- */

START_TEST(usage)
{
	expect("", 2, "Common 'xm' commands:", NULL);
	expect("help", 0, "xm full list of subcommands:", NULL);
	expect("help --long", 0, "\n create               Create", NULL);
	expect("--help", 0, "xm full list of subcommands:", NULL);
	expect("help list", 0, "Usage: xm list [OPTION]... [DOMAIN]... [FILTER]...", NULL);
	expect("help nothing", 2, NULL, "Error: Subcommand nothing not found!");
	expect("list -x --help", 0, "Usage: xm list", NULL);
	expect("-x", 2, NULL, "Error: Subcommand -x not found!");
	expect("lsit", 2, NULL, "not found! Did you mean list?");
	/* Whole words only: nobody types here. */
	expect("lis", 2, NULL, "Error: Subcommand lis not found!");
	expect("list -x", 2, NULL,
	    "Error: option -x not recognized\nUsage: xm list");
	expect("list --nonsense", 2, NULL,
	    "Error: option --nonsense not recognized\n");
	expect("list --state", 2, NULL,
	    "Error: option --state requires an argument\n");
	expect("list --state=ill", 2, NULL, "Error: 'ill' is no state;");
	expect("destroy", 2, NULL,
	    "Error: 'xm destroy' requires 1 argument, not 0.");
	expect("rename a", 2, NULL, "requires 2 arguments, not 1.");
	expect("help a b", 2, NULL, "requires between 0 and 1 arguments");
	expect("check", 2, NULL, "requires at least 1 argument.");
	expect("shutdown", 2, NULL, "requires a domain, or -a for all.");
	expect("shutdown -a web", 2, NULL, "takes a domain or -a, not both.");
	expect("shutdown -RH web", 2, NULL, "-R and -H exclude each other");
	expect("console -e foo web", 2, NULL, "'foo' is no escape");
	expect("console -n 3 web", 2, NULL, "there is no console 3");
	expect("create", 2, NULL, "requires a configuration file.");
	expect("create a b", 2, NULL, "two configuration files are given");
	expect("--format=xml list", 2, NULL, "csv or sxp, not 'xml'");
	expect("list --format xml", 2, NULL, "csv or sxp, not 'xml'");
	expect("pause --format csv web", 2, NULL,
	    "Error: 'xm pause' prints no list: --format is text,");
	expect("--version", 0, "xm " PACKAGE_VERSION "\n", NULL);
	expect("help exit-codes", 0, "\n  75  the daemon", NULL);
	expect("help keys", 0, "\nmemory ", NULL);
	expect("help --completion", 0, "\nuptime\n", NULL);
	expect("help --completion rename", 0, "--help\n@domain\n", NULL);
}
END_TEST

/* The code and exit of an error, which must be all that is on stderr. */
static void
expect_json_error(const char *line, int status, const char *code)
{
	AUTO_VAL struct xu_val *v = NULL;
	struct xu_err e = XU_ERR_INIT;
	const struct xu_val *error;

	ck_assert_int_eq(xm(line), status);
	ck_assert_uint_eq(out.len, 0);
	v = xu_val_from_json(xu_buf_text(&err), err.len, 1 << 20, &e);
	ck_assert_msg(v != NULL, "%s: %s", e.msg, xu_buf_text(&err));
	error = xu_val_get(v, "error");
	ck_assert_str_eq(xu_val_get_str(error, "code", ""), code);
	ck_assert_int_eq(xu_val_get_int(error, "exit", -1), status);
	ck_assert_str_ne(xu_val_get_str(error, "message", ""), "");
	ck_assert(xu_val_is(xu_val_get(error, "params"), XU_ARRAY));
}

START_TEST(no_daemon)
{
	static const char *const lines[] = { "list", "console web",
		"create full.cfg", "pause web", "unpause web", "destroy web",
		"shutdown web", "reboot -a", "info", "dmesg", "domid web",
		"domname 0", "rename web web2", "uptime" };
	char line[96];
	int status;

	for (size_t i = 0; i < XU_ARRAY_SIZE(lines); i++) {
		status = xm(lines[i]);
		ck_assert_msg(status == 75, "xm %s: %d", lines[i], status);
		ck_assert_msg(strncmp(xu_buf_text(&err), "Error: ", 7) == 0,
		    "%s", xu_buf_text(&err));
		/* One line. */
		ck_assert_uint_eq(strcspn(xu_buf_text(&err), "\n") + 1,
		    err.len);
		snprintf(line, sizeof(line), "--format json %s", lines[i]);
		if (strncmp(lines[i], "create", 6) != 0)
			expect_json_error(line, 75,
			    xapi_under_xen() ? "XLD_UNREACHABLE"
					     : "XLD_NO_XEN");
	}
	setenv("XLD_URI", "gopher://x", 1);
	expect("list", 2, NULL, "'gopher://x' is not unix:/path");
}
END_TEST

START_TEST(json_errors)
{
	expect_json_error("--format json lsit", 2, "XLD_USAGE");
	expect_json_error("list --format json -x", 2, "XLD_USAGE");
	expect_json_error("create --format=json -n bad.cfg", 2, "XLD_CONFIG");
	expect_json_error("--format=json create -n none.cfg", 3, "XLD_FILE");
	/* Wherever it stands, and as one line. */
	expect_json_error("list -x --format=json", 2, "XLD_USAGE");
	expect_json_error("list nae=web --format jsonl", 2, "XLD_USAGE");
	ck_assert_uint_eq(strcspn(xu_buf_text(&err), "\n") + 1, err.len);
}
END_TEST

/* --- configurations ------------------------------------------------------------- */

static void
same_as_file(const char *what, const struct xu_buf *got, const char *file)
{
	AUTO_BUF struct xu_buf want = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	char path[256];

	snprintf(path, sizeof(path), GOLDEN "%s", file);
	/* To accept what is there now: XM_ACCEPT=1. */
	if (getenv("XM_ACCEPT") != NULL)
		ck_assert_int_eq(
		    xu_file_replace(path, got->data, got->len, 0644, &e), 0);
	ck_assert_msg(
	    xu_file_read(path, 1 << 20, &want, &e) == 0, "%s", e.msg);
	ck_assert_msg(strcmp(xu_buf_text(got), xu_buf_text(&want)) == 0,
	    "%s is not as in %s:\n%s", what, path, xu_buf_text(got));
}

static void
load(struct vmrec *r, const char *file)
{
	struct xm m = { .format = XM_TEXT };
	char path[256];

	snprintf(path, sizeof(path), GOLDEN "%s", file);
	ck_assert_int_eq(vmrec_load(&m, r, path, ".", NULL, 0), 0);
	ck_assert_msg(r->errors == 0, "%s", xu_buf_text(&r->report));
}

START_TEST(config_to_record)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct xapi_value *v;
	const struct model_field *f;
	struct vmrec r;
	char *json;

	load(&r, "full.cfg");
	v = vmrec_record(&r.dom, "/home/x");
	json = xapi_to_json(v, 1);
	xu_buf_adds(&text, json);
	free(json);
	same_as_file("the record", &text, "full.json");
	/* Whatever is in it, the model has it. */
	for (size_t i = 0; i < xapi_count(v); i++) {
		f = model_find_field(&model_vm, xapi_name_at(v, i));
		ck_assert_msg(f != NULL && f->access != RO_RUN, "%s",
		    xapi_name_at(v, i));
	}
	xapi_free(v);
	xu_buf_reset(&text);
	v = vmrec_sxp(&r.dom, "/");
	xm_sxp(v, &text);
	xapi_free(v);
	same_as_file("the form", &text, "full.sxp");
	vmrec_fini(&r);
}
END_TEST

START_TEST(dry_run)
{
	expect("create -n full.cfg", 0, "Using config file \"./full.cfg\".\n(vm\n",
	    NULL);
	expect("create --dry-run -q full.cfg memory=65", 0, "    (memory 65)\n",
	    NULL);
	expect("create -nq full.cfg memory=64", 0, "    (memory 64)\n", NULL);
	ck_assert_int_eq(out.data[0], '(');
	/* Overrides and options mix; the last of a key wins. */
	expect("create name=a full.cfg --dryrun name=b --format=json", 0,
	    "\"name_label\": \"b\"", NULL);
	expect("create -n -f full.cfg", 0, "(name web.1)", NULL);
	expect("create -n --path=/nowhere:. full.cfg", 0, "\"./full.cfg\"",
	    NULL);
	expect("create -n --path=/nowhere full.cfg", 3, NULL,
	    "Error: Unable to open config file: full.cfg: not found\n");
	expect("create -n /nowhere/full.cfg", 3, NULL,
	    "Error: Unable to open config file: /nowhere/full.cfg: No such");
	expect("create -n .", 1, NULL, "Error: Unable to open config file: ");
	expect("create -n full.cfg memroy=5", 2, NULL,
	    "command line:1:1: unknown key 'memroy', did you mean 'memory'?\n");
}
END_TEST

START_TEST(mistakes)
{
	expect("create -n bad.cfg", 2, NULL,
	    "bad.cfg:4:1: unknown key 'memroy', did you mean 'memory'?\n"
	    "bad.cfg:5:1: warning: 'hap' means something for PVH and HVM guests only; "
	    "ignored\n"
	    "bad.cfg:6:9: 'vcpus' must be a number, 0 or more\n");
	expect("create bad.cfg", 2, NULL, "bad.cfg:4:1: unknown key 'memroy'");
	ck_assert_int_eq(strncmp(xu_buf_text(&err), "bad.cfg:", 8), 0);
	expect("create ./bad.cfg", 2, NULL, "./bad.cfg:4:1: unknown key");
	expect("create --path=../xm bad.cfg", 2, NULL, "../xm/bad.cfg:4:1: ");
	expect("check bad.cfg full.cfg", 2,
	    "bad.cfg:5:1: warning: 'hap' means something for PVH and HVM guests only; "
	    "ignored\n    hap = 1\n    ^\n"
	    "bad.cfg:6:9: 'vcpus' must be a number, 0 or more\n"
	    "    vcpus = \"many\"\n            ^\nfull.cfg: correct\n",
	    NULL);
	expect("check pvonly.cfg", 0, "pvonly.cfg:4:1: warning: ", NULL);
	expect("check --strict pvonly.cfg", 2, "pvonly.cfg:4:1: warning: ", NULL);
	expect("check --print -q pvonly.cfg", 0, "\nmemory = 64\n",
	    "pvonly.cfg:4:1: warning: ");
	ck_assert_ptr_null(strstr(xu_buf_text(&out), "half"));
	expect("check --print --format json pvonly.cfg", 0, "\"memory\": 64",
	    NULL);
	/* What create -n prints creates the same. */
	expect("create -nq -F full.sxp", 0, "(vm\n    (name web.1)\n", NULL);
	same_as_file("what create -n prints, read", &out, "full.sxp");
	expect("doctor", 1, "failure ", NULL);
	expect("doctor --format json", 1, "\"verdict\": \"failure\"", NULL);
	expect("diff web bad.cfg", 2, NULL, "bad.cfg:4:1: unknown key");
	expect("check none.cfg", 3, NULL, "Unable to open config file: none.cfg");
	expect("check -q full.cfg", 0, NULL, NULL);
	expect("check --format json bad.cfg", 2, "\"severity\": \"warning\"",
	    NULL);
	same_as_file("xm check --format json", &out, "bad.json");
	expect("check syntax.cfg", 2, "syntax.cfg:3:1: expected ',' or ']', found "
	    "a name 'memory'\n    memory 5\n    ^\n", NULL);
	expect("create -n syntax.cfg", 2, NULL, "syntax.cfg:3:1: expected ',' or ']'");
}
END_TEST

/* --- canned records --------------------------------------------------------------- */

static struct xapi_value *
canned_record(void)
{
	struct xapi_value *r = xapi_new_struct(), *m = xapi_new_struct();

	xapi_set(m, "weight", xapi_new_str("256"));
	xapi_set(r, "VCPUs_params", m);
	xapi_set(r, "name_description", xapi_new_str("it's (so)"));
	xapi_set(r, "actions_after_shutdown", xapi_new_str("destroy"));
	xapi_set(r, "actions_after_reboot", xapi_new_str("rename_restart"));
	xapi_set(r, "actions_after_crash", xapi_new_str("preserve"));
	xapi_set(r, "PV_kernel", xapi_new_str("/boot/guest/vmlinuz"));
	xapi_set(r, "PV_args", xapi_new_str("console=hvc0"));
	return r;
}

static struct xapi_vm
canned_vm(const struct xapi_value *record, const struct xapi_value *metrics)
{
	return (struct xapi_vm){
		.ref = "r1",
		.uuid = "0a4f8d4c-33a2-4f28-9d5c-6a2f4e1b7c90",
		.name = "web",
		.power_state = "Running",
		.domid = 7,
		.memory = 256 << 20,
		.memory_max = 512 << 20,
		.vcpus = 2,
		.vcpus_max = 4,
		.cpu_time = 12.34,
		.state = "-b----",
		.start_time = "20261120T10:00:00Z",
		.record = record,
		.metrics = metrics,
	};
}

START_TEST(list_formats)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct xapi_value *r = canned_record(), *form;
	struct xapi_vm vm = canned_vm(r, NULL);

	list_header(&text);
	list_row(&vm, &text);
	vm.domid = -1;
	vm.power_state = "Halted";
	list_row(&vm, &text);
	ck_assert_str_eq(xu_buf_text(&text),
	    "Name                                        ID   Mem VCPUs      "
	    "State   Time(s)\n"
	    "web                                          7   256     2     "
	    "-b----     12.3\n"
	    "web                                              256     2     "
	    "           12.3\n");
	ck_assert_str_eq(list_state_word(&vm), "halted");
	xu_buf_reset(&text);
	vm = canned_vm(r, NULL);
	ck_assert_str_eq(list_state_word(&vm), "running");
	form = list_sxp(&vm);
	xm_sxp(form, &text);
	xapi_free(form);
	same_as_file("the (domain) form", &text, "domain.sxp");
	strcpy(vm.state, "--p---");
	ck_assert_str_eq(list_state_word(&vm), "paused");
	strcpy(vm.state, "---sc-");
	ck_assert_str_eq(list_state_word(&vm), "crashed");
	xapi_free(r);
}
END_TEST

START_TEST(list_as_json)
{
	struct xapi_value *r = canned_record(), *v;
	struct xapi_vm vm = canned_vm(r, NULL);

	v = list_json(&vm, false);
	ck_assert_str_eq(xapi_get_str(v, "name"), "web");
	ck_assert_int_eq(xapi_get_int(v, "domid"), 7);
	ck_assert_int_eq(xapi_get_int(v, "memory"), 256 << 20);
	ck_assert(xapi_type(xapi_get(v, "cpu_time")) == XAPI_FLOAT);
	ck_assert_ptr_null(xapi_get(v, "record"));
	xapi_free(v);
	v = list_json(&vm, true);
	ck_assert_str_eq(xapi_get_str(xapi_get(v, "record"), "PV_args"),
	    "console=hvc0");
	ck_assert_ptr_null(xapi_get(v, "metrics"));
	xapi_free(v);
	xapi_free(r);
}
END_TEST

START_TEST(uptimes)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct xapi_value *m = xapi_new_struct();
	struct xapi_vm vm = canned_vm(NULL, m);

	setenv("TZ", "UTC", 1);
	/* The host's clock, not ours. */
	xapi_set(m, "last_updated", xapi_new_str("20261120T11:02:03Z"));
	uptime_row(&vm, 0, &text);
	ck_assert_str_eq(xu_buf_text(&text),
	    "web                                  7  1:02:03\n");
	xapi_set(m, "last_updated", xapi_new_str("20261121T10:00:09Z"));
	xu_buf_reset(&text);
	uptime_row(&vm, 0, &text);
	has(&text, "  7 1 day,  0:00:09\n");
	xapi_set(m, "last_updated", xapi_new_str("20261123T20:30:00Z"));
	xu_buf_reset(&text);
	uptime_row(&vm, 0, &text);
	has(&text, " 3 days, 10:30:00\n");
	xu_buf_reset(&text);
	uptime_short(&vm, 3661, &text);
	ck_assert_str_eq(xu_buf_text(&text),
	    " 01:01:01 up 3 days, 10:30, web (7)\n");
	ck_assert_int_eq(xm_seconds("garbage", "20261123T20:30:00Z"), 0);
	xapi_free(m);
}
END_TEST

START_TEST(host_info)
{
	struct xapi_value *host = xapi_new_struct(), *caps = xapi_new_array();
	struct xapi_value *metrics = xapi_new_struct(), *v;
	struct xapi_value *cpus = xapi_new_struct(), *soft = xapi_new_struct();
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;

	xapi_add(caps, xapi_new_str("xen-3.0-x86_64"));
	xapi_add(caps, xapi_new_str("hvm-3.0-x86_64"));
	xapi_set(host, "name_label", xapi_new_str("hosta"));
	xapi_set(host, "capabilities", caps);
	xapi_set(soft, "release", xapi_new_str("6.1.0"));
	xapi_set(cpus, "nr_cpus", xapi_new_str("2"));
	xapi_set(host, "software_version", soft);
	xapi_set(host, "cpu_configuration", cpus);
	xapi_set(metrics, "memory_total", xapi_new_str("4294967296"));
	info_text(host, metrics, &text);
	has(&text, "host                   : hosta\n"
		   "release                : 6.1.0\n"
		   "version                : (none)\n");
	has(&text, "\nxen_caps               : xen-3.0-x86_64 hvm-3.0-x86_64\n");
	has(&text, "\ntotal_memory           : 4096\n");
	v = info_json(host, metrics);
	ck_assert(xapi_type(xapi_get(v, "nr_cpus")) == XAPI_INT);
	ck_assert_int_eq(xapi_get_int(v, "total_memory"), 4096);
	ck_assert_str_eq(xapi_get_str(v, "host"), "hosta");
	xapi_free(v);
	xapi_free(host);
	xapi_free(metrics);
}
END_TEST

START_TEST(s_expressions)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct xapi_value *f = xapi_new_array();

	xapi_add(f, xapi_new_str("vm"));
	xm_sxp_str(f, "name", "a b'c\\d\n");
	xm_sxp_str(f, "empty", "");
	xm_sxp_int(f, "n", -3);
	xm_sxp(f, &text);
	ck_assert_str_eq(xu_buf_text(&text),
	    "(vm (name 'a b\\'c\\\\d\\n') (empty '') (n -3))\n");
	xapi_free(f);
}
END_TEST

START_TEST(escapes)
{
	ck_assert_int_eq(xm_console_escape("^]"), 0x1d);
	ck_assert_int_eq(xm_console_escape("^a"), 1);
	ck_assert_int_eq(xm_console_escape("^A"), 1);
	ck_assert_int_eq(xm_console_escape("^?"), 0x7f);
	ck_assert_int_eq(xm_console_escape("~"), '~');
	ck_assert_int_eq(xm_console_escape("none"), XM_ESCAPE_NONE);
	ck_assert_int_eq(xm_console_escape(""), -2);
	ck_assert_int_eq(xm_console_escape("ab"), -2);
	ck_assert_int_eq(xm_console_escape("^ab"), -2);
}
END_TEST

/* The numbers of xm.h are those of the errors' table. */
START_TEST(exit_codes)
{
	static const struct {
		const char *code;
		int exit;
	} pairs[] = {
		{ XE(INTERNAL_ERROR), XM_FAILED },
		{ XE(XLD_USAGE), XM_USAGE },
		{ XE(XLD_NO_SUCH_VM), XM_NOT_FOUND },
		{ XE(VM_BAD_POWER_STATE), XM_STATE },
		{ XE(PERMISSION_DENIED), XM_PERMISSION },
		{ XE(XLD_TIMEOUT), XM_TIMEOUT },
		{ XE(HOST_NOT_ENOUGH_FREE_MEMORY), XM_RESOURCE },
		{ XE(XLD_HELPER), XM_HELPER },
		{ XE(XLD_UNREACHABLE), XM_UNREACHABLE },
	};

	for (size_t i = 0; i < XU_ARRAY_SIZE(pairs); i++)
		ck_assert_int_eq(model_find_error(pairs[i].code)->exit_code,
		    pairs[i].exit);
	/* Each that a row of the table may end with is explained. */
	ck_assert_int_eq(xm("help exit-codes"), 0);
	for (size_t i = 0; i < model_nerrors; i++) {
		char line[16];

		snprintf(line, sizeof(line), "%4d  ",
		    model_errors[i].exit_code);
		has(&out, line);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xm");
	TCase *t = tcase_create("xm");
	SRunner *r;
	int failed;

	/* No daemon listens there. */
	setenv("XLD_URI", "unix:/nowhere/api.sock", 1);
	tcase_add_test(t, rows);
	tcase_add_test(t, every_command_explains_itself);
	tcase_add_test(t, manual_names_every_key);
	tcase_add_test(t, usage);
	tcase_add_test(t, no_daemon);
	tcase_add_test(t, json_errors);
	tcase_add_test(t, config_to_record);
	tcase_add_test(t, dry_run);
	tcase_add_test(t, mistakes);
	tcase_add_test(t, list_formats);
	tcase_add_test(t, list_as_json);
	tcase_add_test(t, uptimes);
	tcase_add_test(t, host_info);
	tcase_add_test(t, s_expressions);
	tcase_add_test(t, escapes);
	tcase_add_test(t, exit_codes);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
