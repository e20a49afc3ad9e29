# SPDX-License-Identifier: LGPL-2.1-or-later
# For other scripts: the functions that libxenctrl's headers declare, sorted.
# $1: the top source directory.
xc_declared() {
	for h in "$1"/libxenctrl/xenctrl*.h; do
		${CC:-cc} -E -P -I"$1/libxenctrl" "$h"
	done | tr -s '\n\t ' '   ' | grep -oE '\bxc_[a-z0-9_]+ ?\(' |
		tr -d ' (' | sort -u
}
