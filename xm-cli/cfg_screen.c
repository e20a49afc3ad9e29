/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The screen of a guest: the keys of old, and vfb's, which stand above them. */
#include "config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfg_binder.h"
#include "xu_auto.h"
#include "xu_num.h"

/* QEMU adds 5900. */
#define DISPLAY_MAX  59635
#define VIDEORAM_MAX 256

/* Strings are borrowed. */
struct screen {
	int64_t on, display, unused, videoram;
	const char *listen, *password, *keymap;
	/* What nobody is there to see. */
	int64_t window;
	/* For the default of unused. */
	bool has_display;
};

enum kind {
	/* Nothing that matters here. */
	PASSED_OVER,
	TYPE,
	SWITCH,
	NUMBER,
	WORD,
};

/* clang-format off */
static const struct key {
	const char *name;
	enum kind kind;
	int64_t max;
	size_t at;
} keys[] = {
#define AT(m) offsetof(struct screen, m)
	{ "type", TYPE, 0, 0 },
	{ "vnc", SWITCH, 1, AT(on) },
	{ "vnclisten", WORD, 0, AT(listen) },
	{ "vncdisplay", NUMBER, DISPLAY_MAX, AT(display) },
	{ "vncunused", SWITCH, 1, AT(unused) },
	{ "vncpasswd", WORD, 0, AT(password) },
	{ "keymap", WORD, 0, AT(keymap) },
	{ "videoram", NUMBER, VIDEORAM_MAX, AT(videoram) },
	{ "sdl", SWITCH, 1, AT(window) },
	{ "opengl", PASSED_OVER, 0, 0 },
	{ "display", PASSED_OVER, 0, 0 },
	{ "xauthority", PASSED_OVER, 0, 0 },
	/* Of what xend printed. */
	{ "location", PASSED_OVER, 0, 0 },
	{ "serial", PASSED_OVER, 0, 0 },
	{ "monitor", PASSED_OVER, 0, 0 },
#undef AT
};
/* clang-format on */

static const char no_window[] =
    "a window on the host's own display (SDL) is not there: hosts are "
    "headless; write vnc=1";

static const struct key *
find_key(const char *name)
{
	for (size_t i = 0; i < XU_ARRAY_SIZE(keys); i++)
		if (strcmp(keys[i].name, name) == 0)
			return &keys[i];
	return NULL;
}

static void
unknown_key(struct binder *b, const struct cfg_pos *pos, const char *name)
{
	struct xu_near near = { .word = name, .most = 2 };

	for (size_t i = 0; i < XU_ARRAY_SIZE(keys); i++)
		xu_near_try(&near, keys[i].name);
	bind_say(b, pos, true, "vfb: '%.60s' is not a key of a screen%s%s%s",
	    name, near.best != NULL ? ", did you mean '" : "",
	    near.best != NULL ? near.best : "", near.best != NULL ? "'?" : "");
}

static bool
take_switch(const char *value, int64_t *out)
{
	static const char *const words[][2] = { { "0", "1" }, { "no", "yes" },
		{ "false", "true" }, { "off", "on" } };

	for (size_t i = 0; i < XU_ARRAY_SIZE(words); i++)
		for (int64_t k = 0; k < 2; k++)
			if (strcmp(value, words[i][k]) == 0) {
				*out = k;
				return true;
			}
	return false;
}

/* What is wrong with the value; NULL: it is taken. */
static const char *
take_value(struct screen *s, const struct key *k, const char *value)
{
	char *at = (char *)s + k->at;

	switch (k->kind) {
	case PASSED_OVER:
		return NULL;
	case TYPE:
		s->on = strcmp(value, "vnc") == 0;
		s->window = strcmp(value, "sdl") == 0;
		return s->on || s->window ? NULL : "is vnc or sdl";
	case SWITCH:
		return take_switch(value, (int64_t *)(void *)at) ?
		    NULL : "is neither 0 nor 1";
	case NUMBER:
		s->has_display = s->has_display || strcmp(k->name,
		    "vncdisplay") == 0;
		return xu_num_i64(value, 0, k->max, (int64_t *)(void *)at) ?
		    NULL : "is no number of its kind";
	case WORD:
		*(const char **)(void *)at = value;
		return NULL;
	}
	return NULL;
}

/* text is cut up; the words in it stay. */
static void
take_vfb(struct binder *b, struct screen *s, char *text, struct cfg_pos pos)
{
	char *save = NULL, *value, *part;
	const struct key *k;
	const char *why;
	/* Behind the quote. */
	const unsigned col = pos.col + 1;

	s->on = 1;
	for (part = strtok_r(text, ", \t", &save); part != NULL;
	     part = strtok_r(NULL, ", \t", &save)) {
		pos.col = col + (unsigned)(part - text);
		value = strchr(part, '=');
		if (value != NULL)
			*value++ = '\0';
		k = find_key(part);
		if (k == NULL) {
			unknown_key(b, &pos, part);
			continue;
		}
		why = take_value(s, k, value != NULL ? value : "1");
		if (why != NULL)
			bind_say(b, &pos, true, "vfb: '%s' %s", part, why);
		else if (s->window != 0)
			bind_say(b, &pos, true, "vfb: %s", no_window);
		s->window = 0;
	}
}

/* xm's keys from before there was vfb. */
static void
take_old(struct binder *b, struct screen *s)
{
	const struct cfg_setting *sdl = bind_get(b, "sdl");

	if (sdl != NULL && bind_bool(b, "sdl", false))
		bind_say(b, &sdl->value->pos, true, "'sdl': %s", no_window);
	*s = (struct screen){ .on = bind_bool(b, "vnc", false),
		.listen = bind_str(b, "vnclisten", ""),
		.display = bind_int(b, "vncdisplay", 0),
		.has_display = bind_get(b, "vncdisplay") != NULL,
		.unused = bind_get(b, "vncunused") == NULL ?
		    -1 : bind_bool(b, "vncunused", true),
		.password = bind_str(b, "vncpasswd", ""),
		.keymap = bind_str(b, "keymap", ""),
		.videoram = (int64_t)bind_kib(b, "videoram", 0) / 1024 };
}

void
bind_screen(struct binder *b)
{
	const struct cfg_setting *vfb = bind_get(b, "vfb");
	const struct cfg_value *v = vfb == NULL || vfb->value->nitems == 0 ?
	    NULL : vfb->value->items[0];
	struct domcfg_screen *d = &b->d->screen;
	AUTO_FREE char *text = NULL;
	struct screen s;

	take_old(b, &s);
	if (v != NULL && vfb->value->nitems > 1)
		bind_say(b, &vfb->value->items[1]->pos, true,
		    "vfb: a guest has one screen");
	if (v != NULL && v->kind != CFG_STRING) {
		bind_say(b, &v->pos, true,
		    "a screen is a string such as \"vnc=1,vncunused=1\"");
	} else if (v != NULL) {
		text = strdup(v->text);
		if (text != NULL)
			take_vfb(b, &s, text, v->pos);
	}
	if (s.unused < 0)
		s.unused = !s.has_display;
	d->videoram_mib = s.videoram;
	d->unused = s.unused;
	d->keymap = strdup(s.keymap);
	d->password = strdup(s.password);
	if (s.on == 0)
		d->vnc = strdup("");
	else if (asprintf(&d->vnc, "%s:%lld", s.listen[0] != '\0' ?
		s.listen : "127.0.0.1", (long long)s.display) < 0)
		d->vnc = NULL;
}
