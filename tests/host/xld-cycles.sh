#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# mem: 8192
# timeout: 600
# Twenty lives of a small guest (a hundred with --full) leave the host as it was:
# free memory as Xen has it, the store, open files of every daemon, event channels,
# grants.
. "$(dirname "$0")/lib.sh"

n=20
[ "${XLD_DEPTH:-default}" = full ] && n=100
config=$(tiny_config cycle)
cleanup 'xm destroy cycle 2>/dev/null'

# "daemon descriptors", a line each.
descriptors() {
	local p
	for p in xenstored xld xld-api; do
		echo "$p $(ls "/proc/$(pids $p)/fd" | wc -l)"
	done
}
# Maps of other domains' pages and event channels, by process.
maps() {
	local p
	for p in xenstored xld; do
		echo "$p $(grep -c 'privcmd\|gntdev' "/proc/$(pids $p)/maps")"
	done
}
life() {
	xm create -q "$config" && xm destroy cycle
}
# Xen keeps some pages for good in the first lives of a boot.
for _ in 1 2 3 4 5; do check "a first life" life; done
xenstore-ls -f / >"$scratch/store"
descriptors >"$scratch/descriptors"
maps >"$scratch/maps"
facts() { for f in domains free-pages channels grant-frames; do
	echo "$f $("$progs/prog_facts" $f)"; done; }
facts >"$scratch/facts"

for ((i = 0; i < n; i++)); do
	life || fail "life $i of $n"
done

check "the store" diff "$scratch/store" <(xenstore-ls -f /)
check "descriptors" diff "$scratch/descriptors" <(descriptors)
check "mappings" diff "$scratch/maps" <(maps)
check "what Xen says" diff "$scratch/facts" <(facts)
same "records" "" "$(ls /run/xld/domains /run/xld/intents | grep json)"
