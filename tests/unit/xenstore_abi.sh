#!/bin/sh
# SPDX-License-Identifier: LGPL-2.1-or-later
# Our libxenstore.so.4 has every symbol of Debian's, of the same kind and
# version; what programs are linked with is not lost.
top_builddir=${top_builddir:-../..}
ours=$top_builddir/libxenstore/.libs/libxenstore.so.4
theirs=$(${CC:-cc} -print-file-name=libxenstore.so.4)
bad=0

[ -e "$theirs" ] || { echo "no libxenstore.so.4 of Debian's"; exit 77; }

# Name@VERSION and kind of what a library defines.
symbols() {
	nm -D --defined-only "$1" | awk '$2 == "T" { sub(/@@/, "@", $3); print $3 }' |
		LC_ALL=C sort
}
# A tag of the dynamic section.
tag() { readelf -d "$1" | sed -n "s/.*($2).*\[\(.*\)\]/\1/p"; }

[ "$(symbols "$theirs" | wc -l)" -ge 37 ] || {
	echo "$theirs defines too little to be compared with"
	bad=1
}
dir=$(mktemp -d) || exit 99
trap 'rm -rf "$dir"' EXIT
symbols "$theirs" >"$dir/theirs"
symbols "$ours" >"$dir/ours"
missing=$(LC_ALL=C comm -23 "$dir/theirs" "$dir/ours")
[ -z "$missing" ] || { echo "missing: $missing"; bad=1; }
[ "$(tag "$ours" SONAME)" = "$(tag "$theirs" SONAME)" ] || {
	echo "soname $(tag "$ours" SONAME)"
	bad=1
}
# Ours besides: later releases' and our own, each in a version of its own.
others=$(LC_ALL=C comm -13 "$dir/theirs" "$dir/ours" |
	grep -vE '@(VERS_4\.[12]|XLD_1\.0)$')
[ -z "$others" ] || { echo "of no known version: $others"; bad=1; }
# Nothing is needed that Debian's does not need.
for lib in $(tag "$ours" NEEDED); do
	tag "$theirs" NEEDED | grep -qx "$lib" || case $lib in
	libasan.so.* | libubsan.so.* | ld-linux-*) ;;
	*) echo "needs $lib"; bad=1 ;;
	esac
done

# A program linked with Debian's runs with ours, as long as it may: then not even
# a daemon that comes back gets a word of it. (A sanitizer's runtime would have
# to be in the program.)
if nm -D "$ours" | grep -qE '__(asan|ubsan)_'; then exit $bad; fi
cat >"$dir/p.c" <<'C'
#include <errno.h>
#include <stdio.h>
#include <xenstore.h>
#include <xentoolcore.h>

int
main(void)
{
	struct xs_handle *h = xs_open(0);

	if (h == NULL || !xs_write(h, 0, "/a", "1", 1)) {
		perror("before");
		return 1;
	}
	if (xentoolcore_restrict_all(7) != 0) {
		perror("restrict");
		return 1;
	}
	if (xs_write(h, 0, "/a", "2", 1) || errno != EBADF) {
		perror("after");
		return 1;
	}
	if (xs_write(h, 0, "/a", "3", 1))
		return 1;
	xs_close(h);
	return 0;
}
C
XENSTORED_PATH=$dir/s XENSTORED_RUNDIR=$dir
export XENSTORED_PATH XENSTORED_RUNDIR
"$top_builddir/xenstored/xenstored" --no-xen --pid-file "$dir/pid" || exit 1
trap 'kill "$(cat "$dir/pid")"; rm -rf "$dir"' EXIT
${CC:-cc} -o "$dir/p" "$dir/p.c" "$theirs" -lxentoolcore || bad=1
LD_LIBRARY_PATH=$(dirname "$ours") "$dir/p" || bad=1
[ "$("$top_builddir/libxenstore/xenstore" read /a)" = 1 ] || {
	echo "a restricted handle still writes"
	bad=1
}

# Debian's and ours give the same answers.
${CC:-cc} -I"${srcdir:-.}/../../libxenstore" -o "$dir/a" \
	"${srcdir:-.}/xs_answers.c" "$theirs" -lpthread || bad=1
timeout 60 "$dir/a" >"$dir/their-answers" || bad=1
LD_LIBRARY_PATH=$(dirname "$ours") timeout 60 "$dir/a" >"$dir/our-answers" || bad=1
[ "$(wc -l <"$dir/our-answers")" -ge 100 ] || bad=1
diff -a "$dir/their-answers" "$dir/our-answers" || bad=1
exit $bad
