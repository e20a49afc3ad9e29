#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# What the daemons take in dom0: footprint.sh [GUESTS]. Resident and proportional KiB
# of xld, xld-api and the worker that waits (with the loader that it has forked: two
# processes of one name), idle and with so many idle guests (100); how many processes
# of each name there are; and how often each of them woke within a minute then: while
# nobody asks, and while somebody reads figures over time every ten seconds.
#	tests/xenhost/xenhost run --cpus 1 --mem 8192 --toolstack own --share tests/bench \
#		-- bash /mnt/share/footprint.sh
n=${1:-100}

of() { # NAME FIELD FILE: the sum over its processes
	local d name
	for d in /proc/[0-9]*; do
		read -r name 2>/dev/null <"$d/comm" && [ "$name" = "$1" ] &&
			cat "$d/$3" 2>/dev/null
	done | awk -v f="$2:" '$1 == f { n += $2 } END { print n + 0 }'
}
names="xld xld-api xld-build xld-build-idle xenstored"
count() {
	local d name n=0
	for d in /proc/[0-9]*; do
		read -r name 2>/dev/null <"$d/comm" && [ "$name" = "$1" ] && n=$((n + 1))
	done
	echo $n
}
memory() {
	local name
	for name in $names; do
		printf '%s %s processes %d rss-kib %d pss-kib %d private-kib %d\n' \
			"$1" "$name" "$(count "$name")" "$(of "$name" VmRSS status)" \
			"$(of "$name" Pss smaps_rollup)" \
			"$(($(of "$name" Private_Dirty smaps_rollup) + $(of "$name" Private_Clean smaps_rollup)))"
	done
}
switches() { of "$1" voluntary_ctxt_switches status; }

# What the last ten seconds' figures of all are, by HTTP.
figures() {
	exec 3<>/dev/tcp/127.0.0.1/9363 || exit 1
	printf 'GET /rrd_updates?start=-10&cf=AVERAGE HTTP/1.0\r\nAuthorization: Basic cm9vdDp4bGQ=\r\n\r\n' >&3
	cat <&3
	exec 3>&-
}
woken() { # WORD SECONDS COMMAND...: COMMAND every ten seconds of so many
	local name was i word=$1 s=$2
	shift 2
	for name in $names; do eval "was_${name//[-:]/_}=$(switches "$name")"; done
	for ((i = 0; i < s; i += 10)); do
		"$@" >/dev/null
		sleep 10
	done
	for name in $names; do
		was=was_${name//[-:]/_}
		echo "wake-ups-in-$s-s $word $name $(($(switches "$name") - ${!was}))"
	done
}

xm list >/dev/null
sleep 5
memory idle
for ((i = 0; i < n; i++)); do
	printf 'name = "f%d"\nmemory = 16\nkernel = "/boot/guest/tiny"\n' "$i" >/tmp/f.cfg
	xm create -q /tmp/f.cfg || exit 1
done
sleep 10
memory "guests-$n"
woken silence 60 true
# The first answer's own memory is none of the samples'.
figures >/dev/null
memory "guests-$n-asked"
woken figures 60 figures
memory "guests-$n-sampled"
for ((i = 0; i < n; i++)); do xm destroy "f$i"; done
sleep 2
memory afterwards
