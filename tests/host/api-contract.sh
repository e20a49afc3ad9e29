#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 1200
# The contract of the API, made from its tables (prog_contract.c), as users of all
# six roles.
. "$(dirname "$0")/lib.sh"

conf=/etc/xld/xld.conf
cp $conf "$scratch/xld.conf"
cp /etc/passwd /etc/shadow "$scratch/"
cleanup 'cp "$scratch/xld.conf" $conf; cp "$scratch/passwd" /etc/; cat "$scratch/shadow" >/etc/shadow
	restart_xld; for g in h r p; do xm destroy $g; xm delete $g; done >/dev/null 2>&1'

# Users with root's password, one a role.
hash=$(sed -n 's/^root:\([^:]*\):.*/\1/p' /etc/shadow)
roles=(read_only vm_operator vm_admin vm_power_admin pool_operator pool_admin)
sed -i -e '/^ *\(read_only\|vm_operator\|vm_admin\|vm_power_admin\|pool_operator\|pool_admin\)\>/d' $conf
for i in 0 1 2 3 4 5; do
	echo "role$i:x:$((7000 + i)):7000::/:/bin/false" >>/etc/passwd
	echo "role$i:$hash:19000:0:99999:7:::" >>/etc/shadow
	echo "${roles[i]} = role$i" >>$conf
done
restart_xld
chmod 666 /run/xld/api.sock
check "h" xm new -q "$(tiny_config h)"
check "r" xm create -q "$(tiny_config r 'extra="tick=1000"')"
check "p" xm create -q -p "$(tiny_config p)"
check "the contract" "$progs/prog_contract" xld h r p
for g in h r p; do check "$g is still there" xm list $g; done
