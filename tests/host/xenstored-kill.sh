#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: 4.17
# toolstack: none
# timeout: 900
# depth: full
# xenstored is killed again and again (KILLS times, 50) and comes back while
# a guest of Debian's xl writes, reads back and compares its disk and talks over
# its network interface: the guest sees no error, xl goes on working, and nothing
# is left at the end. (xenstore-dropin.sh and xenstore-restart.sh kill it, too.)
. "$(dirname "$0")/lib.sh"
# On our library, or its process that watches the guest would end with the first
# xenstored.
xl() { LD_PRELOAD=/usr/lib/libxenstore.so.4 $peer/xl "$@"; }
kills=${KILLS:-50}

start() { /usr/sbin/xenstored --pid-file /run/xenstored.pid; }
check "our xenstored starts" start
cleanup 'kill_all TERM xenconsoled; kill_all TERM xenstored
	ip link del xenbr0 2>/dev/null; losetup -d /dev/loop5 2>/dev/null'
check "Debian's xen-init-dom0" $peer/xen-init-dom0
mkdir -p "$scratch/log"
check "Debian's xenconsoled" $peer/xenconsoled \
	--pid-file=/run/xen/xenconsoled.pid --log=guest --log-dir="$scratch/log"

# A guest whose init does nothing but I/O that it checks.
mkdir -p "$scratch/extra"
cat >"$scratch/extra/init" <<'INIT'
#!/bin/sh
export PATH=/sbin:/bin:/usr/sbin:/usr/bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
exec </dev/console >/dev/console 2>&1
modprobe xen-netfront
modprobe xen-blkfront
sleep 2
ip link set eth0 up
ip addr add 10.77.0.2/24 dev eth0
echo "GUEST UP"
(read -r _ </dev/console; : >/quiet) &
n=0 bad=0
while [ ! -e /quiet ]; do
	n=$((n + 1))
	dd if=/dev/urandom of=/a bs=65536 count=4 2>/dev/null
	dd if=/a of=/dev/xvda bs=65536 seek=$((n % 16 * 4)) conv=fsync \
		2>/dev/null || bad=$((bad + 1))
	echo 3 >/proc/sys/vm/drop_caches
	dd if=/dev/xvda of=/b bs=65536 skip=$((n % 16 * 4)) count=4 \
		2>/dev/null || bad=$((bad + 1))
	cmp /a /b || bad=$((bad + 1))
	ping -c 1 -W 5 10.77.0.1 >/dev/null || bad=$((bad + 1))
	echo "IO $n bad $bad"
done
echo "GUEST QUIET"
while :; do sleep 60; done
INIT
chmod 755 "$scratch/extra/init"
# xl wants a ramdisk of one piece when it is compressed.
{ gunzip -c /boot/guest/initrd.img
	cd "$scratch/extra" && echo init | cpio -o -H newc 2>/dev/null
} >"$scratch/initrd.img"

check "a bridge" ip link add xenbr0 type bridge
check "its address" ip addr add 10.77.0.1/24 dev xenbr0
check "up" ip link set xenbr0 up
check "a disk" dd if=/dev/zero of="$scratch/disk" bs=1048576 count=8
check "as a block device" losetup /dev/loop5 "$scratch/disk"
# The image has not what Debian's scripts need; theirs do no more than this.
cat >"$scratch/block" <<SCRIPT
#!/bin/sh
[ "\$1" = add ] || exit 0
exec $peer/xenstore-write "\$XENBUS_PATH/physical-device" 7:5 \\
	"\$XENBUS_PATH/hotplug-status" connected
SCRIPT
cat >"$scratch/vif" <<SCRIPT
#!/bin/sh
[ "\$1" = online ] || exit 0
ip link set "\$vif" master xenbr0 && ip link set "\$vif" up &&
	exec $peer/xenstore-write "\$XENBUS_PATH/hotplug-status" connected
SCRIPT
chmod 755 "$scratch/block" "$scratch/vif"
cat >"$scratch/g.cfg" <<CFG
name = "g"
kernel = "/boot/guest/vmlinuz"
ramdisk = "$scratch/initrd.img"
memory = 256
extra = "console=hvc0"
disk = [ "vdev=xvda,access=rw,format=raw,script=$scratch/block,target=/dev/loop5" ]
vif = [ "mac=00:16:3e:77:00:02,bridge=xenbr0,script=$scratch/vif" ]
CFG
check "xl create" xl create -q "$scratch/g.cfg"
log=$scratch/log/guest-g.log
rounds() { tr -d '\r' <"$log" | sed -n 's/^IO \([0-9]*\) bad.*/\1/p' | tail -n 1; }
at_least() { [ "$(rounds)" -ge "$1" ]; }
wait_for 300 at_least 3 2>/dev/null || fail "no I/O: $(tail -n 5 "$log")"

before=$(rounds)
xenstore-ls -f /local >"$scratch/before"
# Its worker, which the supervisor replaces, and all of it by turns.
worker() {
	read -r p <"/proc/$(cat /run/xenstored.pid)/task/$(cat /run/xenstored.pid)/children"
	echo "${p%% *}"
}
is_other() { [ -n "$(worker)" ] && [ "$(worker)" != "$1" ]; }
for ((i = 0; i < kills; i++)); do
	if ((i % 2)); then
		kill_all KILL xenstored
		check "started again ($i)" start
	else
		old=$(worker)
		kill -9 "$old"
		check "replaced ($i)" wait_for 20 is_other "$old"
	fi
	sleep 0.$((RANDOM % 10))
done
wait_for 300 at_least $((before + 5)) || fail "the guest's I/O stopped"
same "no error was seen" "" "$(tr -d '\r' <"$log" | grep '^IO .* bad [^0]')"
same "nor by its kernel" "" "$(grep -iE 'error|xenbus.*(fail|timeout)|hung' "$log")"
check "the store is as before" diff "$scratch/before" <(xenstore-ls -f /local)
contains "the books agree" "$(xenstore-control check)" '^OK '
check "live update" xenstore-control live-update /usr/sbin/xenstored
same "it is not root" xenstored "$(stat -c %U "/proc/$(worker)")"
contains "nor may it start programs" "$(cat "/proc/$(worker)/status")" \
	'^Seccomp:[[:space:]]*2'
before=$(rounds)
wait_for 300 at_least $((before + 3)) || fail "the guest's I/O stopped"
contains "xl list" "$(xl list)" '^g '
# Linux does not always survive a disk that goes while it is written to.
echo >"$(xenstore-read "/local/domain/$(xl domid g)/console/tty")"
quiet() { grep -q 'GUEST QUIET' "$log"; }
check "it leaves its disk alone" wait_for 60 quiet
check "xl detaches its disk" xl block-detach g xvda
check "xl shutdown" xl shutdown -w g
gone() { ! xl list g; }
check "it is gone" wait_for 60 gone
contains "the books agree" "$(xenstore-control check)" '^OK '

# A file system that is full: the store goes on, says that it is without its
# journal, and has it again when there is room.
kill_all TERM xenstored
# The worker is no root: it has to get there.
chmod 711 "$scratch"
mkdir "$scratch/small"
check "a small tmpfs" mount -t tmpfs -o size=8m none "$scratch/small"
cleanup 'kill_all TERM xenstored; umount "$scratch/small"'
small() { /usr/sbin/xenstored --no-xen --state "$scratch/small/state"; }
check "xenstored on it" small
check "a value" xenstore-write /test/before 1
dd if=/dev/zero of="$scratch/small/fill" bs=4096 2>/dev/null
fill() {
	local i value
	local -a pairs=()

	value=$(printf '%4000s' x | tr ' ' x)
	for ((i = 0; i < 400; i++)); do
		pairs+=("/test/many/n$i" "$value")
		((i % 50 == 49)) || continue
		xenstore-write "${pairs[@]}" || return 1
		pairs=()
	done
}
check "writes beyond its room" fill
contains "it says so" "$(xenstore-control check)" '^OK .*journal OFF'
same "and serves" 1 "$(xenstore-read /test/before)"
rm "$scratch/small/fill"
back() { xenstore-write /test/after 1 && xenstore-control check | grep -q 'journal on'; }
check "it has it again" wait_for 60 back
kill_all KILL xenstored
check "started again" small
same "with all" "1 1 400" "$(xenstore-read /test/before) $(xenstore-read \
	/test/after) $(xenstore-list /test/many | wc -l)"
