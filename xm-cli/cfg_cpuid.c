/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* cpuid: xl's string or list, or xm's list; see common/xu_cpuid.h. */
#include "config.h"

#include <ctype.h>

#include "cfg_binder.h"
#include "xu_cpuid.h"

/* A list's items may go over several lines: blanks mean nothing. */
static void
add_word(struct binder *b, struct xu_buf *words, const struct cfg_value *v)
{
	AUTO_BUF struct xu_buf word = XU_BUF_INIT;
	struct xu_err e = XU_ERR_INIT;
	struct xu_cpuid rules;

	if (v->kind != CFG_STRING) {
		bind_say(b, &v->pos, true,
		    "'cpuid' is made of strings such as "
		    "\"host,avx2=0\" or \"1:ecx=...\"");
		return;
	}
	for (const char *p = v->text; *p != '\0'; p++)
		if (!isspace((unsigned char)*p))
			xu_buf_addc(&word, *p);
	if (xu_cpuid_parse(xu_buf_text(&word), &rules, &e) < 0)
		bind_say(b, &v->pos, true, "%s", e.msg);
	else if (word.len > 0)
		xu_buf_addf(words, "%s%s", words->len == 0 ? "" : " ",
		    xu_buf_text(&word));
}

void
bind_cpuid(struct binder *b)
{
	const struct cfg_setting *s = bind_get(b, "cpuid");
	struct xu_buf words = XU_BUF_INIT;

	if (s != NULL && s->value->kind == CFG_LIST)
		for (size_t i = 0; i < s->value->nitems; i++)
			add_word(b, &words, s->value->items[i]);
	else if (s != NULL && !bind_is_empty(s->value))
		add_word(b, &words, s->value);
	b->d->cpuid = xu_buf_steal(&words);
}
