/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See walls.h. */
#include "config.h"

#include <grp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "walls.h"

#define NOBODY 65534

int
walls_nobody(void)
{
	const struct rlimit none = { 0, 0 };

	if (prctl(PR_SET_DUMPABLE, 0) < 0 ||
	    (geteuid() == 0 && (setgroups(0, NULL) < 0 || setgid(NOBODY) < 0 ||
		setuid(NOBODY) < 0)) ||
	    prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    /* What a change of identity may have taken back. */
	    prctl(PR_SET_PDEATHSIG, 9) < 0)
		return -1;
	return setrlimit(RLIMIT_CORE, &none);
}

scmp_filter_ctx
walls_filter(const int *calls, size_t n)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int r = f == NULL ? -1 : 0;

	for (size_t i = 0; r == 0 && i < n; i++)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, calls[i], 0);
	if (r == 0)
		r = seccomp_rule_add(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
		    SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
	if (r == 0)
		return f;
	seccomp_release(f);
	return NULL;
}

int
walls_load(scmp_filter_ctx f)
{
	int r = seccomp_load(f);

	seccomp_release(f);
	return r == 0 ? 0 : -1;
}
