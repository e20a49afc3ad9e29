#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of xm as the shells do it: commands, options, keys of configurations. What
# shell is not there is not asked. (Names of domains need a daemon: tests/host.)
set -u
src=$(cd "$(dirname "$0")/../../dist/completion" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir "$dir/bin"
ln -s "$(cd "$top_builddir/xm-cli" && pwd)/xm" "$dir/bin/xm"
PATH=$dir/bin:$PATH
failed=0

# gives SHELL LINE WORD...: what is offered at the end of the line has these words.
gives() {
	local shell=$1 line=$2 got word

	got=$("in_$shell" "$line")
	for word in "${@:3}"; do
		grep -qxF -- "$word" <<<"$got" && continue
		echo "$shell: '$line' does not offer '$word': $got"
		failed=1
	done
}

in_bash() {
	bash -c '. "$1/xm.bash"; compopt() { :; }
		read -ra COMP_WORDS <<<"$2"
		[[ $2 != *" " ]] || COMP_WORDS+=("")
		COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
		_xm; printf "%s\n" "${COMPREPLY[@]}"' - "$src" "$1"
}
in_fish() {
	HOME=$dir fish -c "source $src/xm.fish; complete -C '$1'" | cut -f 1
}
# What zsh would offer is what is handed to compadd.
in_zsh() {
	zsh -fc 'words=(${(z)2}); [[ $2 != *" " ]] || words+=("")
		CURRENT=$#words; PREFIX=$words[CURRENT]
		compadd() {
			while [[ $1 == -S ]]; do shift 2; done
			if [[ $1 == -a ]]; then print -l -- ${(P)2}
			else shift; print -l -- "$@"; fi
		}
		_files() { }
		. $1/xm.zsh' - "$src" "$1" | grep -e "^${1##* }"
}

for shell in bash fish zsh; do
	command -v "$shell" >/dev/null || continue
	gives "$shell" 'xm cre' create
	gives "$shell" 'xm doc' doctor
	gives "$shell" 'xm create --dry' --dryrun
	gives "$shell" 'xm check --str' --strict
	gives "$shell" 'xm help des' destroy
	gives "$shell" 'xm create web.cfg mem' memory=
done
exit $failed
