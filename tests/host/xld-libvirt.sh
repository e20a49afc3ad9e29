#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# xen: 4.17
# image: full
# toolstack: own
# timeout: 600
# Debian's libvirt, whose driver is Debian's libxl, on our store and beside our daemon:
# each shows, pauses and ends the guests of the other, and none takes them away.
. "$(dirname "$0")/lib.sh"

# As root on a socket, where nobody can be asked.
mkdir -p /etc/libvirt
printf '%s = "none"\n' auth_unix_ro auth_unix_rw >/etc/libvirt/libvirtd.conf
# Its other drivers want somebody to be.
id libvirt-qemu >/dev/null 2>&1 || useradd --system --user-group libvirt-qemu
# Each processor that it knows has vme, and QEMU's emulation has not.
sed -i "/name='vme'/d" /usr/share/libvirt/cpu_map/x86_486.xml
virsh() { command virsh -q -c xen:///system "$@" </dev/null; }
cleanup 'xm destroy ours 2>/dev/null; virsh destroy theirs 2>/dev/null
	kill_all TERM libvirtd; kill_all TERM xenconsoled'
cat >"$scratch/theirs.xml" <<-XML
	<domain type='xen'>
	  <name>theirs</name>
	  <memory unit='MiB'>64</memory>
	  <vcpu>1</vcpu>
	  <os>
	    <type arch='x86_64' machine='xenpv'>linux</type>
	    <kernel>/boot/guest/tiny</kernel>
	    <cmdline>tick=200</cmdline>
	  </os>
	  <on_poweroff>destroy</on_poweroff>
	  <on_crash>destroy</on_crash>
	</domain>
XML

check "Debian's xenconsoled" $peer/xenconsoled --pid-file=/run/xenconsoled.pid
libvirtd >"$scratch/libvirtd" 2>&1 &
answers() { virsh version; }
wait_for 60 answers || fail "libvirt does not come up: $(tail -n 5 "$scratch/libvirtd")"
check "ours" xm create -q "$(tiny_config ours 'extra="tick=200"')"
ours=$(xm domid ours)
check "theirs" virsh create "$scratch/theirs.xml"
theirs=$(virsh domid theirs)

contains "xm shows theirs" "$(xm list)" "^theirs +$theirs +6[0-9] +1 "
same "its domid" "$theirs" "$(xm domid theirs)"
same "its uuid" "$(virsh domuuid theirs)" "$(xm domid theirs >/dev/null &&
	xm list --format json theirs | "$progs/prog_json" 0 uuid)"
expect_status 1 xm console theirs
contains "whose console it is" "$err" 'another toolstack'
# libvirt does not look whether somebody else has paused one.
check "xm pauses theirs" xm pause theirs
contains "paused for xm" "$(xm list theirs)" ' -[b-]p--- '
check "xm goes on" xm unpause theirs
check "libvirt pauses theirs" virsh suspend theirs
contains "paused for xm" "$(xm list theirs)" ' -[b-]p--- '
check "libvirt goes on" virsh resume theirs
contains "running for xm" "$(xm list theirs)" ' [r-][b-]---- '

# Ours does not mind what it does.
same "ours runs" "$ours" "$(xm domid ours)"
kill_all KILL xld
check "xld again" /usr/sbin/xld --daemon
shows() { xm domid theirs && xm domid ours; }
check "it has both again" wait_for 30 shows
same "the same" "$theirs $ours" "$(xm domid theirs) $(xm domid ours)"

check "libvirt ends its own" timeout 60 virsh destroy theirs
gone() { ! xm domid theirs; }
check "xm sees that" wait_for 20 gone
check "theirs again" virsh create "$scratch/theirs.xml"
check "xm ends it" timeout 60 xm shutdown -w theirs
told() { ! virsh domid theirs; }
check "libvirt sees that" wait_for 20 told
check "ours ends" timeout 60 xm shutdown -w ours
same "no domain" 1 "$("$progs/prog_xcrows" --count)"
