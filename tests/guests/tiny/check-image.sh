#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The built guest is what it claims: small, self-contained, with the notes of
# both modes, and without the registers a PVH start leaves unprepared.
set -u
tiny=${1:-./tiny}
notes=$(readelf --notes "$tiny") || exit 1
bytes=$(wc -c <"$tiny")

fail() {
	echo "$tiny: $*" >&2
	exit 1
}

# description bytes are printed as "description data: 78 65 ..."
note() {
	printf '%s\n' "$notes" | grep -A1 -E "0x0*$1\)|$3" |
		grep -q "description data: $2" || fail "note $3 is not $2"
}

[ "$bytes" -lt 100000 ] || fail "$bytes bytes, the limit is 100000"
LC_ALL=C readelf -h "$tiny" | grep -q 'Machine:.*X86-64' || fail "not x86-64"
# The image has no symbols, and the linker lets weak ones through; the objects
# joined may lack what the linker script defines and nothing else.
ld -m elf_x86_64 -r -o tiny.all ./*.ko || fail "the objects do not join"
undefined=$(nm -u tiny.all | awk '{ print $2 }' | sort | tr '\n' ' ')
rm -f tiny.all
[ "$undefined" = "image_end image_start " ] || fail "undefined: $undefined"
if readelf -l "$tiny" | grep -qE 'INTERP|DYNAMIC'; then
	fail "wants a dynamic linker"
fi
count=$(printf '%s\n' "$notes" | grep -c '^  Xen ')
[ "$count" -ge 12 ] || fail "$count Xen notes, 12 wanted"
note 5 '78 65 6e 2d 33 2e 30 00' XEN_VERSION
note 6 '74 69 6e 79 00' GUEST_OS
note 8 '67 65 6e 65 72 69 63 00' LOADER
note 3 '00 00 00 00 00 00 00 00' VIRT_BASE
note 12 '' PHYS32_ENTRY
if objdump -d "$tiny" | grep -E '%[xyz]mm[0-9]|%mm[0-7]|%st'; then
	fail "uses SSE, MMX or x87 registers"
fi
