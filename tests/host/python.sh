#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# with: python
# The Python modules do what their C libraries do, on a guest that runs; the
# examples of their pages are true.
. "$(dirname "$0")/lib.sh"

check "a guest" xm create -q "$(tiny_config snake 'extra = "dirty=500,256"')"
cleanup xm destroy snake
domid=$(xm domid snake)
up() { xm console --log snake | grep -q 'TINY UP'; }
wait_for 120 up || fail "the guest does not start"
modprobe xen-gntalloc 2>/dev/null
before=$(xenstore-list /)

check "the modules" python3 "$progs/prog_python.py" "$domid"
same "nodes left" "$before" "$(xenstore-list /)"
same "domains left" "Domain-0 snake" "$(xm list --names | xargs)"

# What README.md shows, on this guest.
awk '/^    from xen import/ { on = 1 } on && /^[^ ]/ { exit }
	on { print substr($0, 5) }' /usr/share/doc/xld/README.md \
	>"$scratch/example.py"
check "the example of README.md" test -s "$scratch/example.py"
expect_status 0 python3 "$scratch/example.py"
contains "the guest" "$out" "^$domid snake 16 MiB\$"
said=$(sed -n 's/.*print(e) *# //p' "$scratch/example.py")
same "the sentence that README.md says" "$said" "${out##*$'\n'}"
