/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See cfg_disk.h. The order of positions and keys is xl's; xm's is the same
 * with a prefix, which stands for the format. */
#include "config.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cfg_disk.h"
#include "xu_auto.h"
#include "xu_num.h"
#include "xu_vdev.h"

/* One comma-separated part of the text. */
struct part {
	const char *s;
	size_t len;
	/* After "key=", else NULL; key_len is the key's then. */
	const char *value;
	size_t key_len;
};

struct parser {
	const char *text;
	struct cfg_disk *d;
	struct cfg_disk_problem *p;
	/* How many positions were taken; with a prefix the format is. */
	unsigned position;
	bool prefix, access_given, empty, has_target;
};

static int XU_PRINTF(3, 4)
wrong(struct parser *k, const char *at, const char *fmt, ...)
{
	va_list ap;

	k->p->offset = (size_t)(at - k->text);
	va_start(ap, fmt);
	vsnprintf(k->p->text, sizeof(k->p->text), fmt, ap);
	va_end(ap);
	return -1;
}

static bool
is_word(const char *s, size_t len, const char *word)
{
	return strlen(word) == len && strncmp(s, word, len) == 0;
}

static bool
one_of(const char *s, size_t len, const char *const *words)
{
	for (; *words != NULL; words++)
		if (is_word(s, len, *words))
			return true;
	return false;
}

/* ---- values ---------------------------------------------------------------------- */

static int
take_target(struct parser *k, const char *s, size_t len)
{
	AUTO_FREE char *text = strndup(s, len);
	struct xu_disk_target t;

	k->has_target = true;
	if (text == NULL)
		return wrong(k, s, "out of memory");
	xu_disk_target(text, &t);
	k->prefix = t.path != text;
	/* xm's prefix is xl's script. */
	if (t.script != NULL && k->d->script == NULL &&
	    (k->d->script = strdup(t.script)) == NULL)
		return wrong(k, s, "out of memory");
	if (t.reason != NULL && t.script == NULL)
		return wrong(k, s, "'%.60s': %s", text, t.reason);
	k->d->phy = strncmp(text, "phy:", 4) == 0;
	if (t.type != XU_DISK_RAW)
		k->d->format = t.type;
	free(k->d->path);
	k->d->path = strdup(t.path);
	return k->d->path != NULL ? 0 : wrong(k, s, "out of memory");
}

static bool
is_vdev(const char *s, size_t len)
{
	struct xu_vdev v;
	char word[32];

	snprintf(word, sizeof(word), "%.*s", (int)(len < 31 ? len : 31), s);
	return xu_vdev_parse(word, &v, NULL) == 0;
}

static int
take_format(struct parser *k, const char *s, size_t len)
{
	static const enum xu_disk_type ours[] = { XU_DISK_QCOW2, XU_DISK_VHD };
	static const char *const other[] = { "qcow", "qed", "vmdk", "vdi",
		"vhdx", NULL };
	char word[32];

	for (size_t i = 0; i < XU_ARRAY_SIZE(ours); i++)
		if (is_word(s, len, xu_disk_type_word(ours[i]))) {
			k->d->format = ours[i];
			return 0;
		}
	if (len == 0 || is_word(s, len, "raw") || is_word(s, len, "aio"))
		return 0;
	if (is_word(s, len, "empty")) {
		k->empty = true;
		return 0;
	}
	if (one_of(s, len, other))
		return wrong(k, s,
		    "images of format %.*s are not used here: convert the image "
		    "(qemu-img convert -O raw)", (int)len, s);
	snprintf(word, sizeof(word), "%.*s", (int)(len < 31 ? len : 31), s);
	if (is_vdev(s, len))
		return wrong(k, s,
		    "'%s' stands where the format does; write "
		    "\"TARGET,raw,%s,w\" or \"phy:TARGET,%s,w\"", word, word,
		    word);
	return wrong(k, s, "'%.*s' is not a format; use raw, qcow2 or vhd",
	    (int)len, s);
}

static int
take_vdev(struct parser *k, const char *s, size_t len)
{
	struct xu_err e = XU_ERR_INIT;
	struct xu_vdev v;
	char word[48], *colon;

	if (len >= sizeof(word))
		return wrong(k, s, "'%.*s' is no name of a disk", 40, s);
	snprintf(word, sizeof(word), "%.*s", (int)len, s);
	if (xu_vdev_parse(word, &v, &e) < 0)
		return wrong(k, s, "%s", e.msg);
	colon = strchr(word, ':');
	if (colon != NULL) {
		k->d->cdrom = k->d->cdrom || strcmp(colon, ":cdrom") == 0;
		*colon = '\0';
	}
	free(k->d->vdev);
	k->d->vdev = strdup(strncmp(word, "/dev/", 5) == 0 ? word + 5 : word);
	k->d->number = v.number;
	return k->d->vdev != NULL ? 0 : wrong(k, s, "out of memory");
}

static int
take_access(struct parser *k, const char *s, size_t len)
{
	static const char *const reading[] = { "r", "ro", NULL };
	static const char *const writing[] = { "w", "rw", NULL };
	static const char *const sharing[] = { "w!", "rw!", "!", NULL };

	k->access_given = true;
	k->d->readonly = one_of(s, len, reading);
	k->d->sharable = one_of(s, len, sharing);
	if (k->d->readonly || k->d->sharable || one_of(s, len, writing))
		return 0;
	return wrong(k, s,
	    "'%.*s' is not a mode; use r (read), w (read and write) or w! (the "
	    "same, though others have the disk, too)", (int)len, s);
}

static int
take_bool(struct parser *k, const char *s, size_t len, bool *out)
{
	static const char *const yes[] = { "1", "yes", "true", "on", NULL };
	static const char *const no[] = { "0", "no", "false", "off", NULL };

	*out = one_of(s, len, yes);
	if (*out || one_of(s, len, no))
		return 0;
	return wrong(k, s, "'%.*s' is neither 0 nor 1", (int)len, s);
}

/* ---- keys ------------------------------------------------------------------------- */

static int
take_devtype(struct parser *k, const char *s, size_t len)
{
	if (!is_word(s, len, "cdrom") && !is_word(s, len, "disk"))
		return wrong(k, s, "'devtype' is cdrom or disk");
	k->d->cdrom = is_word(s, len, "cdrom");
	return 0;
}

static int
take_backendtype(struct parser *k, const char *s, size_t len)
{
	if (is_word(s, len, "phy") || len == 0)
		return 0;
	k->d->qdisk = is_word(s, len, "qdisk");
	if (k->d->qdisk)
		return 0;
	return wrong(k, s, "'backendtype' can be phy or qdisk; leave it out");
}

static int
take_backend(struct parser *k, const char *s, size_t len)
{
	if (len == 0 || is_word(s, len, "0") || is_word(s, len, "Domain-0"))
		return 0;
	return wrong(k, s, "backends in other domains (%.*s) are not there yet",
	    (int)len, s);
}

static int
take_script(struct parser *k, const char *s, size_t len)
{
	free(k->d->script);
	k->d->script = NULL;
	if (len == 0 || is_word(s, len, "block"))
		return 0;
	k->d->script = strndup(s, len);
	return k->d->script != NULL ? 0 : wrong(k, s, "out of memory");
}

static int
take_specification(struct parser *k, const char *s, size_t len)
{
	return is_word(s, len, "xen") ?
	    0 : wrong(k, s, "'specification' can be xen in this release");
}

static int
take_removable(struct parser *k, const char *s, size_t len)
{
	return take_bool(k, s, len, &k->d->removable);
}

static const struct {
	const char *name;
	int (*take)(struct parser *k, const char *s, size_t len);
} keys[] = {
	{ "target", take_target },
	{ "format", take_format },
	{ "vdev", take_vdev },
	{ "access", take_access },
	{ "mode", take_access },
	{ "devtype", take_devtype },
	{ "backendtype", take_backendtype },
	{ "backend", take_backend },
	{ "script", take_script },
	{ "specification", take_specification },
	{ "removable", take_removable },
};

/* Words without a value; those that ask for what is so anyhow. */
static const char *const flags[] = { "cdrom", "removable", "discard",
	"no-discard", "direct-io-safe", "trusted", NULL };

static const char *
nearest(const char *s, size_t len)
{
	char word[40];
	struct xu_near near = { .word = word, .most = 2 };

	snprintf(word, sizeof(word), "%.*s", (int)(len < 39 ? len : 39), s);
	for (size_t i = 0; i < XU_ARRAY_SIZE(keys); i++)
		xu_near_try(&near, keys[i].name);
	return near.best;
}

static int
take_key(struct parser *k, const struct part *p)
{
	size_t len = p->len - p->key_len - 1;
	const char *near;

	for (size_t i = 0; i < XU_ARRAY_SIZE(keys); i++)
		if (is_word(p->s, p->key_len, keys[i].name))
			return keys[i].take(k, p->value, len);
	near = nearest(p->s, p->key_len);
	return wrong(k, p->s, "'%.*s' is not a key of a disk%s%s%s",
	    (int)(p->key_len < 60 ? p->key_len : 60), p->s,
	    near != NULL ? ", did you mean '" : "", near != NULL ? near : "",
	    near != NULL ? "'?" : "");
}

/* ---- the text ----------------------------------------------------------------------- */

static int
take_position(struct parser *k, const struct part *p)
{
	switch (k->position++) {
	case 0:
		if (take_target(k, p->s, p->len) < 0)
			return -1;
		k->position += k->prefix;
		return 0;
	case 1:
		/* xm's empty drive: ",hdc:cdrom,r". */
		if (k->d->path[0] == '\0' && is_vdev(p->s, p->len)) {
			k->position++;
			return take_vdev(k, p->s, p->len);
		}
		return take_format(k, p->s, p->len);
	case 2:
		return p->len == 0 ? 0 : take_vdev(k, p->s, p->len);
	case 3:
		return p->len == 0 ? 0 : take_access(k, p->s, p->len);
	case 4:
		/* xm's backend domain. */
		return take_backend(k, p->s, p->len);
	default:
		return p->len == 0 ? 0 :
			wrong(k, p->s, "'%.*s' is too much", (int)p->len, p->s);
	}
}

static bool
take_flag(struct parser *k, const struct part *p)
{
	if (!one_of(p->s, p->len, flags))
		return false;
	k->d->cdrom = k->d->cdrom || is_word(p->s, p->len, "cdrom");
	k->d->removable = k->d->removable ||
	    is_word(p->s, p->len, "removable");
	return true;
}

/* A target is the last key and takes the rest, commas and all. */
static struct part
part_at(const char *s)
{
	struct part p = { .s = s, .len = strcspn(s, ",") };
	size_t name = strcspn(s, "=,:/");

	if (s[name] == '=') {
		p.key_len = name;
		p.value = s + name + 1;
		if (is_word(s, name, "target"))
			p.len = strlen(s);
	}
	return p;
}

static int
finish(struct parser *k)
{
	struct cfg_disk *d = k->d;

	if (d->path == NULL && (d->path = strdup("")) == NULL)
		return wrong(k, k->text, "out of memory");
	if (k->empty && d->path[0] != '\0')
		return wrong(k, k->text, "format=empty, and a target");
	if (d->vdev == NULL)
		return wrong(k, k->text,
		    "it has no name in the guest; add one, as in "
		    "\"phy:/dev/vg/web,xvda,w\" or \"vdev=xvda,target=/x\"");
	if (d->path[0] == '\0' && !d->cdrom)
		return wrong(k, k->text,
		    "it has no target, and only a CD drive may be empty");
	if (d->cdrom) {
		d->readonly = true;
		d->sharable = false;
	}
	return 0;
}

int
cfg_disk_parse(const char *text, struct cfg_disk *d, struct cfg_disk_problem *p)
{
	struct parser k = { .text = text, .d = d, .p = p };
	const char *s = text;
	struct part part;
	int r;

	memset(d, 0, sizeof(*d));
	memset(p, 0, sizeof(*p));
	if (text[0] == '\0')
		return wrong(&k, text, "a disk without words; see xm.cfg(5)");
	for (;;) {
		/* Blanks behind commas are the writer's. */
		s += strspn(s, " \t");
		part = part_at(s);
		if (part.value != NULL)
			r = take_key(&k, &part);
		else if (take_flag(&k, &part))
			r = 0;
		else
			r = take_position(&k, &part);
		if (r < 0)
			return -1;
		if (s[part.len] == '\0')
			return finish(&k);
		s += part.len + 1;
	}
}

void
cfg_disk_fini(struct cfg_disk *d)
{
	free(d->path);
	free(d->script);
	free(d->vdev);
	memset(d, 0, sizeof(*d));
}

char *
cfg_disk_location(const struct cfg_disk *d, const char *cwd)
{
	bool dev = d->phy || strncmp(d->path, "/dev/", 5) == 0;
	const char *from = d->path[0] == '/' ? "" : d->phy ? "/dev" : cwd;
	const char *prefix = dev ? "phy" : "file";
	char *s;

	if (d->path[0] == '\0' || d->script != NULL)
		return strdup(d->path);
	if (d->format != XU_DISK_RAW)
		prefix = xu_disk_type_word(d->format);
	if (asprintf(&s, "%s:%s%s%s", prefix,
		strcmp(from, "/") == 0 ? "" : from,
		d->path[0] == '/' ? "" : "/", d->path) < 0)
		return NULL;
	return s;
}
