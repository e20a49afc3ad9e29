#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: 4.17
# toolstack: none
# timeout: 600
# depth: full
# Debian's own toolstack works against our xenstored: xl creates a PV guest whose
# kernel reaches user space through the store, lists, shuts down and destroys it,
# and nothing of it is left in the store. Both sides' xenstore-ls agree.
# (xenstored-kill.sh does the same under worse conditions.)
. "$(dirname "$0")/lib.sh"
peer=/usr/lib/xen-4.17/bin

check "our xenstored starts" /usr/sbin/xenstored --pid-file /run/xenstored.pid
cleanup 'kill $(cat /run/xenstored.pid); kill $(cat /run/xen/xenconsoled.pid); sleep 1'
expect_status 1 /usr/sbin/xenstored
contains "a second daemon says why it cannot start" "$err" \
	'another (xenstored|process)'
check "Debian's xen-init-dom0" $peer/xen-init-dom0
check "Debian's xenconsoled" $peer/xenconsoled --pid-file=/run/xen/xenconsoled.pid
wait_for 10 test -s /run/xen/xenconsoled.pid

same "Debian's xenstore-ls shows what ours shows" \
	"$(xenstore-ls -f /)" "$($peer/xenstore-ls -f /)"

cat >"$scratch/g.cfg" <<CFG
name = "g"
kernel = "/boot/guest/vmlinuz"
ramdisk = "/boot/guest/initrd.img"
memory = 200
extra = "console=hvc0"
CFG
# The first guest leaves folders behind that stay (vm, libxl, ...).
check "create paused" $peer/xl create -q -p "$scratch/g.cfg"
check "destroy paused" $peer/xl destroy g
sleep 1
xenstore-ls -f / >"$scratch/before"

check "xl create" $peer/xl create -q "$scratch/g.cfg"
contains "xl list shows it" "$($peer/xl list)" '^g +[0-9]+ +200 +1 '
domid=$($peer/xl domid g)
same "the store has its name" g "$(xenstore-read "/local/domain/$domid/name")"
up() { timeout 5 $peer/xl console g </dev/null 2>&1 | grep -q 'GUEST UP\|tick'; }
wait_for 240 up || fail "the guest did not reach user space"
check "its kernel spoke to the store" wait_for 20 \
	xenstore-exists "/local/domain/$domid/control/feature-poweroff"
contains "control check" "$(xenstore-control check)" '^OK '
check "xl shutdown" $peer/xl shutdown -w g
gone() { ! $peer/xl list g; }
check "it is gone" wait_for 30 gone
sleep 1
xenstore-ls -f / >"$scratch/after"
check "the store is as before" diff "$scratch/before" "$scratch/after"
contains "the books agree" "$(xenstore-control check)" '^OK '
