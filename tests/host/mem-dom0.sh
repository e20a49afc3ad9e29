#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 600
# Where the settings let it, domain 0 gives memory to machines that start, down to its
# floor: one, two at a time; what is refused, with what is needed, free, and kept; and
# nothing is begun when xld dies there.
. "$(dirname "$0")/lib.sh"

cp /etc/xld/xld.conf "$scratch/xld.conf" 2>/dev/null || : >"$scratch/xld.conf"
cleanup '{ for g in a b c big; do xm destroy $g; done
	cp "$scratch/xld.conf" /etc/xld/xld.conf; restart_xld; xm mem-set Domain-0 "$was"; } >/dev/null 2>&1'
# floor MIB
settings() {
	{ grep -v dom0_floor_mib "$scratch/xld.conf"; echo "dom0_floor_mib = $1"; } >/etc/xld/xld.conf
	restart_xld
}
dom0() { xm list Domain-0 | awk '$1 == "Domain-0" { print $3 }'; }
target() { echo $(($(xenstore-read /local/domain/0/memory/target) / 1024)); }
free_mib() { xm info | sed -n 's/^free_memory *: *//p'; }
# config NAME MIB: of a PVH guest; its memory comes in large pages.
config() {
	printf 'name = "%s"\ntype = "pvh"\nmemory = %d\nkernel = "/boot/guest/tiny"\n' \
		"$1" "$2" >"$scratch/$1.cfg"
	echo "$scratch/$1.cfg"
}
was=$(dom0)
dom0_is() { [ "$(dom0)" -ge $(($1 - 3)) ] && [ "$(dom0)" -le $(($1 + 3)) ]; }
# What is free but for some 100 MiB goes to one that stays.
check "most of the memory" xm create -q "$(config big $(($(free_mib) - 150)))"

expect_status 7 xm create "$(config a 250)"
contains "not by itself" "$err" "[0-9]+ MiB are needed and [0-9]+ MiB are free; domain 0 keeps its $was MiB \\(its floor\\).*set dom0_floor_mib"
same "as it was" "$was" "$(dom0)"

floor=$((was - 300))
settings $floor
check "it gives" xm create -q "$(config a 250)"
contains "it is told" "$(grep 'its target goes' /var/log/xld/xld.log | tail -n 1)" "from $was to [0-9]+ MiB: a machine needs [0-9]+ MiB"
less=$(dom0)
[ "$less" -lt "$was" ] || fail "domain 0 has $less MiB, as before"
[ "$less" -ge $floor ] || fail "domain 0 has $less MiB, below its floor of $floor"
same "its target" "$less" "$(target)"
check "the end" xm destroy a
same "it does not get it back" "$less" "$(dom0)"

# What is free now is enough for another one like it.
check "again" xm create -q "$(config a 250)"
same "nothing more was asked" "$less" "$(target)"
expect_status 7 xm create "$(config b 400)"
contains "its floor" "$err" "[0-9]+ MiB are needed and [0-9]+ MiB are free; domain 0 keeps its $floor MiB \\(its floor\\).*lower dom0_floor_mib"
same "nothing was asked" "$less" "$(target)"
check "the end" xm destroy a
check "domain 0 gets it back" xm mem-set Domain-0 "$was"
check "it takes it" wait_for 60 dom0_is "$was"

# Two at a time: each gets what was made for it.
settings $((was - 400))
xm create -q "$(config a 160)" & first=$!
xm create -q "$(config b 160)" & second=$!
check "one" wait $first
check "the other" wait $second
for g in a b; do check "it runs" xm domid $g; check "the end" xm destroy $g; done
check "back" xm mem-set Domain-0 "$was"
check "it takes it" wait_for 60 dom0_is "$was"

# The daemon dies before it waits: nothing is begun.
restart_xld XLD_STEP=memory:kill
cut_off xm create -q "$(config a 250)"
restart_xld
expect_status 3 xm domid a
same "records" "" "$(ls /run/xld/intents 2>/dev/null)"
check "the end" xm destroy big
