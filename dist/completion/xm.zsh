#compdef xm
# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of xm in zsh. It knows no command: the words come from xm itself.

_xm() {
	local command kind
	local -a all opts

	if (( CURRENT == 2 )); then
		all=(${(f)"$(xm help --completion 2>/dev/null)"})
		compadd -a all
		return
	fi
	command=$words[2]
	all=(${(f)"$(xm help --completion $command 2>/dev/null)"})
	kind=$all[-1]
	if [[ $PREFIX == -* ]]; then
		opts=(${(M)all:#--*=})
		compadd -S '' -a opts
		opts=(${(M)all:#--*[^=]})
		compadd -a opts
		return
	fi
	case $kind in
	(@domain)
		all=(${(f)"$(xm list --names 2>/dev/null)"})
		compadd -a all ;;
	(@command)
		all=(${(f)"$(xm help --completion 2>/dev/null)"})
		compadd -a all ;;
	(@config)
		_files
		all=(/etc/xen/*(N:t))
		compadd -a all
		if [[ $command == create ]]; then
			all=(${${(f)"$(xm help keys 2>/dev/null)"}%% *})
			compadd -S '' -- ${^all}=
		fi ;;
	esac
}
_xm "$@"
