/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Words of xm and xl that are no commands of ours: other names of commands, what
 * Xen itself no longer has, and what is still to come. Each is answered in one line.
 */
#include "config.h"

#include <string.h>

#include "xm.h"

#define ACM                                                                    \
	"Xen dropped ACM security policies in 4.2; Flask's policy is a file "  \
	"that the boot loader gives to Xen"
#define TMEM                                                                   \
	"Xen dropped transcendent memory in 4.13; change what a guest has with " \
	"mem-set"
#define VNET                                                                   \
	"Xen dropped its virtual networks in 4.0; use bridges of the host, see " \
	"network-attach"
#define NETWORK2                                                               \
	"no kernel has netchannel2 interfaces; use network-attach, "            \
	"network-detach and network-list"
#define PSR                                                                    \
	"this release does not control caches and memory bandwidth"
#define SCSI                                                                   \
	"this release has no SCSI pass-through; give the unit's disk with "     \
	"block-attach"
#define USB                                                                    \
	"this release has no USB pass-through to running guests; give a PCI "   \
	"controller with pci-attach"
#define VTPM "this release has no virtual TPMs"
#define DISPLAY                                                                \
	"this release has no paravirtual displays, sound cards and keyboards; " \
	"HVM guests have emulated ones"
#define FLASK                                                                  \
	"this release does not change Flask's policy; Xen's command line says " \
	"flask=enforcing or flask=permissive"

const struct xm_word xm_words[] = {
	{ "balloon", XM_WORD_ALIAS, "mem-set" },
	{ "set-vcpus", XM_WORD_ALIAS, "vcpu-set" },
	{ "vif-list", XM_WORD_ALIAS, "network-list" },
	{ "vbd-create", XM_WORD_ALIAS, "block-attach" },
	{ "vbd-destroy", XM_WORD_ALIAS, "block-detach" },
	{ "vbd-list", XM_WORD_ALIAS, "block-list" },
	{ "pool-create", XM_WORD_ALIAS, "cpupool-create" },
	{ "pool-new", XM_WORD_ALIAS, "cpupool-new" },
	{ "pool-start", XM_WORD_ALIAS, "cpupool-start" },
	{ "pool-list", XM_WORD_ALIAS, "cpupool-list" },
	{ "pool-destroy", XM_WORD_ALIAS, "cpupool-destroy" },
	{ "pool-delete", XM_WORD_ALIAS, "cpupool-delete" },
	{ "pool-cpu-add", XM_WORD_ALIAS, "cpupool-cpu-add" },
	{ "pool-cpu-remove", XM_WORD_ALIAS, "cpupool-cpu-remove" },
	{ "pool-migrate", XM_WORD_ALIAS, "cpupool-migrate" },

	{ "addlabel", XM_WORD_GONE, ACM },
	{ "rmlabel", XM_WORD_GONE, ACM },
	{ "getlabel", XM_WORD_GONE, ACM },
	{ "labels", XM_WORD_GONE, ACM },
	{ "resources", XM_WORD_GONE, ACM },
	{ "dry-run", XM_WORD_GONE, ACM },
	{ "setpolicy", XM_WORD_GONE, ACM },
	{ "getpolicy", XM_WORD_GONE, ACM },
	{ "resetpolicy", XM_WORD_GONE, ACM },
	{ "dumppolicy", XM_WORD_GONE, ACM },
	{ "tmem-list", XM_WORD_GONE, TMEM },
	{ "tmem-thaw", XM_WORD_GONE, TMEM },
	{ "tmem-freeze", XM_WORD_GONE, TMEM },
	{ "tmem-flush", XM_WORD_GONE, TMEM },
	{ "tmem-destroy", XM_WORD_GONE, TMEM },
	{ "tmem-set", XM_WORD_GONE, TMEM },
	{ "tmem-freeable", XM_WORD_GONE, TMEM },
	{ "tmem-shared-auth", XM_WORD_GONE, TMEM },
	{ "vnet-list", XM_WORD_GONE, VNET },
	{ "vnet-create", XM_WORD_GONE, VNET },
	{ "vnet-delete", XM_WORD_GONE, VNET },
	{ "network2-attach", XM_WORD_GONE, NETWORK2 },
	{ "network2-detach", XM_WORD_GONE, NETWORK2 },
	{ "network2-list", XM_WORD_GONE, NETWORK2 },
	{ "sched-sedf", XM_WORD_GONE,
	    "Xen dropped the SEDF scheduler in 4.6; sched-credit2 has weights "
	    "and caps" },
	{ "psr-cat-cbm-set", XM_WORD_GONE, "xl renamed it psr-cat-set; " PSR },

	{ "claims", XM_WORD_LATER, "this release does not show claims" },
	{ "channel-list", XM_WORD_LATER, "this release has no channels" },
	{ "config-update", XM_WORD_LATER,
	    "this release changes what is kept by xm delete and xm new" },
	{ "devd", XM_WORD_LATER,
	    "this release has its backends in domain 0 alone" },
	{ "dt-overlay", XM_WORD_LATER, "there are no device trees on x86" },
	{ "getenforce", XM_WORD_LATER, FLASK },
	{ "setenforce", XM_WORD_LATER, FLASK },
	{ "loadpolicy", XM_WORD_LATER, FLASK },
	{ "migrate-receive", XM_WORD_LATER,
	    "this release receives guests by its daemon, not from xl" },
	{ "psr-hwinfo", XM_WORD_LATER, PSR },
	{ "psr-cmt-attach", XM_WORD_LATER, PSR },
	{ "psr-cmt-detach", XM_WORD_LATER, PSR },
	{ "psr-cmt-show", XM_WORD_LATER, PSR },
	{ "psr-cat-set", XM_WORD_LATER, PSR },
	{ "psr-cat-show", XM_WORD_LATER, PSR },
	{ "psr-mba-set", XM_WORD_LATER, PSR },
	{ "psr-mba-show", XM_WORD_LATER, PSR },
	{ "qemu-monitor-command", XM_WORD_LATER,
	    "this release does not pass words to a guest's QEMU" },
	{ "remus", XM_WORD_LATER,
	    "this release has no checkpoints on another host; see migrate" },
	{ "scsi-attach", XM_WORD_LATER, SCSI },
	{ "scsi-detach", XM_WORD_LATER, SCSI },
	{ "scsi-list", XM_WORD_LATER, SCSI },
	{ "serve", XM_WORD_LATER,
	    "this release reaches other hosts by XLD_URI=https://HOST" },
	{ "set-parameters", XM_WORD_LATER,
	    "this release does not change Xen's parameters; they are on its "
	    "command line" },
	{ "sharing", XM_WORD_LATER, "this release does not share memory" },
	{ "shell", XM_WORD_LATER, "this release has no shell of its own" },
	{ "usb-add", XM_WORD_LATER, USB },
	{ "usb-del", XM_WORD_LATER, USB },
	{ "usb-attach", XM_WORD_LATER, USB },
	{ "usb-detach", XM_WORD_LATER, USB },
	{ "usb-hc-create", XM_WORD_LATER, USB },
	{ "usb-hc-destroy", XM_WORD_LATER, USB },
	{ "usb-list", XM_WORD_LATER, USB },
	{ "usb-list-assignable-devices", XM_WORD_LATER, USB },
	{ "usbctrl-attach", XM_WORD_LATER, USB },
	{ "usbctrl-detach", XM_WORD_LATER, USB },
	{ "usbdev-attach", XM_WORD_LATER, USB },
	{ "usbdev-detach", XM_WORD_LATER, USB },
	{ "vdispl-attach", XM_WORD_LATER, DISPLAY },
	{ "vdispl-detach", XM_WORD_LATER, DISPLAY },
	{ "vdispl-list", XM_WORD_LATER, DISPLAY },
	{ "vkb-attach", XM_WORD_LATER, DISPLAY },
	{ "vkb-detach", XM_WORD_LATER, DISPLAY },
	{ "vkb-list", XM_WORD_LATER, DISPLAY },
	{ "vncviewer", XM_WORD_LATER,
	    "this release starts no viewer; the address is vnc in xm.cfg(5)" },
	{ "vsnd-attach", XM_WORD_LATER, DISPLAY },
	{ "vsnd-detach", XM_WORD_LATER, DISPLAY },
	{ "vsnd-list", XM_WORD_LATER, DISPLAY },
	{ "vtpm-attach", XM_WORD_LATER, VTPM },
	{ "vtpm-detach", XM_WORD_LATER, VTPM },
	{ "vtpm-list", XM_WORD_LATER, VTPM },
	{ "xenstore-quota-get", XM_WORD_LATER,
	    "this release's store has its quotas in xenstored(8)" },
	{ "xenstore-quota-set", XM_WORD_LATER,
	    "this release's store has its quotas in xenstored(8)" },
	{ .name = NULL },
};

const struct xm_word *
xm_find_word(const char *name)
{
	for (const struct xm_word *w = xm_words; w->name != NULL; w++)
		if (strcmp(w->name, name) == 0)
			return w;
	return NULL;
}
