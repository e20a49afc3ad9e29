#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: all
# toolstack: own
# timeout: 900
# PVH guests from creation to end, by xm and xld: a stock Linux kernel with two
# vCPUs (more are a matter of --full: emulated, they wait for each other for
# minutes, under xl as well), and our small kernel in odd sizes. What the guest
# sees of its machine is looked at from inside; nothing is left.
. "$(dirname "$0")/lib.sh"

vcpus=2
[ "${XLD_DEPTH:-default}" = full ] && vcpus=4
config=$scratch/linux.cfg
cat >"$config" <<CFG
name     = "linux"
type     = "pvh"
memory   = 256
vcpus    = $vcpus
maxvcpus = $((vcpus + 1))
kernel   = "/boot/guest/vmlinuz"
ramdisk  = "/boot/guest/initrd.img"
extra    = "console=hvc0"
CFG
cleanup 'xm destroy linux 2>/dev/null; xm destroy little 2>/dev/null'

xenstore-ls -f / >"$scratch/before"
domains=$("$progs/prog_facts" domains)

check "xm create" xm create -q "$config"
domid=$(xm domid linux)
contains "xm list shows it" "$(xm list)" "^linux +$domid +256 +[1-4] "
seen() { xm console -l linux | grep -q 'GUEST UP'; }
check "it reaches user space" wait_for 300 seen
log=$(xm console -l linux)
contains "its vCPUs run" "$(xm list)" "^linux +$domid +256 +$vcpus "
contains "it is PVH to Linux" "$log" 'Booting kernel on Xen PVH|Hypervisor detected: Xen HVM'
contains "its processors come from ACPI" "$log" "smpboot: Allowing $((vcpus + 1)) CPUs, 1 hotplug"
same "its type in the store" pvh "$(xenstore-read "/libxl/$domid/type")"
contains "its type in the API" "$(xm list --format json -l linux)" \
	'"domain_type": *"pvh"'
contains "its form as xend's" "$(xm list -l linux)" '\(image *$|\(pvh'
seen_again() { [ "$(xm console -l linux | grep -c 'GUEST UP')" -ge 2 ]; }
check "a reboot" xm reboot -w linux
check "it reaches user space again" wait_for 300 seen_again
check "a clean shutdown" timeout 90 xm shutdown -w linux
expect_status 3 xm domid linux

# The small kernel, with the machine's odd sizes.
for line in 'memory = 16' 'memory = 17' 'vcpus = 8' 'acpi = 0' \
	'tsc_mode = "native"' 'maxmem = 64' 'rtc_timeoffset = -3600'; do
	config=$(tiny_config little 'type = "pvh"' "$line")
	check "a small guest, $line" xm create -q "$config"
	up() { xm console -l little | grep -q 'TINY mode pvh'; }
	check "it says its line" wait_for 30 up
	check "its end" xm destroy little
done

# What cannot be: one line, nothing begun.
config=$(tiny_config little 'type = "pvh"' 'vcpus = 129')
expect_status 2 xm create "$config"
contains "too many vCPUs" "$err" 'vcpus must be 1 to 128'
config=$(tiny_config little 'type = "pvh"' 'memory = 900000')
expect_status 7 xm create "$config"
contains "too much memory" "$err" 'not enough memory: 900[0-9]* MiB are needed'

same "no domain is left" "$domains" "$("$progs/prog_facts" domains)"
check "the store is as before" \
	diff "$scratch/before" <(xenstore-ls -f /)
same "no record is left" "" "$(ls /run/xld/domains /run/xld/intents | grep json)"
