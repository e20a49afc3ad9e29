/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* xld-plugin, the program: what it gives programs to read, and what it makes of all
 * that they may print. xld is a script here. */
#include "config.h"

#include <check.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "xapi_rpc.h"
#include "xu_file.h"
#include "xu_msg.h"
#include "xu_proc.h"

static char dir[] = "/tmp/xld-plugin.XXXXXX";

static void
make(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	/* It becomes nobody before it reads; the program does not. */
	ck_assert_int_eq(chmod(dir, 0755), 0);
}

static void
clean(void)
{
	char path[64];

	snprintf(path, sizeof(path), "%s/plugin", dir);
	unlink(path);
	snprintf(path, sizeof(path), "%s/seen", dir);
	unlink(path);
	rmdir(dir);
	memcpy(dir + sizeof(dir) - 7, "XXXXXX", 6);
}

static pid_t
start(int *fd)
{
	static char name[] = "xld-plugin";
	char *argv[] = { name, NULL };
	struct xu_err e = XU_ERR_INIT;
	int sv[2];
	struct xu_spawn s = { .path = XLD_PLUGIN, .argv = argv, .fds = &sv[1],
		.nfds = 1 };
	pid_t pid;

	ck_assert_int_eq(xu_socketpair(sv, false), 0);
	pid = xu_spawn(&s, &e);
	ck_assert_msg(pid > 0, "%s", e.msg);
	close(sv[1]);
	*fd = sv[0];
	return pid;
}

/* What is answered when the program is this shell script; args is taken. */
static struct xu_val *
ask(const char *script, const char *function, struct xu_val *args)
{
	AUTO_VAL struct xu_val *q = xu_struct();
	struct xu_msg m = XU_MSG_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct xu_chan *chan;
	siginfo_t info;
	struct xu_val *v;
	char path[64];
	pid_t pid;
	int fd, status;

	snprintf(path, sizeof(path), "%s/plugin", dir);
	ck_assert_int_eq(xu_file_replace(path, script, strlen(script), 0755,
	    &e), 0);
	xu_val_set(q, "path", xu_str(path));
	xu_val_set(q, "function", xu_str(function));
	xu_val_set(q, "args", args);
	pid = start(&fd);
	chan = xu_chan_new(fd, 4u << 20);
	ck_assert_int_eq(xu_chan_send(chan, XU_MSG_CALL, 1, q, NULL, 0), 0);
	ck_assert_int_eq(xu_chan_recv(chan, &m), 1);
	v = steal_ptr(&m.val);
	xu_msg_fini(&m);
	/* As xld does: whatever it has left. */
	ck_assert_int_eq(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
	kill(-pid, SIGKILL);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_int_eq(status, 0);
	xu_chan_free(&chan);
	return v;
}

/* "ok VALUE", or the words of the error with | between. */
static const char *
words(const char *script)
{
	static char text[16384];
	AUTO_VAL struct xu_val *v = ask(script, "f", xu_struct());
	const struct xu_val *error = xu_val_get(v, "error");
	size_t n = 0;

	if (xu_val_get(v, "ok") != NULL) {
		snprintf(text, sizeof(text), "ok %.9000s",
		    xu_val_get_str(v, "ok", ""));
		return text;
	}
	text[0] = '\0';
	for (size_t i = 0; i < xu_val_count(error); i++)
		n += (size_t)snprintf(text + n, sizeof(text) - n, "%s%.5000s",
		    i > 0 ? "|" : "", xu_val_str(xu_val_at(error, i)));
	return text;
}

#define REPLY(members)                                                         \
	"printf '%s' '<?xml version=\"1.0\"?><methodResponse><params><param>"    \
	"<value><struct>" members "</struct></value></param></params>"         \
	"</methodResponse>'\n"
#define MEMBER(n, v) "<member><name>" n "</name><value>" v "</value></member>"
#define SUCCESS(v)   REPLY(MEMBER("Status", "Success") MEMBER("Value", v))
#define SH	     "#!/bin/sh\n"

START_TEST(what_it_is_given)
{
	struct xu_val *args = xu_struct();
	AUTO_VAL struct xu_val *v = NULL;
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;
	AUTO_CALL struct xrpc_call c = { .method = NULL };
	struct xu_err e = XU_ERR_INIT;
	char path[64], script[256];

	xu_val_set(args, "key", xu_str("a < b & 'c'\n"));
	snprintf(path, sizeof(path), "%s/seen", dir);
	snprintf(script, sizeof(script), SH "printf '%%s' \"$1\" >%s\n"
	    "[ $# = 1 ] || exit 9\n", path);
	v = ask(script, "get_version", args);
	ck_assert_int_eq(xu_file_read(path, 65536, &b, &e), 0);
	ck_assert_msg(xrpc_read_call(b.data, b.len, &c, &e) == 0, "%s", e.msg);
	ck_assert_str_eq(c.method, "get_version");
	ck_assert_uint_eq(xu_val_count(c.params), 2);
	ck_assert_str_eq(xu_val_str(xu_val_at(c.params, 0)), "");
	ck_assert_str_eq(xu_val_get_str(xu_val_at(c.params, 1), "key", ""),
	    "a < b & 'c'\n");
	/* It said nothing. */
	ck_assert_str_eq(xu_val_str(xu_val_at(xu_val_get(v, "error"), 1)),
	    "unparseable output");
}
END_TEST

START_TEST(what_it_says)
{
	ck_assert_str_eq(words(SH SUCCESS("fine &amp; well")), "ok fine & well");
	ck_assert_str_eq(words(SH SUCCESS("<string></string>")), "ok ");
	/* Its complaints do not count when it succeeds. */
	ck_assert_str_eq(words(SH "echo oops >&2\n" SUCCESS("x")), "ok x");
	ck_assert_str_eq(words(SH REPLY(MEMBER("Status", "Failure")
	    MEMBER("ErrorDescription", "<array><data><value>NO_SUCH_THING</value>"
		"<value>it</value></data></array>"))), "NO_SUCH_THING|it");
}
END_TEST

START_TEST(how_it_fails)
{
	ck_assert_str_eq(words(SH "echo a; echo b >&2; exit 3\n"),
	    "XENAPI_PLUGIN_FAILURE|non-zero exit 3|a\n|b\n");
	ck_assert_str_eq(words(SH "printf 'a\\001\\377'; kill -9 $$\n"),
	    "XENAPI_PLUGIN_FAILURE|signal 9|a?\?|");
	ck_assert_str_eq(words(SH "echo hello\n"),
	    "XENAPI_PLUGIN_FAILURE|unparseable output|hello\n|");
	ck_assert_msg(strstr(words(SH REPLY(MEMBER("Status", "Failure"))),
	    "|a failure without a code|<?xml") != NULL, "%s",
	    words(SH REPLY(MEMBER("Status", "Failure"))));
	ck_assert_msg(strstr(words(SH REPLY(MEMBER("Status", "Success"))),
	    "|a reply that is neither text nor a failure|") != NULL, "no value");
	ck_assert_msg(strstr(words(SH SUCCESS("<struct></struct>")),
	    "|a reply that is neither text nor a failure|") != NULL, "no text");
	ck_assert_msg(strstr(words("#!/no/such/shell\n"), "No such file") != NULL,
	    "no interpreter");
}
END_TEST

START_TEST(too_much)
{
	const char *s = words(SH "while :; do echo 0123456789abcdef; done\n");

	ck_assert_msg(strstr(s, "|it printed too much|") != NULL &&
	    strlen(s) <= 42 + 4096 + 1, "%.200s", s);
	/* Of complaints there may be any number: the last are kept. */
	s = words(SH "i=0; while [ $i -lt 9000 ]; do echo 0123456789abcdef; "
	    "i=$((i + 1)); done >&2; echo end >&2; exit 1\n");
	ck_assert_msg(strstr(s, "abcdef\nend\n") != NULL, "%s", s);
	ck_assert_uint_eq(strlen(s),
	    strlen("XENAPI_PLUGIN_FAILURE|non-zero exit 1||") + 4096);
}
END_TEST

START_TEST(arguments_that_do_not_fit)
{
	struct xu_val *args = xu_struct();
	AUTO_VAL struct xu_val *v = NULL;
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	for (int i = 0; i < 200000; i++)
		xu_buf_addc(&b, 'x');
	xu_val_set(args, "long", xu_strn(b.data, b.len));
	v = ask(SH SUCCESS("x"), "f", args);
	ck_assert_str_eq(xu_val_str(xu_val_at(xu_val_get(v, "error"), 0)),
	    "VALUE_NOT_SUPPORTED");
	ck_assert_str_eq(xu_val_str(xu_val_at(xu_val_get(v, "error"), 1)),
	    "args");
}
END_TEST

/* What it leaves behind does not keep who called it from the answer. */
START_TEST(it_leaves_something)
{
	ck_assert_str_eq(words(SH "sleep 1000 &\n" SUCCESS("left")), "ok left");
	/* Of a group of its own, so that all of it can be ended. */
	ck_assert_str_eq(words(SH "set -- $(cat /proc/$$/stat)\n"
	    "[ \"$5\" = \"$4\" ] && [ \"$6\" = \"$4\" ] || exit 7\n"
	    SUCCESS("one group")), "ok one group");
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("plugin");
	TCase *t = tcase_create("xld-plugin");
	SRunner *r;
	int failed;

	tcase_add_checked_fixture(t, make, clean);
	tcase_set_timeout(t, 120);
	tcase_add_test(t, what_it_is_given);
	tcase_add_test(t, what_it_says);
	tcase_add_test(t, how_it_fails);
	tcase_add_test(t, too_much);
	tcase_add_test(t, arguments_that_do_not_fit);
	tcase_add_test(t, it_leaves_something);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
