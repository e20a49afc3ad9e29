/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * xld-login: asks PAM once whether a password is right and the account may be
 * used, and which groups the user is in; or has it take another password. Started by xld, asked and answered over
 * descriptor 3. PAM's modules run here and nowhere else.
 */
#include "config.h"

#include <grp.h>
#include <pwd.h>
#include <security/pam_appl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "xu_log.h"
#include "xu_msg.h"

enum {
	CHANNEL_FD = 3,
	/* The core kills us earlier than that. */
	SECONDS = 60,
	GROUPS_MAX = 256,
};
#define SERVICE "xld"

/* What we have to say. changing: the old one has been accepted. */
struct words {
	char *password, *other;
	bool changing;
};

/* Passwords, to what must not be shown: root is asked for the new one alone, but some
 * modules ask for the old one again. */
static const char *
reply_to(const struct words *w, const char *question)
{
	if (!w->changing || strcasestr(question, "current") != NULL ||
	    strcasestr(question, "old ") != NULL)
		return w->password;
	return w->other;
}

static int
converse(int n, const struct pam_message **msg, struct pam_response **out,
    void *arg)
{
	struct pam_response *r = calloc((size_t)n, sizeof(*r));

	if (r == NULL)
		return PAM_BUF_ERR;
	for (int i = 0; i < n; i++)
		if (msg[i]->msg_style == PAM_PROMPT_ECHO_OFF)
			r[i].resp = strdup(reply_to(arg, msg[i]->msg));
	*out = r;
	return PAM_SUCCESS;
}

/* Who waits is made to wait by xld-api, which can do so without a process. */
static void
no_delay(int status XU_UNUSED, unsigned usec XU_UNUSED, void *arg XU_UNUSED)
{
}

/* *right: the password was. */
static int
ask_pam(const char *user, struct words *w, const char *from, char name[256],
    bool *right)
{
	const struct pam_conv conv = { converse, w };
	union {
		void (*f)(int, unsigned, void *);
		const void *p;
	} delay = { .f = no_delay };
	pam_handle_t *pam = NULL;
	const void *item = NULL;
	int r;

	r = pam_start(SERVICE, user, &conv, &pam);
	if (r != PAM_SUCCESS)
		return r;
	pam_set_item(pam, PAM_FAIL_DELAY, delay.p);
	if (from[0] != '\0')
		pam_set_item(pam, PAM_RHOST, from);
	r = pam_authenticate(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
	if (r == PAM_SUCCESS)
		r = pam_acct_mgmt(pam, PAM_SILENT | PAM_DISALLOW_NULL_AUTHTOK);
	*right = r == PAM_SUCCESS;
	if (*right && w->other != NULL) {
		w->changing = true;
		r = pam_chauthtok(pam, PAM_SILENT);
	}
	/* A module may know the user by another name. */
	if (r == PAM_SUCCESS)
		r = pam_get_item(pam, PAM_USER, &item);
	if (r == PAM_SUCCESS && item != NULL)
		snprintf(name, 256, "%s", (const char *)item);
	pam_end(pam, r);
	return r;
}

static struct xu_val *
groups_of(const char *user)
{
	struct xu_val *v = xu_array();
	const struct passwd *pw = getpwnam(user);
	const struct group *gr;
	gid_t gids[GROUPS_MAX];
	int n = GROUPS_MAX;

	if (pw == NULL || getgrouplist(user, pw->pw_gid, gids, &n) < 0)
		return v;
	for (int i = 0; i < n; i++)
		if ((gr = getgrgid(gids[i])) != NULL)
			xu_val_add(v, xu_str(gr->gr_name));
	return v;
}

static struct xu_val *
judge(const struct xu_val *ask)
{
	struct xu_val *v = xu_struct();
	AUTO_FREE char *password = strdup(xu_val_get_str(ask, "password", ""));
	AUTO_FREE char *other = NULL;
	struct words w = { .password = password };
	bool right = false;
	const char *user = xu_val_get_str(ask, "user", "");
	char name[256] = "";
	int r;

	if (xu_val_get(ask, "new") != NULL)
		w.other = other = strdup(xu_val_get_str(ask, "new", ""));
	r = password == NULL || (xu_val_get(ask, "new") != NULL && other == NULL) ?
	    PAM_BUF_ERR :
	    ask_pam(user, &w, xu_val_get_str(ask, "from", ""), name, &right);
	if (password != NULL)
		explicit_bzero(password, strlen(password));
	if (other != NULL)
		explicit_bzero(other, strlen(other));
	xu_val_set(v, "right", xu_bool(right));
	xu_val_set(v, "ok", xu_bool(r == PAM_SUCCESS && name[0] != '\0'));
	xu_val_set(v, "user", xu_str(name));
	xu_val_set(v, "reason", xu_str(pam_strerror(NULL, r)));
	xu_val_set(v, "groups", r == PAM_SUCCESS ? groups_of(name) : xu_array());
	return v;
}

int
main(int argc, char **argv XU_UNUSED)
{
	const struct rlimit none = { 0, 0 };
	AUTO_VAL struct xu_val *verdict = NULL;
	struct xu_chan *ch;
	struct xu_msg m = XU_MSG_INIT;
	int r = 1;

	xu_log_open("xld-login", NULL, XU_INFO);
	if (argc != 1 || (ch = xu_chan_new(CHANNEL_FD, 65536)) == NULL) {
		fprintf(stderr, "xld-login: started by xld, which asks it over "
				"descriptor 3\n");
		return 2;
	}
	/* No password in a core, and no process for ever. */
	setrlimit(RLIMIT_CORE, &none);
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	alarm(SECONDS);
	if (xu_chan_recv(ch, &m) == 1) {
		verdict = judge(m.val);
		r = xu_val_ok(verdict) &&
			xu_chan_send(ch, XU_MSG_DONE, m.id, verdict, NULL,
			    0) == 0 ? 0 : 1;
	}
	xu_msg_fini(&m);
	xu_chan_free(&ch);
	return r;
}
