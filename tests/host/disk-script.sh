#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 300
# Disks that a script of the owner's brings: what it is called with, what it leaves in
# the store, that it is undone whatever fails; scripts that fail, hang, shout, lie or are
# not there. Nothing is left.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_device.bash"
cleanup 'restart_xld; for vm in other g; do xm destroy $vm; done >/dev/null 2>&1
	losetup -d /dev/loop43 2>/dev/null'

dd if=/dev/zero of="$scratch/disk" bs=1048576 count=4 2>/dev/null
[ -b /dev/loop43 ] || mknod /dev/loop43 b 7 43
check "a block device" losetup /dev/loop43 "$scratch/disk"
xenstore-ls -f / >"$scratch/before"
none_running() { [ -z "$(pids block-test)" ]; }
clean() {
	check "$1: no script runs" wait_for 10 none_running
	same_nodes() { xenstore-ls -f / | cmp -s - "$scratch/before"; }
	wait_for 10 same_nodes
	stores_clean "$1"
}
calls=$scratch/calls
# script LINE...: what it does when it is called "add" and "remove", behind a record of
# that.
script() {
	{
		cat <<-SCRIPT
			#!/bin/bash
			echo "\$1 \$(xenstore-read "\$XENBUS_PATH/params") \$XENBUS_TYPE \$XENBUS_BASE_PATH \$script" >>"$calls"
			found() { xenstore-write "\$XENBUS_PATH/physical-device" "\$1" "\$XENBUS_PATH/hotplug-status" connected; }
		SCRIPT
		printf '%s\n' "$@"
	} >"$scratch/block-test"
	chmod 755 "$scratch/block-test"
	: >"$calls"
}
called() { slurp now "$calls"; same "$1: calls" "$2" "$now"; }
# line WORD: of $calls.
line() { echo "$1 what, ever vbd backend $scratch/block-test"; }
both="$(line add)
$(line remove)"
config=$(tiny_config g "disk = [ 'vdev=xvda,script=$scratch/block-test,target=what, ever' ]")

# --- one that works ------------------------------------------------------------------
script '[ "$1" != add ] || found 7:2b'
check "a guest" xm create -q "$config"
id=$(xm domid g)
base=/local/domain/0/backend/vbd/$id/51712
same "called once" "$(line add)" "$(cat "$calls")"
same "its nodes" "phy $scratch/block-test 2" \
	"$(xenstore-read "$base/type") $(xenstore-read "$base/script") $(xenstore-read "$base/state")"
contains "xm knows it" "$(xm block-list -l g)" 'what, ever'
expect_status 4 xm create "$(tiny_config other "disk = [ 'phy:/dev/loop43,xvda,w' ]")"
contains "the holder" "$err" "guest 'g' \(domain $id, xvda, mode w\)"
kill_all KILL xld
check "xld starts again" /usr/sbin/xld --daemon
same "not called again" "$(line add)" "$(cat "$calls")"
expect_status 4 xm create "$(tiny_config other "disk = [ 'phy:/dev/loop43,xvda,w' ]")"
check "destroy" xm destroy g
called "undone once" "$both"
clean "a script"
check "a guest without disks" xm create -q "$(tiny_config g)"
for ((i = 0; i < 5; i++)); do
	: >"$calls"
	check "attach" xm block-attach g "script=$scratch/block-test" vdev=xvdb "target=what, ever"
	check "detach" xm block-detach g xvdb
	called "attach and detach" "$both"
done
check "destroy" xm destroy g
clean "attach and detach"

# --- those that do not -----------------------------------------------------------------
config=$(tiny_config g "disk = [ 'vdev=xvda,script=$scratch/block-test,target=what, ever' ]")
# refused STATUS PATTERN CALLS SCRIPT...
refused() {
	script "${@:4}"
	expect_status "$1" xm create "$config"
	contains "${*:4}" "$err" "$2"
	same "one line" 1 "$(grep -c . <<<"$err")"
	undone() { [ "$(cat "$calls")" = "$3" ]; }
	wait_for 15 undone "$@" || called "${*:4}" "$3"
	clean "${*:4}"
}
refused 9 'block-test add ended with status 1; its last line: no such target' "$both" \
	'[ "$1" != add ] || { echo no such target; exit 1; }'
refused 9 'target is away: .*block-test add ended with status 3' "$both" \
	'[ "$1" != add ] || { xenstore-write "$XENBUS_PATH/hotplug-status" error "$XENBUS_PATH/hotplug-error" "target is away"; exit 3; }'
refused 9 "block-test says that it is 'busy'" "$both" \
	'[ "$1" != add ] || xenstore-write "$XENBUS_PATH/hotplug-status" busy'
refused 9 'written no physical-device' "$both" ':'
refused 9 'which is no MAJOR:MINOR' "$both" '[ "$1" != add ] || found 7:2b:1'
refused 9 'block-test add was killed by signal 11' "$both" '[ "$1" != add ] || kill -SEGV $$'
refused 9 'ended with status 2; its last line: y+$' "$both" \
	'[ "$1" != add ] || { head -c 5000000 /dev/zero | tr "\0" y; exit 2; }'
refused 6 'block-test has not ended within' "$both" '[ "$1" != add ] || sleep 1000'
same "nor what it started" "" "$(pids sleep)"
rm "$scratch/block-test"
expect_status 1 xm create "$config"
contains "no script" "$err" 'disk xvda .*block-test: No such file'
# Debian has one, which wants more than that.
status=1
[ ! -e /etc/xen/scripts/block-iscsi ] || status=9
expect_status $status xm create "$(tiny_config g "disk = [ 'iscsi:target,xvda,w' ]")"
contains "a prefix" "$err" '/etc/xen/scripts/block-iscsi'
expect_status 2 xm create "$(tiny_config g "disk = [ 'vdev=xvda,script=a/b,target=x' ]")"
contains "a place" "$err" 'neither a full path nor a file in'
clean "no script"
