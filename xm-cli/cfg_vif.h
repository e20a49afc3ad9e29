/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * One network interface as configurations and network-attach have it:
 * "mac=00:16:3e:1:2:3, bridge=xenbr0", with the keys of xm and xl. "" is an
 * interface that has all by default.
 */
#ifndef CFG_VIF_H
#define CFG_VIF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cfg_vif {
	/* As they were written, NULL = not given; owned. type: "vif", "ioemu". */
	char *mac, *bridge, *ip, *script, *vifname, *rate, *model, *type,
	    *gatewaydev;
	/* -1 = not given. */
	int64_t devid, mtu;
	bool untrusted;
};

struct cfg_vif_problem {
	/* In the text; where it is to be pointed at. */
	size_t offset;
	char text[280];
};

/* 0, or -1 with the first mistake. Free with cfg_vif_fini in both cases. */
int cfg_vif_parse(const char *text, struct cfg_vif *v,
    struct cfg_vif_problem *p);
void cfg_vif_fini(struct cfg_vif *v);

#endif
