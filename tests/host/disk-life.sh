#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 900
# Disks from creation to end: files through loop devices and block devices, by xm
# and by the API; attached and detached while the guest runs; what cannot be;
# a Linux guest looked at from inside; with --full, xld killed at each step. Nothing
# is left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_device.bash"
. "$(dirname "$0")/lib_linux.bash"

cleanup 'for vm in other g linux; do xm destroy $vm; done >/dev/null 2>&1
	losetup -d /dev/loop40 2>/dev/null; umount "$scratch/mnt" 2>/dev/null'

image() { dd if=/dev/zero of="$scratch/$1" bs=1048576 count="${2:-4}" 2>/dev/null; }
for i in a b c d; do image $i; done
[ -b /dev/loop40 ] || mknod /dev/loop40 b 7 40
check "a block device" losetup /dev/loop40 "$scratch/d"
start=$(losetup -a | sort)
xenstore-ls -f / >"$scratch/before"
loops() { losetup -a | grep -c "xld:"; }
no_loops() { [ "$(loops)" = 0 ]; }
clean() {
	wait_for 10 no_loops || fail "$1: loop devices stay: $(losetup -a)"
	same "$1: others' loop devices" "$start" "$(losetup -a | sort)"
	stores_clean "$1"
}

# --- a small guest without a driver ------------------------------------------
disks="disk = [ 'phy:/dev/loop40,xvda,w', 'file:$scratch/a,hdc:cdrom,r',
  'format=raw, vdev=xvdb, access=rw, target=$scratch/b', ',hdd:cdrom,r' ]"
config=$(tiny_config g "$disks")
check "a guest with four disks" xm create -q "$config"
domid=$(xm domid g)
same "two loop devices" 2 "$(loops)"
declare -A side
side[back]=$(xenstore-ls -fp "/local/domain/0/backend/vbd/$domid" | tr -s ' ')
side[front]=$(xenstore-ls -fp "/local/domain/$domid/device/vbd" | tr -s ' ')
# has SIDE NODE VALUE PERMISSIONS
has() { [[ ${side[$1]} == *"/$2 = \"$3\" ($4)"* ]] || fail "no $2 = '$3' ($4) in ${side[$1]}"; }
while read -r n; do
	has back "${n%% *}" "${n#* }" "n0,r$domid"
done <<NODES
51712/mode w
51712/type phy
51712/device-type disk
51712/dev xvda
51712/online 1
51712/hotplug-status connected
51712/removable 0
51712/physical-device 7:28
51712/frontend /local/domain/$domid/device/vbd/51712
51712/frontend-id $domid
5632/device-type cdrom
5632/mode r
5632/removable 1
5632/discard-enable 0
51728/params $scratch/b
NODES
for n in 51712 51728 5632 5696; do
	has back "$n/state" 2 "n0,r$domid"
	has front "$n/state" 1 "n$domid,r0"
	has front "$n/virtual-device" "$n" "n$domid,r0"
	has front "$n/backend" "/local/domain/0/backend/vbd/$domid/$n" "n$domid,r0"
done
grep -q '5696/physical-device' "$scratch/back" && fail "an empty drive has a device"
numbers() { awk 'NR > 1 { printf "%s%s", s, $1; s = " " }'; }
list=$(xm block-list g)
same "block-list" "51712 5632 51728 5696" "$(numbers <<<"$list")"
contains "its header" "$list" '^Vdev  BE handle state evt-ch ring-ref BE-path'
contains "block-list -l" "$(xm block-list -l g)" "\(uname file:$scratch/b\)"
contains "block-list as JSON" "$(xm block-list --format json g)" \
	'"location": "phy:/dev/loop40"'

# Attach and detach: it has no driver, so nobody waits for it.
check "attach" xm block-attach g "file:$scratch/c" xvdz w
contains "it is there" "$(xm block-list g)" '^268441856 +0 +0 +1 '
same "three loop devices" 3 "$(loops)"
expect_status 4 xm block-attach g "file:$scratch/b" xvdz r
contains "a name that is taken" "$err" "has it already: disk xvdz \(file:$scratch/c\)"
expect_status 4 xm block-attach g "file:$scratch/c" xvde w
contains "the holder" "$err" "in use by this guest's own xvdz \(mode w\).*w! if"
check "w!" xm block-attach g "file:$scratch/c" xvde w!
check "detach by name" xm block-detach g xvdz
check "detach by number" xm block-detach g 51776
expect_status 3 xm block-detach g xvdz
two_loops() { [ "$(loops)" = 2 ]; }
check "two loop devices again" wait_for 10 two_loops

# Others must not have it.
config=$(tiny_config other "disk = [ 'file:$scratch/b,xvda,r' ]")
expect_status 4 xm create "$config"
contains "the other guest" "$err" "guest 'g' \(domain $domid, xvdb, mode w\): attach"
expect_status 3 xm domid other
config=$(tiny_config other "disk = [ 'file:$scratch/a,xvda,r' ]")
check "readers may be many" xm create -q "$config"
check "its end" xm destroy other

# The API, as others use it.
check "VDI and VBD by XenAPI" "$progs/prog_vbd" g "file:$scratch/c" "file:$scratch/c"
check "nothing of it is left" wait_for 10 two_loops

# xld is killed and finds all again.
kill_all KILL xld
check "xld starts again" /usr/sbin/xld --daemon
same "the same disks" "51712 5632 51728 5696" \
	"$(xm block-list g | numbers)"
expect_status 4 xm block-attach g "file:$scratch/b" xvde w
contains "the holder is known" "$err" "this guest's own xvdb"
check "detach after a restart" xm block-detach g xvdb
check "reboot" xm reboot -w g
[ "$(xm domid g)" != "$domid" ] || fail "the domain is the old one"
same "disks of the new domain" "51712 5632 5696" \
	"$(xm block-list g | numbers)"

# A frontend may lie: it harms itself at most.
lies=0
front=/local/domain/$(xm domid g)/device/vbd
for n in state backend ring-ref event-channel virtual-device protocol; do
	for v in '' 4 6 -1 99999999999999999999 /local/domain/0 ring; do
		xenstore-write "$front/51712/$n" "$v" && lies=$((lies + 1))
	done
done
xenstore-rm "$front/5632"
same "lies that were told" 42 "$lies"
check "xld goes on" xm block-list g
kill_all KILL xenstored
check "xenstored starts again" /usr/sbin/xenstored
check "destroy, with a store that was killed" xm destroy g
clean "the small guest"

# --- what cannot be ------------------------------------------------------------
mkdir "$scratch/folder" "$scratch/mnt"
: >"$scratch/empty"
# refused STATUS PATTERN DISK
refused() {
	expect_status "$1" xm create "$(tiny_config g "disk = [ $3 ]")"
	contains "$3" "$err" "$2"
	no_loops || fail "$3: a loop device stays"
}
refused 1 "disk xvda \(file:/no\): No such file" "'file:/no,xvda,w'"
refused 1 'it is a folder' "'file:$scratch/folder,xvda,r'"
refused 1 'one sector of 512' "'file:$scratch/empty,xvda,w'"
refused 1 'neither a file nor a block device' "'phy:null,xvda,w'"
refused 4 'in use by /dev/loop40 of domain 0' "'file:$scratch/d,xvda,w'"
refused 2 "g.cfg:4:[0-9]+: disk: disk name 'vda'" "'file:$scratch/a,vda,w'"
refused 1 'xvdc .*: it is a folder' \
	"'file:$scratch/a,xvda,w', 'file:$scratch/b,xvdb,w', 'file:$scratch,xvdc,w'"
mount -t tmpfs -o ro none "$scratch/mnt"
mount -o remount,rw "$scratch/mnt" && cp "$scratch/a" "$scratch/mnt/" &&
	mount -o remount,ro "$scratch/mnt"
refused 1 'cannot be written to: attach it read-only' "'file:$scratch/mnt/a,xvda,w'"
umount "$scratch/mnt"
mv /dev/loop-control "$scratch/"
refused 1 'loop-control: No such file .*; is the module loop loaded' "'file:$scratch/a,xvda,w'"
mv "$scratch/loop-control" /dev/
clean "what cannot be"

# --- cut short -----------------------------------------------------------------
config=$(tiny_config g "disk = [ 'file:$scratch/a,xvda,w', 'phy:/dev/loop40,xvdb,w' ]")
attach_one() { xm block-attach g "file:$scratch/b" xvdc w; }
detach_one() { xm block-detach g xvdc; }
has_one() { [ "$(loops)" != 1 ] || xm block-list g | grep -q '^51744 '; }
never_answers() {
	rmmod xen_blkback
	restart_xld XLD_DEVICE_TIMEOUT=2
	expect_status 6 xm create "$config"
	contains "device, state, cause" "$err" \
		'disk xvda .* not taken it within 2 s; .* state 1 \(Initialising\); is its module'
	modprobe xen-blkback
	restart_xld
	clean "no backend"
}
if [ "${XLD_DEPTH:-default}" = full ]; then
	cut_short "$config"
	never_answers
fi

# --- Linux ----------------------------------------------------------------------
linux_initrd xen-blkfront

# a_linux TYPE ROUNDS
a_linux() {
	cat >"$scratch/linux.cfg" <<CFG
name    = "linux"
type    = "$1"
memory  = 192
kernel  = "/boot/guest/vmlinuz"
ramdisk = "$scratch/initrd.img"
extra   = "console=hvc0 quiet"
disk    = [ "file:$scratch/a,xvda,w", "/dev/loop40,raw,xvdb,rw" ]
CFG
	check "Linux ($1)" xm create -q "$scratch/linux.cfg"
	linux_shell linux
	guest 'while [ ! -b /dev/xvdb ]; do sleep 1; done; echo >/dev/null' >/dev/null
	same "both are connected" "4 4" \
		"$(xm block-list linux | awk 'NR > 1 { printf "%s%s", s, $4; s = " " }')"
	for d in xvda xvdb; do
		guest "dd if=/dev/urandom of=/r bs=65536 count=8 2>/dev/null; dd if=/r of=/dev/$d bs=65536 seek=8 conv=fsync 2>/dev/null; sha256sum /r | cut -c1-64 >/s; cat /s" >"$scratch/sum"
		note "written to $d"
		# The second is a block device with this file behind it.
		case $d in xvda) f=a ;; *) f=d ;; esac
		sum=$(dd if="$scratch/$f" bs=65536 skip=8 count=8 2>/dev/null | sha256sum)
		same "what is on $d" "${sum%% *}" "$(cat "$scratch/sum")"
		guest "echo 3 >/proc/sys/vm/drop_caches; dd if=/dev/$d bs=65536 skip=8 count=8 2>/dev/null | sha256sum | cut -c1-64" >"$scratch/back"
		same "read back from $d" "$(cat "$scratch/sum")" "$(cat "$scratch/back")"
	done
	# (The back end is first; the guest's driver says so a moment later.)
	connected() { xm block-list linux | grep -Eq '^51744 +0 +0 +4 '; }
	for ((i = 1; i <= $2; i++)); do
		check "attach $i" xm block-attach linux "file:$scratch/b" xvdc w
		check "it is connected" wait_for 30 connected
		[ $((i % 4)) != 1 ] || check "the guest writes to it" \
			guest 'dd if=/dev/urandom of=/dev/xvdc bs=4096 count=4 conv=fsync 2>/dev/null'
		check "detach $i" xm block-detach linux xvdc
	done
	check "detach one of two" xm block-detach linux xvdb
	check "detach by force" xm block-detach -f linux xvda
	same "no disk is left" "" "$(xm block-list linux)"
	check "attach again" xm block-attach linux "file:$scratch/a" xvda w
	check "destroy" xm destroy linux
	exec 8>&-
	clean "Linux ($1)"
}
if [ "${XLD_DEPTH:-default}" = full ]; then
	a_linux pv 20
else
	a_linux pv 1
fi
