# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Command lines of the emulator; xhagent runs them and fills in the marks
# @CHAN@ @INITRD@ @LOG@ @NET@ (agent/qemu.c).

# KVM only where it can work: a /dev/kvm without vmx or svm hangs.
acceleration() {
	if grep -qE '^flags.* (vmx|svm)( |$)' /proc/cpuinfo &&
		[[ -r /dev/kvm && -w /dev/kvm ]]; then
		accel=(-accel kvm -cpu host)
	else
		accel=(-accel "tcg,thread=multi" -cpu "qemu64,+svm,+npt")
	fi
}

# Memory and processors in equal parts; what is left over goes to the last one.
numa() {
	local n last=$((nodes - 1)) mib cpu

	for ((n = 0; n < nodes; n++)); do
		mib=$((mem / nodes))
		cpu=$((cpus / nodes))
		words+=(-object "memory-backend-ram,id=mem$n,size=$((n == last ? \
			mem - last * mib : mib))M"
			-numa "node,nodeid=$n,memdev=mem$n,cpus=$((n * cpu))-$((
			n == last ? cpus - 1 : n * cpu + cpu - 1))")
	done
}

# The emulator takes a doubled comma for one that is part of a name.
commas() { echo "${1//,/,,}"; }

# emulator NAME TOOLSTACK -> its words in $words
emulator() {
	local name=$1 stack=$2 f nic=user,id=u0
	local xenargs="console=com1 com1=115200,8n1 dom0_mem=${dom0_mem}M,max:${dom0_mem}M"
	local dom0args="console=hvc0 earlyprintk=xen quiet cryptomgr.notests nokaslr panic=1"

	xenargs+=" loglvl=all guest_loglvl=all cpuidle=0 bootscrub=0"
	dom0args+=" xh.name=$name xh.toolstack=$stack xh.image=$image"
	[[ $name != hosta || -z $share ]] || dom0args+=" xh.share=1"
	words=(qemu-system-x86_64 "${accel[@]}" -smp "$cpus" -m "$mem"
		-nographic -no-reboot -nodefaults
		-kernel "$hypervisor" -append "$xenargs"
		-initrd "/proc/self/fd/6 $dom0args,/proc/self/fd/@INITRD@"
		-chardev "file,id=con,path=/proc/self/fd/@LOG@,append=on"
		-serial chardev:con
		-device virtio-serial-pci,max_ports=4
		-device virtio-rng-pci)
	((nodes == 1)) || numa
	if [[ $name == hosta ]]; then
		words+=(-chardev "socket,id=ctl,fd=@CHAN@"
			-device virtserialport,chardev=ctl,name=xh)
		for f in "${forwards[@]+"${forwards[@]}"}"; do
			nic+=",hostfwd=tcp:127.0.0.1:${f%:*}-:${f#*:}"
		done
		[[ -n $share ]] && words+=(-virtfs
			"local,path=$(commas "$share"),mount_tag=host,security_model=none")
	fi
	words+=(-netdev "$nic" -device "virtio-net-pci,netdev=u0")
	[[ $name == hosta ]] && cards
	[[ $image == full ]] && words+=(-drive
		"file=$(commas "$full_disk"),if=virtio,format=raw,snapshot=on")
	return 0
}

# The second card: a cable between the two hosts that nobody else is on.
cable() {
	words+=(-netdev "socket,id=n1,fd=@NET@"
		-device "virtio-net-pci,netdev=n1,mac=52:54:00:09:00:0$1")
}

# Cards to be handed to guests, see --device: each has a network of its own.
cards() {
	local n=0 d

	for d in "${devices[@]+"${devices[@]}"}"; do
		words+=(-netdev "user,id=d$n,net=10.0.$((n + 3)).0/24"
			-device "$d,netdev=d$n,mac=52:54:00:0d:00:0$n,addr=0x1$n")
		n=$((n + 1))
	done
}

# What xhagent needs besides the emulators' words, in $options.
start_run() {
	exec 6<"$vmlinuz"
	acceleration
	options=(--timeout "$timeout" --initrd "$base")
	[[ -n $python_file ]] && options+=(--initrd "$python_file")
	[[ -n $overlay_file ]] && options+=(--initrd "$overlay_file")
	[[ -n $log ]] && options+=(--log "$log")
	return 0
}

boot_one() {
	start_run
	emulator hosta "$toolstack"
	exec "$agent" run "${options[@]}" "$@" -- "${words[@]}" -- \
		/usr/local/sbin/start-toolstack "${command[@]}"
}

boot_shell() {
	[[ -t 0 ]] || die "shell needs a terminal; use run -- CMD"
	timeout=0
	boot_one --tty
}

boot_pair() {
	local second

	start_run
	emulator hostb "$toolstack"
	cable 2
	second=("${words[@]}")
	emulator hosta "$toolstack"
	cable 1
	exec "$agent" run "${options[@]}" --also -- "${second[@]}" -- \
		"${words[@]}" -- /usr/local/sbin/start-toolstack "${command[@]}"
}
