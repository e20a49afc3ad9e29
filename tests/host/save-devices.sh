#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 1200
# A stock Linux with a disk that it writes to and a TCP connection to domain 0 is
# suspended, goes on where it was, is saved and restored: PV, with --full PVH, too.
# What is missing at a restore is said, and the image stays. The disks of a suspended
# machine are nobody else's.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"
. "$(dirname "$0")/lib_linux.bash"
. "$(dirname "$0")/lib_net.bash"

a_network
modprobe -a crc32c_generic nf_tables || fail "no nf_tables"
linux_initrd xen-netfront xen-blkfront
cleanup 'for vm in linux other; do xm destroy $vm; xm delete $vm; done >/dev/null 2>&1
	umount "$scratch/full" 2>/dev/null'
mkdir "$scratch/full"
loops() { losetup -a | grep -c "xld:"; }

# ---- what goes on in the guest

# It writes a file of its own over the disk again and again, a second of its clock goes
# over the network as a line.
busy() {
	guest 'ip link set eth0 up; ip addr add 10.77.0.2/24 dev eth0' >/dev/null
	guest 'dd if=/dev/urandom of=/data bs=1M count=4 2>/dev/null; md5sum </data' >"$scratch/sum"
	nc -l -p 5000 <&"$silence" >"$scratch/lines" &
	listener=$!
	serves() { grep -q "^ *[0-9]*: [0-9A-F]*:1388 [0-9A-F]*:0000 0A" /proc/net/tcp /proc/net/tcp6; }
	check "domain 0 listens" wait_for 20 serves
	check "lines to domain 0" guest '(n=0; while :; do n=$((n + 1)); echo $n; sleep 1; done | nc 10.77.0.1 5000) &'
	check "writes to the disk" guest '(while [ ! -e /stop ]; do dd if=/data of=/dev/xvda bs=64k conv=notrunc,fsync; echo >>/rounds; done 2>/dev/null; echo >/stopped) &'
	check "a line is there" wait_for 30 has_line 2
	check "rounds go on" wait_for 60 more_rounds
}
has_line() { grep -q "^$1\$" "$scratch/lines"; }
# Not in a subshell: the guest counts its answers. Into $n.
rounds() {
	guest 'wc -l </rounds 2>/dev/null || echo 0' >"$scratch/n"
	slurp n "$scratch/n"
}
more_rounds() {
	local n

	rounds
	[ "$n" -gt "$seen_rounds" ] && seen_rounds=$n
}
# still WHAT: both go on, in the same connection.
still() {
	local n

	n=$(tail -n 1 "$scratch/lines")
	check "$1: lines go on" wait_for 60 has_line $((n + 3))
	kill -0 "$listener" || fail "$1: the connection has ended"
	rounds
	seen_rounds=$n
	check "$1: writes go on" wait_for 90 more_rounds
}
nodes() { xenstore-ls -f "/local/domain/$(xm domid linux)/device" | grep -E 'ring-ref|event-channel|mac|state'; }
in_order() { cmp -s <(seq "$(tail -n 1 "$scratch/lines")") "$scratch/lines"; }

# ---- a Linux of each type

a_linux() {
	local before domid

	truncate -s 0 "$scratch/disk"
	truncate -s 16M "$scratch/disk"
	cat >"$scratch/linux.cfg" <<-CFG
		name = "linux"
		type = "$1"
		memory = 192
		kernel = "/boot/guest/vmlinuz"
		ramdisk = "$scratch/initrd.img"
		extra = "console=hvc0 quiet"
		disk = [ "file:$scratch/disk,xvda,w" ]
		vif = [ "bridge=xenbr0, mac=00:16:3e:77:00:07" ]
	CFG
	check "Linux ($1)" xm create -q "$scratch/linux.cfg"
	linux_shell linux
	seen_rounds=0
	busy
	domid=$(xm domid linux)

	# Where it was: nobody connects anew.
	before=$(nodes)
	exec 8>&-
	check "a checkpoint" timeout 200 xm save -c linux "$image"
	linux_again linux
	same "its connections" "$before" "$(nodes)"
	still "a checkpoint"
	rm "$image"
	check "a small file system" mount -t tmpfs -o size=1m none "$scratch/full"
	expect_status 1 xm save linux "$scratch/full/image"
	contains "no room" "$err" 'No space left on device'
	check "umount" umount "$scratch/full"
	same "its connections" "$before" "$(nodes)"
	still "a save that failed"
	exec 8>&-

	check "save" timeout 200 xm save linux "$image"
	same "no loop device stays" 0 "$(loops)"
	expect_status 3 xm domid linux
	same "no interface stays" "" "$(cd /sys/class/net && echo vif*"$domid".* | grep -v '\*')"
	missing
	check "restore" timeout 200 xm restore "$image"
	same "one loop device" 1 "$(loops)"
	linux_again linux
	contains "its address" "$(nodes)" '00:16:3e:77:00:07'
	still "restored"
	check "the lines have no gap" in_order
	guest '>/stop' >/dev/null
	stopped() { guest '[ -e /stopped ]'; }
	check "the last round ends" wait_for 60 stopped
	guest 'echo 3 >/proc/sys/vm/drop_caches; head -c 4194304 /dev/xvda | md5sum' >"$scratch/disk.sum"
	same "what the guest reads" "$(cat "$scratch/sum")" "$(cat "$scratch/disk.sum")"
	exec 8>&-
	check "a clean shutdown" timeout 90 xm shutdown -w linux
	same "what is on the disk" "$(cut -c1-32 "$scratch/sum")" \
		"$(head -c 4194304 "$scratch/disk" | md5sum | cut -c1-32)"
	kill "$listener" 2>/dev/null
	wait "$listener" 2>/dev/null
	rm -f "$image"
	clean "Linux ($1)"
}

# What a restore wants is not there: one line, nothing is left, the image stays.
refused() {
	expect_status 1 xm restore "$image"
	contains "$1" "$err" "$2"
	same "$1: one line" 1 "$(grep -c . <<<"$err")"
	expect_status 3 xm domid linux
	same "$1: no domain" 1 "$(domains)"
	same "$1: no loop device" 0 "$(loops)"
	[ -s "$image" ] || fail "$1: the image has gone"
}
missing() {
	mv "$scratch/disk" "$scratch/elsewhere"
	refused "no disk" "xvda .*No such file or directory"
	mv "$scratch/elsewhere" "$scratch/disk"
	ip link set xenbr0 down && ip link set xenbr0 name gone0 || fail "no new name"
	refused "no bridge" "xenbr0"
	ip link set gone0 name xenbr0 && ip link set xenbr0 up || fail "no old name"
}
a_linux pv
[ "${XLD_DEPTH:-default}" != full ] || a_linux pvh

# ---- a machine that is suspended has its disk

disk="disk = [ 'file:$scratch/disk,xvda,w' ]"
check "new" xm new -q "$(tiny_config linux "$disk" 'extra="tick=200"')"
check "start" xm start linux
check "it is up" wait_for 60 says linux 'tick 2'
check "suspend" xm suspend linux
same "no loop device" 0 "$(loops)"
expect_status 4 xm create -q "$(tiny_config other "$disk")"
contains "it is reserved" "$err" "the suspended machine 'linux' \(xvda, mode w\)"
restart_xld
expect_status 4 xm create -q "$(tiny_config other "$disk")"
contains "after a restart, too" "$err" "the suspended machine 'linux'"
mv "$scratch/disk" "$scratch/elsewhere"
expect_status 1 xm resume linux
contains "no disk" "$err" 'xvda .*No such file or directory'
same "it is suspended still" Suspended "$(api VM.get_power_state @linux)"
mv "$scratch/elsewhere" "$scratch/disk"
check "resume" xm resume linux
check "it goes on" wait_for 60 says linux 'TINY RESUMED 1'
same "one loop device" 1 "$(loops)"
check "suspend" xm suspend linux
check "its state is discarded" xm destroy linux
check "the disk is free" xm create -q "$(tiny_config other "$disk")"
check "its end" xm destroy other
check "delete" xm delete linux
clean "a suspended machine"
