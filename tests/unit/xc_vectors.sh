#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Nothing that libxenctrl can send is without a vector: each function that its
# headers declare has a row in xc_vec_*.c or a reason in test_xc_vectors.c, and
# each operation that its sources name was sent by one and compared.
srcdir=${srcdir:-.}
top=$srcdir/../..
bad=0

. "$srcdir/../lint/xc_declared.sh"

say() { echo "$*"; bad=1; }

dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
export LC_ALL=C

./test_xc_vectors --list >"$dir/list" 2>"$dir/err"
case $? in
0) ;;
77) cat "$dir/list"; exit 77 ;;
*) cat "$dir/err"; say "the vectors fail: see test_xc_vectors" ;;
esac

# --- functions ---------------------------------------------------------------

xc_declared "$top" >"$dir/declared"
awk '$2 != "-" { print $1 }' "$dir/list" | sort -u >"$dir/compared"
awk '$2 == "-" { print $1 }' "$dir/list" | sort >"$dir/without"
sort -u "$dir/compared" "$dir/without" >"$dir/known"

each() {
	while read -r f; do
		say "$f: $1"
	done <"$2"
}
comm -23 "$dir/declared" "$dir/known" >"$dir/missing"
each "declared, but nothing in tests/unit/xc_vec_*.c compares what it sends" \
	"$dir/missing"
comm -13 "$dir/declared" "$dir/known" >"$dir/strange"
each "has a vector or a reason to have none, but is not declared" \
	"$dir/strange"
comm -12 "$dir/compared" "$dir/without" >"$dir/both"
each "has a vector and a reason to have none" "$dir/both"
[ "$(wc -l <"$dir/declared")" -ge 300 ] || say "the headers were not read"

# --- operations --------------------------------------------------------------

# "name hypercall operation" of each.
awk '$2 != "-" { print $2, $3 }' "$dir/list" | sort -u >"$dir/ops"

# Our own numbers.
own() {
	sed -n "s/^\t\($1[a-z0-9_]*\) = \([0-9]*\),.*/\1 $2 \2/p" \
		"$top/libxenctrl/xc_abi.h"
}
# Those of Xen's headers, wherever a source names them. Not these: the second
# step of an operation, each a function of its own, and constants.
named() {
	grep -ohE "\b$1[A-Za-z0-9_]+" "$top"/libxenctrl/*.c | sort -u |
		grep -vE "^XENMEM_(access|paging|sharing)_op_|XENMEM_[A-Z]|\
^HVMOP_altp2m_|HVMOP_ALTP2M|_INTERFACE_VERSION|^XEN_DMOP_no_gfns" |
		sed "s/.*/vec_op \"&\" $2 &/"
}
{
	for h in xen event_channel grant_table hvm/dm_op hvm/hvm_op hypfs \
		kexec memory physdev platform sched version xsm/flask_op; do
		echo "#include <xen/$h.h>"
	done
	named XENMEM_ 12
	named XENVER_ 17
	named GNTTABOP_ 20
	named MMUEXT_ 26
	named FLASK_ 27
	named SCHEDOP_ 29
	named EVTCHNOP_ 32
	named PHYSDEVOP_ 33
	named HVMOP_ 34
	named KEXEC_CMD_ 37
	named XEN_DMOP_ 41
	named XEN_HYPFS_OP_ 42
	named XENPF_ 7
} >"$dir/ops.c"
${CC:-cc} -E -P -D__XEN_TOOLS__ "$dir/ops.c" |
	sed -n 's/^vec_op "\(.*\)" \([0-9]*\) (*\([0-9]\+\))*$/\1 \2 \3/p' \
		>"$dir/numbers"
[ "$(wc -l <"$dir/numbers")" = "$(grep -c ^vec_op "$dir/ops.c")" ] ||
	say "Xen's headers do not have all the numbers that libxenctrl names"
{
	own DOMCTL_ 36
	own SYSCTL_ 35
	sed -n 's/^#define \(PF_[A-Z0-9_]*\)  *\([0-9]*\).*/\1 7 \2/p' \
		"$top/libxenctrl/xc_platform.c"
	cat "$dir/numbers"
} >"$dir/wanted"

while read -r name hypercall op; do
	grep -qx "$hypercall $op" "$dir/ops" ||
		say "$name (hypercall $hypercall, $op): no vector sends it"
done <"$dir/wanted"
[ "$(wc -l <"$dir/wanted")" -ge 200 ] || say "the sources were not read"

# --- hypercalls --------------------------------------------------------------

sed -n 's/^#define \(XC_HC_[A-Z_]*\)[ \t]*\([0-9]*\)$/\1 \2/p' \
	"$top/libxenctrl/xc_abi.h" >"$dir/hypercalls"
while read -r name number; do
	grep -q "^$number " "$dir/ops" || say "$name: no vector"
done <"$dir/hypercalls"
[ -s "$dir/hypercalls" ] || say "no hypercalls in xc_abi.h"
exit $bad
