#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: 4.17
# toolstack: own
# Both toolstacks on one host: xld shows, pauses and ends the guests that
# Debian's xl made; xl sees ours, and when it destroys one xld clears up.
. "$(dirname "$0")/lib.sh"

xl=$peer/xl
config=$scratch/theirs.cfg
cat >"$config" <<CFG
name = "theirs"
memory = 64
kernel = "/boot/guest/tiny"
extra = "tick=200"
CFG
cleanup 'xm destroy ours 2>/dev/null; $xl destroy theirs 2>/dev/null; kill_all TERM xenconsoled'

# Debian's console daemon beside ours: each keeps the consoles of its own.
check "Debian's xenconsoled" $peer/xenconsoled --pid-file=/run/xenconsoled.pid
check "ours" xm create -q "$(tiny_config ours 'extra="tick=200"')"
check "theirs" $xl create -q "$config"
ours=$(xm domid ours)
theirs=$($xl domid theirs)
contains "xl sees ours" "$($xl list)" "^ours +$ours +16 +1 "
contains "xm sees theirs" "$(xm list)" "^theirs +$theirs +6[0-9] +1 "
same "its domid" "$theirs" "$(xm domid theirs)"
same "its name" theirs "$(xm domname "$theirs")"

# The same processors, but for what says how a PVH guest's vCPUs are cores.
cpuid() { "$progs/prog_facts" cpuid "$1" | grep -Ev "${2:-^$}"; }
same "a PV guest's processors" "$(cpuid "$theirs")" "$(cpuid "$ours")"
# With what lets a TSC be called invariant, where the host has one.
printf '%s\n' 'type = "pvh"' 'nomigrate = 1' 'tsc_mode = "always_emulate"' \
	>"$scratch/lines"
sed 's/theirs/theirs3/' "$config" | cat - "$scratch/lines" >"$scratch/theirs3.cfg"
check "a PVH guest of xl" $xl create -q -p "$scratch/theirs3.cfg"
check "a PVH guest of ours" xm create -q -p "$(tiny_config ours3 \
	"$(cat "$scratch/lines")")"
cores='^0x(1|4|80000008)\.'
same "a PVH guest's processors" "$(cpuid "$($xl domid theirs3)" "$cores")" \
	"$(cpuid "$(xm domid ours3)" "$cores")"
for t in "$($xl domid theirs3)" "$(xm domid ours3)"; do note "$(cpuid "$t" | grep -E "$cores")"; done
$xl destroy theirs3
check "ours ends" xm destroy ours3

spoke() { xm console -l ours | grep -q 'TINY UP'; }
check "our console is ours" wait_for 20 spoke

check "pause theirs" xm pause theirs
# A guest that was asleep when it was paused is both.
contains "paused" "$($xl list theirs)" ' -[b-]p--- '
contains "paused for us" "$(xm list theirs)" ' -[b-]p--- '
check "unpause theirs" xm unpause theirs
expect_status 1 xm console theirs
contains "whose console it is" "$err" 'another toolstack'
check "rename theirs" xm rename theirs theirs2
contains "xl sees the name" "$($xl list)" '^theirs2 '
check "shut down theirs" timeout 60 xm shutdown -w theirs2
expect_status 3 xm domid theirs2

check "theirs again" $xl create -q "$config"
check "destroy theirs" xm destroy theirs
gone() { ! $xl domid theirs; }
check "it is gone" wait_for 20 gone

# Ended behind our back.
check "xl destroys ours" $xl destroy ours
missing() { ! xm domid ours; }
check "xld has noticed" wait_for 20 missing
same "no node" "" "$(xenstore-ls -f / | grep "/$ours\(/\| \)")"
same "no record" "" "$(ls /run/xld/domains /run/xld/intents | grep json)"
check "and the name is free" xm create -q "$(tiny_config ours)"
check "the end" timeout 60 xm shutdown -w ours
