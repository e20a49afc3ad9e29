#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# depth: full
# timeout: 1800
# Whatever keeps a save from its end, the guest goes on where it was and there is no
# file; whatever is wrong with a file, no domain stays. Death of the daemon or of the
# worker at each step and at some of the hypercalls: the guest runs, or the file is
# whole, never half of both. With --full all calls, else others in each hour.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"

mkdir "$scratch/full"
cleanup 'unset XLD_FAULT_FILE; restart_xld; umount "$scratch/full" 2>/dev/null; for g in s t; do xm destroy $g; done >/dev/null 2>&1'
config=$(tiny_config s 'memory=32' 'extra="tick=200 dirty=200,2000"')

# unharmed WHAT: the same domain goes on, nothing of an image is anywhere.
unharmed() {
	same "$1: its domain" "$domid" "$(xm domid s)"
	[ ! -e "$image" ] || fail "$1: there is a file"
	check "$1: nothing is left" no_rest
	before=$(ticks s)
	check "$1: it ticks on" wait_for 60 goes_on s "${before:-0}"
	verified s
}
same_one_line() { same "$1: one line" 1 "$(grep -c . <<<"$err")"; }

check "a guest" xm create -q "$config"
check "it is up" wait_for 60 says s 'tick 2'
domid=$(xm domid s)

# ---- the file

expect_status 1 xm save s "$scratch/none/image"
contains "no such folder" "$err" 'No such file or directory'
same_one_line "no such folder"
expect_status 1 xm save s "$scratch"
contains "a folder" "$err" 'Is a directory'
unharmed "a name that cannot be"
check "a small file system" mount -t tmpfs -o size=1m none "$scratch/full"
expect_status 1 xm save s "$scratch/full/image"
contains "no room" "$err" 'No space left on device'
same_one_line "no room"
same "no room: no file" "" "$(ls -A "$scratch/full")"
contains "it was suspended, and went on" "$(xm console -l s)" 'RESUMED 1 cancelled'
unharmed "no room"
check "umount" umount "$scratch/full"

# ---- the guest

restart_xld XLD_SUSPEND_TIMEOUT=3
check "one that hears nothing" xm create -q \
	"$(tiny_config t 'extra="deaf"')"
other=$(xm domid t)
deaf() { says t 'TINY UP'; }
check "it is up" wait_for 60 deaf
expect_status 6 xm save t "$image"
contains "it did not heed" "$err" 'has not heeded the request to suspend within 3 s'
[ ! -e "$image" ] || fail "there is a file"
same "it runs on" "$other" "$(xm domid t)"
same "the request is taken back" "" \
	"$(xenstore-read "/local/domain/$other/control/shutdown")"
restart_xld XLD_SUSPEND_TIMEOUT=60
xm save t "$image" >"$scratch/out" 2>"$scratch/err" &
saver=$!
asked() { [ "$(xenstore-read "/local/domain/$other/control/shutdown")" = suspend ]; }
check "it is asked" wait_for 20 asked
expect_status 4 xm destroy t
contains "it is being saved" "$err" 'is being saved'
check "another toolstack ends it" "$progs/prog_facts" destroy "$other"
wait $saver && fail "it was saved"
contains "it has ended" "$(cat "$scratch/err")" 'ended .* while it was saved'
gone() { ! xm domid t; }
check "nothing of it is left" wait_for 20 gone
[ ! -e "$image" ] || fail "there is a file"
unharmed "meanwhile"

# ---- cancelled

for step in save-suspend save-write; do
	note "cancelled at $step"
	task=$(api Async.VM.save @s "$image") || fail "no task"
	api task.cancel "$task" >/dev/null 2>&1
	ended() { [ "$(api task.get_status "$task")" != pending ]; }
	check "it ends" wait_for 60 ended
	if [ "$(api task.get_status "$task")" = success ]; then
		check "it was too late: back" xm restore "$image"
		rm -f "$image"
		domid=$(xm domid s)
	fi
	unharmed "cancelled at $step"
done

# ---- images that are none

check "an image" xm save -c s "$image"
size=$(stat -c %s "$image")
mv "$image" "$scratch/good"
check "the guest ends" xm destroy s
count=$(domains)
# refused WHAT PATTERN: and nothing stays.
refused() {
	expect_status 1 xm restore "$scratch/bad"
	contains "$1: why" "$err" "$2"
	same_one_line "$1"
	gone() { [ "$(domains)" = "$count" ]; }
	check "$1: no domain stays" wait_for 20 gone
	expect_status 3 xm domid s
}
for part in 0 20 49 100 600 2000 5000 $((size / 3)) $((size / 2)) $((size - 40)) $((size - 1)); do
	head -c "$part" "$scratch/good" >"$scratch/bad"
	refused "cut to $part" 'damaged|not an image'
done
for at in 3 300 700 3000 20000 $((size / 2)) $((size * 9 / 10)) $((size - 20)); do
	cp "$scratch/good" "$scratch/bad"
	byte=$(od -An -t u1 -j "$at" -N 1 "$scratch/bad")
	printf '%b' "$(printf '\\x%02x' $((byte ^ 16)))" |
		dd of="$scratch/bad" bs=1 seek="$at" conv=notrunc status=none
	refused "byte $at" '.'
done
expect_status 1 xm restore "$scratch/none"
contains "no file" "$err" 'No such file'
expect_status 1 xm restore /dev/zero
contains "no regular file" "$err" 'not a regular file'

# ---- a host that cannot have it

check "it is as good as ever" xm restore "$scratch/good"
domid=$(xm domid s)
expect_status 4 xm restore "$scratch/good"
contains "it is there" "$err" 'is there: end it first'
check "a new name" xm rename s u
check "its end" xm destroy u
check "another of its name" xm create -q "$(tiny_config s)"
expect_status 4 xm restore "$scratch/good"
contains "the name is taken" "$err" "'s' already exists"
check "its end" xm destroy s

# ---- deaths of the daemon

# one_or_other WHAT: the guest goes on, or there is a good image.
one_or_other() {
	check "$1: no half of a file" no_rest
	same "$1: no intent" "" "$(ls /run/xld/intents)"
	if [ -e "$image" ]; then
		gone() { [ "$(domains)" = "$count" ]; }
		check "$1: the domain has ended" wait_for 20 gone
		check "$1: it goes on from the file" xm restore "$image"
		rm -f "$image"
		domid=$(xm domid s)
	fi
	unharmed "$1"
}
config=$(tiny_config s 'memory=32' 'extra="tick=200 dirty=200,2000"')
check "a guest" xm create -q "$config"
check "it is up" wait_for 60 says s 'tick 2'
domid=$(xm domid s)
for step in save-intent save-file save-suspend save-write save-name save-named \
	destroy-intent destroy-domain destroy-record; do
	restart_xld "XLD_STEP=$step:kill"
	xm save s "$image" >/dev/null 2>&1
	wait_for 60 none_of xld || fail "xld lives after $step"
	restart_xld
	one_or_other "death at $step"
done
# A restore is undone, or goes on.
check "an image" xm save s "$image"
cp "$image" "$scratch/good"
for step in memory domain channels build store introduce record commit run; do
	restart_xld "XLD_STEP=$step:kill"
	xm restore "$image" >/dev/null 2>&1
	wait_for 60 none_of xld || fail "xld lives after $step"
	restart_xld
	if [ "$(domains)" = "$count" ]; then
		expect_status 3 xm domid s
		continue
	fi
	# From the commit on it is there.
	contains "death at $step" "$step" '^run$'
	domid=$(xm domid s)
	rm -f "$image"
	unharmed "death at $step of a restore"
	check "its end" xm destroy s
	cp "$scratch/good" "$image"
done
check "restore" xm restore "$image"
domid=$(xm domid s)
rm -f "$image"

# A suspended machine is suspended still, or runs; it is never halted.
check "new" xm new -q "$(tiny_config t 'extra="tick=200 dirty=0,1000"')"
check "start" xm start t
up() { says t 'tick 2'; }
check "it is up" wait_for 60 up
check "suspend" xm suspend t
for step in memory domain build record commit run; do
	restart_xld "XLD_STEP=$step:kill"
	xm resume t >/dev/null 2>&1
	wait_for 60 none_of xld || fail "xld lives after $step"
	restart_xld
	if [ "$step" = run ]; then
		same "death at $step" Running "$(api VM.get_power_state @t)"
		verified t
	else
		same "death at $step" Suspended "$(api VM.get_power_state @t)"
	fi
done
same "its image has gone" "" "$(ls /var/lib/xld/suspended)"
check "destroy" xm destroy t
check "delete" xm delete t

# ---- deaths and refusals at the hypercalls of daemon and worker

faults
restart_xld
arm 0 0
check "a whole save" xm save s "$image"
total=$(calls)
check "back" xm restore "$image"
rm -f "$image"
domid=$(xm domid s)
every=$((total / 8))
[ "${XLD_DEPTH:-default}" = full ] && every=1
first=$(($(date +%s) / 3600 % every + 1))
note "$total calls, every $every from $first"
for ((n = first; n <= total; n += every)); do
	arm "$n" 12
	xm save s "$image" >"$scratch/out" 2>&1
	arm 0 0
	one_or_other "call $n failing"
	arm "$n" 0
	xm save s "$image" >"$scratch/out" 2>&1
	arm 0 0
	xm list >/dev/null 2>&1 || restart_xld
	one_or_other "death at call $n"
done
unset XLD_FAULT_FILE
restart_xld
check "destroy" xm destroy s
