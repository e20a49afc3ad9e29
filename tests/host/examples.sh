#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: all
# toolstack: own
# Every example of examples/ does what it shows, in dom0 and on a guest.
. "$(dirname "$0")/lib.sh"

check "a guest" xm create "$(tiny_config example)"
cleanup xm destroy example
domid=$(xm domid example)

expect_status 0 "$progs/list-domains"
contains "dom0 in the list" "$out" '^ +0 .*PV$'
contains "the guest in the list" "$out" "^ +$domid +[0-9]+ MiB .*PV\$"

# Where only the old way to the hypervisor is, that is gone.
old_way() {
	mv /dev/xen/privcmd "$scratch/privcmd"
	"$progs/list-domains"
	local status=$?
	mv "$scratch/privcmd" /dev/xen/privcmd
	return $status
}
expect_status 0 old_way
contains "by /proc/xen/privcmd" "$out" '^ +0 .*PV$'

expect_status 0 "$progs/watch-vcpus" "$domid" 1
contains "its vCPU" "$out" '^vCPU 0 .*%$'
expect_status 1 "$progs/watch-vcpus" 30000 1
contains "no such domain" "$err" 'domain 30000'

expect_status 0 "$progs/read-memory" "$domid"
same "lines of memory" 4 "$(echo "$out" | wc -l)"
contains "something is there" "$out" '[1-9a-f]'
expect_status 1 "$progs/read-memory" "$domid" 0x7fffffffff
contains "no such frame" "$err" "domain $domid"

modprobe xen-gntalloc 2>/dev/null
mkfifo "$scratch/hold"
"$progs/share-page" to 0 "what we share" <"$scratch/hold" >"$scratch/ref" &
exec 5>"$scratch/hold"
wait_for 10 grep -q reference "$scratch/ref" || fail "no reference"
ref=$(sed 's/reference //' "$scratch/ref")
expect_status 0 "$progs/share-page" from 0 "$ref"
same "the text" "what we share" "$out"
exec 5>&-
check "unshared" wait $!
expect_status 1 "$progs/share-page" from 0 "$ref"

"$progs/ring-channel" wait 0 >"$scratch/port" &
wait_for 10 grep -q '^port' "$scratch/port" || fail "no port"
port=$(sed -n 's/^port \([0-9]*\)$/\1/p' "$scratch/port")
check "ring" "$progs/ring-channel" ring 0 "$port"
check "it ends" wait $!
same "it rang" "port $port rang" "$(tail -n 1 "$scratch/port")"

"$progs/watch-machines" 15 >"$scratch/seen" 2>"$scratch/why" &
wait_for 10 grep -q '^example .*Running' "$scratch/seen" ||
	fail "machines: $(cat "$scratch/seen" "$scratch/why")"
check "pause" xm pause example
check "is told" wait_for 10 grep -q '^mod example Paused' "$scratch/seen"
check "unpause" xm unpause example
check "it ends" wait $!
expect_status 75 "$progs/watch-machines" 1 unix:/nowhere
contains "and why not" "$err" '^XLD_UNREACHABLE: '
