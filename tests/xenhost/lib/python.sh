# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Python 3 for the small image, as an archive of its own that is laid beside the
# others: five packages and seconds, where the full image is a gigabyte and
# minutes; and a host that does not ask for it does not unpack it.

python_packages=(python3.11-minimal libpython3.11-minimal
	libpython3.11-stdlib libffi8 libexpat1)

# What a script needs, without what it hardly imports.
make_python() {
	local t=$1.d p=$1.d/usr/lib/python3.11

	mkdir -p "$cache"
	fetch_and_unpack bookworm "${python_packages[@]}" "$t" || return 1
	rm -rf "$t"/usr/share "$t"/usr/lib/binfmt.d \
		"$p"/{asyncio,email,ensurepip,html,http,idlelib,lib2to3,test} \
		"$p"/{multiprocessing,pydoc_data,turtle.py,venv,wsgiref,xml*} \
		"$p"/lib-dynload/{_codecs_*,_test*,_sqlite3*,_ssl*,nis*,oss*,xx*}
	ln -s python3.11 "$t/usr/bin/python3"
	# Otherwise each boot would compile what it imports. What runs here is
	# dom0's own; where this machine cannot run it, it is slower there.
	PYTHONHOME=$t/usr \
		LD_LIBRARY_PATH=$t/usr/lib/x86_64-linux-gnu:$t/lib/x86_64-linux-gnu \
		"$t/usr/bin/python3.11" -m compileall -q -s "$t" \
		--invalidation-mode unchecked-hash "$p" >&2 ||
		note "Python's library is not compiled"
	pack "$t" >"$1"
	rm -rf "$t"
}

# Its archive in $python_file, when it was asked for.
prepare_python() {
	python_file=''
	[[ $with == python && $image == small ]] || return 0
	python_file=$cache/python-$(recipe_hash "$here/lib/python.sh").img
	[[ -e $python_file ]] || note "making Python for dom0 (once)"
	make_once "$python_file" make_python
	touch "$python_file"
	find "$cache" -maxdepth 1 -name 'python-*' -mtime +3 -delete \
		2>/dev/null || true
}
