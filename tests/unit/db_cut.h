/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What SQLite does to files, written down as it happens, so that the folder can be
 * made as it was after any of the writes; and a way to make one of them fail.
 */
#ifndef DB_CUT_H
#define DB_CUT_H

#include <stdbool.h>
#include <stddef.h>

/* How much of what was written, but not synced, is on the disk after the cut. */
enum cut_mode {
	/* A process that was killed: all of it. */
	CUT_ALL,
	/* The same, and half of the write that was under way. */
	CUT_TORN,
	/* A machine that lost its power: none. */
	CUT_NONE,
	/* Every second write. */
	CUT_SOME,
	CUT_MODES,
};

/* From now on files that SQLite opens are looked at. */
void cut_record(void);
void cut_end(void);
/* A mark among the writes: a change was acknowledged. */
void cut_acknowledged(void);
/* Writes, syncs and the like so far. */
size_t cut_count(void);
/* Makes the files of dir as they were when the first n had been done. The number of
 * changes that had been acknowledged. */
size_t cut_replay(size_t n, enum cut_mode mode, const char *dir);
/* The nth call (from 0) from now on that writes or syncs fails with this code of
 * SQLite, and so do all after it for a while. */
void cut_fail(size_t nth, size_t times, int code);
/* The next sync fails, and nothing else. */
void cut_fail_sync(void);

#endif
