#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# Tags: of whatever has them, added and removed one by one, kept, and bounded.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
cleanup 'xm delete t; xm delete twice; api VDI.destroy $vdi; api network.destroy $net; api SR.forget $sr; for w in blue red; do api host.remove_tags "$host" $w; api pool.remove_tags "$pool" $w; done >/dev/null 2>&1'

host=$(refs host.get_all)
pool=$(refs pool.get_all)
mkdir "$scratch/disks"
check "a machine" xm new -q "$(tiny_config t)"
vm=$(api VM.get_uuid @t)
sr=$(api SR.create "$host" "{\"location\":\"$scratch/disks\"}" 0 disks "" dir "" false '{}')
vdi=$(api VDI.create "{\"SR\":\"$sr\",\"name_label\":\"d\",\"virtual_size\":1048576,\"type\":\"user\",\"tags\":[\"red\",\"red\"]}")
net=$(api network.create '{"name_label":"xldtags","tags":["red","red"]}')
same "a disk is made with them" '["red"]' "$(api VDI.get_tags "$vdi")"
same "a network, too" '["red"]' "$(api network.get_tags "$net")"
check "none" api VDI.set_tags "$vdi" '[]'
check "none" api network.set_tags "$net" '[]'

for what in "VM $vm" "VDI $vdi" "SR $sr" "network $net" "host $host" "pool $pool"; do
	read -r cls ref <<<"$what"
	same "$cls has none" '[]' "$(api "$cls.get_tags" "$ref")"
	check "$cls: one" api "$cls.add_tags" "$ref" red
	check "$cls: another" api "$cls.add_tags" "$ref" blue
	check "$cls: the first again" api "$cls.add_tags" "$ref" red
	same "$cls: each is there once" 'blue red' "$(refs "$cls.get_tags" "$ref" | sort | xargs)"
	check "$cls: all anew, one twice" api "$cls.set_tags" "$ref" '["blue","red","blue"]'
	same "$cls: each is there once" '["blue","red"]' "$(api "$cls.get_tags" "$ref" | tr -d ' ')"
	check "$cls: one goes" api "$cls.remove_tags" "$ref" red
	check "$cls: and is no more" api "$cls.remove_tags" "$ref" red
	same "$cls: the other stays" '["blue"]' "$(api "$cls.get_tags" "$ref")"
	expect_status 1 api "$cls.add_tags" "$ref" ""
	contains "$cls: no empty one" "$out" '^VALUE_NOT_SUPPORTED tags '
	expect_status 1 api "$cls.set_tags" "$ref" "[$(printf '"t%d",' {1..128})\"t\"]"
	contains "$cls: 128" "$out" '^VALUE_NOT_SUPPORTED tags 129 '
	same "$cls: as it was" '["blue"]' "$(api "$cls.get_tags" "$ref")"
done
twice=$(api VM.create '{"name_label":"twice","PV_kernel":"/boot/guest/tiny","memory_static_max":16777216,"tags":["red","red"]}')
same "a machine is made with them" '["red"]' "$(api VM.get_tags "$twice")"
check "it goes" api VM.destroy "$twice"
copy=$(api VM.clone "$vm" u)
same "a clone is sorted alike" '["blue"]' "$(api VM.get_tags "$copy")"
check "it goes" api VM.destroy "$copy"
restart_xld
for what in "VM $vm" "VDI $vdi" "SR $sr" "network $net" "host $host" "pool $pool"; do
	read -r cls ref <<<"$what"
	same "$cls: kept" '["blue"]' "$(api "$cls.get_tags" "$ref")"
done
