/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * dirty=RATE[,PAGES]: writes pages at a rate. Each page is filled from its
 * number and how often it was written; the counts are kept apart, so that a
 * lost or stale page shows (the proof of save and migration).
 */
#include "pattern.h"
#include "tiny.h"

#define WORDS (TINY_PAGE / sizeof(uint64_t))
#define PER_PAGE (TINY_PAGE / sizeof(void *))
#define MAX_PAGES (PER_PAGE * PER_PAGE)
#define STEP (10 * MS)

static uint64_t **page_of[PER_PAGE]; /* [n / PER_PAGE][n % PER_PAGE] */
static uint64_t *count_of[PER_PAGE];
static uint64_t nr_pages, rate, writes, started;
static uint64_t sum; /* of all counts: guards the counts themselves */

static void
write_page(uint64_t page)
{
	uint64_t *words = page_of[page / PER_PAGE][page % PER_PAGE];
	uint64_t count = ++count_of[page / PER_PAGE][page % PER_PAGE];

	sum++;
	for (uint64_t i = 0; i < WORDS; i++)
		words[i] = dirty_pattern(page, count, i);
}

static bool
add_page(void)
{
	uint64_t group = nr_pages / PER_PAGE;

	if (nr_pages % PER_PAGE == 0) {
		page_of[group] = mem_page();
		count_of[group] = mem_page();
		if (page_of[group] == NULL || count_of[group] == NULL)
			return false;
	}
	page_of[group][nr_pages % PER_PAGE] = mem_page();
	if (page_of[group][nr_pages % PER_PAGE] == NULL)
		return false;
	write_page(nr_pages++);
	return true;
}

uint64_t
dirty_start(const char *value, uint64_t now)
{
	uint64_t want = value_second(value, 256);

	rate = number(value, NULL);
	if (rate > 10000000)
		rate = 10000000;
	/* Some memory is left for page tables and the p2m. */
	while (nr_pages < want && nr_pages < MAX_PAGES &&
	    mem_free_pages() > 32 && add_page())
		;
	say("DIRTY %lu pages, %lu per second\n", nr_pages, rate);
	started = now;
	return rate > 0 && nr_pages > 0 ? now + STEP : NEVER;
}

uint64_t
dirty_run(uint64_t now)
{
	uint64_t seconds = (now - started) / (1000 * MS);
	uint64_t rest = (now - started) % (1000 * MS);
	uint64_t should = seconds * rate + rest * rate / (1000 * MS);
	uint64_t burst = rate / 20 + 1;

	/* What a busy host kept it from doing is not made up for at once. */
	for (; writes < should && burst > 0; writes++, burst--)
		write_page(writes % nr_pages);
	return now_ns() + STEP;
}

static bool
page_good(uint64_t page)
{
	const uint64_t *words = page_of[page / PER_PAGE][page % PER_PAGE];
	uint64_t count = count_of[page / PER_PAGE][page % PER_PAGE];

	for (uint64_t i = 0; i < WORDS; i++)
		if (words[i] != dirty_pattern(page, count, i))
			return false;
	return true;
}

/* Asked through data/verify: any value but the empty one. */
void
dirty_verify(void)
{
	uint64_t bad = 0, total = 0;
	char text[80];

	if (store_read("data/verify") != 0 || store_reply.len == 0)
		return;
	for (uint64_t i = 0; i < nr_pages; i++) {
		total += count_of[i / PER_PAGE][i % PER_PAGE];
		if (!page_good(i))
			bad++;
	}
	(void)format(text, sizeof(text), "%s %lu pages %lu writes %lu bad",
	    bad == 0 && total == sum ? "OK" : "BAD", nr_pages, sum, bad);
	say("DIRTY %s\n", text);
	(void)store_write("data/verified", text);
	(void)store_write("data/verify", "");
}
