/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Functions as domain 0's kernel and Xen have them: sysfs, pciback, permissions. */
#include "config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "pci.h"
#include "sysfs.h"
#include "xenctrl_device.h"
#include "xenctrl_hvm.h"
#include "xu_log.h"

#define DEVICES "/sys/bus/pci/devices"
#define DRIVERS "/sys/bus/pci/drivers"
#define PCIBACK "pciback"
/* linux/ioport.h */
#define RANGE_PORTS  0x100u
#define RANGE_MEMORY 0x200u
/* linux/pci_regs.h */
#define COMMAND	       4
#define COMMAND_MASTER 0x04u
#define CLASS_BRIDGE   0x06u
#define PAGE	       4096u
#define NOTES	       "/libxl/pciback/%04x-%02x-%02x-%01x"

static int
fail(struct xu_err *e, const struct xu_bdf *at, const char *why)
{
	char text[XU_BDF_TEXT];

	xu_bdf_text(at, text);
	xu_err_set(e, XE(XLD_DEVICE), 0, "PCI function %s: %s", text, why);
	xu_err_param(e, "%s", text);
	xu_err_param(e, "%s", why);
	return -1;
}

/* ---- what it is ------------------------------------------------------------------- */

bool
pci_parse_range(const char *line, struct pci_range *out)
{
	unsigned long long first, last, flags;
	char rest;

	if (sscanf(line, "0x%16llx 0x%16llx 0x%16llx %c", &first, &last, &flags,
		&rest) != 3 || first == 0 || last < first)
		return false;
	*out = (struct pci_range) { .first = first, .last = last,
		.ports = (flags & RANGE_PORTS) != 0 };
	return out->ports ? last <= 0xffff : (flags & RANGE_MEMORY) != 0;
}

static unsigned
number(const char *text, const char *file)
{
	char word[32];

	sysfs_word(word, sizeof(word), DEVICES "/%s/%s", text, file);
	return (unsigned)strtoul(word, NULL, 0);
}

int
pci_look(const struct xu_bdf *at, struct pci_facts *f, struct xu_err *e)
{
	char text[XU_BDF_TEXT], path[64], all[2048], *line, *save;

	xu_bdf_text(at, text);
	memset(f, 0, sizeof(*f));
	snprintf(path, sizeof(path), DEVICES "/%s", text);
	if (access(path, F_OK) != 0)
		return fail(e, at, "this host has no such function");
	sysfs_link(f->driver, sizeof(f->driver), "%s/driver", path);
	f->class = number(text, "class");
	f->irq = number(text, "irq");
	sysfs_word(all, sizeof(all), "%s/resource", path);
	/* Six of its own and its ROM; what follows is behind a bridge, or a
	 * virtual function's. */
	line = strtok_r(all, "\n", &save);
	for (int i = 0; i < PCI_RANGES && line != NULL; i++) {
		if (pci_parse_range(line, &f->range[f->ranges]))
			f->ranges++;
		line = strtok_r(NULL, "\n", &save);
	}
	return 0;
}

bool
pci_is_assignable(const struct xu_bdf *at)
{
	struct pci_facts f;

	return pci_look(at, &f, NULL) == 0 && strcmp(f.driver, PCIBACK) == 0;
}

/* ---- notes ------------------------------------------------------------------------- */

static void
note_path(const struct xu_bdf *at, const char *leaf, char out[96])
{
	snprintf(out, 96, NOTES "%s%s", at->domain, at->bus, at->slot, at->func,
	    leaf[0] != '\0' ? "/" : "", leaf);
}

void
pci_note(struct core *c, const struct xu_bdf *at, const char *leaf, char *out,
    size_t room)
{
	char path[96];
	AUTO_FREE char *s = NULL;

	note_path(at, leaf, path);
	s = c->xs == NULL ? NULL : xs_read(c->xs, XBT_NULL, path, NULL);
	snprintf(out, room, "%s", s != NULL ? s : "");
}

int
pci_set_note(struct core *c, const struct xu_bdf *at, const char *leaf,
    const char *text, struct xu_err *e)
{
	char path[96];
	bool ok;

	note_path(at, leaf, path);
	if (c->xs == NULL)
		ok = false;
	else if (text == NULL)
		ok = xs_rm(c->xs, XBT_NULL, path) || errno == ENOENT;
	else
		ok = xs_write(c->xs, XBT_NULL, path, text,
		    (unsigned)strlen(text));
	return ok ? 0 : store_fail(c, e, "remember a PCI function's driver");
}

/* ---- drivers ------------------------------------------------------------------------ */

static bool
is_bridge(const struct pci_facts *f)
{
	return f->class >> 16 == CLASS_BRIDGE;
}

static int
to_pciback(const char *text, struct xu_err *e)
{
	if (sysfs_write(text, e, DRIVERS "/" PCIBACK "/new_slot") < 0)
		return -1;
	return sysfs_write(text, e, DRIVERS "/" PCIBACK "/bind");
}

int
pci_bind(struct core *c, const struct xu_bdf *at, struct xu_err *e)
{
	char text[XU_BDF_TEXT], path[128];
	struct pci_facts f;

	xu_bdf_text(at, text);
	if (pci_look(at, &f, e) < 0)
		return -1;
	if (strcmp(f.driver, PCIBACK) == 0)
		return 0;
	if (is_bridge(&f))
		return fail(e, at, "it is a bridge, which stays domain 0's");
	if (access(DRIVERS "/" PCIBACK, F_OK) != 0)
		return fail(e, at, "domain 0 has no pciback; load its module: "
		    "modprobe xen-pciback");
	/* Written first: a crash must not forget whose it was. */
	if (f.driver[0] != '\0') {
		snprintf(path, sizeof(path), DRIVERS "/%s", f.driver);
		if (pci_set_note(c, at, "driver_path", path, e) < 0 ||
		    sysfs_write(text, e, "%s/unbind", path) < 0)
			return -1;
	}
	if (to_pciback(text, e) == 0) {
		xu_log(XU_NOTICE, "PCI function %s: with pciback now%s%s", text,
		    f.driver[0] != '\0' ? ", not with " : "", f.driver);
		return 0;
	}
	sysfs_write(text, NULL, DRIVERS "/" PCIBACK "/remove_slot");
	if (f.driver[0] != '\0' &&
	    sysfs_write(text, NULL, "%s/bind", path) == 0)
		pci_set_note(c, at, "", NULL, NULL);
	return -1;
}

static int
from_pciback(const char *text, struct xu_err *e)
{
	if (sysfs_write(text, e, DRIVERS "/" PCIBACK "/unbind") < 0)
		return -1;
	/* Those that pciback was told of when it was loaded have none. */
	sysfs_write(text, NULL, DRIVERS "/" PCIBACK "/remove_slot");
	return 0;
}

int
pci_unbind(struct core *c, const struct xu_bdf *at, bool again,
    struct xu_err *e)
{
	char text[XU_BDF_TEXT], path[128];
	struct pci_facts f;

	xu_bdf_text(at, text);
	if (pci_look(at, &f, e) < 0)
		return -1;
	if (strcmp(f.driver, PCIBACK) != 0)
		return fail(e, at, "it is not with pciback");
	pci_note(c, at, "driver_path", path, sizeof(path));
	if (from_pciback(text, e) < 0)
		return -1;
	if (again && path[0] == '\0')
		xu_log(XU_WARNING, "PCI function %s: no driver had it before, "
		    "so none gets it", text);
	else if (again && (strncmp(path, DRIVERS "/", strlen(DRIVERS) + 1) != 0 ||
		strstr(path, "/.") != NULL ||
		sysfs_write(text, e, "%s/bind", path) < 0))
		return fail(e, at, "its former driver did not take it");
	return pci_set_note(c, at, "", NULL, e);
}

/* Of a file with an address in each line. */
static bool
lists(const char *file, const char *text)
{
	char all[4096];

	sysfs_word(all, sizeof(all), DRIVERS "/" PCIBACK "/%s", file);
	return strstr(all, text) != NULL;
}

int
pci_set_permissive(struct core *c XU_UNUSED, const struct xu_bdf *at, bool on,
    struct xu_err *e)
{
	char text[XU_BDF_TEXT];

	xu_bdf_text(at, text);
	if (lists("permissive", text) == on)
		return 0;
	if (on)
		return sysfs_write(text, e, DRIVERS "/" PCIBACK "/permissive");
	/* It forgets with the driver only. */
	if (sysfs_write(text, e, DRIVERS "/" PCIBACK "/unbind") < 0)
		return -1;
	return sysfs_write(text, e, DRIVERS "/" PCIBACK "/bind");
}

/* ---- others ------------------------------------------------------------------------- */

static bool
backend_has(struct core *c, const char *base, const char *text)
{
	char path[NODES_BASE_MAX + 32];
	bool found = false;
	char *s;

	for (int i = 0; i < PCI_FUNCTIONS_MAX && !found; i++) {
		snprintf(path, sizeof(path), "%s/dev-%d", base, i);
		s = xs_read(c->xs, XBT_NULL, path, NULL);
		found = s != NULL && strcmp(s, text) == 0;
		if (s == NULL)
			break;
		free(s);
	}
	return found;
}

bool
pci_foreign_holder(struct core *c, const struct xu_bdf *at, char *out,
    size_t room)
{
	static const char folder[] = "/local/domain/0/backend/pci";
	char base[NODES_BASE_MAX], text[XU_BDF_TEXT];
	const struct guest *g;
	unsigned n = 0;
	char **l = c->xs == NULL ? NULL :
	    xs_directory(c->xs, XBT_NULL, folder, &n);
	bool found = false;
	int32_t domid;

	xu_bdf_text(at, text);
	for (unsigned i = 0; l != NULL && i < n && !found; i++) {
		domid = (int32_t)strtol(l[i], NULL, 10);
		g = guest_by_domid(c, domid);
		if (g != NULL && !g->foreign)
			continue;
		snprintf(base, sizeof(base), "%s/%.10s/0", folder, l[i]);
		found = backend_has(c, base, text);
		if (found && g != NULL)
			snprintf(out, room, "'%s'", guest_name(g));
		else if (found)
			snprintf(out, room, "domain %d", domid);
	}
	free(l);
	return found;
}

/* ---- state --------------------------------------------------------------------------- */

void
pci_reset(const struct xu_bdf *at)
{
	char text[XU_BDF_TEXT], path[64];
	uint16_t command = 0;
	int fd;

	xu_bdf_text(at, text);
	/* What it was told to write may not arrive when the memory is
	 * another's. */
	snprintf(path, sizeof(path), DEVICES "/%s/config", text);
	fd = open(path, O_RDWR | O_CLOEXEC);
	if (fd >= 0 &&
	    pread(fd, &command, sizeof(command), COMMAND) == sizeof(command) &&
	    (command & COMMAND_MASTER) != 0) {
		command = (uint16_t)(command & ~COMMAND_MASTER);
		if (pwrite(fd, &command, sizeof(command), COMMAND) !=
		    sizeof(command))
			xu_log(XU_ERROR, "PCI function %s: it cannot be kept "
			    "from writing to memory: %s", text, strerror(errno));
	}
	if (fd >= 0)
		close(fd);
	snprintf(path, sizeof(path), DEVICES "/%s/reset", text);
	if (access(path, F_OK) != 0 || sysfs_write("1", NULL, "%s", path) < 0)
		xu_log(XU_DEBUG, "PCI function %s: it cannot be reset; its next "
		    "driver finds it as the last one left it", text);
}

/* ---- permissions ---------------------------------------------------------------------- */

bool
pci_has_iommu(struct core *c)
{
	struct xc_physinfo p;

	return xc_physinfo(c->xch, &p) == 0 &&
	    (p.capabilities & XC_PHYSCAP_DIRECTIO) != 0;
}

static uint32_t
sbdf(const struct xu_bdf *at)
{
	return XC_SBDF(at->domain, at->bus, at->slot, at->func);
}

static int
permit(struct core *c, uint32_t domid, const struct pci_facts *f, bool allow)
{
	const struct pci_range *r;
	int bad = 0;

	for (size_t i = 0; i < f->ranges; i++) {
		r = &f->range[i];
		bad |= r->ports ?
		    xc_domain_ioport_permission(c->xch, domid,
			(uint32_t)r->first, (uint32_t)(r->last - r->first + 1),
			allow) :
		    xc_domain_iomem_permission(c->xch, domid, r->first / PAGE,
			r->last / PAGE - r->first / PAGE + 1, allow);
		if (bad != 0 && allow)
			return -1;
	}
	return bad;
}

int
pci_grant(struct core *c, int32_t domid, const struct xu_bdf *at,
    struct xu_err *e)
{
	struct pci_facts f;
	int pirq;

	if (pci_look(at, &f, e) < 0)
		return -1;
	if (permit(c, (uint32_t)domid, &f, true) < 0)
		return xen_fail(c, e, "permit a PCI function's ports and memory");
	pirq = (int)f.irq;
	/* The guest's kernel reads the number of the host, so it is its own. */
	if (f.irq != 0 &&
	    (xc_physdev_map_pirq(c->xch, (uint32_t)domid, pirq, &pirq) < 0 ||
		xc_domain_irq_permission(c->xch, (uint32_t)domid,
		    (uint32_t)pirq, true) < 0))
		return xen_fail(c, e, "permit a PCI function's interrupt");
	if (pci_has_iommu(c) &&
	    xc_assign_device(c->xch, (uint32_t)domid, sbdf(at),
		XC_ASSIGN_RDM_RELAXED) < 0)
		return xen_fail(c, e, "assign a PCI function to the domain");
	return 0;
}

void
pci_revoke(struct core *c, int32_t domid, const struct xu_bdf *at, bool irq)
{
	struct pci_facts f;

	/* A domain that is gone has nothing; what was never given is not
	 * missed. */
	if (domid < 0 || pci_look(at, &f, NULL) < 0)
		return;
	if (pci_has_iommu(c))
		xc_deassign_device(c->xch, (uint32_t)domid, sbdf(at));
	if (irq && f.irq != 0) {
		xc_domain_irq_permission(c->xch, (uint32_t)domid, f.irq, false);
		xc_physdev_unmap_pirq(c->xch, (uint32_t)domid, (int)f.irq);
	}
	permit(c, (uint32_t)domid, &f, false);
}
