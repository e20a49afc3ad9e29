#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 600
# Cores of guests: whole, well-formed, with what the guest has written, PV and PVH;
# it goes on, crashes or is reset afterwards; on_crash writes them, within bounds;
# whatever goes wrong leaves no file and the guest as it was.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"

core=$scratch/core
folder=$scratch/cores
mkdir "$scratch/full"
conf=/etc/xld/xld.conf
check "the settings" cp "$conf" "$scratch/conf"
cleanup 'restart_xld; umount "$scratch/full" 2>/dev/null; xm destroy s >/dev/null 2>&1'
cleanup 'cp "$scratch/conf" "$conf"'

facts() { "$progs/prog_core" facts "$core" || fail "$1: $("$progs/prog_core" facts "$core")"; }
# is_core WHAT PAGES: of a guest with so many pages of a pattern.
is_core() {
	local said

	said=$(facts "$1")
	note "$1: ${said//$'\n'/, }"
	same "$1: its pages are all there" \
		"$(sed -n 's/^pages //p' <<<"$said")" "$(sed -n 's/^present //p' <<<"$said")"
	same "$1: as many as it has" "$(pages_of s)" "$(sed -n 's/^pages //p' <<<"$said")"
	same "$1: what it has written" "$2" "$("$progs/prog_core" pattern "$core" "$2")"
	same "$1: whose it is" "600 0" "$(stat -c '%a %u' "$core")"
}
# As Xen counts them.
pages_of() { "$progs/prog_facts" pages "$(xm domid "$1")"; }
state() { api VM.get_power_state "@$1"; }
nothing_left() {
	[ -z "$(find "$scratch" -name '.xld-dump-*')" ] || fail "$1: a part of a core"
	same "$1: no intent" "" "$(ls /run/xld/intents)"
}
# unharmed WHAT: it runs, and there is no core.
unharmed() {
	[ ! -e "$core" ] || fail "$1: there is a file"
	nothing_left "$1"
	same "$1: its domain" "$domid" "$(xm domid s)"
	same "$1: its state" Running "$(state s)"
	before=$(ticks s)
	check "$1: it ticks on" wait_for 60 goes_on s "${before:-0}"
}

# ---- one that goes on

for type in pv pvh; do
	check "$type: a guest" xm create -q "$(tiny_config s 'memory=24' \
		"type=\"$type\"" 'extra="tick=200 dirty=0,2000"')"
	check "it is up" wait_for 60 says s 'tick 2'
	domid=$(xm domid s)
	expect_status 0 xm dump-core s "$core"
	same "what xm says" "Dumping core of domain: s ..." "$out"
	# Before it is read: looking at a hole in a tmpfs fills it.
	[ $(($(stat -c %b "$core") * 512)) -lt $(($(stat -c %s "$core") * 3 / 4)) ] ||
		fail "zeros take room: $(stat "$core")"
	is_core "$type" 2000
	rm "$core"
	unharmed "$type"
	check "$type, live" xm dump-core --live s "$core"
	is_core "$type, live" 2000
	rm "$core"
	unharmed "$type, live"
	[ "$type" = pvh ] || check "its end" xm destroy s
done

# One that is paused stays so; a file is replaced when the new one is whole.
check "pause" xm pause s
echo old >"$core"
expect_status 0 xm dump-core --format json s "$core"
same "it says where" "$core" "$("$progs/prog_json" file <<<"$out")"
is_core "paused" 2000
same "it is paused" Paused "$(state s)"
cp "$core" "$core.paused"
check "again" xm dump-core s "$core"
check "it is the same" "$progs/prog_core" same "$core" "$core.paused"
rm "$core" "$core.paused"
check "unpause" xm unpause s
unharmed "after a pause"

# ---- what cannot be

expect_status 2 xm dump-core -C -R s "$core"
expect_status 3 xm dump-core nobody "$core"
expect_status 4 xm dump-core Domain-0 "$core"
contains "the control domain" "$err" 'control domain'
expect_status 1 xm dump-core s "$scratch/none/core"
contains "no such folder" "$err" 'No such file or directory'
same "one line" 1 "$(wc -l <"$scratch/err")"
expect_status 1 xm dump-core s "$scratch"
contains "a folder" "$err" 'Is a directory'
unharmed "a name that cannot be"
check "a small file system" mount -t tmpfs -o size=1m none "$scratch/full"
expect_status 1 xm dump-core s "$scratch/full/core"
contains "no room" "$err" 'No space left on device'
same "one line" 1 "$(wc -l <"$scratch/err")"
same "no room: no file" "" "$(ls -A "$scratch/full")"
unharmed "no room"

# ---- deaths and failures at each step

# With --full at all of them, else where most is under way.
steps=write
[ "${XLD_DEPTH:-default}" = full ] && steps="intent file pause write name"
for step in $steps; do
	restart_xld "XLD_STEP=dump-$step"
	expect_status 1 xm dump-core s "$core"
	contains "$step fails" "$err" "dump-$step: a fault was injected"
	unharmed "$step fails"
	restart_xld "XLD_STEP=dump-$step:kill"
	cut_off xm dump-core s "$core"
	wait_for 20 none_of xld || fail "xld lives after $step"
	restart_xld
	unharmed "death at $step"
done
restart_xld "XLD_STEP=dump-named:kill"
cut_off xm dump-core s "$core"
wait_for 20 none_of xld || fail "xld lives"
restart_xld
is_core "death behind the last step" 2000
rm "$core"
unharmed "death behind the last step"

# ---- crash, reset

check "reset" xm dump-core -R s "$core"
is_core "reset" 2000
rm "$core"
[ "$(xm domid s)" != "$domid" ] || fail "it was not reset"
domid=$(xm domid s)
check "it is up" wait_for 60 says s 'tick 2'
unharmed "reset"
check "its end" xm destroy s

cat >>"$conf" <<-CONF
	dump_folder = $folder
	dump_files = 2
CONF
restart_xld
cores() { find "$folder" -name '*.core' 2>/dev/null | sort; }
check "one that is kept when it crashes" xm create -q "$(tiny_config s 'memory=24' \
	'on_crash="preserve"' 'extra="tick=200 dirty=0,2000"')"
check "it is up" wait_for 60 says s 'tick 2'
expect_status 0 xm dump-core -C s
crashed() { [ "$(state s)" = Crashed ]; }
check "it has crashed" wait_for 20 crashed
core=$(cores)
same "xm says where it is" "$core" "${out##*$'\n'}"
contains "its name" "$core" \
	"^$folder/s/[0-9]{4}-[0-9]{4}-[0-9]{4}\.[0-9]{2}-s\.$(xm domid s)\.core\$"
same "the folder is for root" 700 "$(stat -c %a "$folder/s")"
is_core "crashed" 2000
check "a crashed one is dumped, too" xm dump-core s "$scratch/crashed"
core=$scratch/crashed is_core "a crashed one" 2000
same "it stays crashed" Crashed "$(state s)"
check "its end" xm destroy s

# It crashes again and again: the oldest cores go, those asked for stay.
asked=$core
# crash_it: once its kernel is there.
crash_it() {
	domid=$(xm domid s)
	check "domain $domid is up" wait_for 60 up
	check "it crashes" xenstore-write "/local/domain/$domid/control/shutdown" crash
}
up() { [ "$(xenstore-read "/local/domain/$domid/control/feature-poweroff")" = 1 ]; }
again() { [ "$(xm domid s)" -gt "$domid" ]; }
check "a guest" xm create -q "$(tiny_config s 'on_crash="coredump-restart"')"
first=$(xm domid s)
for n in 1 2 3; do
	crash_it
	check "it is there again" wait_for 60 again
	core=$(cores | grep "s.$domid.end.core$")
	check "and left a core" "$progs/prog_core" facts "$core"
	same "how many there are" $((n < 2 ? n : 2)) "$(cores | grep -c 'end.core$')"
done
check "its end" xm destroy s
same "the oldest has gone" "" "$(cores | grep "s.$first.end.core$")"
[ -e "$asked" ] || fail "the one that was asked for has gone"
rm -r "$folder"

# Without room it is destroyed all the same, and the log says why.
sed -i 's/^dump_files.*/dump_mib = 3/' "$conf"
restart_xld
check "one whose core does not fit" xm create -q \
	"$(tiny_config s 'on_crash="coredump-destroy"')"
crash_it
gone() { ! xm domid s; }
check "it has gone" wait_for 60 gone
same "without a core" "" "$(cores)"
contains "the log says why" "$(tail -n 50 /var/log/xld/xld.log)" 'its core: no core is written'
sed -i 's/^dump_mib.*//' "$conf"
# The daemon dies while it is written: it is written anew.
restart_xld "XLD_STEP=dump-write:kill"
check "a guest" xm create -q "$(tiny_config s 'on_crash="coredump-destroy"')"
crash_it
wait_for 60 none_of xld || fail "xld lives"
restart_xld
check "it has gone" wait_for 60 gone
same "one core" 1 "$(cores | wc -l)"
core=$(cores)
check "which is one" "$progs/prog_core" facts "$core"
nothing_left "at the end"
