/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xu_nic.h. */
#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "xu_nic.h"
#include "xu_num.h"

/* ---- Ethernet ----------------------------------------------------------------- */

const char *
xu_mac_parse(const char *s, uint8_t out[6])
{
	static const char form[] =
	    "is no Ethernet address; write it as 00:16:3e:12:34:56";
	char byte[3];
	uint64_t n;
	size_t len;

	for (int i = 0; i < 6; i++) {
		len = strcspn(s, ":");
		if (len < 1 || len > 2 || s[len] != (i < 5 ? ':' : '\0'))
			return form;
		snprintf(byte, sizeof(byte), "%.*s", (int)len, s);
		if (!xu_num_u64(byte, 16, 255, &n))
			return form;
		out[i] = (uint8_t)n;
		s += len + (i < 5);
	}
	if ((out[0] & 1) != 0)
		return "is the address of a group: its first byte is odd";
	for (int i = 0; i < 6; i++)
		if (out[i] != 0)
			return NULL;
	return "is no interface's address";
}

void
xu_mac_text(const uint8_t mac[6], char out[XU_MAC_TEXT])
{
	snprintf(out, XU_MAC_TEXT, "%02x:%02x:%02x:%02x:%02x:%02x", mac[0],
	    mac[1], mac[2], mac[3], mac[4], mac[5]);
}

/* ---- rates ---------------------------------------------------------------------- */

/* Digits at *s; false: there are none, or too many. */
static bool
number(const char **s, uint64_t *out)
{
	size_t n = strspn(*s, "0123456789");
	char text[16];

	if (n == 0 || n >= sizeof(text))
		return false;
	snprintf(text, sizeof(text), "%.*s", (int)n, *s);
	*s += n;
	return xu_num_u64(text, 10, UINT64_MAX, out);
}

/* Micro-seconds; s is behind the '@'. */
static const char *
interval(const char *s, uint32_t *out)
{
	static const struct {
		const char *unit;
		uint64_t usecs;
	} units[] = { { "us", 1 }, { "ms", 1000 }, { "s", 1000000 }, { "", 1 } };
	uint64_t n, factor = 0;

	if (!number(&s, &n))
		return "has no number behind the @";
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (strcmp(s, units[i].unit) == 0)
			factor = units[i].usecs;
	if (factor == 0)
		return "has no time behind the @; write 20ms, 1000us or 1s";
	if (n == 0 || n > 3600000000u / factor)
		return "is renewed too seldom, or never";
	*out = (uint32_t)(n * factor);
	return NULL;
}

const char *
xu_rate_parse(const char *s, struct xu_rate *out)
{
	static const char form[] =
	    "is no rate; write it as 10Mb/s (bits), 1MB/s (bytes) or 1MB/s@20ms";
	static const char prefixes[] = "KMG";
	const char *p, *why = NULL;
	uint64_t n, factor = 1;

	out->usecs = 50000;
	if (!number(&s, &n))
		return form;
	p = *s == '\0' ? NULL : strchr(prefixes, *s);
	if (p != NULL) {
		for (; p >= prefixes; p--)
			factor *= 1000;
		s++;
	}
	if ((s[0] != 'B' && s[0] != 'b') || strncmp(s + 1, "/s", 2) != 0 ||
	    (s[3] != '\0' && s[3] != '@'))
		return form;
	if (n > UINT64_C(1000000000000) / factor)
		return "is more than any interface has";
	n = n * factor / (s[0] == 'b' ? 8 : 1);
	if (s[3] == '@')
		why = interval(s + 4, &out->usecs);
	if (why != NULL)
		return why;
	/* At most 10^12 bytes in an hour of 3.6 * 10^9 us: by parts. */
	out->bytes = n / 1000000 * out->usecs +
	    n % 1000000 * out->usecs / 1000000;
	return out->bytes > 0 ? NULL : "is less than one byte in its interval";
}

/* ---- names and addresses ---------------------------------------------------------- */

bool
xu_ifname_ok(const char *s)
{
	size_t len = strlen(s);

	if (len == 0 || len > XU_IFNAME_MAX || strcmp(s, ".") == 0 ||
	    strcmp(s, "..") == 0)
		return false;
	/* Linux takes more; such a name would be a trap in files and scripts. */
	for (; *s != '\0'; s++)
		if (!isalnum((unsigned char)*s) && strchr("_.-", *s) == NULL)
			return false;
	return true;
}

int
xu_ip_next(const char **s, struct xu_ip *out, char word[64])
{
	size_t len;
	char *slash;
	uint64_t n;

	*s += strspn(*s, " \t");
	if (**s == '\0')
		return 0;
	len = strcspn(*s, " \t");
	snprintf(word, 64, "%.*s", (int)(len < 63 ? len : 63), *s);
	*s += len;
	slash = strchr(word, '/');
	if (slash != NULL)
		*slash = '\0';
	memset(out, 0, sizeof(*out));
	out->family = strchr(word, ':') != NULL ? AF_INET6 : AF_INET;
	out->prefix = out->family == AF_INET ? 32 : 128;
	if (len > 63 || inet_pton(out->family, word, out->bytes) != 1)
		out->family = 0;
	if (slash == NULL)
		return out->family != 0 ? 1 : -1;
	if (!xu_num_u64(slash + 1, 10, out->prefix, &n))
		out->family = 0;
	else
		out->prefix = (unsigned)n;
	*slash = '/';
	return out->family != 0 ? 1 : -1;
}
