#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: 4.17
# toolstack: own
# timeout: 900
# Disks from creation to end: files through loop devices and block devices, by xm
# and by the API; attached and detached while the guest runs; what cannot be;
# xld killed at each step. Linux guests are looked at from inside. Nothing is left.
. "$(dirname "$0")/lib.sh"

cleanup 'xm destroy other 2>/dev/null; xm destroy g 2>/dev/null
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
	xenstore-ls -f / >"$scratch/now"
	diff "$scratch/before" "$scratch/now" >&2 || fail "$1: nodes stay"
	same "$1: records" "" "$(ls /run/xld/domains /run/xld/intents | grep json)"
}

# --- a small guest without a driver ------------------------------------------
disks="disk = [ 'phy:/dev/loop40,xvda,w', 'file:$scratch/a,hdc:cdrom,r',
  'format=raw, vdev=xvdb, access=rw, target=$scratch/b', ',hdd:cdrom,r' ]"
config=$(tiny_config g "$disks")
check "a guest with four disks" xm create -q "$config"
domid=$(xm domid g)
same "two loop devices" 2 "$(loops)"
xenstore-ls -fp "/local/domain/0/backend/vbd/$domid" >"$scratch/back"
xenstore-ls -fp "/local/domain/$domid/device/vbd" >"$scratch/front"
# has SIDE NODE VALUE PERMISSIONS
has() { grep -q "/$2 = \"$3\" *($4)\$" "$scratch/$1" || fail "no $2 = '$3' ($4)"; }
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
grep -q 5696/physical-device "$scratch/back" && fail "an empty drive has a device"
same "block-list" "51712 5632 51728 5696" \
	"$(xm block-list g | awk 'NR > 1 { printf "%s%s", s, $1; s = " " }')"
contains "its header" "$(xm block-list g | head -n 1)" \
	'^Vdev  BE handle state evt-ch ring-ref BE-path'
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
same "two loop devices again" 2 "$(wait_for 10 eval '[ "$(loops)" = 2 ]'; loops)"

# Others must not have it.
config=$(tiny_config other "disk = [ 'file:$scratch/b,xvda,r' ]")
expect_status 4 xm create "$config"
contains "the other guest" "$err" "guest 'g' \(domain $domid, xvdb, mode w\): attach"
expect_status 3 xm domid other
config=$(tiny_config other "disk = [ 'file:$scratch/a,xvda,r' ]")
check "readers may be many" xm create -q "$config"
check "its end" xm destroy other

# xld is killed and finds all again.
kill_all KILL xld
check "xld starts again" /usr/sbin/xld --daemon
same "the same disks" "51712 5632 51728 5696" \
	"$(xm block-list g | awk 'NR > 1 { printf "%s%s", s, $1; s = " " }')"
expect_status 4 xm block-attach g "file:$scratch/b" xvde w
contains "the holder is known" "$err" "this guest's own xvdb"
check "detach after a restart" xm block-detach g xvdb
check "reboot" xm reboot -w g
[ "$(xm domid g)" != "$domid" ] || fail "the domain is the old one"
same "disks of the new domain" "51712 5632 5696" \
	"$(xm block-list g | awk 'NR > 1 { printf "%s%s", s, $1; s = " " }')"
check "destroy" xm destroy g
clean "the small guest"
