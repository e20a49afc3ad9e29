#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What a creation takes while clients list machines without a pause: busy.sh [CLIENTS
# [ROUNDS]] (80, 10), in dom0. By turns without and with them; medians in ms of
# `xm create` of a tiny guest, and how often the clients were answered meanwhile.
#	tests/xenhost/xenhost run --cpus 2 --toolstack own --share BUILD/tests/bench \
#		-- bash /mnt/share/busy.sh
n=${1:-80} rounds=${2:-10}
here=$(dirname "$0")
work=$(mktemp -d)
printf 'name = "busy"\nmemory = 16\nkernel = "/boot/guest/tiny"\n' >"$work/cfg"

now() { echo $((${EPOCHREALTIME/./} / 1000)); }
lives() { # FILE
	local i begin
	for ((i = 0; i < rounds; i++)); do
		begin=$(now)
		xm create -q "$work/cfg" || exit 1
		echo $(($(now) - begin)) >>"$1"
		xm destroy busy || exit 1
	done
}
loaded() {
	local pid
	"$here/apiload" /run/xld/api.sock "$n" >>"$work/answers" &
	pid=$!
	sleep 3
	lives "$work/with"
	kill "$pid"
	wait "$pid"
}
median() { sort -n "$1" | awk '{ v[NR] = $1 } END { print v[int((NR + 1) / 2)] }'; }

xm create -q "$work/cfg" && xm destroy busy || exit 1
lives "$work/without"
loaded
loaded
lives "$work/without"
a=$(median "$work/without") b=$(median "$work/with")
echo "create without: $a ms; beside $n clients that list: $b ms; ratio $(awk "BEGIN { printf \"%.2f\", $b / $a }")"
cat "$work/answers"
