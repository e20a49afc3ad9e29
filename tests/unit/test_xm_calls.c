/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xm, the program, against the real xld-api, behind which a scripted core plays
 * one guest: which calls a command makes, in which order, what it does when they
 * fail, and what a signal does to it.
 */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "api_peer.h"
#include "xu_file.h"
#include "xu_num.h"
#include "xu_proc.h"

#define VM_UUID	  "0a4f8d4c-33a2-4f28-9d5c-6a2f4e1b7c90"
#define DOM0_UUID "00000000-0000-0000-0000-000000000000"
/* Two snapshots of the guest with one name, and one whose guest is gone. */
#define KEPT_UUID  "51f8d4c0-33a2-4f28-9d5c-6a2f4e1b7c91"
#define TWIN_UUID  "52f8d4c0-33a2-4f28-9d5c-6a2f4e1b7c92"
#define ALONE_UUID "53f8d4c0-33a2-4f28-9d5c-6a2f4e1b7c93"

/* ---- the script ----------------------------------------------------------------- */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
/* Calls that change something, in their order, a blank behind each. */
static struct xu_buf calls;
/* What the core knows and does; set before xm runs. */
static struct {
	/* Of the guest; -1 and "Halted" when it does not run. */
	int domid;
	const char *state;
	/* Answers to VM.start, VM.pause and so on, NULL = fine. */
	const char *refuse;
	/* How the task ends: NULL = never, "success", "failure". */
	const char *task;
	/* What it gives; NULL = nothing. */
	const char *result;
	bool cancelled;
	/* A cancelled task goes on all the same. */
	bool deaf;
	/* The guest, gone from the lists. */
	bool gone;
} play;

static void
reply(const struct xu_msg *m, const char *name, struct xu_val *v)
{
	peer_reply(m, name, v, "web: so it is");
}

static struct xu_val *
error_info(const char *code)
{
	struct xu_val *v = xu_array();

	xu_val_add(v, xu_str(code));
	xu_val_add(v, xu_str("VM"));
	xu_val_add(v, xu_str("Running"));
	xu_val_add(v, xu_str(play.state));
	return v;
}

static struct xu_val *
task_record(void)
{
	struct xu_val *r = xu_struct(), *oc = xu_struct();
	const char *status = play.task != NULL ? play.task : "pending";
	bool over = play.cancelled && !play.deaf;

	xu_val_set(oc, "step", xu_str("build"));
	xu_val_set(oc, "error_message", xu_str("web: so it is"));
	xu_val_set(r, "uuid", xu_str("task-1"));
	xu_val_set(r, "status", xu_str(over ? "cancelled" : status));
	xu_val_set(r, "progress", xu_int(50));
	xu_val_set(r, "result", xu_str(play.result != NULL ? play.result : ""));
	xu_val_set(r, "error_info",
	    over ? error_info("TASK_CANCELLED")
		 : strcmp(status, "failure") == 0
		 ? error_info(play.refuse != NULL ? play.refuse
						  : "XLD_KERNEL")
		 : xu_array());
	xu_val_set(r, "other_config", oc);
	return r;
}

static void
task_event(void)
{
	peer_event("task", "mod", "task-1", task_record());
}

static struct xu_val *
vm(bool dom0)
{
	struct xu_val *r = xu_struct(), *disks = xu_array();

	xu_val_add(disks, xu_str("vbd-2"));
	xu_val_set(r, "VBDs", disks);
	xu_val_set(r, "uuid", xu_str(dom0 ? DOM0_UUID : VM_UUID));
	xu_val_set(r, "name_label", xu_str(dom0 ? "Domain-0" : "web"));
	xu_val_set(r, "power_state", xu_str(dom0 ? "Running" : play.state));
	xu_val_set(r, "domid", xu_int(dom0 ? 0 : play.domid));
	xu_val_set(r, "is_control_domain", xu_bool(dom0));
	xu_val_set(r, "metrics", xu_str(dom0 ? "m0" : "m1"));
	xu_val_set(r, "memory_static_max", xu_int(64 << 20));
	xu_val_set(r, "VCPUs_at_startup", xu_int(1));
	return r;
}

static struct xu_val *
kept(const char *uuid, const char *of, const char *label)
{
	struct xu_val *r = xu_struct();

	xu_val_set(r, "uuid", xu_str(uuid));
	xu_val_set(r, "name_label", xu_str(label));
	xu_val_set(r, "power_state", xu_str("Halted"));
	xu_val_set(r, "domid", xu_int(-1));
	xu_val_set(r, "is_a_template", xu_bool(true));
	xu_val_set(r, "is_a_snapshot", xu_bool(true));
	xu_val_set(r, "snapshot_of", xu_str(of));
	return r;
}

static struct xu_val *
all_vms(void)
{
	struct xu_val *v = xu_struct();

	xu_val_set(v, DOM0_UUID, vm(true));
	if (!play.gone)
		xu_val_set(v, VM_UUID, vm(false));
	xu_val_set(v, KEPT_UUID, kept(KEPT_UUID, VM_UUID, "kept"));
	xu_val_set(v, TWIN_UUID, kept(TWIN_UUID, VM_UUID, "alone"));
	xu_val_set(v, ALONE_UUID, kept(ALONE_UUID, "", "alone"));
	return v;
}

static struct xu_val *
by_name(const char *name)
{
	struct xu_val *v = xu_array();

	if (strcmp(name, "Domain-0") == 0)
		xu_val_add(v, xu_str(DOM0_UUID));
	else if (strcmp(name, "web") == 0 && !play.gone)
		xu_val_add(v, xu_str(VM_UUID));
	return v;
}

static void
reading(const struct xu_msg *m, const char *method, const char *arg)
{
	struct xu_val *v;

	if (strcmp(method, "VM.get_by_name_label") == 0) {
		reply(m, "ok", by_name(arg));
	} else if (strcmp(method, "VM.get_record") == 0) {
		reply(m, "ok", vm(strcmp(arg, DOM0_UUID) == 0));
	} else if (strcmp(method, "VM.get_all_records") == 0) {
		reply(m, "ok", all_vms());
	} else if (strcmp(method, "VM_metrics.get_all_records") == 0) {
		reply(m, "ok", xu_struct());
	} else if (strcmp(method, "task.get_record") == 0) {
		reply(m, "ok", task_record());
	} else if (strcmp(method, "VBD.get_record") == 0) {
		v = xu_struct();
		xu_val_set(v, "device", xu_str("xvdb"));
		xu_val_set(v, "VDI", xu_str("disk-2"));
		reply(m, "ok", v);
	} else if (strcmp(method, "network.get_by_name_label") == 0) {
		v = xu_array();
		if (strcmp(arg, "lab") == 0 || strcmp(arg, "twice") == 0)
			xu_val_add(v, xu_str("net-1"));
		if (strcmp(arg, "twice") == 0)
			xu_val_add(v, xu_str("net-2"));
		reply(m, "ok", v);
	} else if (strcmp(method, "host.get_all") == 0) {
		v = xu_array();
		xu_val_add(v, xu_str("the-host"));
		reply(m, "ok", v);
	} else {
		reply(m, "error", error_info("INTERNAL_ERROR"));
	}
}

static void
changing(const struct xu_msg *m, const char *method, bool async)
{
	pthread_mutex_lock(&lock);
	xu_buf_addf(&calls, "%s%s ", async ? "Async." : "", method);
	pthread_mutex_unlock(&lock);
	if (strcmp(method, "task.cancel") == 0) {
		play.cancelled = true;
		reply(m, "ok", xu_void());
		task_event();
	} else if (strcmp(method, "task.join") == 0) {
		/* Of one that does not end there is no answer. */
		if (play.task != NULL || (play.cancelled && !play.deaf))
			reply(m, "ok", task_record());
	} else if (strcmp(method, "VM.create") == 0) {
		reply(m, "ok", xu_str(VM_UUID));
	} else if (strcmp(method, "network.create") == 0 &&
	    play.refuse == NULL) {
		reply(m, "ok", xu_str("net-1"));
	} else if (async) {
		reply(m, "ok", xu_str("task-1"));
	} else if (play.refuse != NULL && strcmp(method, "task.destroy") != 0) {
		reply(m, "error", error_info(play.refuse));
	} else {
		reply(m, "ok", xu_void());
	}
}

static void
answer(const struct xu_msg *m)
{
	const char *method = xu_val_get_str(m->val, "method", "");

	if (strstr(method, ".get_") != NULL)
		reading(m, method,
		    xu_val_str(xu_val_at(xu_val_get(m->val, "params"), 0)));
	else
		changing(m, method, xu_val_get_bool(m->val, "async", false));
}

static void
setup(void)
{
	char url[80];

	play.domid = 5;
	play.state = "Running";
	play.task = "success";
	peer_start(XLD_API, NULL, answer);
	snprintf(url, sizeof(url), "unix:%s", peer.path);
	setenv("XLD_URI", url, 1);
}

static void
teardown(void)
{
	peer_stop(true);
}

/* ---- xm -------------------------------------------------------------------------- */

static struct xu_buf out, err;
static int out_fd, err_fd;
/* Standard error, when it is a terminal. */
static int err_tty = -1;

static int
scratch(void)
{
	char name[] = "/tmp/test_xm.XXXXXX";
	int fd = mkostemp(name, O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	unlink(name);
	return fd;
}

/* What the program is called. */
static const char *name = "xm";

static pid_t
begin(const char *line)
{
	char *words = strdup(line), *argv[16] = { NULL }, *save = NULL;
	int argc = 0;
	pid_t pid;

	out_fd = scratch();
	err_fd = scratch();
	argv[argc++] = strdup(name);
	for (char *w = strtok_r(words, " ", &save); w != NULL && argc < 15;
	     w = strtok_r(NULL, " ", &save))
		argv[argc++] = w;
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		/* Whoever runs the tests may ignore some, as nohup does. */
		for (int sig = 1; sig < 32; sig++)
			signal(sig, SIG_DFL);
		dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
		dup2(out_fd, 1);
		dup2(err_tty >= 0 ? err_tty : err_fd, 2);
		if (chdir(SRCDIR "/xm") == 0)
			execv(peer_program(XM), argv);
		_exit(99);
	}
	free(argv[0]);
	free(words);
	return pid;
}

static void
take(int fd, struct xu_buf *b)
{
	xu_buf_reset(b);
	ck_assert_int_eq(lseek(fd, 0, SEEK_SET), 0);
	ck_assert_int_eq(xu_fd_read(fd, 1 << 20, b), 0);
	close(fd);
}

static int
end(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	take(out_fd, &out);
	take(err_fd, &err);
	/* As a shell tells it. */
	return WIFSIGNALED(status) ? 128 + WTERMSIG(status) :
				     WEXITSTATUS(status);
}

static void
expect(const char *line, int status, const char *want_out,
    const char *want_err, const char *want_calls)
{
	int got = end(begin(line));

	ck_assert_msg(got == status, "xm %s ended with %d, not %d: %s%s", line,
	    got, status, xu_buf_text(&out), xu_buf_text(&err));
	ck_assert_str_eq(xu_buf_text(&out), want_out);
	ck_assert_str_eq(xu_buf_text(&err), want_err);
	ck_assert_str_eq(xu_buf_text(&calls), want_calls);
	xu_buf_reset(&calls);
}

/* Until the call was made. */
static void
called(const char *call)
{
	bool found = false;

	for (int i = 0; i < 20000 && !found; i++) {
		pthread_mutex_lock(&lock);
		found = strstr(xu_buf_text(&calls), call) != NULL;
		pthread_mutex_unlock(&lock);
		poll(NULL, 0, 1);
	}
	ck_assert_msg(found, "%s is not called: %s", call, xu_buf_text(&calls));
}

#define JSON                                                                   \
	"{\n  \"name\": \"web\",\n  \"uuid\": \"" VM_UUID                      \
	"\",\n  \"domid\": 5\n}\n"

/* ---- tests ------------------------------------------------------------------------- */

START_TEST(create)
{
	expect("create full.cfg", 0,
	    "Using config file \"./full.cfg\".\n"
	    "Started domain web (id=5)\n",
	    "", "VM.create Async.VM.start task.join ");
	expect("create -q -p full.cfg", 0, "", "",
	    "VM.create Async.VM.start task.join ");
	expect("create --format json full.cfg", 0, JSON, "",
	    "VM.create Async.VM.start task.join ");
}
END_TEST

START_TEST(create_is_taken_back)
{
	play.task = "failure";
	expect("create -q full.cfg", 1, "", "Error: web: so it is\n",
	    "VM.create Async.VM.start task.join VM.destroy ");
	play.refuse = "HOST_NOT_ENOUGH_FREE_MEMORY";
	expect("create -q full.cfg", 7, "", "Error: web: so it is\n",
	    "VM.create Async.VM.start task.join VM.destroy ");
}
END_TEST

START_TEST(create_is_interrupted)
{
	pid_t pid;

	play.task = NULL;
	pid = begin("create -q full.cfg");
	/* A signal that comes before it waits spares it the wait. */
	called("task.join");
	kill(pid, SIGINT);
	ck_assert_int_eq(end(pid), 130);
	ck_assert_str_eq(xu_buf_text(&err), "Error: web: so it is\n");
	ck_assert_str_eq(xu_buf_text(&calls),
	    "VM.create Async.VM.start task.join task.cancel task.join "
	    "VM.destroy ");
}
END_TEST

START_TEST(a_second_signal_does_not_wait)
{
	pid_t pid;

	play.task = NULL;
	play.deaf = true;
	pid = begin("create -q full.cfg");
	called("Async.VM.start");
	kill(pid, SIGTERM);
	called("task.cancel");
	kill(pid, SIGTERM);
	ck_assert_int_eq(end(pid), 143);
}
END_TEST

START_TEST(shut_down)
{
	expect("shutdown web", 0, "", "", "Async.VM.clean_shutdown ");
	expect("shutdown -w web", 0,
	    "Domain web terminated\nAll domains terminated\n", "",
	    "Async.VM.clean_shutdown task.join ");
	expect("shutdown -H 5", 0, "", "", "Async.VM.clean_halt ");
	expect("shutdown -R " VM_UUID, 0, "", "", "Async.VM.clean_reboot ");
	/* Not the control domain. */
	expect("shutdown -aw", 0,
	    "Domain web terminated\nAll domains terminated\n", "",
	    "Async.VM.clean_shutdown task.join ");
	expect("reboot -aw", 0, "Domain web rebooted\nAll domains rebooted\n",
	    "", "Async.VM.clean_reboot task.join ");
	/* Sent, and the guest takes its time. */
	play.task = NULL;
	expect("shutdown web", 0, "", "", "Async.VM.clean_shutdown ");
	play.gone = true;
	expect("shutdown -aw", 0, "All domains terminated\n", "", "");
}
END_TEST

START_TEST(dump_core)
{
	play.result = "/cores/web.core";
	expect("dump-core web", 0,
	    "Dumping core of domain: web ...\n/cores/web.core\n", "",
	    "Async.VM.dump_core task.join ");
	expect("dump-core -L -C web /tmp/c", 0,
	    "Dumping core of domain: web ...\n", "",
	    "Async.VM.dump_core task.join ");
	expect("dump-core --format json web", 0,
	    "{\n  \"name\": \"web\",\n  \"uuid\": \"" VM_UUID
	    "\",\n  \"domid\": 5,\n  \"file\": \"/cores/web.core\"\n}\n",
	    "", "Async.VM.dump_core task.join ");
	expect("dump-core nobody", 3, "",
	    "Error: Domain 'nobody' does not exist. See xm list.\n", "");
	ck_assert_int_eq(end(begin("dump-core -C -R web")), 2);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&err), "exclude each other"));
	play.task = "failure";
	play.refuse = "XLD_FILE";
	expect("dump-core web c", 1, "Dumping core of domain: web ...\n",
	    "Error: web: so it is\n", "Async.VM.dump_core task.join ");
}
END_TEST

START_TEST(shutdown_is_refused)
{
	play.task = "failure";
	play.refuse = "VM_BAD_POWER_STATE";
	expect("shutdown web", 4, "", "Error: web: so it is\n",
	    "Async.VM.clean_shutdown ");
	expect("shutdown -w web", 4, "", "Error: web: so it is\n",
	    "Async.VM.clean_shutdown task.join ");
	expect("destroy web", 4, "", "Error: web: so it is\n",
	    "Async.VM.hard_shutdown task.join ");
	/* One that is not there: none is asked. */
	expect("shutdown web nobody", 3, "",
	    "Error: Domain 'nobody' does not exist. See xm list.\n", "");
}
END_TEST

START_TEST(waiting_is_interrupted)
{
	pid_t pid;

	play.task = NULL;
	pid = begin("shutdown -w web");
	called("Async.VM.clean_shutdown");
	/* Into the wait, or just before it: both end it. */
	kill(pid, SIGINT);
	ck_assert_int_eq(end(pid), 130);
	ck_assert_uint_eq(out.len, 0);
}
END_TEST

START_TEST(pausing_twice)
{
	expect("pause web", 0, "", "", "VM.pause ");
	play.refuse = "VM_BAD_POWER_STATE";
	play.state = "Paused";
	expect("pause web", 0, "", "", "VM.pause ");
	expect("unpause web", 4, "", "Error: web: so it is\n", "VM.unpause ");
	play.state = "Running";
	expect("unpause web", 0, "", "", "VM.unpause ");
	play.refuse = "XLD_HYPERCALL";
	expect("pause web", 1, "", "Error: web: so it is\n", "VM.pause ");
	play.refuse = NULL;
	expect("pause --format json web", 0, JSON, "", "VM.pause ");
}
END_TEST

/* On a terminal the step is shown, and nothing of it stays. */
START_TEST(progress)
{
	int term = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	char seen[512] = "";
	ssize_t n;
	pid_t pid;

	ck_assert_int_ge(term, 0);
	ck_assert_int_eq(grantpt(term), 0);
	ck_assert_int_eq(unlockpt(term), 0);
	play.task = NULL;
	err_tty = open(ptsname(term), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(err_tty, 0);
	pid = begin("create -q full.cfg");
	called("Async.VM.start");
	/* It is shown before the end comes. */
	n = read(term, seen, sizeof(seen) - 1);
	ck_assert_int_gt(n, 0);
	play.task = "success";
	task_event();
	ck_assert_int_eq(end(pid), 0);
	n += read(term, seen + n, sizeof(seen) - 1 - (size_t)n);
	ck_assert_ptr_nonnull(
	    strstr(seen, "\r\033[KCreating web.1:  50 %  build"));
	ck_assert_str_eq(strrchr(seen, '\r'), "\r\033[K");
	ck_assert_uint_eq(out.len, 0);
	close(err_tty);
	close(term);
}
END_TEST

START_TEST(names)
{
	expect("domid web", 0, "5\n", "", "");
	expect("domname 5", 0, "web\n", "", "");
	expect("domid " VM_UUID, 0, "5\n", "", "");
	expect("--format=json domid web", 0, JSON, "", "");
	expect("rename web shop", 0, "", "", "VM.set_name_label ");
	play.refuse = "UNIQUE_NAME_ERROR";
	expect("rename web shop", 4, "", "Error: web: so it is\n",
	    "VM.set_name_label ");
	play.domid = -1;
	play.state = "Halted";
	expect("domid web", 0, "None\n", "", "");
	expect("console web", 4, "", "Error: Domain 'web' is not started\n",
	    "");
	expect("console -q web", 1, "", "", "");
	expect("uptime web", 4, "",
	    "Error: Domain 'web' is not started\n", "");
	expect("list --names", 0, "Domain-0\nweb\n", "", "");
	expect("list --names --state halted", 0, "web\n", "", "");
	play.gone = true;
	expect("console -q web", 1, "", "", "");
	expect("list web --names", 3, "",
	    "Error: Domain 'web' does not exist. See xm list.\n", "");
}
END_TEST

START_TEST(pins)
{
	expect("vcpu-pin web 1 0-1", 0, "", "",
	    "VM.add_to_VCPUs_params_live ");
	expect("vcpu-pin web all 0 ^1 --format json", 0, JSON, "",
	    "VM.add_to_VCPUs_params_live VM.add_to_VCPUs_params_live ");
	/* What is - stays. */
	expect("vcpu-pin web 0 - all", 0, "", "",
	    "VM.add_to_VCPUs_params_live ");
	expect("vcpu-pin web 0 - -", 0, "", "", "");
	play.refuse = "VALUE_NOT_SUPPORTED";
	/* The second set is not tried. */
	expect("vcpu-pin web 0 9 9", 2, "", "Error: web: so it is\n",
	    "VM.add_to_VCPUs_params_live ");
}
END_TEST

START_TEST(networks)
{
	static const char json[] = "{\n  \"network\": \"lab\",\n"
				   "  \"uuid\": \"net-1\"\n}\n";

	expect("network-new lab", 0, "", "", "network.create ");
	expect("network-new lab things --format json", 0, json, "",
	    "network.create ");
	expect("network-del lab --format json", 0, json, "",
	    "network.destroy ");
	expect("network-del twice", 4, "", "Error: 2 networks have the name "
	    "'twice': give them others.\n", "");
	expect("network-del other", 3, "", "Error: Network 'other' does not "
	    "exist. See xm network-show.\n", "");
	play.refuse = "OPERATION_NOT_ALLOWED";
	expect("network-new lab", 4, "", "Error: web: so it is\n",
	    "network.create ");
	expect("network-del lab", 4, "", "Error: web: so it is\n",
	    "network.destroy ");
}
END_TEST

#define KEPT(name, uuid, domain)                                               \
	"{\n  \"snapshot\": \"" name "\",\n  \"uuid\": \"" uuid              \
	"\",\n  \"domain\": \"" domain "\"\n}\n"

START_TEST(snapshots)
{
	play.result = KEPT_UUID;
	expect("snapshot-create web kept", 0, "", "",
	    "Async.VM.snapshot task.join ");
	expect("snapshot-create --format json --skip xvdb -d x web kept", 0,
	    KEPT("kept", KEPT_UUID, "web"), "",
	    "Async.VM.snapshot task.join VM.set_name_description ");
	/* Who does not name it is told its name. */
	ck_assert_int_eq(end(begin("snapshot-create web")), 0);
	ck_assert_int_eq(strspn(xu_buf_text(&out), "web-0123456789\n"), 20);
	ck_assert_uint_eq(out.len, 20);
	xu_buf_reset(&calls);
	expect("snapshot-create --skip xvdc web kept", 3, "", "Error: Domain "
	    "'web' has no disk 'xvdc'. See xm block-list.\n", "");
	ck_assert_int_eq(end(begin("snapshot-create --skip what web a")), 2);
	ck_assert_uint_eq(calls.len, 0);
	expect("snapshot-create nobody kept", 3, "",
	    "Error: Domain 'nobody' does not exist. See xm list.\n", "");
	play.task = "failure";
	play.refuse = "UNIQUE_NAME_ERROR";
	expect("snapshot-create web kept", 4, "", "Error: web: so it is\n",
	    "Async.VM.snapshot task.join ");
}
END_TEST

START_TEST(snapshots_are_found)
{
	expect("snapshot-delete web kept", 0, "", "",
	    "Async.VM.destroy task.join ");
	expect("snapshot-delete --format json kept", 0,
	    KEPT("kept", KEPT_UUID, "web"), "", "Async.VM.destroy task.join ");
	expect("snapshot-delete --format json web alone", 0,
	    KEPT("alone", TWIN_UUID, "web"), "", "Async.VM.destroy task.join ");
	/* Its machine is gone. */
	expect("snapshot-delete --format json " ALONE_UUID, 0,
	    KEPT("alone", ALONE_UUID, ""), "", "Async.VM.destroy task.join ");
	expect("snapshot-delete alone", 4, "", "Error: 2 snapshots are called "
	    "'alone': say of which domain, or which uuid\n", "");
	expect("snapshot-delete web " ALONE_UUID, 3, "", "Error: Domain 'web' "
	    "has no snapshot '" ALONE_UUID "'. See xm snapshot-list.\n", "");
	expect("snapshot-delete web web", 3, "", "Error: Domain 'web' has no "
	    "snapshot 'web'. See xm snapshot-list.\n", "");
	expect("snapshot-revert none", 3, "", "Error: Snapshot 'none' does not "
	    "exist. See xm snapshot-list.\n", "");
	play.task = "failure";
	play.refuse = "OTHER_OPERATION_IN_PROGRESS";
	expect("snapshot-delete kept", 4, "", "Error: web: so it is\n",
	    "Async.VM.destroy task.join ");
}
END_TEST

START_TEST(snapshots_are_reverted_to)
{
	expect("snapshot-revert web kept", 0, "", "",
	    "Async.VM.revert task.join ");
	expect("snapshot-revert -f -s --format json kept", 0,
	    KEPT("kept", KEPT_UUID, "web"), "",
	    "Async.VM.hard_shutdown task.join Async.VM.revert task.join "
	    "Async.VM.start task.join ");
	play.domid = -1;
	play.state = "Halted";
	expect("snapshot-revert -f kept", 0, "", "",
	    "Async.VM.revert task.join ");
	/* It is not started when it was not reverted. */
	play.task = "failure";
	play.refuse = "VM_BAD_POWER_STATE";
	expect("snapshot-revert -s kept", 4, "", "Error: web: so it is\n",
	    "Async.VM.revert task.join ");
}
END_TEST

START_TEST(memory)
{
	expect("mem-set web 64", 0, "", "", "VM.set_memory_dynamic_max_live ");
	expect("mem-max web 1g --format json", 0, JSON, "",
	    "VM.set_memory_limits ");
	ck_assert_int_eq(end(begin("mem-max web 64x")), 2);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&err),
	    "Error: '64x' is no amount of memory: MiB, or a number"));
	expect("mem-max nobody 64", 3, "",
	    "Error: Domain 'nobody' does not exist. See xm list.\n", "");
	play.refuse = "VM_BAD_POWER_STATE";
	expect("mem-max web 64", 4, "", "Error: web: so it is\n",
	    "VM.set_memory_limits ");
}
END_TEST

/* What xl spells otherwise. */
START_TEST(as_xl)
{
	name = "xl";
	expect("create -e -d full.cfg", 0,
	    "Parsing config from ./full.cfg\n"
	    "Started domain web (id=5)\n",
	    "", "VM.create Async.VM.start task.join ");
	ck_assert_int_eq(end(begin("-N create -q full.cfg")), 0);
	ck_assert_str_eq(xu_buf_text(&calls), "VM.explain_placement ");
	xu_buf_reset(&calls);
	ck_assert_ptr_nonnull(strstr(xu_buf_text(&out), "(vm\n"));
	expect("shutdown -F -w -w web", 0,
	    "Domain web terminated\nAll domains terminated\n", "",
	    "Async.VM.clean_shutdown task.join ");
	expect("destroy -f web", 0, "", "", "Async.VM.hard_shutdown task.join ");
	expect("mem-max web 1t", 0, "", "", "VM.set_memory_limits ");
	expect("vcpu-pin -f web all 0 ^1", 0, "", "",
	    "VM.add_to_VCPUs_params_live VM.add_to_VCPUs_params_live ");
	expect("migrate -e -p web other", 0, "", "", "Async.VM.migrate task.join ");
	/* Every failure is 1. */
	expect("pause nobody", 1, "",
	    "Error: nobody is an invalid domain identifier (rc=-6)\n", "");
	play.refuse = "VM_BAD_POWER_STATE";
	play.state = "Paused";
	expect("unpause web", 1, "", "Error: web: so it is\n", "VM.unpause ");
}
END_TEST

START_TEST(presses)
{
	expect("sysrq web s", 0, "", "", "VM.send_sysrq ");
	expect("trigger web nmi 1", 0, "", "", "VM.send_trigger ");
	expect("button-press web power", 0, "", "", "VM.send_trigger ");
	expect("debug-keys h", 0, "", "", "host.send_debug_keys ");
	expect("reset web --format json", 0, JSON, "",
	    "Async.VM.hard_reboot task.join ");
	play.gone = true;
	expect("sysrq web s", 3, "",
	    "Error: Domain 'web' does not exist. See xm list.\n", "");
	expect("domstate web", 3, "",
	    "Error: Domain 'web' does not exist. See xm list.\n", "");
}
END_TEST

START_TEST(waits)
{
	expect("wait web --for running", 0, "", "", "");
	expect("wait web --for state=running --format json", 0, JSON, "", "");
	expect("wait web --timeout 1", 6, "",
	    "Error: Domain 'web' is not halted in time. See xm list.\n", "");
	expect("wait web --for gone -t 1", 6, "",
	    "Error: Domain 'web' is not gone in time. See xm list.\n", "");
	play.state = "Halted";
	play.domid = -1;
	expect("wait web", 0, "", "", "");
	expect("domstate web", 0, "shutoff\n", "", "");
	play.gone = true;
	expect("wait web", 3, "",
	    "Error: Domain 'web' does not exist. See xm list.\n", "");
}
END_TEST

/* What happens while it looks is printed; then it ends. */
START_TEST(events_as_they_come)
{
	pid_t pid = begin("events task --count 1");
	siginfo_t si = { .si_pid = 0 };

	/* It hears of nothing before it has registered. */
	for (int i = 0; i < 2000 && waitid(P_PID, (id_t)pid, &si,
	    WEXITED | WNOHANG | WNOWAIT) == 0 && si.si_pid == 0; i++) {
		task_event();
		poll(NULL, 0, 10);
	}
	ck_assert_int_eq(end(pid), 0);
	ck_assert_str_eq(xu_buf_text(&out),
	    "task             mod task-1 (success)\n");
	expect("events --timeout 1 VM", 0, "", "", "");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("xm_calls");
	TCase *t = tcase_create("calls");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, setup, teardown);
	tcase_add_test(t, create);
	tcase_add_test(t, create_is_taken_back);
	tcase_add_test(t, create_is_interrupted);
	tcase_add_test(t, a_second_signal_does_not_wait);
	tcase_add_test(t, shut_down);
	tcase_add_test(t, dump_core);
	tcase_add_test(t, shutdown_is_refused);
	tcase_add_test(t, waiting_is_interrupted);
	tcase_add_test(t, pausing_twice);
	tcase_add_test(t, progress);
	tcase_add_test(t, names);
	tcase_add_test(t, pins);
	tcase_add_test(t, networks);
	tcase_add_test(t, snapshots);
	tcase_add_test(t, snapshots_are_found);
	tcase_add_test(t, snapshots_are_reverted_to);
	tcase_add_test(t, memory);
	tcase_add_test(t, as_xl);
	tcase_add_test(t, presses);
	tcase_add_test(t, waits);
	tcase_add_test(t, events_as_they_come);
	tcase_set_timeout(t, 60);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
