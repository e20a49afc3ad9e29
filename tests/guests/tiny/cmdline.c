/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The command line: words parted by blanks, each KEY or KEY=VALUE. Unknown
 * words mean nothing, so that a kernel's usual ones do no harm.
 */
#include "tiny.h"

static char line[MAX_GUEST_CMDLINE];  /* as given */
static char words[MAX_GUEST_CMDLINE]; /* blanks replaced by terminators */
static size_t length;

void
cmdline_init(const char *s)
{
	for (length = 0; length + 1 < sizeof(line) && s[length]; length++) {
		line[length] = s[length];
		words[length] = s[length] == ' ' ? '\0' : s[length];
	}
}

const char *
cmdline(void)
{
	return line;
}

const char *
cmdline_word(const char *word)
{
	size_t want = strlen(word);

	for (size_t i = 0; i < length; i += strlen(words + i) + 1) {
		const char *w = words + i;

		if (strlen(w) < want || memcmp(w, word, want) != 0)
			continue;
		if (w[want] == '\0')
			return w + want;
		if (w[want] == '=')
			return w + want + 1;
	}
	return NULL;
}

uint64_t
cmdline_number(const char *word, uint64_t dflt)
{
	const char *val = cmdline_word(word), *end;
	uint64_t n;

	if (val == NULL)
		return dflt;
	n = number(val, &end);
	return end == val ? dflt : n;
}

bool
value_is(const char *val, const char *text)
{
	size_t n = strlen(text);

	return strlen(val) >= n && memcmp(val, text, n) == 0 &&
	    (val[n] == '\0' || val[n] == ',');
}

uint64_t
value_second(const char *val, uint64_t dflt)
{
	const char *end;
	uint64_t n;

	while (*val != '\0' && *val != ',')
		val++;
	if (*val++ != ',')
		return dflt;
	n = number(val, &end);
	return end == val ? dflt : n;
}
