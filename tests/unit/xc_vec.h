/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Vectors of libxenctrl: a kernel that only writes down what it is asked, and
 * rows that say, byte for byte, what it must have been asked. It answers as
 * much as xc_interface_open() needs, and otherwise what the row gave; it knows
 * nothing of what a call means.
 *
 * A row is one statement: V(function, (arguments), sent; sent; ...). It calls
 * the function, and fails unless that returned what it should and the kernel
 * was asked for exactly what follows, in that order, and for nothing else.
 * Every row is made on a handle of each release.
 */
#ifndef XC_VEC_H
#define XC_VEC_H

#include <errno.h>
#include <stdint.h>
#include <sys/ioctl.h>

#include "xenctrl.h"

/* What a pointer to offset n of a buffer, or mapping, is recorded as. */
#define VEC_PTR(n) (0xb0f0000000000000ull + (n))
/* Pointers of ioctls to the caller's own memory. */
#define VEC_OURS 0xb0f1000000000000ull

/* Beside the hypercalls' numbers: open(2), write(2), mmap(2) other than of a
 * device's beginning, the devices' ioctls. */
#define VEC_OPEN	   0x10000u
#define VEC_WRITE	   0x10001u
#define VEC_MMAP	   0x10002u
#define VEC_IOCTL(dev, rq) (0x20000u | (unsigned)(dev) << 8 | _IOC_NR(rq))

/* The release's numbers, for tests that loop over all of them. */
struct vec_release {
	unsigned minor;
	uint32_t domctl, sysctl;
};
extern const struct vec_release vec_releases[];
extern const unsigned vec_nreleases;
/* That of the last vec_open(). */
extern const struct vec_release *vec_now;

/* A handle on that release. */
xc_interface *vec_open(unsigned i);
/* On any, with the caller's flags; NULL when that fails. */
xc_interface *vec_open_release(const struct vec_release *r, unsigned flags,
    char *err_text, size_t err_len);

/* --- what was asked ------------------------------------------------------- */

#define VEC_BYTES 5248
#define VEC_DEEP  8

struct vec_call {
	/* Hypercall number, VEC_OPEN ..., and which of its operations. */
	unsigned op;
	uint32_t cmd;
	uint64_t arg[5];
	/* What the first pointer argument pointed at, pointers replaced. */
	uint8_t sent[VEC_BYTES];
	/* What further pointer arguments and those in it pointed at, and then
	 * those in these. */
	uint8_t deep[VEC_DEEP][VEC_BYTES];
	unsigned ndeep;
};

void vec_forget_calls(void);
unsigned vec_count(void);
const struct vec_call *vec_call(unsigned n);
/* Our end of the event channel device that was opened last; what was written to
 * it is recorded only then. */
extern int vec_peer;
void vec_collect_write(void);

/* --- what it answers, until the end of the row ---------------------------- */

struct vec_answer {
	/* Calls it is for. */
	unsigned op;
	uint32_t cmd;
	/* Copied to offset `at` of the structure; or, `there`, to where the
	 * pointer at that offset points; or to offset `at` of what argument
	 * `arg` points at. */
	const void *bytes;
	size_t size;
	unsigned at, arg;
	bool there;
	/* -1 and err if that is not 0. */
	long result;
	int err;
	/* For the next such call alone. */
	bool once;
};
void vec_answer(const struct vec_answer *a);
void vec_forget_answers(void);

#define ANSWER(...) vec_answer(&(const struct vec_answer){ __VA_ARGS__ })
#define VEC_LIST(type, ...)                                                    \
	.bytes = (const type[]){ __VA_ARGS__ },                                \
	.size = sizeof((const type[]){ __VA_ARGS__ })
#define WORDS(...) VEC_LIST(uint32_t, __VA_ARGS__)
#define QUADS(...) VEC_LIST(uint64_t, __VA_ARGS__)
#define OCTETS(...) VEC_LIST(uint8_t, __VA_ARGS__)
#define TEXT(s)	   .bytes = (s), .size = sizeof(s)
/* Where the payload of these begins. */
#define DOMCTL_AT 16u
#define SYSCTL_AT 8u

/* --- rows ----------------------------------------------------------------- */

/* Hypercalls. */
enum {
	HC_PLATFORM = 7,
	HC_MEMORY = 12,
	HC_VERSION = 17,
	HC_GRANT_TABLE = 20,
	HC_MMUEXT = 26,
	HC_XSM = 27,
	HC_SCHED = 29,
	HC_EVENT_CHANNEL = 32,
	HC_PHYSDEV = 33,
	HC_HVM = 34,
	HC_SYSCTL = 35,
	HC_DOMCTL = 36,
	HC_KEXEC = 37,
	HC_DM = 41,
	HC_HYPFS = 42,
};

void vec_begin(const char *function);
void vec_returned(int64_t got, int64_t want);
/* Before that release: -1, ENOTSUP, a sentence that names it, and nothing sent;
 * true then. */
bool vec_refused(xc_interface *x, unsigned since, int64_t got);
void vec_end(void);
/* What VP's function returned. */
extern void *vec_pointer;

/* The next call, and what its pointers pointed at. No bytes: no structure. */
void vec_sent(unsigned op, uint32_t cmd, const uint64_t arg[5],
    const void *bytes, size_t size);
void vec_deep(unsigned k, const void *bytes, size_t size);
/* The structures of domctl and sysctl, the payload filled up with zeros. */
void vec_domctl(uint32_t domid, uint32_t cmd, const void *payload, size_t n);
void vec_sysctl(uint32_t cmd, const void *payload, size_t n);
void vec_equal(uint64_t got, uint64_t want, const char *what);
void vec_same(const void *got, const void *want, size_t size,
    const char *what);

#define V(fn, args, ...) VR(0, fn, args, __VA_ARGS__)
/* The same when it returns something else. */
#define VR(want, fn, args, ...)                                                \
	do {                                                                   \
		vec_begin(#fn);                                                \
		vec_returned((int64_t)fn args, want);                          \
		__VA_ARGS__;                                                   \
		vec_end();                                                     \
	} while (0)
/* When it returns a pointer, which is vec_pointer then. */
#define VP(fn, args, ...)                                                      \
	do {                                                                   \
		vec_begin(#fn);                                                \
		vec_pointer = fn args;                                         \
		vec_returned(vec_pointer != NULL, 1);                          \
		__VA_ARGS__;                                                   \
		vec_end();                                                     \
	} while (0)
/* When it needs Xen 4.since. */
#define VS(since, fn, args, ...)                                               \
	do {                                                                   \
		vec_begin(#fn);                                                \
		if (!vec_refused(x, since, (int64_t)fn args)) {                \
			__VA_ARGS__;                                           \
			vec_end();                                             \
		}                                                              \
	} while (0)

/* Sent: a domctl of domain 5 and a sysctl by their payload, as a structure of
 * the headers, as words, as nothing. The objects are static for the zeros
 * between their fields. */
#define DOM(name, field, ...)                                                  \
	do {                                                                   \
		static const struct xen_domctl w_ = { .u.field =               \
			__VA_ARGS__ };                                         \
		vec_domctl(5, XEN_DOMCTL_##name, &w_.u, sizeof(w_.u));         \
	} while (0)
#define SYS(name, field, ...)                                                  \
	do {                                                                   \
		static const struct xen_sysctl w_ = { .u.field =               \
			__VA_ARGS__ };                                         \
		vec_sysctl(XEN_SYSCTL_##name, &w_.u, sizeof(w_.u));            \
	} while (0)
#define DOM_WORDS(cmd, ...)                                                    \
	vec_domctl(5, cmd, (const uint32_t[]){ __VA_ARGS__ },                  \
	    sizeof((const uint32_t[]){ __VA_ARGS__ }))
#define SYS_WORDS(cmd, ...)                                                    \
	vec_sysctl(cmd, (const uint32_t[]){ __VA_ARGS__ },                     \
	    sizeof((const uint32_t[]){ __VA_ARGS__ }))
#define DOM_NONE(name) vec_domctl(5, XEN_DOMCTL_##name, NULL, 0)
#define SYS_NONE(name) vec_sysctl(XEN_SYSCTL_##name, NULL, 0)

/* A hypercall of a command and a structure; of a structure that holds its
 * command; of numbers alone. */
#define CMD(hc, cmd, type, ...)                                                \
	do {                                                                   \
		static const type w_ = __VA_ARGS__;                            \
		vec_sent(hc, cmd, (const uint64_t[5]){ cmd, VEC_PTR(0) }, &w_, \
		    sizeof(w_));                                               \
	} while (0)
#define STRUCTURE(hc, cmd, type, ...)                                          \
	do {                                                                   \
		static const type w_ = __VA_ARGS__;                            \
		vec_sent(hc, cmd, (const uint64_t[5]){ VEC_PTR(0) }, &w_,      \
		    sizeof(w_));                                               \
	} while (0)
#define NUMBERS(hc, cmd, ...)                                                  \
	vec_sent(hc, cmd, (const uint64_t[5]){ __VA_ARGS__ }, NULL, 0)
/* open(2), write(2), mmap(2) and an ioctl with its structure. */
#define OPENED(path)                                                           \
	vec_sent(VEC_OPEN, 0, (const uint64_t[5]){ 0 }, path, sizeof(path))
#define WROTE(type, ...)                                                       \
	vec_collect_write();                                                   \
	vec_sent(VEC_WRITE, 0,                                                 \
	    (const uint64_t[5]){ sizeof((const type[]){ __VA_ARGS__ }) },      \
	    (const type[]){ __VA_ARGS__ },                                     \
	    sizeof((const type[]){ __VA_ARGS__ }))
#define MAPPED(len, prot, off)                                                 \
	vec_sent(VEC_MMAP, 0, (const uint64_t[5]){ len, prot, off }, NULL, 0)
#define IOCTL(dev, request, type, ...)                                         \
	do {                                                                   \
		static const type w_ = __VA_ARGS__;                            \
		vec_sent(VEC_IOCTL(dev, request), 0, (const uint64_t[5]){ 0 }, \
		    &w_, sizeof(w_));                                          \
	} while (0)
/* Behind a pointer of the call just named: a list of numbers, or bytes. */
#define DEEP(k, type, ...)                                                     \
	vec_deep(k, (const type[]){ __VA_ARGS__ },                             \
	    sizeof((const type[]){ __VA_ARGS__ }))
#define BEHIND(k, p, size) vec_deep(k, p, size)
/* A handle of the headers that points at offset n of a buffer. */
#define P(n) { (void *)(uintptr_t)VEC_PTR(n) }

/* What was decoded. */
#define EQ(got, want) vec_equal((uint64_t)(got), (uint64_t)(want), #got)
#define SAME(got, want, size) vec_same(got, want, size, #got)

/* --- all rows ------------------------------------------------------------- */

struct vec_group {
	const char *name;
	void (*rows)(xc_interface *x);
};
/* One list per file, each ends with a group of nulls. */
extern const struct vec_group vec_domctl_groups[], vec_device_groups[],
    vec_sysctl_groups[], vec_power_groups[], vec_memory_groups[],
    vec_hvm_groups[], vec_kernel_groups[], vec_host_groups[],
    vec_varies_groups[], vec_room_groups[];

/* Writes each row's function and the calls that were compared, "xc_domain_pause
 * 36 3" (hypercall or 0x10000 and up, operation). */
void vec_print_seen(void);

#endif
