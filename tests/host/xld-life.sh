#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: all
# toolstack: own
# A stock Linux kernel from creation to end, by xm and xld alone: it reaches
# user space, Debian's own programs see the same, it answers shutdown, and the
# store is afterwards what it was before.
. "$(dirname "$0")/lib.sh"

# With --full four; build-pv.sh has one.
vcpus=2
[ "${XLD_DEPTH:-default}" = full ] && vcpus=4
config=$scratch/linux.cfg
cat >"$config" <<CFG
name    = "linux"
memory  = 192
vcpus   = $vcpus
kernel  = "/boot/guest/vmlinuz"
ramdisk = "/boot/guest/initrd.img"
extra   = "console=hvc0"
CFG
cleanup 'xm destroy linux 2>/dev/null'

xenstore-ls -f / >"$scratch/before"
check "xm create" xm create -q "$config"
domid=$(xm domid linux)
contains "xm list shows it" "$(xm list)" "^linux +$domid +192 +[1-$vcpus] "
seen() { xm console -l linux | grep -q 'GUEST UP'; }
check "it reaches user space" wait_for 300 seen
contains "all vCPUs run" "$(xm list)" "^linux +$domid +192 +$vcpus "
contains "its log file has it" "$(cat /var/log/xen/console/guest-linux.log)" \
	'GUEST UP'

# Debian's programs, on our store and our domain.
if [ "$(xm info | awk '$1 == "xen_minor" { print $3 }')" = 17 ]; then
	contains "Debian's xl list agrees" "$($peer/xl list)" \
		"^linux +$domid +192 +$vcpus "
fi
same "Debian's xenstore-ls agrees" "$(xenstore-ls -f "/local/domain/$domid")" \
	"$($peer/xenstore-ls -f "/local/domain/$domid")"
same "the kernel found its name" linux \
	"$(xenstore-read "/local/domain/$domid/name")"

check "a clean shutdown" timeout 90 xm shutdown -w linux
expect_status 3 xm domid linux
check "the store is as before" \
	diff "$scratch/before" <(xenstore-ls -f /)
same "no record is left" "" "$(ls /run/xld/domains /run/xld/intents | grep json)"
