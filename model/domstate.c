/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Words of the life cycle, looked up in domstate.h's tables. */
#include <stddef.h>
#include <string.h>

#include "domstate.h"

const char *
dom_power_word(enum dom_power p)
{
	static const char *const words[] = {
#define ROW(sym, word) [DOM_##sym] = (word),
		DOM_POWERS(ROW)
#undef ROW
	};

	return words[p];
}

const char *
dom_end_word(unsigned reason)
{
	static const char *const words[] = {
#define ROW(sym, number, word) [number] = (word),
		DOM_ENDS(ROW)
#undef ROW
	};

	return reason < sizeof(words) / sizeof(words[0]) ? words[reason] :
							   "unknown";
}

static const struct action {
	const char *word, *xm_word;
	bool dumps;
} actions[] = {
#define ROW(sym, word, xm_word, core) [ACTION_##sym] = { word, xm_word, core },
	DOM_ACTIONS(ROW)
#undef ROW
};

bool
dom_action_of(const char *word, enum dom_action *out)
{
	for (size_t i = 0; i < sizeof(actions) / sizeof(actions[0]); i++)
		if (strcmp(actions[i].word, word) == 0 ||
		    strcmp(actions[i].xm_word, word) == 0) {
			*out = (enum dom_action)i;
			return true;
		}
	return false;
}

const char *
dom_action_word(enum dom_action a)
{
	return actions[a].word;
}

bool
dom_action_dumps(enum dom_action a)
{
	return actions[a].dumps;
}

static const char *const type_words[] = {
#define ROW(sym, word) word,
	DOM_TYPES(ROW)
#undef ROW
};

enum dom_type
dom_type_of(const char *word)
{
	for (unsigned i = 0; i < sizeof(type_words) / sizeof(*type_words); i++)
		if (strcmp(type_words[i], word) == 0)
			return (enum dom_type)i;
	return TYPE_UNSPECIFIED;
}

const char *
dom_type_word(enum dom_type t)
{
	return type_words[t];
}

enum dom_host_stop
dom_host_stop_of(const char *word)
{
	static const char *const words[] = {
#define ROW(sym, w) [HOST_STOP_##sym] = (w),
		DOM_HOST_STOPS(ROW)
#undef ROW
	};

	for (unsigned i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (strcmp(words[i], word) == 0)
			return (enum dom_host_stop)i;
	return HOST_STOP_SHUTDOWN;
}
