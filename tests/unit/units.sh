#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# The units as systemd reads them: nothing unknown in them, and no more exposed than
# they were (systemd-analyze security, without a running systemd).
type systemd-analyze >/dev/null 2>&1 || {
	echo "skip: there is no systemd-analyze (package systemd)"
	exit 77
}
build=${top_builddir:-../..} source=${srcdir:-.}/../..
scratch=$(mktemp -d) || exit 99
trap 'rm -rf "$scratch"' EXIT
bad=0
fail() {
	echo "FAIL: $*"
	bad=1
}

# The programs need not be installed.
for unit in xenstored.service xld.service xld-guests.service; do
	sed -E 's|^(Exec[A-Za-z]*=)/[^ ]*|\1/bin/true|' "$build/dist/$unit" >"$scratch/$unit" ||
		fail "there is no $unit"
done
cp "$source/dist/xld.socket" "$source/dist/proc-xen.mount" "$scratch/"
for unit in "$scratch"/*; do
	# (Manual pages are looked for on this machine.)
	words=$(systemd-analyze verify --man=no "$unit" 2>&1 | grep -F "$scratch")
	[ -z "$words" ] || fail "$(basename "$unit"): $words"
done

# Tenths of systemd's measure of exposure.
while read -r unit most; do
	words=$(systemd-analyze security --no-pager --offline=yes --threshold="$most" "$scratch/$unit" 2>&1) ||
		fail "$unit is more exposed than $most tenths: $(tail -n 1 <<<"$words")"
	tail -n 1 <<<"$words"
done <<'UNITS'
xenstored.service 29
xld.service 52
UNITS

# Those give a unit a /proc of its own, without xenfs.
words=$(grep -nE '^(ProtectProc|ProcSubset|ProtectKernelTunables|ProtectControlGroups|MountAPIVFS)=' "$build"/dist/*.service)
[ -z "$words" ] || fail "/proc/xen is hidden by $words"

# systemd stops what requires a unit that is started again: guests, after a crash.
words=$(grep -nE '^(Requires|BindsTo|PartOf)=' "$build"/dist/*.service)
[ -z "$words" ] || fail "a restart would be passed on by $words"

# What must not be lost: guests' device models when xld ends.
grep -q '^KillMode=process$' "$scratch/xld.service" ||
	fail "xld.service: its end would be the end of device models"
grep -q "^ExecStart=.*/xld --foreground\$" "$build/dist/xld.service" || fail "xld.service: ExecStart"
exit $bad
