#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: 4.17
# toolstack: own
# with: python
# timeout: 900
# Images between toolstacks: what Debian's xl saves is restored here, what is saved
# here is restored by xl, PV and PVH, and verify-stream-v2 finds nothing to object to.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"
. "$(dirname "$0")/lib_peer.bash"

cleanup 'for g in s theirs; do xm destroy $g; $xl destroy $g; done >/dev/null 2>&1'

for type in pv pvh; do
	check "$type: ours" xm create -q "$(tiny_config s 'memory=64' \
		"type=\"$type\"" 'extra="tick=200 dirty=500,6000"')"
	check "it is up" wait_for 60 says s 'tick 2'
	check "save, for xl" xm save --compat s "$image"
	check "verify-stream-v2" verify_stream "$image"
	check "xl restores it" $xl restore -e "$image"
	up() { $xl domid s; }
	check "it is there" wait_for 20 up
	verified_at "$($xl domid s)"
	check "xl saves it" $xl save s "$image.xl"
	gone() { ! $xl domid s; }
	check "it has gone" wait_for 20 gone
	check "and we restore it" xm restore "$image.xl"
	verified s
	check "it ends" timeout 60 xm shutdown -w s

	cat >"$scratch/theirs.cfg" <<-CFG
		name = "theirs"
		type = "$type"
		memory = 64
		kernel = "/boot/guest/tiny"
		extra = "tick=200 dirty=500,6000"
	CFG
	check "$type: theirs" $xl create -q -e "$scratch/theirs.cfg"
	theirs=$($xl domid theirs)
	filled() { verified_at "$theirs"; }
	check "it has filled its memory" filled
	check "xl saves it" $xl save theirs "$image.xl"
	check "we restore it" xm restore "$image.xl"
	verified theirs
	contains "as what it was" "$(xm list theirs)" '^theirs +[0-9]+ +64 +1 '
	check "we save it" xm save --compat theirs "$image"
	check "and xl has it back" $xl restore -e "$image"
	check "it is there" wait_for 20 $xl domid theirs
	verified_at "$($xl domid theirs)"
	check "its end" $xl destroy theirs
done
