#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# cpus: 2
# nodes: 2
# vcpu-list, vcpu-pin and sched-credit2 beside Debian's xl (on the one hypervisor it
# knows) and what Xen says: columns, sets, weights and caps, at once and after a
# reboot; a machine that is kept; what cannot be.
. "$(dirname "$0")/lib.sh"

xl=$peer/xl
has_xl() { grep -qx 17 /sys/hypervisor/version/minor; }
cleanup 'for g in at rest; do xm destroy $g; xm delete $g; done >/dev/null 2>&1
	xm sched-credit2 -d 0 -w 256 -c 0; xm sched-credit2 -s -r 1000; xm vcpu-pin 0 all all'
refused() {
	expect_status "$1" "${@:3}"
	same "lines about ${*:3}" 1 "$(wc -l <"$scratch/err")"
	contains "the message about ${*:3}" "$err" "$2"
}
facts() { "$progs/prog_facts" affinity "$(xm domid at)" | paste -sd,; }

config=$(tiny_config at 'vcpus = 2' 'extra = "tick=200"')
check "a guest" xm create -q -p "$config"
id=$(xm domid at)
# row NAME ID VCPU CPU STATE TIME AFFINITY
row() { printf '%-32s %5s %5d %5s %5s  %8.1f %s\n' "$@"; }
expect_status 0 xm vcpu-list at
same "the heading" "Name                                ID  VCPU   CPU State   Time(s) CPU Affinity" \
	"$(head -n 1 <<<"$out")"
line=$(sed -n 2p <<<"$out")
same "the first" "$(row at "$id" 0 "$(awk '{ print $4 }' <<<"$line")" --- 0 'any cpu')" "$line"
# A PV guest's kernel brings up the others.
same "the second" "$(row at "$id" 1 - --p 0 'any cpu')" "$(sed -n 3p <<<"$out")"
if has_xl; then
	same "xl sees the same" "$($xl vcpu-list at | awk 'NR > 1 { print $1, $2, $3, $4, $5 }')" \
		"$(awk 'NR > 1 { print $1, $2, $3, $4, $5 }' <<<"$out")"
	same "xl's column" "$($xl vcpu-list at | cut -c 70-)" "$(xm vcpu-list -s at | cut -c 70-)"
fi
contains "all domains" "$(xm vcpu-list)" '^Domain-0 +0 +[01] +[01] +(r-|-b)- +[0-9.]+ any cpu$'
expect_status 0 xm vcpu-list --format json at
same "JSON" 'at 1 false all' "$(for k in name vcpu online affinity; do
	"$progs/prog_json" 1 $k <<<"$out"; done | xargs)"
refused 3 "^Error: Domain 'nobody' does not exist" xm vcpu-list nobody

# --- pin --------------------------------------------------------------------------
check "one of them" xm vcpu-pin at 1 0
same "Xen has it" "all / all,0 / all" "$(facts)"
contains "so has the list" "$(xm vcpu-list at)" "^at +$id +1 .* 0\$"
check "soft" xm vcpu-pin at 0 - '^1'
same "Xen has it" "all / 0,0 / all" "$(facts)"
check "both" xm vcpu-pin at all 1 node:0
same "Xen has it" "1 / 0,1 / 0" "$(facts)"
check "everywhere" xm vcpu-pin at 0 all
same "Xen has it" "all / 0,1 / 0" "$(facts)"
check "Domain-0" xm vcpu-pin Domain-0 0 0-1
refused 2 "there is no processor 9, the host has 2" xm vcpu-pin at 0 9
refused 2 "'cpumap7'|cpumap7" xm vcpu-pin at 7 0
refused 2 "a range goes" xm vcpu-pin at all 3-
refused 3 "^Error: Domain 'nobody'" xm vcpu-pin nobody 0 0
expect_status 2 xm vcpu-pin at first 0
contains "what it is" "$err" "'first' is neither the number of a vCPU nor 'all'"
same "nothing has changed" "all / 0,1 / 0" "$(facts)"

# --- weights ----------------------------------------------------------------------
expect_status 0 xm sched-credit2 -d at
same "what it has" "Name                                ID Weight  Cap
$(printf '%-32s %5s %6d %4d' at "$id" 256 0)" "$out"
check "more of it" xm sched-credit2 -d at -w 512 -c 150
contains "so it is" "$(xm sched-credit2)" "^at +$id +512 +150\$"
if has_xl; then
	same "xl sees the same" "$($xl sched-credit2 -d at | xargs)" \
		"$(xm sched-credit2 -d at | xargs)"
fi
check "xm's spelling" xm sched-credit2 -d at -w=400
contains "so it is" "$(xm sched-credit2 -d at)" "^at +$id +400 +150\$"
check "Domain-0" xm sched-credit2 -d Domain-0 -w 300
contains "so it is" "$(xm sched-credit2 -d 0)" '^Domain-0 +0 +300 +0$'
expect_status 0 xm sched-credit2 --format json -d at
same "JSON" '400 150 Pool-0' "$(for k in weight cap pool; do
	"$progs/prog_json" 0 $k <<<"$out"; done | xargs)"
refused 2 "it is 1 to 65535" xm sched-credit2 -d at -w 0
refused 2 "it is 0 to 200" xm sched-credit2 -d at -c 201
refused 1 '^Error: Xen is running with the credit2 scheduler$' xm sched-credit
refused 1 '^Error: Xen is running with the credit2 scheduler$' xm sched-credit -d at
refused 1 '^Error: Xen is running with the credit2 scheduler$' xm sched-rtds
expect_status 2 xm sched-credit2 -w 5
check "the pool's" xm sched-credit2 -s -r 3000
same "so it is" "Cpupool Pool-0: ratelimit=3000us" "$(xm sched-credit2 -s)"
! has_xl || same "xl sees the same" "$($xl sched-credit2 -s)" "$(xm sched-credit2 -s)"
refused 2 "it is 0 to 500000" xm sched-credit2 -s -r 500001

# --- a reboot, and a machine that is kept --------------------------------------------
check "it runs" xm unpause at
is_up() { xm console --log at | grep -aq 'TINY UP'; }
check "it is up" wait_for 60 is_up
check "a reboot" xm reboot -w at
id=$(xm domid at)
same "its sets" "all / 0,1 / 0" "$(facts)"
contains "its weight" "$(xm sched-credit2 -d at)" "^at +$id +400 +150\$"
check "its end" xm destroy at
check "one that is kept" xm new -q "$(tiny_config rest 'vcpus = 2' 'cpus = "0"')"
same "its vCPUs" "$(row rest '' 0 '' '' 0 0; row rest '' 1 '' '' 0 0)" \
	"$(xm vcpu-list rest | sed 1d)"
check "its weight" xm sched-credit2 -d rest -w 77
same "so it is" "$(printf '%-32s %5s %6d %4d' rest '' 77 0)" "$(xm sched-credit2 -d rest | sed 1d)"
refused 4 rest xm vcpu-pin rest 0 1
check "it starts" xm start rest
contains "as it was told" "$(xm sched-credit2 -d rest)" "^rest +$(xm domid rest) +77 +0\$"
check "its end" xm destroy rest
check "forgotten" xm delete rest
