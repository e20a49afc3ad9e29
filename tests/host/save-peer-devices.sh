#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# depth: full
# timeout: 600
# Images of PV and PVH guests with a disk and a network card between toolstacks: what
# Debian's xl saves is restored here with its devices, what is saved here is restored
# by xl with them.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"
. "$(dirname "$0")/lib_peer.bash"

cleanup 'for g in s theirs; do xm destroy $g; $xl destroy $g; done >/dev/null 2>&1; ip link del xenbr0'
check "a bridge" ip link add xenbr0 type bridge
check "it is up" ip link set xenbr0 up
truncate -s 4M "$scratch/disk"
disk="disk = [ '$scratch/disk,raw,xvda,w' ]"
vif="vif = [ 'mac=00:16:3e:77:00:07,bridge=xenbr0,rate=10Mb/s' ]"

# ours_has NAME, theirs_has NAME: both devices.
ours_has() {
	contains "its disk" "$(xm block-list -l "$1")" "uname file:$scratch/disk"
	contains "its card" "$(xm network-list "$1")" '00:16:3e:77:00:07'
	same "its rate" "62500,50000" \
		"$(xenstore-read "/local/domain/0/backend/vif/$(xm domid "$1")/0/rate")"
}
theirs_has() {
	local d

	d=$($xl domid "$1")
	contains "its disk" "$($xl block-list "$1")" '^51712 '
	same "its file" "$scratch/disk" \
		"$(xenstore-read "/local/domain/0/backend/vbd/$d/51712/params")"
	contains "its card" "$($xl network-list "$1")" '00:16:3e:77:00:07'
	same "its rate" "62500,50000" \
		"$(xenstore-read "/local/domain/0/backend/vif/$d/0/rate")"
}
xl_has_it() { $xl domid "$1"; }
xl_has_none() { ! $xl domid "$1"; }

for type in pv pvh; do
	check "$type: ours" xm create -q "$(tiny_config s "$disk" "$vif" \
		"type=\"$type\"" 'extra="tick=200 dirty=500,1000"')"
	check "it is up" wait_for 60 says s 'tick 2'
	check "save, for xl" xm save --compat s "$image"
	check "verify-stream-v2" verify_stream "$image"
	check "xl restores it" $xl restore -e "$image"
	check "it is there" wait_for 20 xl_has_it s
	theirs_has s
	verified_at "$($xl domid s)"
	check "xl saves it" $xl save s "$image.xl"
	check "it has gone" wait_for 20 xl_has_none s
	check "and we restore it" xm restore "$image.xl"
	ours_has s
	verified s
	check "it ends" timeout 60 xm shutdown -w s

	{
		printf 'name = "theirs"\ntype = "%s"\nmemory = 64\n' $type
		printf 'kernel = "/boot/guest/tiny"\n%s\n%s\n' "$disk" "$vif"
		printf 'extra = "tick=200 dirty=500,1000"\n'
	} >"$scratch/theirs.cfg"
	check "$type: theirs" $xl create -q -e "$scratch/theirs.cfg"
	verified_at "$($xl domid theirs)"
	check "xl saves it" $xl save theirs "$image.xl"
	check "it has gone" wait_for 20 xl_has_none theirs
	check "we restore it" xm restore "$image.xl"
	ours_has theirs
	verified theirs
	check "we save it" xm save --compat theirs "$image"
	check "and xl has it back" $xl restore -e "$image"
	check "it is there" wait_for 20 xl_has_it theirs
	theirs_has theirs
	verified_at "$($xl domid theirs)"
	check "its end" $xl destroy theirs
done
