#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# mem: 8192
# timeout: 2400
# Creation of a PV and of a PVH guest cut short at every place: each hypercall of
# it fails once, the process that makes it is killed there, each step fails, the
# daemon is killed at each step. Afterwards nothing is left: no domain, no node, no
# memory, no record. The default depth takes two hypercalls of PV's and three of
# PVH's, others in each hour, and one way to end at each step (of PV's); --full takes
# all.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_fault.bash"

steps="files memory intent domain limits channels worker store build claim introduce
	console record run"
ends="destroy-intent destroy-pause destroy-console destroy-domain
	destroy-store destroy-record"

cleanup 'unset XLD_FAULT_FILE; restart_xld; xm destroy cut 2>/dev/null'
restart_xld
# What Xen allocates for the first domains of a kind it keeps.
for kind in pvh pv; do
	config=$(tiny_config cut "type = '$kind'" 'vcpus = 2')
	for _ in 1 2 3 4 5; do
		check "a life, $kind" xm create -q "$config"
		check "its end" xm destroy cut
	done
done
config=$(tiny_config cut)
books >"$scratch/books"

# Which of the steps fail and which are killed alternates with the hour, too.
at_each_step() {
	local turn=$hour step

	for step in $steps; do
		if [ $((turn++ % 2)) = 0 ] || [ "$full" ]; then
			leaves_nothing "step $step failing, $1" step_fails "$step"
			[ "$full" ] || continue
		fi
		leaves_nothing "death at step $step, $1" step_kills "$step"
	done
}

sweep PV 2
at_each_step PV
restart_xld
config=$(tiny_config cut 'type = "pvh"' 'vcpus = 2')
sweep PVH 3
[ -z "$full" ] || at_each_step PVH
config=$(tiny_config cut)

for step in $ends; do
	leaves_nothing "death at $step" end_kills "$step"
done
