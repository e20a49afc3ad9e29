#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 600
# Every command of xm on real guests: what it prints, what it ends with, what is
# there afterwards; each error in one line.
. "$(dirname "$0")/lib.sh"
json=$progs/prog_json

# value PATH... : of the JSON in $out.
value() { "$json" "$@" <<<"$out" || fail "no '$*' in JSON: $out"; }
log_has() { xm console --log "$1" | grep -aqE "$2"; }
prints() {
	wait_for 60 log_has "$1" "$2" ||
		fail "$1 does not print '$2': $(xm console --log "$1")"
}
state() { xm list "$1" | awk 'NR == 2 { print $5 }'; }
gone() { ! xm domid "$1" >/dev/null 2>&1; }
names() { xm list --names | sort | xargs; }

# refused STATUS PATTERN COMMAND...: one line on stderr, nothing on stdout.
refused() {
	expect_status "$1" "${@:3}"
	same "lines about ${*:3}" 1 "$(wc -l <"$scratch/err")"
	contains "the message about ${*:3}" "$err" "$2"
	same "stdout of ${*:3}" '' "$out"
}

cleanup '[ $status = 0 ] || xm destroy life >/dev/null 2>&1'
same "guests at the start" Domain-0 "$(names)"
traces() { xenstore-list /local/domain /vm; }
store_before=$(traces)

same 'a name is looked for in /etc/xen' '(vm' \
	"$(cd / && xm create -nq example.cfg | head -n 1)"

# --- create, list ---------------------------------------------------------------
cfg=$(tiny_config life 'extra = "tick=200 echo"' 'vcpus = 1')
expect_status 0 xm create -p "$cfg"
contains 'xm names the file' "$out" "^Using config file \"$cfg\"\.$"
contains 'xm names the guest' "$out" '^Started domain life \(id=[0-9]+\)$'
id=$(xm domid life)
same 'the id is the one announced' "Started domain life (id=$id)" "${out##*$'\n'}"
expect_status 0 xm list
same 'the header' \
	'Name                                        ID   Mem VCPUs      State   Time(s)' \
	"${out%%$'\n'*}"
contains 'dom0 comes first' "$(sed -n 2p <<<"$out")" \
	'^Domain-0 {33,} 0 +[0-9]+ +[0-9]+ +r-----+ +[0-9.]+$'
contains 'a paused guest' "$out" "^life +$id +16 +1 +--p--- +0\.0\$"
same 'a paused guest says nothing' '' "$(xm console --log life)"
expect_status 0 xm list life
same 'one domain is a header and a row' 2 "$(wc -l <"$scratch/out")"
expect_status 0 xm list --format json
same 'two domains' 2 "$(value)"
same 'its name' life "$(value 1 name)"
same 'its state' Paused "$(value 1 power_state)"
uuid=$(value 1 uuid)
expect_status 0 xm list -l --format json life
same 'its kernel' /boot/guest/tiny "$(value 0 record PV_kernel)"
expect_status 0 xm list -l life
contains 'the form' "$out" '^\(domain$'
contains 'the form has the id' "$out" "^    \(domid $id\)\$"
contains 'the form has the name' "$out" '^    \(name life\)$'
same 'paused ones' life "$(xm list --state=paused --names)"

# --- names ----------------------------------------------------------------------
same 'domid by uuid' "$id" "$(xm domid "$uuid")"
same 'domname by id' life "$(xm domname "$id")"
same 'domname 0' Domain-0 "$(xm domname 0)"
same 'domid of dom0' 0 "$(xm domid Domain-0)"

# --- pause, unpause, the console --------------------------------------------------
check 'unpause' xm unpause life
prints life 'TINY UP'
prints life 'tick 2'
check 'unpause once more' xm unpause life
check 'pause' xm pause "$id"
check 'pause once more' xm pause life
# Its vCPU may have slept when it was stopped.
contains 'paused' "$(state life)" '^-[-b]p---$'
check 'unpause by uuid' xm unpause "$uuid"
contains 'it runs' "$(state life)" '^[r-][b-]----$'

# Two who write, one who watches; all see the history and the same lines.
mkfifo "$scratch/in1" "$scratch/in2"
xm console life <"$scratch/in1" >"$scratch/seen1" &
viewer1=$!
xm console life <"$scratch/in2" >"$scratch/seen2" &
viewer2=$!
exec 7>"$scratch/in1" 8>"$scratch/in2"
echo 'not this' | xm console -r life >"$scratch/seen3" &
viewer3=$!
echo 'from one' >&7
for i in 1 2 3; do
	wait_for 60 grep -aq 'ECHO: from one' "$scratch/seen$i" ||
		fail "viewer $i does not see the first line: $(cat "$scratch/seen$i")"
	contains "viewer $i begins with the history" \
		"$(head -n 1 "$scratch/seen$i")" 'TINY UP'
done
echo 'from two' >&8
for i in 1 2 3; do
	wait_for 60 grep -aq 'ECHO: from two' "$scratch/seen$i" ||
		fail "viewer $i does not see the second line"
done
# The escape leaves, in a pipe too.
printf '\035' >&7
wait "$viewer1" || fail "the first viewer ended with $?"
grep -aq 'not this' "$scratch"/seen? && fail 'a watcher was heard'
# A reader that has seen enough is no error.
check 'the first line' bash -o pipefail -c 'xm console life </dev/null | head -n 1 >/dev/null'

# --- rename ---------------------------------------------------------------------
check 'rename' xm rename life other
same 'the new name' other "$(xm domname "$id")"
refused 3 "^Error: Domain 'life' does not exist" xm domid life
refused 4 'Domain-0.*exists|exists.*Domain-0' xm rename other Domain-0
refused 2 'name' xm rename other 'no/name'
check 'rename back' xm rename other life
same 'the store has the name' life "$(xenstore-read "/local/domain/$id/name")"

# --- completion -----------------------------------------------------------------
complete_xm() {
	bash -c '. /usr/share/bash-completion/completions/xm
		compopt() { :; }
		COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
		_xm && echo "${COMPREPLY[*]}"' - "$@"
}
same 'names are completed' 'Domain-0 life' "$(complete_xm xm console '')"
same 'a name is completed' life "$(complete_xm xm destroy li)"
same 'a command is completed' shutdown "$(complete_xm xm shu)"

# --- the host -------------------------------------------------------------------
expect_status 0 xm info
contains 'xm info: version' "$out" '^xen_major +: 4$'
contains 'xm info: memory' "$out" '^total_memory +: [0-9]{4}$'
contains 'xm info: words' "$out" '^xen_caps +: .*xen-3.0-x86_64'
contains 'xm info: compiler' "$out" '^cc_compiler +: .*gcc'
same 'every line of xm info' '' "$(grep -vE '^[a-z_]+ *: .+$' <<<"$out")"
expect_status 0 xm info --format json
same 'the minor version' "$(xm info | awk '/^xen_minor/ { print $3 }')" \
	"$(value xen_minor)"
expect_status 0 xm dmesg
contains 'xm dmesg' "$out" '^\(XEN\)'
expect_status 0 xm dmesg --format json
[ "$(value lines)" -gt 10 ] || fail 'few lines in the log'
check 'dmesg -c' xm dmesg -c >/dev/null
same 'an empty log' '' "$(xm dmesg)"
expect_status 0 xm uptime
contains 'the header of uptime' "$out" '^Name {32}ID Uptime $'
contains 'uptime of the guest' "$out" "^life +$id  0:0[0-9]:[0-9]{2}\$"
expect_status 0 xm uptime -s life
contains 'short uptime' "$out" "^ [0-9:]{8} up  0:0[0-9], life \($id\)\$"
expect_status 0 xm uptime --format json Domain-0
[ "$(value 0 uptime)" -gt 0 ] || fail 'dom0 has just started'

# --- reboot, shutdown, destroy ------------------------------------------------------
expect_status 0 xm reboot -w life
contains 'xm says so' "$out" '^Domain life rebooted$'
contains 'xm says so of all' "$out" '^All domains rebooted$'
same 'it is the same guest' "$uuid" \
	"$(xm list --format json life | "$json" 0 uuid)"
[ "$(xm domid life)" != "$id" ] || fail 'it did not reboot'
# The viewer that stayed sees the new life.
prints life 'TINY UP'
exec 7>&- 8>&-

cfg2=$(tiny_config second)
check 'a second guest' xm create -q "$cfg2"
prints second 'TINY UP'
expect_status 0 xm shutdown -w life
same 'what shutdown -w says' 'Domain life terminated
All domains terminated' "$out"
gone life || fail 'life is still there'
wait "$viewer2" "$viewer3"
check 'a third guest' xm create -q "$cfg"
prints life 'TINY UP'
expect_status 0 xm shutdown -a -w --format json
same 'shutdown -a' 2 "$(value)"
same 'only dom0 is left' Domain-0 "$(names)"
check 'again' xm create -q "$cfg"
prints life 'TINY UP'
expect_status 0 xm shutdown life
same 'shutdown without -w says nothing' '' "$out"
wait_for 60 gone life || fail 'life does not go'
check 'again, paused' xm create -q -p "$cfg"
expect_status 0 xm destroy life
gone life || fail 'destroy ended before the guest'

# --- create -c: nothing is missed ----------------------------------------------------
rm -f /var/log/xen/console/guest-short.log
cfg3=$(tiny_config short 'extra = "tick=200 exit=poweroff,1000"')
expect_status 0 xm create -q -c "$cfg3" </dev/null
same 'the console from the first line to the last' 'TINY UP' \
	"$(head -n 1 <<<"$out" | tr -d '\r')"
same 'all of it, as the log has it' \
	"$(tr -d '\r' </var/log/xen/console/guest-short.log)" \
	"$(tr -d '\r' <<<"$out")"
wait_for 60 gone short || fail 'short is still there'

# --- errors: one line, a status, nothing left ----------------------------------------
# bad LINE...: a configuration with them instead of those of the same keys.
bad() {
	local f line

	f=$(tiny_config bad)
	for line; do
		sed -i "/^${line%% *} /d" "$f"
		echo "$line" >>"$f"
	done
	echo "$f"
}
refused 3 "^Error: Domain 'nobody' does not exist" xm destroy nobody
for c in pause unpause console shutdown reboot domid domname list uptime; do
	refused 3 "^Error: Domain '6666' does not exist" xm "$c" 6666
done
refused 3 "^Error: Domain 'nobody' does not exist" xm rename nobody x
refused 4 'Domain-0' xm destroy 0
refused 4 'Domain-0' xm shutdown Domain-0
refused 4 'Domain-0' xm pause Domain-0
refused 2 "bad.cfg:4:1: unknown key 'memroy', did you mean 'memory'\?" \
	xm create "$(bad 'memroy = 5')"
refused 3 'Unable to open config file: .*/none.cfg' xm create "$scratch/none.cfg"
refused 1 '/boot/guest/none: No such file' \
	xm create -q "$(bad 'kernel = "/boot/guest/none"')"
refused 1 'ramdisk.*/boot/guest/none: No such file' \
	xm create -q "$(bad 'ramdisk = "/boot/guest/none"')"
echo '#!/bin/sh' >"$scratch/script"
refused 1 'not a kernel that Xen can start' \
	xm create -q "$(bad "kernel = \"$scratch/script\"")"
head -c 3000000 /boot/guest/vmlinuz >"$scratch/half"
refused 1 'truncated' \
	xm create -q "$(bad "kernel = \"$scratch/half\"" 'memory = 64')"
refused 7 'MiB are needed and [0-9]+ MiB are free.*floor' \
	xm create -q "$(bad 'memory = "100g"')"
check 'a guest to be in the way' xm create -q "$cfg2"
refused 4 "'second' already exists" xm create -q "$cfg2"
expect_status 4 xm --format json create -q "$cfg2"
out=$err
same 'the code of the error' UNIQUE_NAME_ERROR "$(value error code)"
same 'the status in the error' 4 "$(value error exit)"
check 'out of the way' xm destroy second
refused 5 '^Error: Most commands need root access' \
	start-stop-daemon -S -c nobody -x /usr/bin/xm -- list
refused 75 'cannot reach xld at /nowhere/api.sock.*is xld running' \
	env XLD_URI=unix:/nowhere/api.sock xm list
# What other hosts need is there, wherever xm keeps it.
refused 75 '(http and https need libcurl|cannot reach the XenAPI server)' \
	env XLD_URI=http://127.0.0.1:9 xm list

# --- an interrupt takes everything back --------------------------------------------
# A kernel that takes a while to unpack, and a worker that stands still.
big=$(tiny_config big 'kernel = "/boot/guest/vmlinuz"' 'memory = 1000')
xm create -q "$big" 2>"$scratch/err" &
creating=$!
# (One without an order has another name.)
until worker=$(pids xld-build); [ -n "$worker" ] && kill -STOP $worker 2>/dev/null; do
	kill -0 "$creating" || fail "big was not built: $(cat "$scratch/err")"
done
kill "$creating"
wait "$creating"
same 'the status of an interrupted create' 143 $?
contains 'what it says' "$(cat "$scratch/err")" '^Error: .*cancel'
same 'nothing is left' Domain-0 "$(names)"
same 'nothing is left in the store' "$store_before" \
	"$(traces)"
same 'no socket of a viewer is left' '' "$(jobs -r)"
