# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Store daemons on plain Linux: ours, and Debian's two on shim.so. Debian's come
# from the cache of tests/xenhost (~/.cache/xld), which is filled when it is
# empty. XLD_BUILD names the build. Sourced after $here and note() are set.
# shellcheck source=tests/xenhost/lib/common.sh
. "$here/../xenhost/lib/common.sh"
# shellcheck source=tests/xenhost/lib/packages.sh
. "$here/../xenhost/lib/packages.sh"

build=${XLD_BUILD:-$PWD}
shim=$build/tests/bench/.libs/shim.so

need_built() {
	local f
	for f in "$shim" "$build/xenstored/xenstored" "$@"; do
		[[ -e $f ]] || die "$f is missing: set XLD_BUILD to a build directory" \
			"(make there, and make -C tests/bench check TESTS=)"
	done
}

store_packages=(xen-utils-4.17 libxenmisc4.17 libxenevtchn1 libxengnttab1
	libxentoollog1 libxentoolcore1 libxencall1 libxenforeignmemory1
	libxendevicemodel1)
make_store_packages() { fetch_and_unpack bookworm "${store_packages[@]}" "$1"; }

# Sets $unpacked: Debian's daemons and their libraries.
find_peers() {
	local f
	unpacked=''
	for f in "$cache"/packages-*/usr/lib/xen-4.17/bin/oxenstored; do
		[[ -e $f ]] && unpacked=${f%/usr/lib/xen-4.17/bin/oxenstored}
	done
	[[ -z $unpacked ]] || return 0
	unpacked=$cache/packages-store-4.17
	make_once "$unpacked" make_store_packages
}

# Limits that are in the way of a measurement are lifted.
oxenstored_conf() {
	cat <<-END
	pid-file = $1/pid
	xenstored-kva = /proc/xen/xsd_kva
	xenstored-port = /proc/xen/xsd_port
	quota-activate = true
	quota-maxentity = 100000000
	quota-maxsize = 4096
	quota-maxwatch = 100000000
	quota-transaction = 1000
	quota-maxrequests = 100000
	quota-path-max = 1024
	quota-maxoutstanding = 100000
	quota-maxwatchevents = 100000
	persistent = false
	END
}

# libtool's wrapper would be the process that is measured.
real_program() {
	local lt
	lt=$(dirname "$1")/.libs/$(basename "$1")
	if [[ -x $lt ]]; then echo "$lt"; else echo "$1"; fi
}

# The table of domains (xenstored/hv_test.h) with domain 0 in it, and its ring.
dom0_alone() {
	printf 'xhvt\1\0\0\0\1\0\0\0\0\0\0\0' >"$1/domains"
	truncate -s 4096 "$1/0"
}

# daemon_command KIND DIR: sets $command, which runs it in the foreground.
daemon_command() {
	local dir=$2 peer bin

	# A sanitizer's runtime would have to be loaded before the library.
	peer=(env LD_PRELOAD="$shim" XLD_SHIM_DIR="$dir" XENSTORED_RUNDIR="$dir"
		"LD_LIBRARY_PATH=/lib/x86_64-linux-gnu:$unpacked/usr/lib/x86_64-linux-gnu")
	bin=$unpacked/usr/lib/xen-4.17/bin
	case $1 in
	ours | ours-rings)
		command=(env XENSTORED_RUNDIR="$dir"
			LD_LIBRARY_PATH="$build/libxenctrl/.libs"
			"$(real_program "$build/xenstored/xenstored")"
			--no-fork)
		if [[ $1 == ours ]]; then
			command+=(--no-xen)
		else
			command+=(--test-hv "$dir")
			dom0_alone "$dir"
		fi ;;
	c)
		command=("${peer[@]}" "$bin/xenstored" -N -W 100000000
			-E 100000000 -t 1000 -S 4096) ;;
	o)
		oxenstored_conf "$dir" >"$dir/conf"
		command=("${peer[@]}" "$bin/oxenstored" --no-fork
			--no-access-log --config-file "$dir/conf") ;;
	null) command=("$build/tests/bench/xsbench" --serve-null "$dir/socket") ;;
	esac
}

# daemon_up KIND DIR [PREFIX...]: starts it in a fresh DIR; its pid in $started.
daemon_up() {
	local kind=$1 dir=$2 command
	shift 2

	rm -rf "$dir"
	mkdir -p "$dir"
	daemon_command "$kind" "$dir"
	"$@" "${command[@]}" >"$dir.log" 2>&1 &
	started=$!
	for _ in {1..100}; do
		[[ -S $dir/socket ]] && return
		kill -0 "$started" 2>/dev/null || break
		sleep 0.05
	done
	cat "$dir.log" >&2
	die "the daemon '$kind' does not start"
}

daemon_down() {
	kill -KILL "$1" 2>/dev/null || true
	wait "$1" 2>/dev/null || true
}
