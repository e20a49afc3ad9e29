/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strict numbers and near misses; see xu_num.h. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "xu_num.h"

bool
xu_num_u64(const char *s, int base, uint64_t max, uint64_t *out)
{
	unsigned long long v;
	char *end;

	if (!isxdigit((unsigned char)s[0]))
		return false;
	if (base == 0)
		base = s[0] == '0' && (s[1] == 'x' || s[1] == 'X') ? 16 : 10;
	errno = 0;
	v = strtoull(s, &end, base);
	if (errno != 0 || end == s || *end != '\0' || v > max)
		return false;
	*out = v;
	return true;
}

bool
xu_num_i64(const char *s, int64_t min, int64_t max, int64_t *out)
{
	const char *digits = s[0] == '-' ? s + 1 : s;
	long long v;
	char *end;

	if (!isdigit((unsigned char)digits[0]))
		return false;
	errno = 0;
	v = strtoll(s, &end, 10);
	if (errno != 0 || *end != '\0' || v < min || v > max)
		return false;
	*out = v;
	return true;
}

bool
xu_num_kib(const char *s, char unit, uint64_t *out)
{
	unsigned long long v;
	char *end;
	unsigned shift;

	if (!isdigit((unsigned char)s[0]))
		return false;
	errno = 0;
	v = strtoull(s, &end, 10);
	if (errno != 0)
		return false;
	if (*end != '\0') {
		unit = (char)tolower((unsigned char)*end++);
		if (unit != 'b' && (*end == 'b' || *end == 'B'))
			end++;
		if (*end != '\0')
			return false;
	}
	switch (unit) {
	case 'b':
		if (v % 1024 != 0)
			return false;
		*out = v / 1024;
		return true;
	case 'k':
		shift = 0;
		break;
	case 'm':
		shift = 10;
		break;
	case 'g':
		shift = 20;
		break;
	case 't':
		shift = 30;
		break;
	default:
		return false;
	}
	if (v > UINT64_MAX >> shift)
		return false;
	*out = (uint64_t)v << shift;
	return true;
}

#define EDIT_CAP 8
#define EDIT_LEN 64

bool
xu_is_uuid(const char *s)
{
	static const char form[] = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";

	for (size_t i = 0; i < sizeof(form); i++)
		if (form[i] == 'x' ? !isxdigit((unsigned char)s[i]) :
				     s[i] != form[i])
			return false;
	return true;
}

unsigned
xu_edit_distance(const char *a, const char *b)
{
	unsigned rows[3][EDIT_LEN + 1], *prev2, *prev, *cur, *tmp;
	size_t la = strlen(a), lb = strlen(b), i, j;

	if (la > EDIT_LEN || lb > EDIT_LEN)
		return EDIT_CAP;
	prev2 = rows[0];
	prev = rows[1];
	cur = rows[2];
	for (j = 0; j <= lb; j++)
		prev[j] = (unsigned)j;
	for (i = 1; i <= la; i++) {
		cur[0] = (unsigned)i;
		for (j = 1; j <= lb; j++) {
			unsigned best = prev[j - 1] + (a[i - 1] != b[j - 1]);

			if (prev[j] + 1 < best)
				best = prev[j] + 1;
			if (cur[j - 1] + 1 < best)
				best = cur[j - 1] + 1;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && prev2[j - 2] + 1 < best)
				best = prev2[j - 2] + 1;
			cur[j] = best;
		}
		tmp = prev2;
		prev2 = prev;
		prev = cur;
		cur = tmp;
	}
	return prev[lb] > EDIT_CAP ? EDIT_CAP : prev[lb];
}

void
xu_near_try(struct xu_near *n, const char *name)
{
	unsigned d = xu_edit_distance(n->word, name);

	/* Of equals the first. */
	if (d > n->most || (n->best != NULL && d == n->most))
		return;
	n->most = d;
	n->best = name;
}
