#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: 4.17
# toolstack: own
# What a guest finds when it begins, beside what Debian's xl gives one of the same
# configuration on the same host: limits, registers, start information, memory map,
# ACPI tables, parameters, p2m, grants; and what it says itself of its memory map.
# Every difference is named below, with its reason; another one is a failure, and so
# is one of these that is no more.
. "$(dirname "$0")/lib.sh"

xl=$peer/xl
cleanup 'xm destroy ours >/dev/null 2>&1; $xl destroy theirs >/dev/null 2>&1; kill_all TERM xenconsoled'
check "Debian's xenconsoled" $peer/xenconsoled --pid-file=/run/xenconsoled.pid
head -c 3000000 /dev/urandom >"$scratch/ramdisk"

# differences WHAT LINE...: of two such guests, paused; what is expected comes on
# stdin: "-theirs", "+ours", # with the reason.
differences() {
	local what=$1 name
	shift
	sed '/^#/d; /^$/d' >"$scratch/expected"
	for name in theirs ours; do
		{
			printf 'name = "%s"\nextra = "mem"\n' "$name"
			printf 'kernel = "%s"\n' "$kernel"
			printf 'ramdisk = "%s"\n' "$scratch/ramdisk"
			printf '%s\n' "$@"
		} >"$scratch/$name.cfg"
	done
	check "theirs, $what" $xl create -q -p "$scratch/theirs.cfg"
	check "ours, $what" xm create -q -p "$scratch/ours.cfg"
	check "theirs is looked at" "$progs/prog_seen" "$($xl domid theirs)" \
		>"$scratch/theirs"
	check "ours is looked at" "$progs/prog_seen" "$(xm domid ours)" \
		>"$scratch/ours"
	sed 's/^/    /' "$scratch/ours" >&2
	diff -U 0 "$scratch/theirs" "$scratch/ours" |
		sed '1,2d; /^[-+]/!d' >"$scratch/diff"
	diff "$scratch/expected" "$scratch/diff" ||
		fail "other differences than expected, $what"
	# A PVH guest's is the one above.
	if [[ $what != PVH* ]]; then maps; fi
	$xl destroy theirs
	check "its end" xm destroy ours
}

# What XENMEM_memory_map says to each, from inside.
maps() {
	local tty

	tty=$(xenstore-read "/local/domain/$($xl domid theirs)/console/tty")
	check "theirs runs" $xl unpause theirs
	check "ours runs" xm unpause ours
	told() { xm console -l ours | grep "$row"; }
	check "ours has told its map" wait_for 20 told
	timeout 3 cat "$tty" | tr -d '\r' >"$scratch/console"
	contains "theirs has told its map" "$(cat "$scratch/console")" "$row"
	same "the memory map" "$(grep -o "$row" "$scratch/console")" \
		"$(told | grep -o "$row")"
}
row='MEM [0-9a-f]* [0-9a-f]* type [0-9]*'

# Both are meant when the ways of PVH differ:
pvh='
# xl gives it rings of a device model, which no PVH guest has, and a page for what
# its own tables are handed over in.
-pages PAGES
+pages PAGES2
#POOL
-parameter 5 0xfeffd
-parameter 6 0xfeffb
# Two pages of tables that lie behind each other.
+map 0xfc000000 + 0x2000 type 3
-map 0xfc008000 + 0x40 type 3
-map 0xfc000000 + 0x1000 type 3
-map 0xfc001000 + 0x7000 type 3
# A machine without fixed ACPI hardware says so (hardware-reduced, bit 20 of the
# flags); that of xl has an SCI, buttons and a clock that are not there, and C2 and
# C3 states that are too slow to be used in other words.
-acpi XSDT revision 1 sound oem .Xen. .HVM.
-acpi FACP revision 5 sound oem .Xen. .HVM.
-acpi fadt sci 0x9
+acpi XSDT revision 1 sound oem .Xen. .PVH.
+acpi FACP revision 5 sound oem .Xen. .PVH.
+acpi fadt sci 0
-acpi fadt pm1a event 0xb000
-acpi fadt pm1a control 0xb004
+acpi fadt pm1a event 0
+acpi fadt pm1a control 0
-acpi fadt pm1 event length 0x4
-acpi fadt pm1 control length 0x2
+acpi fadt pm1 event length 0
+acpi fadt pm1 control length 0
-acpi fadt c2 latency 0xfff
-acpi fadt c3 latency 0xfff
+acpi fadt c2 latency 0x65
+acpi fadt c3 latency 0x3e9
-acpi fadt flags 0x8175
# As many processors as it may have.
-acpi DSDT revision 5 sound oem .Xen. .HVM.
-acpi dsdt processors 128
+acpi fadt flags 0x100035
+acpi DSDT revision 2 sound oem .Xen. .PVH.
+acpi dsdt processors COUNT
# There are no 8259s.
-acpi APIC revision 2 sound oem .Xen. .HVM.
-acpi madt base 0xfee00000 flags 1
+acpi APIC revision 3 sound oem .Xen. .PVH.
+acpi madt base 0xfee00000 flags 0'

kernel=/boot/guest/tiny
differences "PV" 'memory = 24' <<'LIST'
# In 64-bit mode the null selector is as good.
-cs 0xe033 ds 0 ss 0xe02b kernel ss 0xe02b flags 0x24
+cs 0xe033 ds 0xe02b ss 0xe02b kernel ss 0xe02b flags 0x24
# SIF_VIRT_P2M_4TOOLS: a kernel need not keep the p2m as a tree.
-start 'xen-3.0-x86_64' pages 6144 flags 0x8
+start 'xen-3.0-x86_64' pages 6144 flags 0x18
# The ramdisk's bytes, not those of its pages.
-module at 0x400 bytes 3002368
+module at 0x400 bytes 3000000
LIST

cp /boot/guest/tiny "$scratch/tiny"
check "one with a p2m of its own" "$progs/prog_notes" "$scratch/tiny" \
	16=15:0x8000000000
kernel=$scratch/tiny
differences "PV, p2m apart, more vCPUs and room to grow" 'memory = 24' \
	'maxmem = 40' 'vcpus = 2' 'maxvcpus = 3' <<'LIST'
# xl has the p2m in the kernel's mapping all the same, when the kernel lies below
# the place that it names; what follows lies behind.
-rip 0x100000 rsi 0x408000 rsp 0x413000 rflags 0x200
-cs 0xe033 ds 0 ss 0xe02b kernel ss 0xe02b flags 0x24
+rip 0x100000 rsi 0x3fc000 rsp 0x407000 rflags 0x200
+cs 0xe033 ds 0xe02b ss 0xe02b kernel ss 0xe02b flags 0x24
-start 'xen-3.0-x86_64' pages 6144 flags 0
-page tables 0x40b000 frames 7
-p2m at 0x3fc000 pfn 0 frames 0
+start 'xen-3.0-x86_64' pages 6144 flags 0x10
+page tables 0x3ff000 frames 7
+p2m at 0x8000000000 pfn 0x800 frames 15
LIST

kernel=/boot/guest/tiny
# pvh_list PAGES PAGES2 COUNT [LINES]
pvh_list() {
	local list=${pvh/'#POOL'/${4:-}}

	sed "s/PAGES2/$2/; s/PAGES/$1/; s/COUNT/$3/
		s/oem .Xen. .\(...\)./oem 'Xen' '\1'/" <<<"$list"
}
# xl counts no vCPU for the paging pool when its file names none.
differences "PVH" 'type = "pvh"' 'memory = 24' < <(pvh_list 6161 6154 1 \
	$'-paging pool 96 KiB\n+paging pool 1120 KiB')
if [ "${XLD_DEPTH:-}" = full ]; then
	differences "PVH, more vCPUs and room to grow" 'type = "pvh"' 'memory = 24' \
		'maxmem = 40' 'vcpus = 2' 'maxvcpus = 3' < <(pvh_list 6161 6154 3)
	differences "PVH, more than 4 GiB possible" 'type = "pvh"' 'memory = 64' \
		'maxmem = 5000' 'vcpus = 1' < <(pvh_list 16401 16394 1)
fi
