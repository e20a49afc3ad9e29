/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The keys of HVM guests. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfg_binder.h"

static char *
copy_str(const struct binder *b, const char *key, const char *dflt)
{
	return strdup(bind_str(b, key, dflt));
}

/* stdvga and nographic are xm's words for vga. */
static void
bind_vga(struct binder *b)
{
	struct domcfg_hvm *h = &b->d->hvm;
	const struct cfg_setting *s = bind_get(b, "vga");
	const char *vga = bind_str(b, "vga", "cirrus");

	if (bind_bool(b, "stdvga", false) || strcmp(vga, "stdvga") == 0)
		vga = "std";
	if (bind_bool(b, "nographic", false))
		vga = "none";
	if (strcmp(vga, "cirrus") != 0 && strcmp(vga, "std") != 0 &&
	    strcmp(vga, "none") != 0)
		bind_say(b, &s->value->pos, true,
		    "'vga' must be cirrus, stdvga or none");
	h->vga = strdup(vga);
}

static void
bind_usb(struct binder *b)
{
	const struct cfg_setting *s = bind_get(b, "usbdevice");
	bool tablet = s != NULL && s->value->kind == CFG_STRING &&
	    strcmp(s->value->text, "tablet") == 0;

	if (s != NULL && !bind_is_empty(s->value) && !tablet)
		bind_say(b, &s->value->pos, true,
		    "'usbdevice' can be \"tablet\" in this release");
	b->d->hvm.usb = tablet || bind_bool(b, "usb", false);
	b->d->hvm.usb_tablet = tablet;
}

/* Of these nothing else is there. */
static void
only_word(struct binder *b, const char *key, const char *word)
{
	const struct cfg_setting *s = bind_get(b, key);

	if (s != NULL && s->value->text[0] != '\0' &&
	    strcmp(s->value->text, word) != 0)
		bind_say(b, &s->value->pos, true,
		    "'%s' can be \"%s\" in this release", key, word);
}

static void
bind_bios(struct binder *b)
{
	const struct cfg_setting *s = bind_get(b, "bios");
	const char *bios = bind_str(b, "bios", "");

	if (s != NULL && bios[0] != '\0' && strcmp(bios, "seabios") != 0 &&
	    strcmp(bios, "ovmf") != 0)
		bind_say(
		    b, &s->value->pos, true, "'bios' must be seabios or ovmf");
	b->d->hvm.bios = strdup(bios);
}

/* A word, or a list of one: xl allows more, whose output nobody would see. */
static void
bind_serial(struct binder *b)
{
	const struct cfg_setting *s = bind_get(b, "serial");
	const struct cfg_value *v = s == NULL ? NULL : s->value;
	const char *word = "none";

	if (v != NULL && v->kind == CFG_LIST && v->nitems == 1)
		v = v->items[0];
	if (v != NULL && v->kind == CFG_STRING && v->text[0] != '\0')
		word = v->text;
	if (v != NULL && !bind_is_empty(v) &&
	    (v->kind != CFG_STRING ||
		(strcmp(word, "pty") != 0 && strcmp(word, "none") != 0)))
		bind_say(b, &v->pos, true,
		    "'serial' can be \"pty\", which 'xm console' shows; other "
		    "serial lines are words of device_model_args_hvm");
	b->d->hvm.serial = strdup(word);
}

/* Yes, no, or a list of groups, "!group" taking one away. */
static void
bind_viridian(struct binder *b)
{
	const struct cfg_setting *s = bind_get(b, "viridian");
	struct xu_buf words = XU_BUF_INIT;
	const struct cfg_value *v = s == NULL ? NULL : s->value;

	if (v != NULL && v->kind == CFG_LIST)
		for (size_t i = 0; i < v->nitems; i++)
			xu_buf_addf(&words, "%s%s", i == 0 ? "" : " ",
			    v->items[i]->kind == CFG_LIST ? ""
							  : v->items[i]->text);
	else if (v != NULL && bind_is_yes(v))
		xu_buf_adds(&words, "defaults");
	else if (v != NULL && v->kind == CFG_STRING && v->text[0] >= 'a' &&
	    strcmp(v->text, "no") != 0 && strcmp(v->text, "false") != 0)
		xu_buf_adds(&words, v->text);
	b->d->hvm.viridian = xu_buf_steal(&words);
}

/* xl's two lists and xm's, in this order. */
static void
bind_model_args(struct binder *b)
{
	static const char *const keys[] = {
	    "device_model_args", "device_model_args_hvm"};
	struct xu_buf lines = XU_BUF_INIT;
	const struct cfg_setting *s;

	for (size_t i = 0; i < XU_ARRAY_SIZE(keys); i++) {
		s = bind_get(b, keys[i]);
		for (size_t n = 0; s != NULL && n < s->value->nitems; n++) {
			const struct cfg_value *v = s->value->items[n];

			if (v->kind == CFG_LIST || strchr(v->text, '\n'))
				bind_say(b, &v->pos, true,
				    "'%s' is a list of words", keys[i]);
			else
				xu_buf_addf(&lines, "%s%s",
				    lines.len == 0 ? "" : "\n", v->text);
		}
	}
	b->d->hvm.device_model_args = xu_buf_steal(&lines);
}

/* xl's words for the modes; the numbers are Xen's. */
static void
bind_timers(struct binder *b)
{
	static const char *const modes[] = {"delay_for_missed_ticks",
	    "no_delay_for_missed_ticks", "no_missed_ticks_pending",
	    "one_missed_tick_pending"};
	const struct cfg_setting *s = bind_get(b, "timer_mode");
	const struct cfg_setting *hole = bind_get(b, "mmio_hole");
	int64_t mode = -1;

	b->d->hvm.mmio_hole_mib =
	    hole == NULL ? -1 : bind_int(b, "mmio_hole", 0);
	b->d->hvm.timer_mode = -1;
	if (s == NULL || bind_is_empty(s->value))
		return;
	if (!bind_as_number(s->value, &mode))
		for (size_t i = 0; i < XU_ARRAY_SIZE(modes); i++)
			if (s->value->kind == CFG_STRING &&
			    strcmp(s->value->text, modes[i]) == 0)
				mode = (int64_t)i;
	if (mode < 0 || mode > 3)
		bind_say(b, &s->value->pos, true,
		    "'timer_mode' must be 0 to 3, or one of "
		    "delay_for_missed_ticks, no_delay_for_missed_ticks, "
		    "no_missed_ticks_pending and one_missed_tick_pending");
	b->d->hvm.timer_mode = mode;
}

void
bind_hvm(struct binder *b)
{
	struct domcfg_hvm *h = &b->d->hvm;
	const struct cfg_setting *s = bind_get(b, "boot");

	if (b->d->type != TYPE_HVM)
		return;
	only_word(b, "device_model_version", "qemu-xen");
	only_word(b, "firmware", "seabios");
	h->boot = copy_str(b, "boot", "cda");
	if (s != NULL && h->boot != NULL &&
	    (h->boot[0] == '\0' || h->boot[strspn(h->boot, "acdn")] != '\0'))
		bind_say(b, &s->value->pos, true,
		    "'boot' is made of the letters c (disk), d (CD), a (floppy) "
		    "and n (network)");
	h->bios_path = copy_str(
	    b, "bios_path_override", bind_str(b, "firmware_override", ""));
	h->loader = copy_str(b, "loader", "");
	h->device_model = copy_str(b, "device_model_override", "");
	bind_vga(b);
	bind_usb(b);
	bind_bios(b);
	bind_serial(b);
	bind_viridian(b);
	bind_model_args(b);
	bind_timers(b);
#define S(member, key, dflt) h->member = bind_bool(b, key, dflt);
	DOMCFG_HVM_SWITCHES(S)
#undef S
#define W(member, key) h->member = copy_str(b, key, "");
	DOMCFG_HVM_WORDS(W)
#undef W
}
