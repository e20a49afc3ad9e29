#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every function that libxenctrl's headers declare is exported and has a row in
# tests/host, and every row's function is declared; every header is installed.
top=${srcdir:-.}/../..
build=${top_builddir:-../..}
rows=$build/tests/host/prog_xcrows
bad=0

. "${srcdir:-.}/xc_declared.sh"

say() { echo "$*"; bad=1; }

[ -x "$rows" ] || { echo "configured without --enable-fault-injection"; exit 77; }
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
export LC_ALL=C

"$rows" --list | sort -u >"$dir/rows"
nm -D --defined-only "$build/libxenctrl/.libs/libxenctrl.so" |
	sed -n 's/.* T \(xc_[a-z0-9_]*\).*/\1/p' | sort -u >"$dir/exported"
for h in "$top"/libxenctrl/xenctrl*.h; do
	grep -q "[ 	]${h##*/}\( \|\$\)" "$top/libxenctrl/Makefile.am" ||
		say "${h##*/} is not in libxenctrl/Makefile.am"
done
xc_declared "$top" >"$dir/declared"

differ() {
	found=$(comm -23 "$dir/$1" "$dir/$2")
	[ -z "$found" ] || say "$3:
$found"
}
differ declared rows "declared, but without a row in tests/host/rows_*.c"
differ rows declared "rows of functions that no header declares"
differ declared exported "declared, but not exported"
differ exported declared "exported, but not declared"
[ "$(wc -l <"$dir/declared")" -ge 80 ] || say "the headers were not read"
exit $bad
