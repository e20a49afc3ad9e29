# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Words of the tests of PCI functions, behind lib.sh: two cards, A and B.
A=0000:00:10.0
B=0000:00:11.0

# two_cards: are domain 0's, which has its driver for them; at the end again.
two_cards() {
	[ -e /sys/bus/pci/devices/$B/vendor ] ||
		fail "this host has no cards to give away; see xenhost's --device"
	cp /etc/xld/xld.conf "$scratch/xld.conf"
	# shellcheck disable=SC2016
	cleanup '{ xm destroy linux; xm destroy g; xm destroy h
		for c in $A $B; do xm pci-assignable-remove -r $c; done
		cp "$scratch/xld.conf" /etc/xld/xld.conf; restart_xld; } >/dev/null 2>&1'
	modprobe e1000 || fail "no driver e1000"
}

# driver FUNCTION: of domain 0.
driver() {
	local to

	to=$(readlink "/sys/bus/pci/devices/$1/driver")
	echo "${to##*/}"
}

# consent 0|1: to PCI functions without an IOMMU.
consent() {
	grep -v pci_without_iommu "$scratch/xld.conf" >/etc/xld/xld.conf
	echo "pci_without_iommu = $1" >>/etc/xld/xld.conf
	restart_xld
}

# shell_again DOMAIN: the viewer of linux_shell went with its xld.
shell_again() {
	local before=$said

	exec 8>&-
	linux_shell "$1"
	said=$before
}

# card_works SLOT GATEWAY: the guest has a driver for the card there, which talks, and
# hears its interrupts.
card_works() {
	local dir=/sys/bus/pci/devices/0000:00:0$1.0 address=${2%.*}.15 gateway=$2

	seen_there() { guest "ls $dir/net" >/dev/null; }
	check "the card is there" wait_for 120 seen_there
	guest "card=\$(ls $dir/net); ip link set \$card up; ip addr add $address/24 dev \$card" ||
		fail "the card cannot be switched on"
	talks() { guest "ping -c 1 -w 5 $gateway >/dev/null"; }
	check "$2 answers" wait_for 120 talks
	guest "grep -q ' [1-9][0-9]* .*xen-pirq.*'\$(ls $dir/net) /proc/interrupts" ||
		fail "the card interrupts nobody"
}
