#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Every target with its seeds, in the folder it was built in.
set -u
shopt -s nullglob
status=0
for target in fuzz_*; do
	[[ -x $target && ! -d $target && $target != *.* ]] || continue
	if ! ./"$target" "${srcdir:-.}/seeds/${target#fuzz_}"/* >"$target.out" 2>&1; then
		echo "$target fails:"
		tail -n 20 "$target.out"
		status=1
	fi
done
exit "$status"
