#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: 4.17
# toolstack: none
# cpus: 2
# timeout: 600
# Debian's programs, unchanged, with our libxenstore.so.4 in place of theirs: xl,
# xenconsoled and the xenstore commands against our daemon; and they go on when
# it is killed under them.
. "$(dirname "$0")/lib.sh"

wrapped=/usr/lib/xen-4.17/wrapped
ours=$(readlink -f /usr/lib/libxenstore.so.4)
mkdir "$scratch/lib"
ln -s "$ours" "$scratch/lib/libxenstore.so.4"

# with_ours PROGRAM ARGS...: Debian's program on our library.
with_ours() (
	local file=$wrapped/$1
	[ -e "$file" ] || file=$wrapped/xenstore
	export LD_LIBRARY_PATH=$scratch/lib:/usr/lib/xen-4.17/lib
	exec -a "$peer/$1" "$file" "${@:2}"
)
xl() { with_ours xl "$@"; }

# has_ours WHAT PID: our library is the one it has.
has_ours() {
	local maps
	maps=$(grep libxenstore "/proc/$2/maps")
	contains "$1 has our library" "$maps" " $ours\$"
	[ -z "$(echo "$maps" | grep -v " $ours\$")" ] ||
		fail "$1 has another libxenstore: $maps"
}

start_store() {
	check "our xenstored" /usr/sbin/xenstored --pid-file /run/xenstored.pid
}

start_store
cleanup 'xl destroy g 2>/dev/null; kill_all TERM xenconsoled; kill "$(cat /run/xenstored.pid)"; kill_all KILL xl'
check "Debian's xen-init-dom0" with_ours xen-init-dom0
check "Debian's xenconsoled" with_ours xenconsoled \
	--pid-file=/run/xen/xenconsoled.pid
wait_for 10 test -s /run/xen/xenconsoled.pid || fail "no xenconsoled"
console=$(cat /run/xen/xenconsoled.pid)
has_ours xenconsoled "$console"

# Commands, too short-lived to be looked at: the loader tells.
export LD_DEBUG=libs LD_DEBUG_OUTPUT=$scratch/loader
same "Debian's xenstore-ls on both libraries" "$(xenstore-ls -fp /)" \
	"$(with_ours xenstore-ls -fp /)"
unset LD_DEBUG LD_DEBUG_OUTPUT
contains "the loader took ours" "$(cat "$scratch"/loader.*)" \
	"calling init: $scratch/lib/libxenstore.so.4"
for cmd in write/a/1 read/a list/ exists/a rm/a; do
	IFS=/ read -r name path value <<<"$cmd"
	check "Debian's xenstore-$name" with_ours "xenstore-$name" "/$path" \
		${value:+"$value"} >/dev/null
done
timeout 20 bash -c "$(declare -f with_ours); scratch=$scratch peer=$peer \
	wrapped=$wrapped; with_ours xenstore-watch -n 2 /w" >"$scratch/events" &
wait_for 10 grep -q /w "$scratch/events" || fail "no first event"
check "write" xenstore-write /w/x 1
check "the watch ends" wait $!
same "events" $'/w\n/w/x' "$(cat "$scratch/events")"
check "rm" xenstore-rm /w

# A guest, with what xl leaves running to look after it.
printf 'name = "g"\nmemory = 32\nkernel = "/boot/guest/tiny"\n' \
	>"$scratch/g.cfg"
echo 'extra = "tick=200"' >>"$scratch/g.cfg"
check "xl create" xl create -q "$scratch/g.cfg"
contains "xl list" "$(xl list)" '^g +[0-9]+ +3[0-9] +1 '
monitor=$(pids xl)
same "one xl stays" 1 "$(echo "$monitor" | wc -w)"
has_ours "the monitor" "$monitor"
domid=$(xl domid g)
tty() { xenstore-read "/local/domain/$domid/console/tty"; }
check "xenconsoled serves it" wait_for 20 tty
check "rename" xl rename g g2
same "the store's name" g2 "$(xenstore-read "/local/domain/$domid/name")"

# The daemon dies: nobody has to be told.
for round in 1 2 3; do
	kill_all KILL xenstored
	start_store
	contains "xl list after kill $round" "$(xl list)" "^g2 +$domid "
	check "xl writes" xl rename g2 "g$round"
	check "and again" xl rename "g$round" g2
	same "the monitor lives" "$monitor" "$(pids xl)"
	same "xenconsoled lives" "$console" "$(pids xenconsoled)"
done
contains "the books agree" "$(xenstore control check)" '^OK'
# That is the monitor's work, by its watches of before.
check "xl shutdown" xl shutdown -w g2
gone() { ! xl domid g2 && [ -z "$(pids xl)" ]; }
check "the guest and the monitor are gone" wait_for 30 gone
check "nothing of it is left" \
	test -z "$(xenstore-ls -f / | grep "/$domid\(/\| \)")"
contains "the books agree" "$(xenstore control check)" '^OK'

# And another, whose console and monitor are asked for by the new daemon only.
check "xl create" xl create -q "$scratch/g.cfg"
domid=$(xl domid g)
check "xenconsoled serves it" wait_for 20 tty
check "xl destroy" xl destroy g
check "the guest and the monitor are gone" wait_for 30 gone

# QEMU, where the image has it.
qemu=/usr/libexec/xen-qemu-system-i386
if [ -x $qemu ]; then
	check "xl create" xl create -q -p "$scratch/g.cfg"
	domid=$(xl domid g)
	LD_LIBRARY_PATH=$scratch/lib $qemu -xen-domid "$domid" -xen-attach \
		-machine xenpv -nodefaults -nographic -monitor none \
		-serial none -name g </dev/null >"$scratch/qemu" 2>&1 &
	running() {
		[ "$(xenstore-read \
			"/local/domain/0/device-model/$domid/state")" = running ]
	}
	wait_for 60 running || fail "qemu: $(cat "$scratch/qemu")"
	has_ours qemu $!
	kill_all KILL xenstored
	start_store
	check "write" xenstore-write /after 1
	check "qemu lives" kill -0 $!
	kill $!
	check "xl destroy" xl destroy g
fi
