/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What people write for a guest's network interface: Ethernet addresses, names of
 * interfaces, rates ("10Mb/s@20ms"), IP addresses.
 */
#ifndef XU_NIC_H
#define XU_NIC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define XU_MAC_TEXT 18
/* Linux's IFNAMSIZ less the NUL. */
#define XU_IFNAME_MAX 15

/* Six bytes in hexadecimal with colons between; a group's address and zeros are
 * no interface's. The reason why not, or NULL. */
const char *xu_mac_parse(const char *s, uint8_t out[6]);
void xu_mac_text(const uint8_t mac[6], char out[XU_MAC_TEXT]);

/* As netback takes it: so many bytes in each so many microseconds. */
struct xu_rate {
	uint64_t bytes;
	uint32_t usecs;
};
/*
 * NUMBER, then K, M or G (thousands) or nothing, then B (bytes) or b (bits), "/s";
 * then perhaps "@NUMBER" with us, ms or s: how often the credit is renewed, each
 * 50 ms when it is not said. The reason why not, or NULL.
 */
const char *xu_rate_parse(const char *s, struct xu_rate *out);

/* Could an interface of Linux have that name? */
bool xu_ifname_ok(const char *s);

struct xu_ip {
	/* AF_INET or AF_INET6. */
	int family;
	uint8_t bytes[16];
	/* Bits that count, 32 or 128 for one address. */
	unsigned prefix;
};
/*
 * The next of several, with blanks between: an address, perhaps with "/BITS".
 * *s goes on behind it. 1, 0 at the end, -1: what is there (cut into word) is no
 * address.
 */
int xu_ip_next(const char **s, struct xu_ip *out, char word[64]);

#endif
