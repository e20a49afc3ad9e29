# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Command lines of the emulator. Everything temporary is an unlinked file.

# KVM only where it can work: a /dev/kvm without vmx or svm hangs.
acceleration() {
	if grep -qE '^flags.* (vmx|svm)( |$)' /proc/cpuinfo &&
		[[ -r /dev/kvm && -w /dev/kvm ]]; then
		accel=(-accel kvm -cpu host)
	else
		accel=(-accel "tcg,thread=multi" -cpu "qemu64,+svm,+npt")
	fi
}

# Opens descriptor $1 on an unlinked file holding base and overlay.
open_initrd() {
	local tmp
	tmp=$(mktemp "${TMPDIR:-/tmp}/xenhost.XXXXXX")
	eval "exec $1<>\"\$tmp\""
	rm -f "$tmp"
	cat "$base" ${overlay_file:+"$overlay_file"} >"/proc/self/fd/$1"
}

open_log() {
	local tmp
	if [[ -n $log ]]; then
		exec 8<>"$log" || die "cannot write $log"
		: >"$log"
	else
		tmp=$(mktemp "${TMPDIR:-/tmp}/xenhost.XXXXXX")
		exec 8<>"$tmp"
		rm -f "$tmp"
	fi
}

# qemu NAME TOOLSTACK INITRD_FD CHANNEL -> words in $words
emulator() {
	local name=$1 stack=$2 initrd=$3 channel=$4 f nic
	local xenargs="console=com1 com1=115200,8n1 dom0_mem=${dom0_mem}M,max:${dom0_mem}M"
	local dom0args="console=hvc0 earlyprintk=xen quiet nokaslr panic=1"

	xenargs+=" loglvl=all guest_loglvl=all noreboot cpuidle=0"
	dom0args+=" xh.name=$name xh.toolstack=$stack xh.image=$image"
	words=(qemu-system-x86_64 "${accel[@]}" -smp "$cpus" -m "$mem"
		-nographic -no-reboot -nodefaults
		-kernel "$hypervisor" -append "$xenargs"
		-initrd "/proc/self/fd/6 $dom0args,/proc/self/fd/$initrd"
		-serial "file:/proc/self/fd/8"
		-device virtio-serial-pci,max_ports=4
		-device virtio-rng-pci)
	[[ -n $channel ]] && words+=(
		-chardev "socket,id=ctl,fd=$channel"
		-device virtserialport,chardev=ctl,name=xh)
	nic="user,id=u0"
	if [[ $name != hostb ]]; then
		for f in "${forwards[@]+"${forwards[@]}"}"; do
			nic+=",hostfwd=tcp:127.0.0.1:${f%:*}-:${f#*:}"
		done
		[[ -n $share ]] && words+=(-virtfs
			"local,path=$share,mount_tag=host,security_model=none")
	fi
	words+=(-netdev "$nic" -device "virtio-net-pci,netdev=u0")
	[[ $image == full ]] && words+=(-drive
		"file=$full_disk,if=virtio,format=raw,snapshot=on")
	return 0
}

start_run() {
	exec 6<"$vmlinuz"
	open_log
	acceleration
}

boot_one() {
	start_run
	open_initrd 7
	emulator hosta "$toolstack" 7 @CHAN@
	exec "$agent" run --log 8 --timeout "$timeout" "$@" -- "${words[@]}" -- \
		/usr/local/sbin/start-toolstack "${command[@]}"
}

boot_shell() {
	[[ -t 0 ]] || die "shell needs a terminal; use run -- CMD"
	timeout=86400
	boot_one --tty
}

boot_pair() {
	local port also

	start_run
	open_initrd 7
	open_initrd 5
	# A port nobody listens on; the pair's private Ethernet.
	port=$((20000 + RANDOM % 20000))
	while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do
		port=$((20000 + RANDOM % 20000))
	done
	emulator hostb "$toolstack" 5 ''
	words+=(-netdev "socket,id=n1,connect=127.0.0.1:$port,reconnect=1"
		-device virtio-net-pci,netdev=n1,mac=52:54:00:09:00:02)
	also=("${words[@]}")
	emulator hosta "$toolstack" 7 @CHAN@
	words+=(-netdev "socket,id=n1,listen=127.0.0.1:$port"
		-device virtio-net-pci,netdev=n1,mac=52:54:00:09:00:01)
	exec "$agent" run --log 8 --timeout "$timeout" --also -- "${also[@]}" -- \
		"${words[@]}" -- /usr/local/sbin/start-toolstack "${command[@]}"
}
