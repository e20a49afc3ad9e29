# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Words, folders, locks.

cache=${XDG_CACHE_HOME:-${HOME:-/root}/.cache}/xld

note() { printf 'xenhost: %s\n' "$*" >&2; }
die() { note "$*"; exit 1; }
usage_error() { note "$*"; exit 2; }

# Makes $1 (a file or folder) once by calling "$@" with a temporary name as last
# argument; safe against concurrent and interrupted builds.
make_once() {
	local target=$1 tmp
	shift
	[[ -e $target ]] && return
	mkdir -p "$(dirname "$target")"
	(
		flock 9
		[[ -e $target ]] && exit 0
		tmp=$target.new.$BASHPID
		rm -rf "$target".new.*
		"$@" "$tmp" </dev/null || { rm -rf "$tmp"; exit 1; }
		mv "$tmp" "$target"
	) 9>"$target.lock" || die "making $(basename "$target") failed"
}

# Hash of the recipe, so that a changed one makes a new image.
recipe_hash() {
	cat "$@" | sha256sum | cut -c1-12
}

need_tools() {
	local missing=() p
	local -A of=([qemu-system-x86_64]=qemu-system-x86 [cpio]=cpio
		[busybox]=busybox-static [modinfo]=kmod [depmod]=kmod
		[mke2fs]=e2fsprogs [gcc]=gcc [flock]=util-linux [xz]=xz-utils)
	[[ $image == full ]] && of[debootstrap]=debootstrap
	for p in "${!of[@]}"; do
		PATH=$PATH:/usr/sbin:/sbin command -v "$p" >/dev/null ||
			missing+=("${of[$p]}")
	done
	[[ -e /usr/lib/x86_64-linux-gnu/libc.a ]] || missing+=(libc6-dev)
	((${#missing[@]})) || return 0
	if ((EUID == 0)); then
		note "installing ${missing[*]}"
		apt_quiet update || true
		apt_quiet install -y --no-install-recommends "${missing[@]}" ||
			die "cannot install ${missing[*]}"
	else
		die "these packages are missing: apt install ${missing[*]}"
	fi
}

apt_quiet() {
	DEBIAN_FRONTEND=noninteractive apt-get -q -q \
		-o DPkg::Lock::Timeout=300 "$@" >&2
}

export PATH=$PATH:/usr/sbin:/sbin
