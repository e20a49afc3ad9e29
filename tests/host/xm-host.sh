#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# Commands about the host and small ones about guests: info with its options,
# debug-keys, log, vm-list (beside Debian's xl on the one hypervisor it knows);
# domstate, reset, sysrq, buttons; words that are answered in a line.
. "$(dirname "$0")/lib.sh"

xl=$peer/xl
json=$progs/prog_json
has_xl() { grep -qx 17 /sys/hypervisor/version/minor; }
cleanup 'xm destroy small >/dev/null 2>&1'
refused() {
	expect_status "$1" "${@:3}"
	same "lines about ${*:3}" 1 "$(wc -l <"$scratch/err")"
	contains "the message about ${*:3}" "$err" "$2"
}

# --- info -----------------------------------------------------------------------
expect_status 0 xm info -n
topology=$(sed -n '/^cpu_topology/,$p' <<<"$out")
contains "processors" "$topology" '^  0:       0        0        0$'
contains "memory" "$topology" '^   0: +[0-9]+ +[0-9]+ +10(,20)?$'
if has_xl; then
	# Of an only processor it shows none; free memory changes by the page.
	nodes() { sed -n '/^numa_info/,$p' | awk '/^(numa|node| +[0-9]+:)/ { $3 = ""; print }'; }
	same "xl's" "$($xl info -n | nodes)" "$(nodes <<<"$topology")"
	for f in nr_cpus nr_nodes cores_per_socket total_memory xen_caps xen_scheduler \
		xen_commandline free_cpus; do
		same "$f" "$($xl info "$f" | xargs)" "$(xm info "$f" | xargs)"
	done
fi
expect_status 0 xm info -n --format json
same "as JSON" 0 "$("$json" numa_info 0 number <<<"$out")"
contains "settings" "$(xm info -c)" '^sessions +: 500$'
expect_status 2 xm info nr_cpu
contains "which it was" "$err" "no line 'nr_cpu'; did you mean 'nr_cpus'"

# --- the hypervisor and the daemon ------------------------------------------------
check "the log is empty" xm dmesg -c >"$scratch/dmesg"
check "the key h" xm debug-keys h
contains "Xen tells its keys" "$(xm dmesg)" "'h' pressed -> showing installed handlers|key '. '|key '"
if xm log >/dev/null 2>&1; then
	contains "the daemon's log" "$(xm log)" 'xld\[[0-9]+\]'
else
	refused 1 'journal' xm log
fi

# --- networks ---------------------------------------------------------------------
cleanup 'ip link del lab; ip link del theirs' '2>/dev/null'
check "a network" xm network-new lab 'of the lab'
[ -d /sys/class/net/lab/bridge ] || fail "lab is no bridge"
same "it is listed" 'Name                     Bridge           VIFs  PIFs
lab                      lab                 0     0' "$(xm network-show lab)"
same "what it is" "of the lab" "$(xm network-show --columns description --no-header lab)"
refused 4 "an interface 'lab' already" xm network-new lab
check "somebody's" ip link add theirs type bridge
refused 4 'belongs to the host' xm network-del theirs
check "it goes" xm network-del lab
[ ! -e /sys/class/net/lab ] || fail "lab is still there"
refused 3 "Network 'lab' does not exist" xm network-del lab

# --- a guest --------------------------------------------------------------------
config=$(tiny_config small 'extra = "tick=200"')
check "a guest" xm create -q -p "$config"
id=$(xm domid small)
same "what it does" paused "$(xm domstate small)"
same "as JSON" paused "$(xm domstate small --format json | "$json" state)"
same "all that run" "UUID                                  ID    name
$(printf '%s  %s    %-30s' "$(xm list --format json small | "$json" 0 uuid)" "$id" small)" "$(xm vm-list)"
# Its own has Domain-0, too.
! has_xl || same "xl's" "$($xl vm-list | grep -v Domain-0)" "$(xm vm-list)"

# --- lists ------------------------------------------------------------------------
same "as CSV" "name,domid,status
small,$id,paused" "$(xm list --format csv --columns name,id,status state=paused)"
same "in an order" "small Domain-0" "$(xm list --names --sort -id | xargs)"
same "as xm has it" "$(xm list small)" "$(xm list 'mem<1G' id!=0)"
same "a line each" "$(xm list --format json small | "$json" 0 uuid)" \
	"$(xm list --format jsonl --columns uuid name=small | "$json" uuid)"
same "its vCPUs" "small 0 true" "$(xm vcpu-list --columns name,vcpu,online --no-header name~^small | xargs)"
same "pools" "Pool-0 1 true" "$(xm cpupool-list --columns name,cpus,active --no-header | xargs)"
same "weights" "small 256" "$(xm sched-credit2 --columns name,weight --no-header "id=$id" | xargs)"
same "its form" "$(xm list -l small)" "$(xm list --format sxp small)"
refused 2 "'size' is no column of xm list" xm list --format jsonl --sort size

check "a key" xm sysrq small s
same "it is told" s "$(xenstore-read "/local/domain/$id/control/sysrq")"
refused 2 'is no SysRq key' xm sysrq small ctrl
refused 4 'no buttons' xm button-press small power
refused 4 'no buttons' xm trigger small nmi
check "it goes on" xm unpause small
contains "what it does" "$(xm domstate small)" '^(idle|running)$'
check "a reset" xm reset small
[ "$(xm domid small)" != "$id" ] || fail "it is the same domain"
contains "what it does" "$(xm domstate small)" '^(idle|running)$'
refused 4 small xm mem-max small 64
check "its end" xm destroy small
check "one that is kept" xm new -q "$config"
same "what it does" shutoff "$(xm domstate small)"
limits() { xm list -l --format json small | "$json" 0 record "memory_$1"; }
begins=$(limits dynamic_max)
check "more, one day" xm mem-max small 64
same "so it may" $((64 << 20)) "$(limits static_max)"
same "it begins with" "$begins" "$(limits dynamic_max)"
check "less" xm mem-max small 6144k
same "so it may" $((6 << 20)) "$(limits static_max)"
same "and no more than that" $((6 << 20)) "$(limits dynamic_max)"
check "forgotten" xm delete small
for c in domstate reset; do
	refused 3 "^Error: Domain 'small' does not exist" xm $c small
done
refused 3 "^Error: Domain 'small' does not exist" xm sysrq small s
refused 4 'Domain-0' xm reset 0

# --- old words -------------------------------------------------------------------
expect_status 0 xm pool-list
same "xm's sentence" 'Command pool-list is deprecated.  Please use xm cpupool-list instead.' "$err"
contains "and the list" "$out" '^Pool-0 '
refused 1 '^Error: tmem-list: Xen dropped transcendent memory' xm tmem-list -a
refused 1 '^Error: sched-sedf: .*sched-credit2' xm sched-sedf
