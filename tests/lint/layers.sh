#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# The layers of HACKING.md, by what each folder includes; public headers compile
# alone; every source names its licence.
top=${srcdir:-.}/../..
cd "$top" || exit 99
bad=0

say() { echo "$*"; bad=1; }

# forbid FOLDER PATTERN WHY
forbid() {
	found=$(grep -rnE "^#[ 	]*include[ 	]+[<\"]($2)" "$1" --include='*.[ch]' 2>/dev/null)
	[ -z "$found" ] || say "$1 $3:
$found"
}

ours='xenctrl\.h|xenguest\.h|xenstore\.h|xenapi\.h|xc_|xg_|xs_|xsd|xld|xapi'
forbid common "$ours|xen/" "must know nothing of Xen"
forbid model 'xu_|xen|xc_|xs_' "includes nothing but its own schema"
forbid libxenctrl 'xenguest|xenstore|xenapi|xg_|xs_|xsd|xu_' "stands on the kernel alone"
forbid libxenctrl 'xen/domctl\.h|xen/sysctl\.h' "has its own definitions of these"
forbid libxenguest 'xenstore|xenapi|xs_|xsd|xc_' "stands on libxenctrl's public header"
forbid libxenstore 'xenctrl|xenguest|xenapi|xc_|xg_|xsd' "is a client of the wire only"
forbid xenstored 'xenstore\.h|xenguest|xenapi|xs_|xg_|xc_' "does not use libxenstore"
forbid xen-api 'xen/|xenctrl|xenguest|xenstore' "includes no Xen header"
forbid xm-cli 'xen/|xenctrl|xenguest|xenstore' "includes no Xen header"

for h in libxenctrl/xenctrl.h libxenguest/xenguest.h libxenstore/xenstore.h \
	xen-api/xenapi.h; do
	[ -e "$h" ] || continue
	for std in c11 c99; do
		echo "#include \"$(basename "$h")\"" |
			${CC:-cc} -std=$std -pedantic -Wall -Wextra -Werror \
				-I"$(dirname "$h")" -Ilibxenctrl -fsyntax-only -x c - ||
			say "$h does not compile alone as $std"
	done
	echo "#include \"$(basename "$h")\"" |
		${CC:-cc} -Wall -Wextra -Werror -I"$(dirname "$h")" \
			-Ilibxenctrl -fsyntax-only -x c++ - ||
		say "$h does not compile as C++"
done

for f in $(find . -path ./build -prune -o -path './build-*' -prune -o \
	-path ./_build -prune -o -path ./_inst -prune -o \
	-path ./config.h -prune -o \
	-name '*.[chS]' -print -o -name '*.am' -print -o -name '*.sh' -print); do
	head -n 3 "$f" | grep -q 'SPDX-License-Identifier: LGPL-2.1-or-later' ||
		say "$f has no licence line"
	lines=$(wc -l <"$f")
	[ "$lines" -le 900 ] || say "$f has $lines lines: more than one idea?"
done
exit $bad
