#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# depth: full
# timeout: 1800
# A stock Linux as an HVM guest whose disk is emulated alone: what its device model
# writes to its memory while it is saved, or moves within the host, arrives as well.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"
. "$(dirname "$0")/lib_hvm.bash"
. "$(dirname "$0")/lib_linux.bash"
undo() { xm destroy linux >/dev/null 2>&1; }
cleanup '[ $status = 0 ] || undo'
log=/var/log/xld/xld.log
mib=48

linux_initrd ahci sd_mod
# Linux does not ask anew for interrupts by message that Xen gave it as event channels.
linux_disk "$scratch/linux.img" \
	"console=hvc0 cryptomgr.notests xen_emul_unplug=unnecessary loglevel=1 pci=nomsi"
head -c ${mib}M /dev/urandom >"$scratch/data"
sum=$(md5sum <"$scratch/data")
check "create" xm create -q "$(hvm_config linux "$pty" "hdtype = 'ahci'
memory = 256
disk = [ '$scratch/linux.img,raw,hda,w', '$scratch/data,raw,hdb,w' ]")"
up() { grep -qa 'GUEST UP' "$(log_of linux)"; }
check "SeaBIOS, GRUB, Linux" wait_for 600 up
linux_shell linux
check "its disk is not Xen's" guest '[ -e /dev/sdb ] && [ ! -e /dev/xvdb ]'
# Which of the two has which name is settled by who answers first.
check "the disk with the data" guest 'for d in /dev/sd[ab]; do [ $(cat /sys/block/${d#/dev/}/size) = '$((mib * 2048))' ] && break; done'

# It fills its page cache, a MiB at a time: no processor writes these pages.
reads() {
	rm -f "$scratch/n"
	check "it reads" guest "echo 3 >/proc/sys/vm/drop_caches; rm -f /n; (n=0; while [ \$n -lt $mib ]; do dd if=\$d of=/dev/null bs=1M count=1 skip=\$n; n=\$((n + 1)); echo \$n >/n; usleep 100000; done) 2>/dev/null &"
}
how_far() {
	guest 'cat /n' >"$scratch/n"
	# The kernel has words of its own when it has moved.
	n=$(grep -x '[0-9]*' "$scratch/n" | tail -n 1)
}
at_the_end() { how_far; [ "$n" = $mib ]; }
# right WHAT: it read while it moved, and has what it read.
right() {
	how_far
	note "$1: $n of $mib MiB after it; $(grep rounds "$log" | tail -n 1)"
	[ "$n" -gt "$before_it" ] || fail "it read nothing meanwhile"
	check "it reads all" wait_for 600 at_the_end
	guest 'md5sum <$d' >"$scratch/sum"
	same "what it has read" "$sum" "$(grep -x '[0-9a-f]* *-' "$scratch/sum")"
}

reads
how_far
before_it=$n
# What it had heard by then.
heard=$said
id=$(xm domid linux)
check "a checkpoint while it runs" xm save --live -c linux "$image"
contains "rounds" "$(grep rounds "$log" | tail -n 1)" '[0-9]+ rounds, '
same "the same domain" "$id" "$(xm domid linux)"
right "a checkpoint"
check "destroy" xm destroy linux
exec 8>&-
nothing_left "a checkpoint"

# Answers of the life that has just ended have the numbers of those to come.
rm -f "$(log_of linux)"
# What is typed it hears from the first word on: it has not spoken since, and which of
# its two consoles it listens to is in the image.
check "restore" xm restore "$image"
restart_xld
said=$heard
linux_again linux
right "restored"

reads
how_far
before_it=$n
check "it moves within the host" xm migrate --live linux localhost
exec 8>&-
linux_again linux
right "moved"
# Who starts anew finds the device model of one that has moved.
restart_xld
check "a save" xm save linux "$image"
exec 8>&-
nothing_left "all of it"
