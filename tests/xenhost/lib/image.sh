# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# The initramfs of dom0 (base, cached) and of the example guest, and the
# overlay with this project's build.

busybox=$(command -v busybox || echo /bin/busybox)

# Modules dom0 loads, in this order; dependencies are added.
dom0_modules=(xen-privcmd xen-evtchn xen-gntdev xen-gntalloc xenfs
	xen-blkback xen-netback loop bridge tun virtio_pci virtio_net virtio_blk
	virtio_console 9p 9pnet_virtio ext4 crc32c_generic xen-pciback nf_tables
	e1000 dm-mod dm-snapshot btrfs veth 8021q bonding)
guest_modules=(xen-blkfront xen-netfront xen-pcifront e1000 ahci sd_mod ext4 crc32c_generic)

# An emulated processor unpacks slowly: what dom0 boots from is not compressed.
pack() {
	(cd "$1" && find . -print0 | sort -z |
		cpio --null -o -H newc --quiet -R 0:0)
}

# The ELF image in a bzImage of Debian's: what Xen would unpack at each boot.
# Offsets are those of Linux's boot protocol; the payload ends with its size.
make_dom0_kernel() {
	local from=$1 offset length

	field() { od -An -j "$1" -N "$2" -t "u$2" "$from" | tr -d ' '; }
	offset=$((($(field 497 1) + 1) * 512 + $(field 584 4)))
	length=$(field 588 4)
	head -c $((offset + length - 4)) "$from" | tail -c "+$((offset + 1))" |
		xz -dc >"$2"
}

# Copies modules with dependencies from the package folder into an image.
add_modules() {
	local pkgs=$1 dest=$2 kver list
	shift 2
	kver=$(basename "$pkgs"/lib/modules/*)
	[[ -e $pkgs/lib/modules/$kver/modules.dep ]] || depmod -b "$pkgs" "$kver"
	mkdir -p "$dest/lib/modules/$kver"
	cp "$pkgs/lib/modules/$kver"/modules.{builtin,builtin.modinfo,order} \
		"$dest/lib/modules/$kver/"
	list=$(for m; do
		modprobe -d "$pkgs" -S "$kver" --show-depends "$m" 2>/dev/null |
			sed -n 's/^insmod \([^ ]*\).*/\1/p'
	done | sort -u)
	local f
	for f in $list; do
		mkdir -p "$dest$(dirname "${f#"$pkgs"}")"
		cp "$f" "$dest${f#"$pkgs"}"
	done
	depmod -b "$dest" "$kver"
}

add_busybox() {
	local dest=$1 a

	mkdir -p "$dest"/{bin,sbin,usr/bin,usr/sbin,proc,sys,dev,tmp,run,etc,root}
	cp "$busybox" "$dest/bin/busybox"
	for a in $("$busybox" --list); do
		[[ $a == busybox || -e $dest/bin/$a ]] || ln -s busybox "$dest/bin/$a"
	done
	ln -sf ../bin/busybox "$dest/sbin/init"
}

# Copies a program and the shared objects it needs from this machine.
add_libs_of() {
	local dest=$1 f lib
	shift
	# Ours come with the install, also where this machine has a namesake.
	for f; do
		LD_LIBRARY_PATH=$dest/usr/lib ldd "$f" 2>/dev/null |
			sed -n 's/.* => \(\/[^ ]*\) (.*/\1/p' || true
	done | sort -u | while read -r lib; do
		[[ -e $dest$lib || $lib == "$dest"/* ]] && continue
		mkdir -p "$dest$(dirname "$lib")"
		cp -L "$lib" "$dest$lib"
	done
}

make_guest_initrd() {
	local out=$2 t=$2.d

	add_busybox "$t"
	add_modules "$1" "$t" "${guest_modules[@]}"
	install -m 755 "$here/images/guest-init" "$t/init"
	rm -f "$t/sbin/poweroff" "$t/bin/poweroff" "$t/bin/reboot"
	local w
	for w in poweroff reboot halt; do
		printf '#!/bin/sh\nexec busybox %s -f\n' "$w" >"$t/sbin/$w"
		chmod 755 "$t/sbin/$w"
	done
	pack "$t" | gzip -1 >"$out"
	rm -rf "$t"
}

make_agent() {
	gcc -O2 -Wall -Wextra -D_GNU_SOURCE -static -s -o "$1" "$here"/agent/*.c
}

# Debian's toolstack under /usr/lib/xen-4.17, reachable by wrappers.
add_peer() {
	local pkgs=$1 t=$2 p=$2/usr/lib/xen-4.17 b

	mkdir -p "$p/bin" "$t/etc/xen/scripts" "$t/var/log/xen" "$t/var/lib/xen"
	cp -a "$pkgs/usr/lib/xen-4.17/." "$p/"
	cp -a "$pkgs"/etc/xen/. "$t/etc/xen/" 2>/dev/null || true
	[[ -d $pkgs/usr/lib/xen-common ]] &&
		cp -a "$pkgs/usr/lib/xen-common" "$t/usr/lib/"
	mkdir -p "$p/lib"
	cp -a "$pkgs"/usr/lib/x86_64-linux-gnu/*.so* "$p/lib/"
	cp -a "$pkgs"/lib/x86_64-linux-gnu/*.so* "$p/lib/"
	mv "$p"/lib/libc.so.6 "$p"/lib/libm.so.6 "$t/lib/x86_64-linux-gnu/" \
		2>/dev/null || true
	for b in xenstore xenstore-control; do
		cp -a "$pkgs/usr/bin/$b" "$p/bin/" 2>/dev/null || true
	done
	for b in read write list ls exists rm chmod watch; do
		ln -sf xenstore "$p/bin/xenstore-$b"
	done
	# The loader finds Debian's libraries for these programs only.
	mkdir -p "$p/wrapped"
	for b in "$p"/bin/*; do
		[[ $(head -c4 "$b" 2>/dev/null | tr -d '\0') == $'\x7fELF' ]] ||
			continue
		[[ -L $b ]] && continue
		mv "$b" "$p/wrapped/"
		b=$(basename "$b")
		cat >"$p/bin/$b" <<WRAP
#!/bin/bash
export LD_LIBRARY_PATH=/usr/lib/xen-4.17/lib
exec -a "\$0" /usr/lib/xen-4.17/wrapped/$b "\$@"
WRAP
		chmod 755 "$p/bin/$b"
	done
}

make_base() {
	local pkgs=$1 guest=$2 out=$3 t=$3.d kver f

	add_busybox "$t"
	mkdir -p "$t"/{boot/guest,mnt/share,lib/x86_64-linux-gnu,lib64,var/run,var/lock,etc/xen}
	mkdir -p "$t/usr/lib/x86_64-linux-gnu" "$t/usr/local/sbin" "$t/var/log/xen/console"
	rm -rf "$t/var/run" && ln -s /run "$t/var/run"
	add_modules "$pkgs" "$t" "${dom0_modules[@]}"
	kver=$(basename "$pkgs"/lib/modules/*)
	cp "$pkgs/boot/vmlinuz-$kver" "$t/boot/guest/vmlinuz"
	cp "$guest" "$t/boot/guest/initrd.img"
	cp -L "$pkgs/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2" "$t/lib64/"
	for f in libc.so.6 libm.so.6 libtinfo.so.6 libgcc_s.so.1 libpthread.so.0 \
		libdl.so.2 librt.so.1; do
		cp -L "$pkgs/lib/x86_64-linux-gnu/$f" "$t/lib/x86_64-linux-gnu/"
	done
	rm -f "$t/bin/bash"
	cp "$pkgs/bin/bash" "$t/bin/bash"
	cp "$pkgs/usr/bin/strace" "$t/usr/bin/"
	for f in libunwind-ptrace.so.0 libunwind-x86_64.so.8 libunwind.so.8; do
		cp -L "$pkgs/usr/lib/x86_64-linux-gnu/$f" \
			"$t/usr/lib/x86_64-linux-gnu/" 2>/dev/null || true
	done
	cp -L "$pkgs/lib/x86_64-linux-gnu/liblzma.so.5" "$t/lib/x86_64-linux-gnu/"
	install -D -m 644 -t "$t/usr/lib/grub-xen" \
		"$pkgs"/usr/lib/grub-xen/grub-{x86_64-xen,i386-xen_pvh}.bin
	add_peer "$pkgs" "$t"
	cp -a "$here/images/etc/." "$here/images/pam.d" "$t/etc/"
	install -m 755 "$here/images/dom0-init" "$t/init"
	install -m 755 "$here"/images/{start-toolstack,demo} "$t/usr/local/sbin/"
	install -m 755 "$agent" "$t/usr/local/sbin/xhagent"
	cat >"$t/usr/local/sbin/on-b" <<'B'
#!/bin/sh
exec /usr/local/sbin/xhagent call 10.9.0.2 7777 "$@"
B
	chmod 755 "$t/usr/local/sbin/on-b"
	pack "$t" >"$out"
	mkdir -p "$(dirname "$out")"
	rm -rf "$t"
}

# Finds, or makes, the build of this project that goes into dom0.
find_build() {
	build=${XLD_BUILD:-$root/build}
	[[ -e $build/config.status ]] && return
	[[ -z ${XLD_BUILD:-} ]] ||
		die "XLD_BUILD=$XLD_BUILD is not a configured build"
	if [[ -e $root/config.status ]]; then build=$root; return; fi
	build=''
	[[ $toolstack == own ]] || return 0
	build=$cache/build-$(printf %s "$root" | sha256sum | cut -c1-12)
	note "building this project in $build"
	mkdir -p "$build"
	(
		flock 9
		XLD_BUILD=$build "$root/run-tests" --build >&2
	) 9>"$build.lock" || die "this project does not build"
}

# `make install` of the build into folder $1, with the libraries it needs and
# lists of both for the full image.
install_build() {
	local t=$1 prefix f

	(
		flock 9
		make -C "$build" -s install DESTDIR="$t"
	) 9>"$build/.xenhost.lock" >"$t.log" 2>&1 || {
		cat "$t.log" >&2
		note "make install of $build failed"
		return 1
	}
	prefix=$(sed -n 's/^S\["prefix"\]="\(.*\)"$/\1/p' "$build/config.status")
	[[ $prefix == /usr ]] || note "the build's prefix is $prefix, not /usr"
	rm -rf "$t/usr/include" "$t/usr/share/man"
	for f in tiny bare; do
		[[ ! -e $build/tests/guests/$f/$f ]] ||
			install -D "$build/tests/guests/$f/$f" "$t/boot/guest/$f"
	done
	install -D -m 644 "$here/images/xld.conf" "$t/etc/xld/xld.conf"
	list_files "$t" | sort >"$t.ours"
	list_files "$t" -type f -perm -u+x | while read -r f; do
		add_libs_of "$t" "$t$f"
		# Three quarters of it would be for debuggers.
		strip -g "$t$f" 2>/dev/null || true
	done
	# Which every Debian host has.
	for f in unix permit deny; do
		install -D -m 644 -t "$t/lib/x86_64-linux-gnu/security" \
			"/lib/x86_64-linux-gnu/security/pam_$f.so"
		add_libs_of "$t" "/lib/x86_64-linux-gnu/security/pam_$f.so"
	done
	mkdir "$t/.xld"
	list_files "$t" | sort | comm -13 "$t.ours" - >"$t/.xld/libs"
	mv "$t.ours" "$t/.xld/ours"
}

# Files below folder $1 as they are named in dom0.
list_files() {
	local t=$1
	shift
	find "$t" ! -type d "$@" -printf '/%P\n'
}

make_overlay() {
	local t=$1.d r=0

	mkdir -p "$t"
	install_build "$t" && pack "$t" >"$1" || r=1
	rm -rf "$t" "$t.log" "$t.ours"
	return $r
}

# What `make install` would take: the same files, the same overlay. Somebody may
# be building at this moment; files that vanish meanwhile are no error.
build_state() {
	local source

	source=$(sed -n 's/^abs_top_srcdir = //p' "$build/Makefile")
	# Unit tests are not installed; they may be built beside us.
	find "$build" \( -path "$build/tests/unit" -o -path "$build/tests/fuzz" \) \
		-prune -o -type f \( -name '*.so*' -o -perm -u+x \) \
		-printf '%p %T@ %s\n' 2>/dev/null
	find "$source"/{dist,examples,man,python,tests/host} -type f \
		! -name 'Makefile.*' -printf '%p %T@ %s\n' 2>/dev/null
	return 0
}

cached_overlay() {
	local key

	[[ -n $build ]] || { overlay_file=''; return; }
	key=$( { build_state | sort
		cat "$here/lib/image.sh" "$here/images/xld.conf"; } |
		sha256sum | cut -c1-16)
	overlay_file=$cache/overlay/$key.cpio
	make_once "$overlay_file" make_overlay
	touch "$overlay_file"
	# Of older builds; whoever boots from one has it open.
	find "$cache/overlay" -name '*.cpio*' -mmin +600 -delete 2>/dev/null || true
	# Others may do the same at this moment.
	{ find "$cache/overlay" -name '*.cpio' -printf '%T@ %p\n' | sort -rn |
		tail -n +17 | cut -d' ' -f2- | xargs -r rm -f; } 2>/dev/null || true
}

prepare_images() {
	local pk

	pk=$(recipe_hash "$here/lib/packages.sh")
	agent=$cache/agent-$(recipe_hash "$here"/agent/*)
	pkgs=$cache/packages-$pk
	hypervisor=$cache/xen-$xen-$pk
	make_once "$agent" make_agent
	[[ -d $pkgs && -e $hypervisor ]] || note "fetching packages (once)"
	make_once "$pkgs" make_packages
	make_once "$hypervisor" make_hypervisor "$xen"
	local ih
	ih=$pk-$(recipe_hash "$here"/lib/image.sh "$here"/agent/* \
		"$here"/images/{guest-init,dom0-init,start-toolstack,demo} \
		"$here"/images/{etc,pam.d}/*)
	guest_initrd=$cache/guest-$ih.img
	base=$cache/dom0-$ih.img
	make_once "$guest_initrd" make_guest_initrd "$pkgs"
	make_once "$base" make_base "$pkgs" "$guest_initrd"
	vmlinuz=$cache/dom0-kernel-$pk
	make_once "$vmlinuz" make_dom0_kernel "$(echo "$pkgs"/boot/vmlinuz-*)"
	touch "$guest_initrd" "$base" "$vmlinuz"
	# Images of older recipes.
	find "$cache" -maxdepth 1 \( -name 'dom0-*' -o -name 'guest-*' \) \
		-mtime +3 -delete 2>/dev/null || true
	[[ $image == full ]] && prepare_full
	find_build
	cached_overlay
}
