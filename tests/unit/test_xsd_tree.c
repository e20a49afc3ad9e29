/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The tree against a naive model: random changes, with snapshots held over them,
 * which must go on saying what they said; then everything is given back.
 */
#include "config.h"

#include <check.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "xsd.h"

#define NAMES 3000

static const struct perm owner = {.domid = 0};

static struct node *
leaf(const char *name, unsigned value)
{
	char text[16];
	int n = snprintf(text, sizeof(text), "%u", value);

	return node_new(
	    perms_new(&owner, 1), name, strlen(name), text, (size_t)n);
}

/* What a directory should hold: names in order of creation, and values. */
struct model {
	unsigned order[NAMES];
	unsigned value[NAMES];
	bool there[NAMES];
	unsigned n;
};

static void
model_del(struct model *m, unsigned name)
{
	unsigned i = 0;

	while (m->order[i] != name)
		i++;
	m->n--;
	memmove(
	    &m->order[i], &m->order[i + 1], (m->n - i) * sizeof(m->order[0]));
	m->there[name] = false;
}

static void
check_node(const struct node *k, unsigned name, unsigned value)
{
	char text[32];

	snprintf(text, sizeof(text), "n%u", name);
	ck_assert_str_eq(node_name(k), text);
	snprintf(text, sizeof(text), "%u", value);
	ck_assert_uint_eq(k->value_len, strlen(text));
	ck_assert_mem_eq(node_value(k), text, k->value_len);
}

static void
agrees(const struct node *root, const struct model *m)
{
	struct node *d = tree_get(root, "/a/d"), *k;
	uint32_t pos = 0, names = 0;
	char path[64];

	ck_assert_ptr_nonnull(d);
	ck_assert_uint_eq(node_nkids(d), m->n);
	for (unsigned i = 0; i < m->n; i++) {
		k = node_next(d, &pos);
		ck_assert_ptr_nonnull(k);
		check_node(k, m->order[i], m->value[m->order[i]]);
		names += k->name_len + 1u;
	}
	ck_assert_ptr_null(node_next(d, &pos));
	ck_assert_uint_eq(node_names_len(d), names);
	for (unsigned i = 0; i < NAMES; i++) {
		snprintf(path, sizeof(path), "/a/d/n%u", i);
		k = tree_get(root, path);
		ck_assert(m->there[i] == (k != NULL));
		if (k != NULL)
			check_node(k, i, m->value[i]);
	}
}

static void
change(struct node **root, struct model *m, unsigned range)
{
	unsigned name = (unsigned)rand() % range, v = (unsigned)rand() % 5000;
	char path[64], text[16];

	snprintf(path, sizeof(path), "/a/d/n%u", name);
	snprintf(text, sizeof(text), "%u", v);
	if (m->there[name] && rand() % 2 == 0) {
		ck_assert_int_eq(tree_detach(root, path), 0);
		model_del(m, name);
	} else if (m->there[name]) {
		ck_assert_int_eq(
		    tree_set_value(root, path, text, strlen(text)), 0);
		m->value[name] = v;
	} else {
		ck_assert_int_eq(
		    tree_attach(root, "/a/d", 4, leaf(path + 5, v)), 0);
		m->order[m->n++] = name;
		m->there[name] = true;
		m->value[name] = v;
	}
}

START_TEST(versions_are_apart)
{
	static const unsigned ranges[] = {6, 12, 100, NAMES};
	unsigned range = ranges[_i % 4];
	struct node *root = leaf("", 0), *snap[3] = {NULL};
	struct model *now = calloc(1, sizeof(*now));
	struct model *then = calloc(3, sizeof(*then));

	srand((unsigned)_i + 1);
	ck_assert_int_eq(tree_attach(&root, "", 0, leaf("a", 0)), 0);
	ck_assert_int_eq(tree_attach(&root, "/a", 2, leaf("d", 0)), 0);
	for (int step = 0; step < 20000; step++) {
		unsigned s = (unsigned)rand() % 3;

		change(&root, now, range);
		if (rand() % 400 != 0)
			continue;
		if (snap[s] != NULL) {
			agrees(snap[s], &then[s]);
			node_unref(snap[s]);
			snap[s] = NULL;
		} else {
			snap[s] = node_ref(root);
			then[s] = *now;
		}
		tree_reap(3);
	}
	agrees(root, now);
	for (int s = 0; s < 3; s++) {
		if (snap[s] != NULL)
			agrees(snap[s], &then[s]);
		node_unref(snap[s]);
	}
	node_unref(root);
	while (tree_reap(1000))
		;
	free(now);
	free(then);
}
END_TEST

/* A snapshot that is changed itself, as a transaction is, shares the index. */
START_TEST(branches_of_a_directory)
{
	struct node *root = leaf("", 0), *branch;
	char name[16], path[32];

	ck_assert_int_eq(tree_attach(&root, "", 0, leaf("d", 0)), 0);
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		ck_assert_int_eq(tree_attach(&root, "/d", 2, leaf(name, 1)), 0);
	}
	branch = node_ref(root);
	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "mine%d", i);
		ck_assert_int_eq(
		    tree_attach(&branch, "/d", 2, leaf(name, 2)), 0);
		snprintf(name, sizeof(name), "theirs%d", i);
		ck_assert_int_eq(tree_attach(&root, "/d", 2, leaf(name, 3)), 0);
		snprintf(path, sizeof(path), "/d/k%d", i);
		ck_assert_int_eq(tree_detach(&branch, path), 0);
		ck_assert_ptr_nonnull(tree_get(root, path));
		ck_assert_ptr_null(tree_get(branch, path));
		snprintf(path, sizeof(path), "/d/theirs%d", i);
		ck_assert_ptr_null(tree_get(branch, path));
	}
	ck_assert_uint_eq(node_nkids(tree_get(root, "/d")), 300);
	ck_assert_uint_eq(node_nkids(tree_get(branch, "/d")), 200);
	node_unref(root);
	node_unref(branch);
	while (tree_reap(1000))
		;
}
END_TEST

/* Versions of one directory that come out of each other, all of them changed:
 * most entries of each are held by what it was made from. */
START_TEST(versions_of_versions_are_apart)
{
	static const unsigned ranges[] = {6, 30, 100, 1100};
	enum { VERSIONS = 5 };
	struct model *m = calloc(VERSIONS, sizeof(*m));
	struct node *root[VERSIONS];
	unsigned range = ranges[_i % 4], from, to;

	ck_assert_ptr_nonnull(m);
	srand((unsigned)_i + 1);
	for (to = 0; to < VERSIONS; to++) {
		root[to] = leaf("", 0);
		ck_assert_int_eq(
		    tree_attach(&root[to], "", 0, leaf("a", 0)), 0);
		ck_assert_int_eq(
		    tree_attach(&root[to], "/a", 2, leaf("d", 0)), 0);
	}
	for (int step = 0; step < 6000; step++) {
		to = (unsigned)rand() % VERSIONS;
		change(&root[to], &m[to], range);
		from = (unsigned)rand() % VERSIONS;
		if (rand() % 30 == 0 && from != to) {
			node_unref(root[to]);
			root[to] = node_ref(root[from]);
			m[to] = m[from];
			tree_reap((unsigned)rand() % 5);
		}
		for (to = 0; step % 1000 == 0 && to < VERSIONS; to++)
			agrees(root[to], &m[to]);
	}
	for (to = 0; to < VERSIONS; to++) {
		agrees(root[to], &m[to]);
		node_unref(root[to]);
	}
	while (tree_reap(1000))
		;
	free(m);
}
END_TEST

/* With the last version that has it, though nobody changes the others again. */
START_TEST(what_was_replaced_goes_at_once)
{
	struct node *root = leaf("", 0), *branch, *was, *next;
	char name[16];

	for (int i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "k%d", i);
		ck_assert_int_eq(tree_attach(&root, "", 0, leaf(name, 1)), 0);
	}
	while (tree_reap(1000))
		;
	was = node_ref(tree_get(root, "/k7"));
	branch = node_ref(root);
	ck_assert_int_eq(tree_set_value(&branch, "/k7", "2", 1), 0);
	next = node_ref(branch);
	ck_assert_int_eq(tree_set_value(&next, "/k7", "3", 1), 0);
	ck_assert_int_eq(tree_set_value(&next, "/k8", "3", 1), 0);
	ck_assert_uint_eq(was->refs, 2);
	node_unref(branch);
	while (tree_reap(1000))
		;
	ck_assert_uint_eq(was->refs, 2);
	node_unref(root);
	while (tree_reap(1000))
		;
	ck_assert_uint_eq(was->refs, 1);
	ck_assert_uint_eq(tree_get(next, "/k7")->refs, 1);
	ck_assert_uint_eq(tree_get(next, "/k9")->refs, 1);
	node_unref(was);
	node_unref(next);
	while (tree_reap(1000))
		;
}
END_TEST

/* --- a directory that is gone to again ----------------------------------------- */

/* A full binary tree: place k has the children 2k + 1 and 2k + 2. Ways to it are
 * short, long, or some are the one and some the other. */
#define PLACES 31
/* More than the tree remembers directories of. */
#define TREES 6

static const struct {
	const char *top, *left, *right;
} names[] = { { "a", "l", "r" }, { "a-way-that-is-long-enough", "l", "r" },
	{ "a", "left", "right-hand" } };
static unsigned named;

struct small {
	struct node *root;
	bool there[PLACES];
	/* Length of its value: it is made anew when that changes. */
	unsigned value[PLACES];
};

static size_t
place(unsigned k, char *path)
{
	size_t len = k == 0 ? 0 : place((k - 1) / 2, path);

	return len + (size_t)sprintf(path + len, "/%s",
	    k == 0	 ? names[named].top
		: k % 2 != 0 ? names[named].left
			     : names[named].right);
}

static void
check_small(const struct small *t)
{
	char path[256];
	struct node *n;

	for (unsigned k = 0; k < PLACES; k++) {
		place(k, path);
		n = tree_get(t->root, path);
		ck_assert_msg((n != NULL) == t->there[k], "%s", path);
		if (n != NULL)
			ck_assert_uint_eq(n->value_len, t->value[k]);
	}
}

static void
gone(struct small *t, unsigned k)
{
	if (k >= PLACES)
		return;
	t->there[k] = false;
	gone(t, 2 * k + 1);
	gone(t, 2 * k + 2);
}

static void
change_small(struct small *t, unsigned k)
{
	unsigned len = (unsigned)rand() % 3;
	char path[256];

	place(k, path);
	if (!t->there[k]) {
		if (k > 0 && !t->there[(k - 1) / 2])
			return;
		ck_assert_int_eq(tree_attach(&t->root, path,
		    (size_t)(strrchr(path, '/') - path),
		    node_new(perms_new(&owner, 1), strrchr(path, '/') + 1,
			strlen(strrchr(path, '/') + 1), "", 0)), 0);
		t->there[k] = true;
		t->value[k] = 0;
	} else if (rand() % 4 == 0) {
		ck_assert_int_eq(tree_detach(&t->root, path), 0);
		gone(t, k);
	} else if (rand() % 4 == 0) {
		ck_assert_int_eq(tree_set_perms(&t->root, path,
		    perms_new(&owner, 1)), 0);
	} else {
		ck_assert_int_eq(tree_set_value(&t->root, path, "123", len), 0);
		t->value[k] = len;
	}
}

/* Trees that come out of each other, all of them changed. */
START_TEST(trees_that_share_are_apart)
{
	struct small t[TREES] = { 0 };
	unsigned from, to, k, dir = 0;

	srand((unsigned)_i + 1);
	named = (unsigned)_i % 3;
	for (to = 0; to < TREES; to++)
		t[to].root = leaf("", 0);
	for (int step = 0; step < 20000; step++) {
		/* Often the same one, and below one directory: that is what is
		 * remembered. */
		if (rand() % 3 == 0)
			to = (unsigned)rand() % TREES;
		k = (unsigned)rand() % PLACES;
		if (rand() % 3 == 0)
			k = (unsigned)rand() % 3;
		else if (rand() % 2 == 0)
			k = 2 * dir + 1 + (unsigned)rand() % 2;
		else
			dir = k / 2;
		change_small(&t[to % TREES], k % PLACES);
		/* A look at it is remembered, too. */
		for (unsigned i = 0; step % 32 == 0 && i < TREES; i++)
			check_small(&t[i]);
		from = (unsigned)rand() % TREES;
		if (rand() % 20 != 0 || from == to % TREES)
			continue;
		node_unref(t[to % TREES].root);
		t[to % TREES] = t[from];
		node_ref(t[from].root);
		tree_reap((unsigned)rand() % 5);
	}
	for (to = 0; to < TREES; to++)
		node_unref(t[to].root);
	while (tree_reap(1000))
		;
}
END_TEST

/* A copy far above shares what is below without a look at it. */
START_TEST(what_was_gone_to_is_shared_now)
{
	struct node *root = leaf("", 0), *branch;

	ck_assert_int_eq(tree_attach(&root, "", 0, leaf("a", 0)), 0);
	ck_assert_int_eq(tree_attach(&root, "/a", 2, leaf("d", 0)), 0);
	ck_assert_int_eq(tree_attach(&root, "/a/d", 4, leaf("x", 0)), 0);
	branch = node_ref(root);
	ck_assert_int_eq(tree_set_value(&branch, "/a", "1", 1), 0);
	ck_assert_int_eq(tree_attach(&root, "/a/d", 4, leaf("y", 0)), 0);
	ck_assert_ptr_nonnull(tree_get(root, "/a/d/y"));
	ck_assert_ptr_null(tree_get(branch, "/a/d/y"));
	node_unref(root);
	node_unref(branch);
	while (tree_reap(1000))
		;
}
END_TEST

/* Its memory is a new root's, what was below waits to be taken apart. */
START_TEST(what_was_gone_to_in_a_tree_that_is_no_more)
{
	static const char path[] = "/a-way-that-is-long-enough/node";
	struct node *root = leaf("", 0);

	ck_assert_int_eq(tree_attach(&root, "", 0, leaf("a-way-that-is-long-"
							"enough", 0)), 0);
	ck_assert_int_eq(tree_attach(&root, path, path_parent_len(path),
	    leaf("node", 0)), 0);
	ck_assert_ptr_nonnull(tree_get(root, path));
	node_unref(root);
	ck_assert(tree_reap(1));
	root = leaf("", 0);
	ck_assert_ptr_null(tree_get(root, path));
	node_unref(root);
	while (tree_reap(1000))
		;
}
END_TEST

START_TEST(walks_see_everything_once)
{
	struct node *root = leaf("", 0);
	const struct node *n;
	struct walk w;
	unsigned seen = 0;
	char path[64];

	for (int i = 0; i < 50; i++) {
		snprintf(path, sizeof(path), "d%d", i);
		ck_assert_int_eq(tree_attach(&root, "", 0, leaf(path, 1)), 0);
		snprintf(path, sizeof(path), "/d%d", i);
		for (int j = 0; j < 20; j++) {
			char name[8];

			snprintf(name, sizeof(name), "%d", j);
			ck_assert_int_eq(tree_attach(&root, path, strlen(path),
					     leaf(name, 1)),
			    0);
		}
	}
	ck_assert_int_eq(walk_init(&w, root, "/"), 0);
	while ((n = walk_next(&w)) != NULL) {
		ck_assert_ptr_eq(tree_get(root, seen == 0 ? "/" : w.path), n);
		seen++;
		if (strcmp(w.path, "/d7") == 0)
			walk_skip(&w);
	}
	walk_fini(&w);
	ck_assert_uint_eq(seen, 1 + 50 * 21 - 20);
	node_unref(root);
	while (tree_reap(1))
		;
}
END_TEST

START_TEST(lists_are_shared_and_voided)
{
	const struct perm v[] = {
	    {.domid = 0  },
            { .domid = 3, .access = 1},
            { .domid = 4, .access = 2}
        };
	const struct perm after[] = {
	    {.domid = 0  },
            { .domid = 4, .access = 2}
        };
	struct perms *a = perms_new(v, 3), *b = perms_new(v, 3);
	struct perms *c = perms_new(after, 2), *d;

	ck_assert_ptr_eq(a, b);
	ck_assert_ptr_ne(a, c);
	perms_strip(3);
	ck_assert_uint_eq(a->n, 2);
	ck_assert(perms_equal(a, c));
	d = perms_new(v, 3);
	ck_assert_ptr_ne(d, a);
	perms_unref(a);
	perms_unref(b);
	perms_unref(c);
	perms_unref(d);
	d = perms_new(after, 2);
	ck_assert_uint_eq(d->refs, 1);
	perms_unref(d);
}
END_TEST

/* Each block is its holder's alone, from its first byte to its last. */
START_TEST(blocks_are_apart)
{
	struct {
		unsigned char *p;
		size_t size;
	} b[500] = { { NULL, 0 } };

	srand(1);
	for (int step = 0; step < 200000; step++) {
		unsigned i = (unsigned)rand() % 500;

		if (b[i].p != NULL) {
			ck_assert(b[i].p[0] == (i & 0xff) &&
			    memcmp(b[i].p, b[i].p + 1, b[i].size - 1) == 0);
			pool_put(b[i].p, b[i].size);
			b[i].p = NULL;
			continue;
		}
		b[i].size = 1 + (unsigned)rand() % (step % 3 == 0 ? 1500 : 100);
		b[i].p = rand() % 2 == 0 ? pool_get(b[i].size)
					 : pool_zero(b[i].size);
		ck_assert_ptr_nonnull(b[i].p);
		memset(b[i].p, (int)(i & 0xff), b[i].size);
		if (step % 50000 == 0)
			pool_trim();
	}
	for (unsigned i = 0; i < 500; i++)
		if (b[i].p != NULL)
			pool_put(b[i].p, b[i].size);
	pool_trim();
}
END_TEST

/* One letter after the other, at each place. */
static bool
is_path(const char *s, size_t len)
{
	static const char legal[] = "-/_@0123456789"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz";

	return strspn(s, legal) == len && strstr(s, "//") == NULL &&
	    (len == 1 || s[len - 1] != '/');
}

START_TEST(paths_are_legal_or_not)
{
	struct conn c = { .privileged = true };
	char in[64], out[XSD_ABS_PATH + 1];
	int err;

	for (size_t len = 1; len < 50; len++)
		for (size_t at = 1; at < len; at++)
			for (unsigned letter = 1; letter < 256; letter++) {
				memset(in, 'x', len);
				in[len] = '\0';
				in[0] = '/';
				in[len / 2] = '/';
				in[at] = (char)letter;
				err = path_canonical(&c, in, false, out);
				ck_assert_msg(
				    (err == 0) == is_path(in, len), "%s", in);
				if (err == 0)
					ck_assert_str_eq(out, in);
			}
}
END_TEST

int
main(void)
{
	TCase *t = tcase_create("tree");
	Suite *s = suite_create("xsd_tree");
	SRunner *r = srunner_create(s);
	int failed;

	tcase_set_timeout(t, 300);
	tcase_add_loop_test(t, versions_are_apart, 0, 8);
	tcase_add_test(t, branches_of_a_directory);
	tcase_add_loop_test(t, versions_of_versions_are_apart, 0, 8);
	tcase_add_test(t, what_was_replaced_goes_at_once);
	tcase_add_loop_test(t, trees_that_share_are_apart, 0, 9);
	tcase_add_test(t, what_was_gone_to_is_shared_now);
	tcase_add_test(t, what_was_gone_to_in_a_tree_that_is_no_more);
	tcase_add_test(t, walks_see_everything_once);
	tcase_add_test(t, lists_are_shared_and_voided);
	tcase_add_test(t, blocks_are_apart);
	tcase_add_test(t, paths_are_legal_or_not);
	suite_add_tcase(s, t);
	srunner_run_all(r, CK_NORMAL);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed == 0 ? 0 : 1;
}
