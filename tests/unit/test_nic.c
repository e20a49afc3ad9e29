/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What people write for a network interface: addresses, rates, whole interfaces. */
#include "config.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#include "cfg_vif.h"
#include "xu_auto.h"
#include "xu_nic.h"

/* --- Ethernet --------------------------------------------------------------- */

static const struct {
	const char *text, *back;
} macs[] = {
	{ "00:16:3e:12:34:56", "00:16:3e:12:34:56" },
	{ "00:16:3E:AB:cd:0F", "00:16:3e:ab:cd:0f" },
	{ "0:16:3e:1:2:3", "00:16:3e:01:02:03" },
	{ "fe:ff:ff:ff:ff:ff", "fe:ff:ff:ff:ff:ff" },
	/* The rest is none. */
	{ "", NULL },
	{ "00:16:3e:12:34", NULL },
	{ "00:16:3e:12:34:56:", NULL },
	{ "00:16:3e:12:34:56:78", NULL },
	{ "00:16:3e:12:34:5g", NULL },
	{ "00:16:3e:12:34:", NULL },
	{ "00:16:3e:12:34:+5", NULL },
	{ "00-16-3e-12-34-56", NULL },
	{ "000:16:3e:12:34:56", NULL },
	{ "01:16:3e:12:34:56", NULL },
	{ "ff:ff:ff:ff:ff:ff", NULL },
	{ "0:0:0:0:0:0", NULL },
	{ " 00:16:3e:12:34:56", NULL },
};

START_TEST(a_mac)
{
	uint8_t mac[6];
	char back[XU_MAC_TEXT];
	const char *why = xu_mac_parse(macs[_i].text, mac);

	ck_assert_msg((why == NULL) == (macs[_i].back != NULL), "%s: %s",
	    macs[_i].text, why);
	if (why != NULL)
		return;
	xu_mac_text(mac, back);
	ck_assert_str_eq(back, macs[_i].back);
}
END_TEST

/* --- rates -------------------------------------------------------------------- */

/* Worked out by hand: bytes a second, times the interval. */
static const struct {
	const char *text;
	uint64_t bytes;
	uint32_t usecs;
} rates[] = {
	{ "10Mb/s", 62500, 50000 },
	{ "1MB/s", 50000, 50000 },
	{ "1MB/s@20ms", 20000, 20000 },
	{ "250KB/s", 12500, 50000 },
	{ "1GB/s", 50000000, 50000 },
	{ "100Gb/s@1s", 12500000000, 1000000 },
	{ "800b/s@1s", 100, 1000000 },
	{ "5000B/s@1000us", 5, 1000 },
	{ "5000B/s@1000", 5, 1000 },
	{ "1000GB/s@3600s", 3600000000000000, 3600000000 },
	/* The rest is none. */
	{ "", 0, 0 },
	{ "10", 0, 0 },
	{ "10Mb", 0, 0 },
	{ "Mb/s", 0, 0 },
	{ "10mb/s", 0, 0 },
	{ "10 Mb/s", 0, 0 },
	{ "-1Mb/s", 0, 0 },
	{ "0Mb/s", 0, 0 },
	{ "8b/s", 0, 0 },
	{ "1.5Mb/s", 0, 0 },
	{ "10Mb/s@", 0, 0 },
	{ "10Mb/s@0ms", 0, 0 },
	{ "10Mb/s@20h", 0, 0 },
	{ "10Mb/s@3601s", 0, 0 },
	{ "10Mb/sec", 0, 0 },
	{ "1001GB/s", 0, 0 },
	{ "99999999999999999999Gb/s", 0, 0 },
};

START_TEST(a_rate)
{
	struct xu_rate r;
	const char *why = xu_rate_parse(rates[_i].text, &r);

	ck_assert_msg((why == NULL) == (rates[_i].usecs != 0), "%s: %s",
	    rates[_i].text, why);
	if (why != NULL)
		return;
	ck_assert_uint_eq(r.bytes, rates[_i].bytes);
	ck_assert_uint_eq(r.usecs, rates[_i].usecs);
}
END_TEST

/* --- addresses and names ---------------------------------------------------------- */

START_TEST(addresses)
{
	const char *s = " 10.0.0.2\t10.1.0.0/16  fe80::1 2001:db8::/32 ";
	static const unsigned prefixes[] = { 32, 16, 128, 32 };
	static const uint8_t first[] = { 10, 10, 0xfe, 0x20 };
	static const char *const wrong[] = { "10.0.0", "10.0.0.2/33", "x",
		"10.0.0.2/", "fe80::1/129", "10.0.0.2,10.0.0.3", "/8",
		"fe80:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0001" };
	struct xu_ip ip;
	char word[64];

	for (size_t i = 0; i < XU_ARRAY_SIZE(prefixes); i++) {
		ck_assert_int_eq(xu_ip_next(&s, &ip, word), 1);
		ck_assert_uint_eq(ip.prefix, prefixes[i]);
		ck_assert_uint_eq(ip.bytes[0], first[i]);
	}
	ck_assert_int_eq(xu_ip_next(&s, &ip, word), 0);
	for (size_t i = 0; i < XU_ARRAY_SIZE(wrong); i++) {
		s = wrong[i];
		ck_assert_int_eq(xu_ip_next(&s, &ip, word), -1);
	}
}
END_TEST

START_TEST(names)
{
	ck_assert(xu_ifname_ok("xenbr0") && xu_ifname_ok("eth0.100") &&
	    xu_ifname_ok("a") && xu_ifname_ok("123456789012345"));
	ck_assert(!xu_ifname_ok("") && !xu_ifname_ok(".") &&
	    !xu_ifname_ok("..") && !xu_ifname_ok("1234567890123456") &&
	    !xu_ifname_ok("a/b") && !xu_ifname_ok("a b") &&
	    !xu_ifname_ok("a\xc3\xa4") && !xu_ifname_ok("a:0"));
}
END_TEST

/* --- interfaces --------------------------------------------------------------------- */

/* All that was said, in one line. */
static void
say(const struct cfg_vif *v, char *out, size_t room)
{
	const struct {
		char letter;
		const char *value;
	} words[] = { { 'a', v->mac }, { 'b', v->bridge }, { 'i', v->ip },
		{ 's', v->script }, { 'n', v->vifname }, { 'r', v->rate },
		{ 'm', v->model }, { 't', v->type }, { 'g', v->gatewaydev } };
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		if (words[i].value != NULL)
			n += (size_t)snprintf(out + n, room - n, "%c=%s;",
			    words[i].letter, words[i].value);
	if (v->devid >= 0)
		n += (size_t)snprintf(out + n, room - n, "#%d", (int)v->devid);
	if (v->mtu >= 0)
		n += (size_t)snprintf(out + n, room - n, "@%d", (int)v->mtu);
	if (v->untrusted)
		snprintf(out + n, room - n, "!");
}

static const struct {
	const char *text, *said;
} vifs[] = {
	{ "", "" },
	{ " ", "" },
	{ ",", "" },
	{ "mac=00:16:3e:1:2:3", "a=00:16:3e:1:2:3;" },
	{ "type=ioemu, mac=00:16:3e:01:02:03 ,bridge = xenbr0 ",
	    "a=00:16:3e:01:02:03;b=xenbr0;t=ioemu;" },
	{ "type=vif", "t=vif;" },
	{ "type=netfront", "t=vif;" },
	{ "bridge=a,bridge=b", "b=b;" },
	{ "ip=10.0.0.2 10.0.0.3,script=vif-route,gatewaydev=eth0",
	    "i=10.0.0.2 10.0.0.3;s=vif-route;g=eth0;" },
	{ "netdev=eth1", "g=eth1;" },
	{ "script=/etc/xen/scripts/mine", "s=/etc/xen/scripts/mine;" },
	{ "rate=10Mb/s@20ms,vifname=web0", "n=web0;r=10Mb/s@20ms;" },
	{ "model=e1000,backend=0,devid=3,mtu=1400", "m=e1000;#3@1400" },
	{ "trusted=0", "!" },
	{ "trusted", "" },
	{ "untrusted", "!" },
	{ "untrusted=0", "" },
	{ "mac=,bridge=,accel=,policy=", "" },
};

START_TEST(a_vif)
{
	struct cfg_vif_problem p;
	struct cfg_vif v;
	char said[256];

	ck_assert_msg(cfg_vif_parse(vifs[_i].text, &v, &p) == 0, "%s: %s",
	    vifs[_i].text, p.text);
	say(&v, said, sizeof(said));
	ck_assert_str_eq(said, vifs[_i].said);
	cfg_vif_fini(&v);
}
END_TEST

static const struct {
	const char *text;
	size_t offset;
	const char *message;
} no_vifs[] = {
	{ "bridge=xenbr0, brigde=x", 15, "'brigde' is not a key of a network "
	    "interface, did you mean 'bridge'?" },
	{ "whatever=1", 0, "'whatever' is not a key of a network interface" },
	{ "bridge", 0, "'bridge' has no value; write bridge=..." },
	{ "mac=1:2", 4,
	    "'1:2' is no Ethernet address; write it as 00:16:3e:12:34:56" },
	{ "mac=01:16:3e:1:2:3", 4,
	    "'01:16:3e:1:2:3' is the address of a group: its first byte is odd" },
	{ "bridge=1234567890123456", 7, "'1234567890123456' cannot be the name "
	    "of an interface: 1 to 15 letters, digits and _.-" },
	{ "vifname=a/b", 8, "'a/b' cannot be the name of an interface: 1 to 15 "
	    "letters, digits and _.-" },
	{ "ip=10.0.0.2 10.0.0", 3, "'10.0.0' is no IP address" },
	{ "rate=fast", 5, "'fast' is no rate; write it as 10Mb/s (bits), 1MB/s "
	    "(bytes) or 1MB/s@20ms" },
	{ "type=tap", 5, "'tap' is no type of interface; use ioemu or vif" },
	{ "model=e1000;x", 6, "'e1000;x' is no model of a network card" },
	{ "backend=netdom", 8,
	    "backends in other domains (netdom) are not there yet" },
	{ "mtu=20", 4, "'mtu' is a number from 68 to 65517" },
	{ "devid=-1", 6, "'devid' is a number from 0 to 255" },
	{ "trusted=perhaps", 8, "'trusted' is neither 0 nor 1" },
	{ "vlan=7", 5, "'vlan' is not supported: VLANs are the host's (VLAN.create "
	    "of XenAPI); use the bridge of one" },
	{ "forwarddev=eth0", 11,
	    "'forwarddev' is not supported: it belongs to COLO, which is not "
	    "there" },
	{ "colo_sock_id=1", 0,
	    "'colo_sock_id' belongs to COLO, which is not there" },
	{ "script=a/b", 7, "'a/b' is neither a full path nor the name of a file "
	    "in " XLD_SYSCONFDIR "/xen/scripts" },
};

START_TEST(no_vif)
{
	struct cfg_vif_problem p;
	struct cfg_vif v;

	ck_assert_int_eq(cfg_vif_parse(no_vifs[_i].text, &v, &p), -1);
	ck_assert_str_eq(p.text, no_vifs[_i].message);
	ck_assert_uint_eq(p.offset, no_vifs[_i].offset);
	cfg_vif_fini(&v);
}
END_TEST

int
main(void)
{
	Suite *s = suite_create("network interfaces");
	TCase *t = tcase_create("words");
	SRunner *r;
	int failed;

	tcase_add_loop_test(t, a_mac, 0, XU_ARRAY_SIZE(macs));
	tcase_add_loop_test(t, a_rate, 0, XU_ARRAY_SIZE(rates));
	tcase_add_test(t, addresses);
	tcase_add_test(t, names);
	tcase_add_loop_test(t, a_vif, 0, XU_ARRAY_SIZE(vifs));
	tcase_add_loop_test(t, no_vif, 0, XU_ARRAY_SIZE(no_vifs));
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
