/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* See xu_conf.h. */
#include "config.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "xu_conf.h"
#include "xu_file.h"
#include "xu_num.h"

#define BLANKS " \t\r"

struct reader {
	const char *where;
	unsigned line;
	const struct xu_conf_key *keys;
	size_t nkeys;
	xu_conf_warn_f *warn;
	void *arg;
	struct xu_val *out;
	/* Line of each key, 0 = not yet; the number of keys is a table's. */
	unsigned seen[64];
};

static struct xu_val *
words(char *value)
{
	struct xu_val *v = xu_array();
	char *save = NULL;

	for (char *w = strtok_r(value, BLANKS, &save); w != NULL;
	     w = strtok_r(NULL, BLANKS, &save))
		xu_val_add(v, xu_str(w));
	return v;
}

static int
set_number(struct reader *r, const struct xu_conf_key *k, const char *value,
    struct xu_err *e)
{
	uint64_t n;

	if (!xu_num_u64(value, 10, k->max, &n) || n < k->min)
		return xu_err_set(e, "XLD_CONFIG", 0,
		    "%s:%u: %s must be a number from %llu to %llu, not '%.60s'",
		    r->where, r->line, k->name, (unsigned long long)k->min,
		    (unsigned long long)k->max, value);
	return xu_val_set(r->out, k->name, xu_int((int64_t)n));
}

static int
set_words(struct reader *r, const struct xu_conf_key *k, char *value,
    struct xu_err *e)
{
	struct xu_val *v = words(value);
	size_t n = xu_val_count(v);

	if (n >= k->min && n <= k->max)
		return xu_val_set(r->out, k->name, v);
	xu_val_free(v);
	return xu_err_set(e, "XLD_CONFIG", 0,
	    "%s:%u: %s takes %llu to %llu words and has %zu", r->where,
	    r->line, k->name, (unsigned long long)k->min,
	    (unsigned long long)k->max, n);
}

static int
set(struct reader *r, const struct xu_conf_key *k, char *value,
    struct xu_err *e)
{
	if (k->kind == XU_CONF_NUMBER)
		return set_number(r, k, value, e);
	return set_words(r, k, value, e);
}

static void
unknown(const struct reader *r, const char *name)
{
	struct xu_near near = { .word = name, .most = 3 };
	char sentence[512];
	size_t n;

	for (size_t i = 0; i < r->nkeys; i++)
		xu_near_try(&near, r->keys[i].name);
	n = (size_t)snprintf(sentence, sizeof(sentence),
	    "%s:%u: there is no setting '%.60s'", r->where, r->line, name);
	if (near.best != NULL && n < sizeof(sentence))
		snprintf(sentence + n, sizeof(sentence) - n,
		    "; did you mean '%s'?", near.best);
	if (r->warn != NULL)
		r->warn(r->arg, sentence);
}

/* Without the blanks around it. */
static char *
trim(char *s)
{
	size_t n;

	s += strspn(s, BLANKS);
	n = strlen(s);
	while (n > 0 && strchr(BLANKS, s[n - 1]) != NULL)
		n--;
	s[n] = '\0';
	return s;
}

static int
take_line(struct reader *r, char *line, struct xu_err *e)
{
	char *eq, *name;

	line[strcspn(line, "#")] = '\0';
	line = trim(line);
	if (*line == '\0')
		return 0;
	eq = strchr(line, '=');
	if (eq == NULL)
		return xu_err_set(e, "XLD_CONFIG", 0,
		    "%s:%u: '%.60s' is not NAME = VALUE", r->where, r->line,
		    line);
	*eq = '\0';
	name = trim(line);
	for (size_t i = 0; i < r->nkeys; i++) {
		if (strcmp(r->keys[i].name, name) != 0)
			continue;
		if (r->seen[i] != 0)
			return xu_err_set(e, "XLD_CONFIG", 0,
			    "%s:%u: %s is set in line %u already", r->where,
			    r->line, name, r->seen[i]);
		r->seen[i] = r->line;
		return set(r, &r->keys[i], trim(eq + 1), e);
	}
	unknown(r, name);
	return 0;
}

static int
take_defaults(struct reader *r, struct xu_err *e)
{
	char value[256];

	for (size_t i = 0; i < r->nkeys; i++) {
		snprintf(value, sizeof(value), "%s", r->keys[i].dflt);
		if (set(r, &r->keys[i], value, e) < 0)
			return -1;
	}
	return 0;
}

static int
take_lines(struct reader *r, const char *text, struct xu_err *e)
{
	AUTO_FREE char *copy = strdup(text);
	char *next = copy, *line;

	if (copy == NULL)
		return xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "%s", r->where);
	while ((line = strsep(&next, "\n")) != NULL) {
		r->line++;
		if (take_line(r, line, e) < 0)
			return -1;
	}
	return 0;
}

struct xu_val *
xu_conf_parse(const char *where, const char *text,
    const struct xu_conf_key *keys, size_t nkeys, xu_conf_warn_f *warn,
    void *arg, struct xu_err *e)
{
	struct reader r = { .where = where,
		.keys = keys,
		.nkeys = nkeys,
		.warn = warn,
		.arg = arg,
		.out = xu_struct() };

	if (nkeys > XU_ARRAY_SIZE(r.seen) || take_defaults(&r, e) < 0 ||
	    take_lines(&r, text, e) < 0 || !xu_val_ok(r.out)) {
		xu_err_set(e, "XLD_NO_MEMORY", ENOMEM, "%s", where);
		xu_val_free(r.out);
		return NULL;
	}
	return r.out;
}

struct xu_val *
xu_conf_read(const char *path, const struct xu_conf_key *keys, size_t nkeys,
    xu_conf_warn_f *warn, void *arg, struct xu_err *e)
{
	AUTO_BUF struct xu_buf b = XU_BUF_INIT;

	if ((access(path, F_OK) == 0 || errno != ENOENT) &&
	    xu_file_read(path, XU_CONF_FILE_MAX, &b, e) < 0)
		return NULL;
	if (b.len != strlen(xu_buf_text(&b))) {
		xu_err_set(e, "XLD_CONFIG", 0, "%s is no text", path);
		return NULL;
	}
	return xu_conf_parse(path, xu_buf_text(&b), keys, nkeys, warn, arg, e);
}
