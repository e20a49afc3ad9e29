# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034,SC2154
# Words of the tests beside Debian's xl, behind lib.sh: $xl, with a console daemon, and
# its scripts for devices, which call the store's tools that are there, ours, with the
# library that xl brings: for them ours is in its place.

xl=$peer/xl
verify_stream() {
	PYTHONPATH=/usr/lib/xen-4.17/lib/python \
		python3 "$peer/verify-stream-v2" -f xl -i "$1"
}
if [ -x /etc/xen/scripts/block ]; then
	their_store=$(readlink -f /usr/lib/xen-4.17/lib/libxenstore.so.4)
	check "our library for xl" mount --bind \
		"$(readlink -f /usr/lib/libxenstore.so.4)" "$their_store"
	cleanup 'umount "$their_store"'
fi
cleanup 'kill_all TERM xenconsoled'
# xl waits for the console of each guest.
check "Debian's xenconsoled" "$peer/xenconsoled" --pid-file=/run/xenconsoled.pid
