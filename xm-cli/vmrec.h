/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* From a configuration file to the record VM.create takes. */
#ifndef XM_VMREC_H
#define XM_VMREC_H

#include "cfg_bind.h"
#include "xm.h"

/* xm's search path. */
#define VMREC_DIRS ".:" XLD_SYSCONFDIR "/xen"

struct vmrec {
	struct cfg cfg;
	struct domcfg dom;
	/* The file as it was found: "./web.cfg", "/etc/xen/web". */
	char *path;
	/* Lines "file:line:column: [warning: ]text", in the order of the file. */
	struct xu_buf report;
	unsigned errors;
};

/*
 * Reads the file (looked for in dirs, "a:b", unless it names a folder), applies
 * the n overrides "key=value" and binds. A status when the file cannot be read
 * or memory is short; mistakes in it are counted in r->errors.
 */
int vmrec_load(struct xm *xm, struct vmrec *r, const char *file,
    const char *dirs, char *const *overrides, int n);
void vmrec_fini(struct vmrec *r);

/* Prints the report on stderr and gives XM_USAGE when it has errors, else 0. */
int vmrec_judge(struct xm *xm, const struct vmrec *r);
/* The report: [{"file", "line", "column", "severity", "text"}]. */
struct xapi_value *vmrec_problems(const struct vmrec *r);

/* The record; relative paths are taken from folder cwd. */
struct xapi_value *vmrec_record(const struct domcfg *d, const char *cwd);
/* One of its disks as VBD.create takes it, but for the VM. */
struct xapi_value *vmrec_disk(const struct cfg_disk *d, const char *cwd);
/* One of its network interfaces as VIF.create takes it, but for the VM. */
struct xapi_value *vmrec_vif(const struct cfg_vif *v);
/* PCI functions as DPCI.create takes one, but for VM and PPCI. */
struct xapi_value *vmrec_pci(const struct cfg_pci *c);
/* The same as xm's (vm ...) form. */
struct xapi_value *vmrec_sxp(const struct domcfg *d, const char *cwd);

#endif
