/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Makes one kernel into another kind of it: prog_notes FILE CHANGE..., where a
 * change is TYPE=TYPE[:VALUE] (a note for Xen of 8 bytes gets another type and
 * value) or +BYTES (all segments are that much higher). The file is changed in
 * place.
 */
#include "config.h"

#include <elf.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static uint8_t *file;

static void
raise_segments(uint64_t bytes)
{
	Elf64_Ehdr *eh = (void *)file;
	Elf64_Phdr *ph = (void *)(file + eh->e_phoff);

	for (unsigned i = 0; i < eh->e_phnum; i++)
		ph[i].p_paddr += bytes;
}

static int
change_note(uint32_t type, uint32_t to, const uint64_t *value)
{
	Elf64_Ehdr *eh = (void *)file;
	Elf64_Phdr *ph = (void *)(file + eh->e_phoff);

	for (unsigned i = 0; i < eh->e_phnum; i++) {
		uint64_t at = ph[i].p_offset, end = at + ph[i].p_filesz;

		while (ph[i].p_type == PT_NOTE && at + 16 <= end) {
			Elf64_Nhdr *h = (void *)(file + at);

			if (memcmp(file + at + 12, "Xen", 4) == 0 &&
			    h->n_type == type) {
				h->n_type = to;
				if (value != NULL && h->n_descsz == 8)
					memcpy(file + at + 16, value, 8);
				return 0;
			}
			at += 12 + ((h->n_namesz + 3) & ~3u) +
			    ((h->n_descsz + 3) & ~3u);
		}
	}
	return -1;
}

static int
change(const char *word)
{
	char *rest;
	uint32_t type, to;
	uint64_t value;

	if (*word == '+') {
		raise_segments(strtoull(word + 1, NULL, 0));
		return 0;
	}
	type = (uint32_t)strtoul(word, &rest, 0);
	if (*rest != '=')
		return -1;
	to = (uint32_t)strtoul(rest + 1, &rest, 0);
	value = *rest == ':' ? strtoull(rest + 1, NULL, 0) : 0;
	return change_note(type, to, *rest == ':' ? &value : NULL);
}

int
main(int argc, char **argv)
{
	struct stat st;
	int fd;

	if (argc < 3) {
		fputs("usage: prog_notes FILE CHANGE...\n", stderr);
		return 2;
	}
	fd = open(argv[1], O_RDWR | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0 ||
	    (file = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE,
		 MAP_SHARED, fd, 0)) == MAP_FAILED) {
		perror(argv[1]);
		return 1;
	}
	for (int i = 2; i < argc; i++)
		if (change(argv[i]) < 0) {
			fprintf(stderr, "prog_notes: cannot do '%s'\n",
			    argv[i]);
			return 1;
		}
	return 0;
}
