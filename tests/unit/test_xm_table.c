/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Lists of xm, the program, through the real xld-api, behind which a core answers
 * from xm/lists.json: every list in every format, chosen, sorted and filtered, as
 * xm/lists.txt has it line by line. XM_ACCEPT=1 writes that file anew.
 */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_peer.h"
#include "xu_file.h"
#include "xu_val.h"

#define GOLDEN SRCDIR "/xm/lists.txt"

/* ---- the core -------------------------------------------------------------------- */

/* By "METHOD ARGUMENT", else by "METHOD". */
static struct xu_val *answers;

static void
answer(const struct xu_msg *m)
{
	const char *method = xu_val_get_str(m->val, "method", "");
	const char *arg =
	    xu_val_str(xu_val_at(xu_val_get(m->val, "params"), 0));
	const struct xu_val *v;
	struct xu_val *none;
	char key[160];

	snprintf(key, sizeof(key), "%s %s", method, arg);
	v = xu_val_get(answers, key);
	if (v == NULL)
		v = xu_val_get(answers, method);
	if (v != NULL) {
		peer_reply(m, "ok", xu_val_copy(v), "");
		return;
	}
	none = xu_array();
	xu_val_add(none, xu_str("HANDLE_INVALID"));
	xu_val_add(none, xu_str("VM"));
	xu_val_add(none, xu_str(arg));
	peer_reply(m, "error", none, "it is not there");
}

static void
setup(void)
{
	AUTO_BUF struct xu_buf text = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	char url[80];

	ck_assert_msg(xu_file_read(SRCDIR "/xm/lists.json", 1 << 20, &text,
	    &e) == 0, "%s", e.msg);
	answers = xu_val_from_json(xu_buf_text(&text), text.len, 1 << 20, &e);
	ck_assert_msg(answers != NULL, "%s", e.msg);
	peer_start(XLD_API, NULL, answer);
	snprintf(url, sizeof(url), "unix:%s", peer.path);
	setenv("XLD_URI", url, 1);
	setenv("TZ", "UTC", 1);
}

static void
teardown(void)
{
	peer_stop(true);
	xu_val_free(answers);
}

/* ---- xm -------------------------------------------------------------------------- */

static int
scratch(void)
{
	char name[] = "/tmp/test_xm.XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	unlink(name);
	return fd;
}

/* Adds what it prints, on both, and what it ends with when that is not 0. */
static void
run(const char *name, const char *line, struct xu_buf *out)
{
	char *words = strdup(line), *argv[16] = { NULL }, *save = NULL;
	int argc = 0, fd = scratch(), status;
	pid_t pid;

	xu_buf_addf(out, "$ %s %s\n", name, line);
	argv[argc++] = strdup(name);
	for (char *w = strtok_r(words, " ", &save); w != NULL && argc < 15;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
		dup2(fd, 1);
		dup2(fd, 2);
		execv(peer_program(XM), argv);
		_exit(99);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "xm %s died", line);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(xu_fd_read(fd, 1 << 20, out), 0);
	close(fd);
	if (WEXITSTATUS(status) != 0)
		xu_buf_addf(out, "ends with %d\n", WEXITSTATUS(status));
	free(argv[0]);
	free(words);
}

/* ---- tests ------------------------------------------------------------------------ */

static const char *const lists[] = {
	"list",
	"vm-list",
	"vcpu-list",
	"sched-credit2",
	"sched-credit",
	"sched-credit2 -p Pool-0",
	"sched-credit -s",
	"cpupool-list",
	"cpupool-list -c",
	"block-list web",
	"network-list web",
	"pci-list web",
	"pci-assignable-list -n",
	"pci-list-assignable-devices",
	"network-show",
	"block-list db",
	"snapshot-list web",
	"snapshot-list",
};

static const char *const formats[] = {
	"",
	" --no-header",
	" --format json",
	" --format jsonl",
	" --format csv",
	" --format sxp",
};

static const char *const others[] = {
	/* Columns: by name, by heading, in that order; numbers to the right. */
	"list --columns name,ID,mem,state,status",
	"list --columns name,ID,mem,state,status --no-header",
	"list --columns memory,name --format csv",
	"list --columns memory,name --format csv --no-header",
	"list --columns name,vcpus --format json",
	"list --columns name,vcpus,status --format jsonl",
	"list --columns name,mem --format sxp",
	"vcpu-list --columns name,vcpu,cpu,hard,soft web",
	"cpupool-list --columns name,cpus,cpu_list,active,domains",
	"cpupool-list --columns cpus,cpu_list,domains --format jsonl",
	"block-list web --columns vdev,device,state,location",
	"network-list web --columns mac,state,bridge",
	"pci-list web --columns device,vdev",
	"pci-assignable-list --columns device,name",
	"uptime --columns name,started",
	"uptime --columns name,ID --format csv --sort -name",
	"list --columns name,size",
	"list --columns ",
	"snapshot-list --columns name,parent,current,uuid",
	"snapshot-list db",
	"snapshot-list nobody",
	/* In an order. */
	"list --sort mem",
	"list --sort -mem",
	"list --names --sort -name",
	"list --sort size",
	"vcpu-list --sort -time",
	/* Chosen. */
	"list state=running",
	"list state=-b----",
	"list state!=running --names",
	"list mem>1G --names",
	"list mem>=1024 --names",
	"list mem<65 --names",
	"list name~^w --names",
	"list name~^w mem<=64 --names",
	"list status~halt|running id>0 --columns name,status",
	"list vcpus=2 --format jsonl --columns name",
	"list web mem>1G",
	"list name=nobody",
	"list -l name=db",
	"block-list web state=4",
	"block-list web attached=false",
	"cpupool-list cpus>1 --format csv --columns name",
	"sched-credit2 weight!=256",
	"snapshot-list domain=web disks>1 --columns name,description",
	"snapshot-list current=true --no-header",
	"list mem>much",
	"list vcpus<x",
	"list name>a",
	"list name~(",
	"list colour=red",
	"list colour=red --format json",
	/* One that is not there. */
	"list nobody",
	"list nobody --format csv",
	"network-show lab --columns name,vifs,managed",
	"network-show nobody",
	"list web nobody --format jsonl --columns name",
	"vcpu-list nobody --format jsonl",
	"block-list nobody --format json",
	/* What is no list. */
	"domid web --format jsonl",
	"domid web --format csv",
};

/* By the other name. */
static const char *const as_xl[] = {
	"list",
	"list web",
	"list -l web",
	"list -v",
	"list -c",
	"list --state halted --names",
	"list nobody",
	"-vvv list web",
	"-N -f li web",
	"vm-list",
	"vcpu-list web",
	"vcpu-l web",
	"block-list db",
	"network-list db",
	"network-list web",
	"domid web",
	"domid nobody",
	"suspend web",
	"resume web",
	"create -F x.cfg",
	"create -V x.cfg",
	"save -D web file",
	"migrate -s ssh web host",
	"restore -e -d nofile -A",
	"list -x",
	"nothing",
};

START_TEST(all_of_them)
{
	AUTO_BUF struct xu_buf got = XU_BUF_INIT, want = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	const char *a, *b;
	char line[160];

	for (size_t i = 0; i < XU_ARRAY_SIZE(lists); i++)
		for (size_t f = 0; f < XU_ARRAY_SIZE(formats); f++) {
			snprintf(line, sizeof(line), "%s%s", lists[i],
			    formats[f]);
			run("xm", line, &got);
		}
	for (size_t i = 0; i < XU_ARRAY_SIZE(others); i++)
		run("xm", others[i], &got);
	for (size_t i = 0; i < XU_ARRAY_SIZE(as_xl); i++)
		run("/usr/libexec/xld/bin/xl", as_xl[i], &got);
	if (getenv("XM_ACCEPT") != NULL)
		ck_assert_int_eq(
		    xu_file_replace(GOLDEN, got.data, got.len, 0644, &e), 0);
	ck_assert_msg(
	    xu_file_read(GOLDEN, 1 << 20, &want, &e) == 0, "%s", e.msg);
	/* The first line that differs, and what it belongs to. */
	line[0] = '\0';
	for (a = xu_buf_text(&got), b = xu_buf_text(&want);
	     *a != '\0' || *b != '\0';
	     a += strcspn(a, "\n") + (strchr(a, '\n') != NULL),
	    b += strcspn(b, "\n") + (strchr(b, '\n') != NULL)) {
		if (*a == '$')
			snprintf(line, sizeof(line), "%.*s",
			    (int)strcspn(a, "\n"), a);
		ck_assert_msg(strcspn(a, "\n") == strcspn(b, "\n") &&
			strncmp(a, b, strcspn(a, "\n")) == 0,
		    "%s: wanted '%.*s', got '%.*s'", line,
		    (int)strcspn(b, "\n"), b, (int)strcspn(a, "\n"), a);
	}
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xm_table");
	TCase *t = tcase_create("lists");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, all_of_them);
	tcase_set_timeout(t, 120);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
