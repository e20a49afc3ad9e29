#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The xenstore commands and the daemon, both real, over a socket and without
# Xen: what is printed, to the byte, and the exit status.
top_builddir=${top_builddir:-../..}
dir=$(mktemp -d) || exit 99
XENSTORED_PATH=$dir/s
export XENSTORED_PATH
"$top_builddir/xenstored/xenstored" --no-xen --pid-file "$dir/pid" || exit 1
trap 'kill "$(cat "$dir/pid")"; rm -rf "$dir"' EXIT
bad=0

xs() { "$top_builddir/libxenstore/xenstore" "$@"; }

# prints WANT ARGS...: output, with the status behind it.
prints() {
	want=$1
	shift
	got=$(xs "$@" 2>"$dir/err"; echo "=$?")
	[ "$want" = "$got" ] && return
	printf '%s: xenstore %s\nwanted:\n%s\ngot:\n%s\n' "$0" "$*" "$want" "$got"
	cat "$dir/err"
	bad=1
}

# A character many times.
many() { printf "%0$2d" 0 | tr 0 "$1"; }

prints '=0' write /t/a 1 /t/b 'x\ty\x81\\' /t/d/e ''
prints '1
=0' read /t/a
prints '/t/a: 1
/t/b: x\ty\x81\\
=0' read -p /t/a /t/b
prints '1=0' read -R /t/a
# What comes before the one that fails is told.
prints '1
=1' read /t/a /t/none /t/b
grep -q '^xenstore-read: .*/t/none: No such file' "$dir/err" || bad=1
prints '=2' write /t/a
prints '=2' write /t/a '\q'
prints 'a
b
d
=0' list /t
prints '/t/a
/t/b
/t/d
=0' list -p /t
prints '=0' exists /t /t/a
prints '=1' exists /t/none

prints '=0' chmod /t/a n0 r1 w2 b3
prints 'a = "1"  . . . . . . . . . . . . . . . . . . . . . . . . . .  (n0,r1,w2,b3)
b = "x\ty\x81\\" . . . . . . . . . . . . . . . . . . . . . .  (n0)
d = "" . . . . . . . . . . . . . . . . . . . . . . . . . . .  (n0)
 e = ""  . . . . . . . . . . . . . . . . . . . . . . . . . .  (n0)
=0' ls -p /t
prints '/t/a = "1"   (n0,r1,w2,b3)
/t/b = "x\ty\x81\\"   (n0)
/t/d = ""   (n0)
/t/d/e = ""   (n0)
=0' ls -fp /t

# Lines are cut at the margin, but for full paths.
long=$(many n 70)
prints '=0' write "/l/$long" "$(many v 90)" /l/s "$(many v 90)"
prints "$long = \"vv\\...\"
s = \"$(many v 71)\\...\"
=0" ls /l
prints "$long = \"vv\\...\"  (n0)
s = \"$(many v 71)\\...\"  (n0)
=0" ls -p /l
prints "/l/$long = \"$(many v 90)\"
/l/s = \"$(many v 90)\"
=0" ls -f /l

# It is the value's own length that counts, not that of its escapes.
bytes='\x81\x82\x83\x84\x85\x86\x87\x88\x89\x8a\x8b\x8c\x8d\x8e\x8f\x90\x91\x92\x93'
prints '=0' write /e/e "$bytes"
prints "e = \"$bytes\"
=0" ls /e
prints '=0' rm /e

# For programs.
prints '{
  "/t/a": "1",
  "/t/b": "x\\ty\\x81\\\\"
}
=0' read --json /t/a /t/b
prints '[
  "a",
  "b",
  "d"
]
=0' list --json /t
prints '{
  "value": "",
  "permissions": [
    "n0"
  ],
  "children": {
    "e": {
      "value": "",
      "permissions": [
        "n0"
      ]
    }
  }
}
=0' ls --json -p /t/d
prints '=1' ls --json /none
prints '{"path":"/t/d","token":"/t/d"}
=0' watch --json -n 1 /t/d
prints '/t/d
=0' watch -n 1 /t/d

# Words for letters, and those that are none.
prints '/t/a: 1
=0' read --prefix /t/a
prints '=2' read --tidy /t/a
prints '=2' watch -n x /t
prints '=2' nonsense
for cmd in read write list ls exists rm chmod watch control; do
	xs $cmd --help | grep -q "^usage: xenstore-$cmd " || bad=1
	xs $cmd -h >/dev/null || bad=1
done
xs ls >/dev/full 2>&1 && bad=1

# The daemon's own: what it does not know it explains.
xs control check | grep -q '^OK' || bad=1
prints '=3' control nonsense
grep -q '^check ' "$dir/err" || bad=1
prints '=2' control
prints '=2' control live-update
prints '=2' control live-update -t soon /bin/true
XENSTORED_PATH=$dir/none "$top_builddir/libxenstore/xenstore" control check \
	2>"$dir/err"
[ $? = 1 ] || bad=1

# Missing, with and without a parent; parents that become empty.
prints '=0' rm /t/none
prints '=1' rm /no/parent
prints '=0' rm -t /t/d/e
prints '=1' exists /t/d
prints '=0' rm /t
prints '=0' rm /l
exit $bad
