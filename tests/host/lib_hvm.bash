# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash disable=SC2034
# Words of the tests with HVM guests, behind lib.sh: guests that run `bare`
# (tests/guests/bare), what they say, their device models, and what is left.

qemu=xen-qemu-system-i386
[ -x /usr/libexec/$qemu ] || skip "the small image has no device model"
uid_base=$((0x70000000))
bare='kernel = "/boot/guest/bare"'
pty='serial = "pty"'

rm -f /var/log/xen/console/guest-?.log
before=$(xenstore-ls -f /local /vm /libxl 2>/dev/null | sort)
# Of device models only the empty folder stays that is their root.
files() { find /run/xld/domains /run/xld/intents /run/xld/dm ! -type d 2>/dev/null; }
loops() { losetup -a | grep xld: | sort; }
files_before=$(files)
loops_before=$(loops)

# hvm_config NAME [LINE...]: the name of a new config.
hvm_config() {
	local name=$1 f=$scratch/$1.cfg

	shift
	{
		printf 'name = "%s"\ntype = "hvm"\nmemory = 64\n' "$name"
		printf 'vga = "none"\n'
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$f"
	echo "$f"
}

# spoke NAME TEXT N: the log of the guest's console has such a line N times.
log_of() { echo "/var/log/xen/console/guest-$1.log"; }
spoke() { [ "$(grep -ac "$2" "$(log_of "$1")")" -ge "$3" ]; }
speaks() {
	wait_for 90 spoke "$@" || fail "'$2' is not $3 times on the console of" \
		"$1: $(tail -n 5 "$(log_of "$1")"); $(xm dmesg | tail -n 5)"
}
# types NAME TEXT: into its console; what comes of it is waited for elsewhere.
types() { printf '%s' "$2" | timeout 8 xm console "$1" >/dev/null & }
id_is() { [ "$(xm domid "$1" 2>/dev/null)" = "$2" ]; }
gone() { ! xm domid "$1" >/dev/null 2>&1; }
model_of() { # the pid of the device model of domain $1
	stat -c '%u %n' /proc/[0-9]* 2>/dev/null |
		sed -n "s,^$((uid_base + $1)) /proc/,,p"
}
field() { sed -n "s/^$2:[[:space:]]*//p" "/proc/$1/status"; }

# The kernel keeps 15 letters of the name of a process.
nothing_left() {
	wait_for 20 none_of "${qemu:0:15}" || fail "$1 leaves a device model"
	same "$1: nodes" "$before" \
		"$(xenstore-ls -f /local /vm /libxl 2>/dev/null | sort)"
	same "$1: files" "$files_before" "$(files)"
	same "$1: loop devices" "$loops_before" "$(loops)"
	same "$1: domains" 1 "$("$progs/prog_xcrows" --count)"
}

# --- images ----------------------------------------------------------------------

# noise FILE WHERE: 8 KiB of it, at so many times 8 KiB.
noise() {
	dd if=/dev/urandom of="$1" bs=8192 count=1 seek="$2" conv=notrunc 2>/dev/null
}
# A disk that boots `bare`, with something to read from its 32nd KiB on.
disk_image() {
	truncate -s 1M "$1"
	dd if=/boot/guest/bare of="$1" conv=notrunc 2>/dev/null
	noise "$1" 4
}
# put FILE SECTOR OFFSET BYTES, for printf
put() { printf '%b' "$4" | dd of="$1" bs=1 seek=$(($2 * 2048 + $3)) conv=notrunc 2>/dev/null; }
# A CD that boots it (El Torito: a boot record that names a catalogue, whose
# default entry is without emulation), and something from its 128th KiB on.
cd_image() {
	truncate -s 256K "$1"
	put "$1" 17 0 '\0CD001\01EL TORITO SPECIFICATION'
	put "$1" 17 71 '\022'
	put "$1" 18 0 '\01'
	put "$1" 18 28 '\0252\0125\0125\0252'
	put "$1" 18 32 '\0210\0\0300\07\0\0\05\0\023'
	dd if=/boot/guest/bare of="$1" bs=2048 seek=19 conv=notrunc 2>/dev/null
	noise "$1" 16
}
# sum_of FILE KIB: as `bare` says it.
sum_of() {
	dd if="$1" bs=1024 skip="$2" count=8 2>/dev/null | sum -r |
		{ read -r n _; printf 'BARE SUM %04x' "$((10#$n))"; }
}
# linux_disk FILE ARGS: a disk that boots the stock Linux with its own Debian's GRUB:
# boot sector, GRUB's core behind it, and from the first MiB on a partition that is
# a tar file with kernel and initrd (of /boot/guest, or $scratch/initrd.img).
linux_disk() {
	local grub=/usr/lib/grub/i386-pc root=$scratch/root initrd=/boot/guest/initrd.img n

	[ ! -e "$scratch/initrd.img" ] || initrd=$scratch/initrd.img
	mkdir -p "$root/boot"
	cp /boot/guest/vmlinuz "$root/boot/kernel"
	cp "$initrd" "$root/boot/initrd"
	tar -C "$root" -cf "$scratch/tar" boot
	rm -rf "$root"
	printf 'set root=(hd0,msdos1)\nlinux /boot/kernel %s\ninitrd /boot/initrd\nboot\n' \
		"$2" >"$scratch/early"
	check "GRUB" grub-mkimage -O i386-pc -c "$scratch/early" -p /boot/grub \
		-o "$scratch/core" biosdisk part_msdos tar linux
	n=$(($(stat -c %s "$scratch/tar") / 512))
	cp "$grub/boot.img" "$1"
	dd if="$scratch/core" of="$1" bs=512 seek=1 2>/dev/null
	dd if="$scratch/tar" of="$1" bs=1M seek=1 2>/dev/null
	rm -f "$scratch/tar" "$scratch/core"
	# Active, Linux, from sector 2048, so many; the rest of the table is empty.
	dd if=/dev/zero of="$1" bs=1 seek=446 count=64 conv=notrunc 2>/dev/null
	put512 "$1" 446 '\0200\0\0\0\0203\0\0\0\0\010\0\0'
	put512 "$1" 458 "$(printf '\\0%03o\\0%03o\\0%03o\\0%03o' $((n & 255)) \
		$((n >> 8 & 255)) $((n >> 16 & 255)) $((n >> 24)))"
}
put512() { printf '%b' "$3" | dd of="$1" bs=1 seek="$2" conv=notrunc 2>/dev/null; }
