#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# image: full
# timeout: 900
# Disks that QEMU serves: a stock Linux with a qcow2 image, a vhd image and a raw block
# device writes, reads back, mounts; what it wrote is in the images; attached and
# detached while it runs; the QEMU that dies is the guest's crash; what cannot be is
# one line; with --full, xld killed at each step. Nothing is left: processes, nodes, loop
# devices, locks.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_linux.bash"
. "$(dirname "$0")/lib_hvm.bash"
. "$(dirname "$0")/lib_device.bash"
cleanup 'for vm in linux other g; do xm destroy $vm; done >/dev/null 2>&1
	losetup -d /dev/loop42 2>/dev/null'

disk_uid=$((uid_base + 0x8000))
server_of() { # the pid of what serves the disks of domain $1
	stat -c '%u %n' /proc/[0-9]* 2>/dev/null |
		sed -n "s,^$((disk_uid + $1)) /proc/,,p"
}
rounds=20
if [ "${XLD_DEPTH:-default}" = full ]; then rounds=200; fi
truncate -s 8M "$scratch/raw"
check "a file system" mkfs.ext4 -q -F "$scratch/raw" 4M
image() { check "an image: $2" qemu-img convert -O "$2" "$scratch/raw" "$1"; }
make_disks() {
	rm -f "$scratch"/?.img
	image "$scratch/q.img" qcow2
	image "$scratch/v.img" vpc
	cp "$scratch/raw" "$scratch/b.img"
}
make_disks
[ -b /dev/loop42 ] || mknod /dev/loop42 b 7 42
check "a block device" losetup /dev/loop42 "$scratch/b.img"
truncate -s 4M "$scratch/hot.raw"
check "an image to attach" qemu-img convert -O qcow2 "$scratch/hot.raw" "$scratch/hot"
linux_initrd xen-blkfront crc32c_generic ext4

# config NAME TYPE DISK...
config() {
	local name=$1 type=$2 d s=''

	shift 2
	for d; do s+="'$d', "; done
	cat >"$scratch/$name.cfg" <<-CFG
		name    = "$name"
		type    = "$type"
		memory  = 192
		kernel  = "/boot/guest/vmlinuz"
		ramdisk = "$scratch/initrd.img"
		extra   = "console=hvc0 quiet"
		disk    = [ $s ]
	CFG
	echo "$scratch/$name.cfg"
}
three=("$scratch/q.img,qcow2,xvda,w" "format=vhd, vdev=xvdb, target=$scratch/v.img"
	"vdev=xvdc,backendtype=qdisk,target=/dev/loop42")
states() { xm block-list "$1" | awk 'NR > 1 { printf "%s%s", s, $4; s = " " }'; }

# served ID: its QEMU, behind its walls.
served() {
	server=$(server_of "$1")
	same "one QEMU, a user of its own" 1 "$(wc -w <<<"$server")"
	same "its filter" 2 "$(field "$server" Seccomp)"
	same "no new privileges" 1 "$(field "$server" NoNewPrivs)"
	same "capabilities" 0000000000000000 "$(field "$server" CapEff)"
	same "what its root has" "block evtchn fdset file gntdev xen xenbus" \
		"$(cd "/proc/$server/root/dev" && ls -d ./* xen/* | sed 's,.*/,,' | sort | tr '\n' ' ' | sed 's/ $//')"
}

a_linux() {
	check "Linux ($1)" xm create -q "$(config linux "$1" "${three[@]}")"
	linux_shell linux
	id=$(xm domid linux)
	served "$id"
	for n in "51712 qcow2:/dev/fdset/0" "51728 vpc:/dev/fdset/1" "51744 aio:/dev/fdset/128"; do
		base=/local/domain/0/backend/qdisk/$id/${n%% *}
		same "$base: params" "${n#* }" "$(xenstore-read "$base/params")"
		same "$base: type" qdisk "$(xenstore-read "$base/type")"
	done
	guest 'while [ ! -b /dev/xvdc ]; do sleep 1; done; echo >/dev/null' >/dev/null
	same "all are connected" "4 4 4" "$(states linux)"
	# Within the file system of the first, behind it on the others.
	guest 'mkdir -p /mnt; mount /dev/xvda /mnt && dd if=/dev/urandom of=/mnt/r bs=65536 count=8 2>/dev/null; sha256sum /mnt/r | cut -c1-64; umount /mnt' >"$scratch/sum.file"
	guest 'mount /dev/xvda /mnt && sha256sum /mnt/r | cut -c1-64; umount /mnt' >"$scratch/back"
	same "read back from its file system" "$(cat "$scratch/sum.file")" "$(cat "$scratch/back")"
	for d in xvda xvdb xvdc; do
		guest "dd if=/dev/urandom of=/r bs=65536 count=8 2>/dev/null; dd if=/r of=/dev/$d bs=65536 seek=96 conv=fsync 2>/dev/null; sha256sum /r | cut -c1-64" >"$scratch/sum.$d"
		guest "echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/$d bs=65536 skip=96 count=8 2>/dev/null | sha256sum | cut -c1-64" >"$scratch/back"
		same "read back from $d" "$(cat "$scratch/sum.$d")" "$(cat "$scratch/back")"
	done
}
# in_image FILE FORMAT DISK: what it wrote is there.
in_image() {
	check "as raw" qemu-img convert -f "$2" -O raw "$1" "$scratch/now"
	sum=$(dd if="$scratch/now" bs=65536 skip=96 count=8 2>/dev/null | sha256sum)
	same "what is in $1" "$(cat "$scratch/sum.$3")" "${sum%% *}"
}
all_images() {
	in_image "$scratch/q.img" qcow2 xvda
	in_image "$scratch/v.img" vpc xvdb
	in_image "$scratch/b.img" raw xvdc
	check "as raw" qemu-img convert -f qcow2 -O raw "$scratch/q.img" "$scratch/now"
	mkdir -p "$scratch/mnt"
	check "its file system" mount -o loop,ro "$scratch/now" "$scratch/mnt"
	sum=$(sha256sum <"$scratch/mnt/r")
	umount "$scratch/mnt"
	same "the file" "$(cat "$scratch/sum.file")" "${sum%% *}"
	check "the qcow2 image is whole" qemu-img check -q -f qcow2 "$scratch/q.img"
}

a_linux pvh

# Who has it; locks are seen by QEMU's own tools.
expect_status 4 xm create "$(config other pvh "${three[0]}")"
contains "the holder" "$err" "guest 'linux' \(domain $id, xvda, mode w\)"
qemu-img check -f qcow2 "$scratch/q.img" >"$scratch/out" 2>&1 && fail "it is not locked"
contains "its lock" "$(cat "$scratch/out")" 'lock'

attached() { xm block-list linux | grep -Eq '^51760 +0 +0 +4 '; }
for ((i = 1; i <= rounds; i++)); do
	check "attach $i" xm block-attach linux "qcow2:$scratch/hot" xvdd w
	check "it is connected" wait_for 30 attached
	[ $((i % 10)) != 1 ] || check "the guest writes to it" \
		guest 'while [ ! -b /dev/xvdd ]; do sleep 1; done; dd if=/dev/urandom of=/dev/xvdd bs=4096 count=4 conv=fsync 2>/dev/null'
	check "detach $i" xm block-detach linux xvdd
	# It is closed: nobody else is kept from it.
	check "free $i" qemu-img check -q -f qcow2 "$scratch/hot"
done

# xld is killed and knows it again.
kill_all KILL xld
check "xld starts again" /usr/sbin/xld --daemon
same "the same QEMU" "$server" "$(server_of "$id")"
same "all are there" "4 4 4" "$(states linux)"
check "attach after a restart" xm block-attach linux "qcow2:$scratch/hot" xvdd w
check "it is connected" wait_for 30 attached
check "detach after a restart" xm block-detach linux xvdd
check "detach what was there before" xm block-detach linux xvda
same "closed" "" "$(qemu-img check -f qcow2 "$scratch/q.img" 2>&1 | grep -i lock)"
check "destroy" xm destroy linux
exec 8>&-
nothing_left "Linux (pvh)"
all_images

# --- the QEMU dies ---------------------------------------------------------------
check "Linux again" xm create -q "$(config linux pvh "${three[@]}")"
id=$(xm domid linux)
kill -9 "$(server_of "$id")"
check "the guest has crashed and is gone" wait_for 60 gone linux
contains "it is told" "$(tail -n 30 /var/log/xld/xld.log)" 'QEMU of its disks was killed by signal 9'
nothing_left "a QEMU that was killed"

# --- what cannot be ---------------------------------------------------------------
# refused STATUS PATTERN DISK
refused() {
	expect_status "$1" xm create "$(config linux pvh "$3")"
	contains "$3" "$err" "$2"
	same "$3: one line" 1 "$(grep -c . <<<"$err")"
	nothing_left "$3"
}
f=$scratch/f
refused 1 'disk xvda .*No such file' "$f,qcow2,xvda,w"
refused 1 'it is no qcow2 image' "$scratch/raw,qcow2,xvda,w"
refused 1 'it is no vhd image' "$scratch/raw,vhd,xvda,w"
refused 2 'in a CD drive is raw' "$scratch/hot,qcow2,hdc:cdrom,r"
check "a chain" qemu-img create -q -f qcow2 -b /etc/shadow -F raw "$f"
refused 1 'has a backing file.*qemu-img rebase' "$f,qcow2,xvda,w"
# What a header of its version may say, and no QEMU knows.
cp "$scratch/hot" "$f"
printf '\200' | dd of="$f" bs=1 seek=79 conv=notrunc 2>/dev/null
refused 1 'disk xvda .*the backend has refused it.*says: ' "$f,qcow2,xvda,w"
qemu-io -c 'sleep 60000' -f qcow2 "$scratch/hot" >"$scratch/io" 2>&1 &
holder=$!
# (qemu-img would have a lock itself, and keep the other from its own.)
inode=$(stat -c %i "$scratch/hot")
locked() { grep -q ":$inode " /proc/locks; }
wait_for 20 locked || fail "another writer: $(cat "$scratch/io")"
refused 4 'another program has the image open, as its lock says' "$scratch/hot,qcow2,xvda,w"
kill $holder
wait $holder
cleanup '[ -e /usr/libexec/$qemu ] || mv "$scratch/$qemu" /usr/libexec/'
mv /usr/libexec/$qemu "$scratch/"
expect_status 9 xm create "$(config linux pvh "${three[0]}")"
contains "no QEMU" "$err" "$qemu.*package qemu-system-xen"
mv "$scratch/$qemu" /usr/libexec/
nothing_left "no QEMU"

# --- cut short --------------------------------------------------------------------
xenstore-ls -f / >"$scratch/before"
clean() { nothing_left "$1"; stores_clean "$1"; }
attach_one() { xm block-attach g "qcow2:$scratch/hot" xvdb w; }
detach_one() { xm block-detach g xvdb; }
has_one() { xm block-list g | grep -q '^51728 '; }
if [ "${XLD_DEPTH:-default}" = full ]; then
	cut_short "$(tiny_config g "disk = [ '${three[0]}' ]")"
fi
