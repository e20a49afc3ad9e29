#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# device: e1000 e1000
# depth: full
# A machine gets the cards that its other_config:pci names when it starts, and lets go of
# them when they are named no more.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_pci.bash"

api() { "$progs/prog_api" "$@"; }
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
two_cards
cleanup 'xm destroy p; xm delete p' '>/dev/null 2>&1'
consent 1
for card in $A $B; do check "$card" xm pci-assignable-add $card; done
check "a machine" xm new -q "$(tiny_config p 'extra="tick=500"')"
vm=$(api VM.get_uuid @p)
# at METHOD: the addresses of what it has.
attached() { for r in $(refs VM.get_attached_PCIs "$vm"); do api PCI.get_pci_id "$r"; done | sort | xargs; }
keys() { for r in $(refs VM.get_DPCIs "$vm"); do api DPCI.get_key "$r"; done | xargs; }

check "both are named" api VM.add_to_other_config "$vm" pci "0/$A,0/$B"
check "it starts" api VM.start "$vm" false
same "it has both" "$A $B" "$(attached)"
same "because of that" "other_config:pci other_config:pci" "$(keys)"
same "which have pciback" pciback "$(driver $A)"
pci=$(refs VM.get_attached_PCIs "$vm" | head -n 1)
same "as they say" pciback "$(api PCI.get_driver_name "$pci")"
kill_all KILL xld
restart_xld
same "after a restart, too" "$A $B" "$(attached)"
expect_status 1 api host.assert_can_evacuate "$(refs host.get_all)"
same "it cannot leave" "CANNOT_EVACUATE_HOST VM_HAS_PCI_ATTACHED,$vm" "$out"

check "one is named" api VM.set_other_config "$vm" "{\"pci\":\"0/$B\"}"
same "until it ends it has both" "$A $B" "$(attached)"
check "its end" xm destroy p
same "it has none" "" "$(attached)"
check "it starts" api VM.start "$vm" false
same "it has that one" "$B" "$(attached)"
check "its end" xm destroy p
check "none is named" api VM.set_other_config "$vm" '{}'
check "it starts" api VM.start "$vm" false
same "it has none" "" "$(attached)$(keys)"
check "its end" xm destroy p
