/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Records of the state files: sums, and fields in and out. Knows no files. */
#include "config.h"

#include "state.h"

#define MAX_PERMS 256u

uint64_t
state_sum(uint32_t type, const void *data, size_t len)
{
	const char *p = data;
	uint64_t h = 0x9e3779b97f4a7c15ULL ^ type ^ (uint64_t)len << 32, w;

	for (; len >= 8; p += 8, len -= 8) {
		memcpy(&w, p, 8);
		h = (h ^ w) * 0xff51afd7ed558ccdULL;
		h ^= h >> 32;
	}
	w = 0;
	if (len != 0)
		memcpy(&w, p, len);
	h = (h ^ w) * 0xc4ceb9fe1a85ec53ULL;
	return h ^ h >> 29;
}

char *
state_put_text(char *p, const char *s)
{
	uint16_t len = (uint16_t)strlen(s);

	STATE_PUT(p, len);
	return state_put(p, s, len);
}

char *
state_put_perms(char *p, const struct perms *perms)
{
	uint16_t n = (uint16_t)perms->n;

	STATE_PUT(p, n);
	for (uint32_t i = 0; i < perms->n; i++) {
		STATE_PUT(p, perms->v[i].domid);
		STATE_PUT(p, perms->v[i].access);
		STATE_PUT(p, perms->v[i].ignore);
	}
	return p;
}

bool
state_get(struct state_in *in, void *out, size_t len)
{
	if (in->bad || in->left < len) {
		in->bad = true;
		memset(out, 0, len);
		return false;
	}
	memcpy(out, in->p, len);
	in->p += len;
	in->left -= len;
	return true;
}

bool
state_get_text(struct state_in *in, char *out, size_t size)
{
	uint16_t len;

	out[0] = '\0';
	if (!STATE_GET(in, len))
		return false;
	if (len >= size || in->left < len || memchr(in->p, '\0', len) != NULL) {
		in->bad = true;
		return false;
	}
	(void)state_get(in, out, len);
	out[len] = '\0';
	return true;
}

struct perms *
state_get_perms(struct state_in *in)
{
	struct perm v[MAX_PERMS] = {0};
	uint16_t n, domid;
	uint8_t access, ignore;

	if (!STATE_GET(in, n) || n == 0 || n > MAX_PERMS) {
		in->bad = true;
		return NULL;
	}
	for (uint16_t i = 0; i < n; i++) {
		if (!STATE_GET(in, domid) || !STATE_GET(in, access) ||
		    !STATE_GET(in, ignore) || access > 3 || ignore > 1) {
			in->bad = true;
			return NULL;
		}
		v[i].domid = domid;
		v[i].access = access;
		v[i].ignore = ignore != 0;
	}
	return perms_new(v, n);
}
