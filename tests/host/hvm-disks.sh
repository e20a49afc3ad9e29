#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# depth: full
# timeout: 900
# Emulated disks: each bus and each format is booted from, read and, where that can
# be, written to; images that name other files, and what a bus does not have, are
# refused; nothing is left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_hvm.bash"
undo() { xm destroy a >/dev/null 2>&1; }
cleanup '[ $status = 0 ] || undo'

disk_image "$scratch/raw"
sum=$(sum_of "$scratch/raw" 32)
# image FILE FORMAT [OPTIONS]: the same in another format.
image() { check "an image: $2 ${3:-}" qemu-img convert -O "$2" ${3:+-o "$3"} "$scratch/raw" "$1"; }

# boots DISK LINE...: from that disk, which it reads.
boots() {
	check "a guest with $*" xm create "$(hvm_config a "$pty" 'boot = "c"' \
		"disk = [ '$1' ]" "${@:2}")"
	speaks a 'BARE UP' 1
	note "from its disk"
	types a D
	speaks a "$sum" 1
}
ends() {
	check "destroy" xm destroy a
	nothing_left "$1"
	rm -f "$(log_of a)"
}
# writes FILE FORMAT DISK LINE...: and what it has written is in the image.
writes() {
	boots "${@:3}"
	types a W
	speaks a 'BARE DONE' 1
	ends "$3"
	check "as raw" qemu-img convert -f "$2" -O raw "$1" "$scratch/now"
	same "what it has written" "$sum" "$(sum_of "$scratch/now" 64)"
}

image "$scratch/a" raw
writes "$scratch/a" raw "$scratch/a,raw,hda,w" 'hdtype = "ahci"'
image "$scratch/a" raw
writes "$scratch/a" raw "file:$scratch/a,sda,w"
image "$scratch/a" qcow2
writes "$scratch/a" qcow2 "$scratch/a,qcow2,hda,w"
image "$scratch/a" qcow2 compat=0.10
writes "$scratch/a" qcow2 "qcow2:$scratch/a,hda,w" 'hdtype = "ahci"'
image "$scratch/a" vpc
writes "$scratch/a" vpc "format=vhd, vdev=xvda, target=$scratch/a"
image "$scratch/a" vpc subformat=fixed
boots "$scratch/a,vhd,sda,r"
ends "a fixed vhd"
boots "file:$scratch/raw,sdb,r"
types a W
speaks a 'BARE NONE' 1
ends "a SCSI disk that is not written to"

note "what the store says of an image: nothing"
image "$scratch/b" qcow2
boots "$scratch/b,qcow2,hda,w"
id=$(xm domid a)
expect_status 1 xenstore-exists "/local/domain/$id/device/vbd/768"
contains "xm knows it" "$(xm block-list -l a)" "qcow2:$scratch/b"
restart_xld A=1
same "its device model" 1 "$(wc -w <<<"$(model_of "$id")")"
expect_status 1 xm block-detach a hda
contains "it stays" "$err" 'stays until the guest ends'
image "$scratch/c" qcow2
expect_status 1 xm block-attach a "qcow2:$scratch/c" hdb w
contains "none comes" "$err" "only be there from the guest's start"
expect_status 1 xm create "$(hvm_config b "disk = [ 'file:$scratch/raw,xvda,w', '$scratch/c,qcow2,hda,w' ]")"
contains "no place for it" "$err" 'disk hda: .*another disk has its place'
expect_status 4 xm create "$(hvm_config b "disk = [ '$scratch/b,qcow2,hda,w' ]")"
contains "who has it" "$err" "it is in use by guest 'a'"
types a D
speaks a "$sum" 2
ends "an image"

# --- what cannot be ------------------------------------------------------------------
# refused STATUS PATTERN DISK [LINE...]
refused() {
	expect_status "$1" xm create "$(hvm_config a "$pty" "disk = [ '$3' ]" "${@:4}")"
	contains "$3" "$err" "$2"
	same "$3: one line" 1 "$(grep -c . <<<"$err")"
}
f=$scratch/f
check "a chain" qemu-img create -q -f qcow2 -b /etc/shadow -F raw "$f"
refused 1 'has a backing file.*qemu-img rebase' "$f,qcow2,hda,w"
check "a data file" qemu-img create -q -f qcow2 -o "data_file=$scratch/data" "$f" 1M
refused 1 'its data are in another file' "$f,qcow2,hda,w"
refused 1 'it is no vhd image' "$scratch/raw,vhd,hda,w"
refused 1 'it is no qcow2 image' "$scratch/raw,qcow2,sda,r"
image "$f" qcow2
refused 2 'in a CD drive is raw' "$f,qcow2,hdc:cdrom,r"
refused 2 'call it sda to sdg .SCSI., make it a CD' "$scratch/raw,raw,hda,r"
refused 2 'call it sda to sdg' "$scratch/raw,raw,hdb,r" 'hdtype = "ahci"'
refused 2 'call it xvde or later' "vdev=hda,backendtype=qdisk,target=$scratch/raw"
refused 2 'hdtype' "$scratch/raw,raw,hda,w" 'hdtype = "mfm"'
nothing_left "refusals"
