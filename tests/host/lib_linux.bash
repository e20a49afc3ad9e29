# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Words of the tests that look at a Linux guest from inside; sourced behind lib.sh.

# linux_initrd MODULE...: $scratch/initrd.img, whose Linux loads the modules and
# does what comes over its console; linux_shell talks to it. Its kernel is to be
# booted with "quiet": a warning of its own in the middle of an answer spoils that.
linux_initrd() {
	# After a restart xld knows all that guests of the name have said, and their
	# answers had the same numbers.
	rm -f /var/log/xen/console/guest-linux.log
	mkdir -p "$scratch/extra"
	{
		cat <<-'INIT'
			#!/bin/sh
			export PATH=/sbin:/bin:/usr/sbin:/usr/bin
			mount -t proc proc /proc
			mount -t sysfs sys /sys
			mount -t devtmpfs dev /dev 2>/dev/null
			exec </dev/console >/dev/console 2>&1
			stty -echo
		INIT
		echo "for m in $*; do modprobe \$m; done"
		cat <<-'INIT'
			echo "GUEST UP"
			n=0
			while read -r line; do
				n=$((n + 1))
				eval "$line"
				echo "END $n $?"
			done
		INIT
	} >"$scratch/extra/init"
	{ gunzip -c /boot/guest/initrd.img
		archive init "$scratch/extra/init"
	} >"$scratch/initrd.img"
}

# QEMU's VMRUN (7.2) leaves the number of an interrupt that it has injected behind,
# and raises it once more, whatever the guest's flags say, when another of its threads
# asks for attention before the guest's next exit. Xen 4.14 has one interrupt for all
# event channels of such a guest, which stays pending until it is served; there it
# happens about once in two minutes of a busy guest (counted with a probe in QEMU), and
# kills Linux where it is in the handler's first instructions. Nothing of ours has
# a part in it: it was seen with guests that were just created. Linux says so:
interrupted_twice() {
	local where='RIP: 0010:asm_sysvec_xen_hvm_callback\+0x[0-9a-f]/'

	cat "$scratch/console" /var/log/xen/console/guest-linux.log 2>/dev/null |
		grep -aE "$where|Kernel panic" | grep -A 9 -E "$where" |
		grep -q 'Kernel panic'
}
# Then the test begins anew, aloud, up to three times.
fail() {
	local i

	if interrupted_twice && [[ $(xm info) == *xen_minor*': 14'* ]] &&
		[ "${TEST_AGAIN:-0}" -lt 3 ] && [ "$BASHPID" = $$ ]; then
		echo "AGAIN: the emulator gave the guest an interrupt twice" >&2
		for ((i = ${#cleanups[@]} - 1; i >= 0; i--)); do eval "${cleanups[i]}"; done
		rm -rf "$scratch"
		trap - EXIT
		exec env TEST_AGAIN=$((${TEST_AGAIN:-0} + 1)) bash "$0" >&2
	fi
	echo "FAILED: $*" >&2
	exit 1
}

# linux_shell DOMAIN: when it is up, guest COMMAND runs there: its output and
# status. Ends with exec 8>&-.
linux_shell() {
	rm -f "$scratch/in" "$scratch/console"
	mkfifo "$scratch/in"
	xm console "$1" <"$scratch/in" >"$scratch/console" 2>&1 &
	exec 8>"$scratch/in"
	seen() { grep -qE 'GUEST UP|Kernel panic' "$scratch/console"; }
	check "Linux reaches user space" wait_for 240 seen
	said=0
}
# linux_again DOMAIN: the same with one that has been up for long.
linux_again() {
	rm -f "$scratch/in" "$scratch/console"
	mkfifo "$scratch/in"
	echo "END $said 0" >"$scratch/console"
	xm console "$1" <"$scratch/in" >>"$scratch/console" 2>&1 &
	exec 8>"$scratch/in"
}
guest() {
	said=$((said + 1))
	echo "$*" >&8
	# All of the line: it comes in pieces.
	ended() { grep -qE "^END $said [0-9]+[^0-9]$1" "$scratch/console"; }
	wait_for 60 ended '|Kernel panic'
	ended '' || fail "the guest does not answer to: $*; of" \
		"$({ xm list | tail -n 1; xm dmesg |
			grep -aiE 'triple|crash|fault|d[1-9][0-9]*v' | tail -n 3
			tail -n 3 "$scratch/console"; } | tr '\r\n' '  ')"
	# A console that is opened anew may tell once more what there was before.
	tr -d '\r' <"$scratch/console" | awk -v n="$said" '
		$1 == "END" && $2 == n { printf "%s", out; exit }
		$1 == "END" && $2 == n - 1 { seen = 1; out = ""; next }
		seen { out = out $0 "\n" }'
	return "$(tr -d '\r' <"$scratch/console" |
		sed -n "s/^END $said \\([0-9]*\\).*/\\1/p" | tail -n 1)"
}
