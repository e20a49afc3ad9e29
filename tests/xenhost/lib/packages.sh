# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Debian packages, fetched with a private apt state and unpacked, never
# installed: nothing of them touches this machine.

# The Debian release that carries a hypervisor.
suite_of() {
	case $1 in
	4.14) echo bullseye ;;
	4.17) echo bookworm ;;
	4.20) echo trixie ;;
	esac
}

# The archive this machine uses itself.
archive() {
	cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources \
		/etc/apt/sources.list.d/*.list 2>/dev/null |
		grep -v '^[[:space:]]*#' | grep -oE 'https?://[^ ]+' |
		grep -v security | head -n 1
}

# apt for one suite with lists and cache of its own.
private_apt() {
	local suite=$1 dir=$cache/apt/$1 url tool=apt-get
	shift
	[[ $1 == depends ]] && tool=apt-cache
	url=$(archive)
	[[ -n $url ]] || die "no Debian archive in /etc/apt/sources.list*"
	mkdir -p "$dir"/{lists/partial,cache/archives/partial,etc/preferences.d}
	: >"$dir/status"
	echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $url $suite main" >"$dir/etc/sources.list"
	"$tool" -q -q -o Dir::Etc="$dir/etc" -o Dir::Etc::sourceparts=- \
		-o Dir::Etc::sourcelist="$dir/etc/sources.list" \
		-o Dir::State::lists="$dir/lists" -o Dir::Cache="$dir/cache" \
		-o Dir::State::status="$dir/status" \
		-o APT::Sandbox::User=root "$@"
}

# Fetches packages of a suite into the folder named last.
fetch() {
	local suite=$1 dir=${*: -1}
	local names=("${@:2:$#-2}")

	mkdir -p "$dir"
	(
		flock 8
		private_apt "$suite" update >&2 &&
			cd "$dir" &&
			private_apt "$suite" download "${names[@]}" >&2
	) 8>"$cache/apt.lock"
}

unpack_all() {
	local debs=$1 dir=$2 f

	mkdir -p "$dir"
	for f in "$debs"/*.deb; do dpkg -x "$f" "$dir"; done
}

fetch_and_unpack() {
	local dir=${*: -1} debs
	debs=$dir.debs
	rm -rf "$debs"
	mkdir -p "$cache"
	fetch "${@:1:$#-1}" "$debs" && unpack_all "$debs" "$dir"
	local r=$?
	rm -rf "$debs"
	return $r
}

# hypervisor VERSION -> path of the multiboot image
make_hypervisor() {
	local dir=$2.d

	fetch_and_unpack "$(suite_of "$1")" "xen-hypervisor-$1-amd64" "$dir" &&
		gunzip -c "$dir/boot/xen-$1-amd64.gz" >"$2"
	local r=$?
	rm -rf "$dir"
	return $r
}

# What dom0 and the peers need: one folder with everything unpacked.
peer_packages=(xen-utils-4.17 xen-utils-common xenstore-utils libxenmisc4.17
	libxenstore4 libxencall1 libxenevtchn1 libxengnttab1
	libxenforeignmemory1 libxendevicemodel1 libxentoolcore1 libxentoollog1
	libxenhypfs1 libyajl2 libnl-3-200 libnl-route-3-200 libfdt1 libzstd1
	liblzo2-2 liblzma5 zlib1g libbz2-1.0 libuuid1 libtinfo6 libncurses6
	libgcc-s1 libc6 libpixman-1-0 strace libunwind8 libdw1 libelf1
	bash xz-utils grub-xen-host)

make_packages() {
	local kernel

	(
		mkdir -p "$cache"
		flock 8
		private_apt bookworm update >&2
	) 8>"$cache/apt.lock" || return 1
	kernel=$(private_apt bookworm depends linux-image-amd64 |
		sed -n "s/^ *Depends: \(linux-image-6[^ ]*\).*/\1/p" | head -n 1)
	[[ -n $kernel ]] || { note "no kernel package found"; return 1; }
	fetch_and_unpack bookworm "$kernel" "${peer_packages[@]}" "$1"
}
