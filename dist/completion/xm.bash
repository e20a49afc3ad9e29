# SPDX-License-Identifier: LGPL-2.1-or-later
# shellcheck shell=bash
# Completion of xm in bash. It knows no command: the words come from xm itself.

# _xm_config WORD: folders, files, those of /etc/xen by name, keys once there is
# a file.
_xm_config() {
	local key

	mapfile -t COMPREPLY < <(compgen -f -- "$1")
	compopt -o filenames
	if [[ $1 != */* ]]; then
		mapfile -t -O ${#COMPREPLY[@]} COMPREPLY < <(
			cd /etc/xen 2>/dev/null && compgen -f -- "$1")
	fi
	[[ $2 = create ]] || return 0
	while read -r key _; do
		[[ $key != "$1"* || -z $1 ]] || COMPREPLY+=("$key=")
	done < <(xm help keys 2>/dev/null)
	[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
}

_xm() {
	local cur=${COMP_WORDS[COMP_CWORD]} i command='' words kind

	COMPREPLY=()
	for ((i = 1; i < COMP_CWORD; i++)); do
		if [[ ${COMP_WORDS[i]} != -* ]]; then
			command=${COMP_WORDS[i]}
			break
		fi
	done
	if [[ -z $command ]]; then
		mapfile -t COMPREPLY < <(
			compgen -W "$(xm help --completion 2>/dev/null)" -- "$cur")
		return
	fi
	words=$(xm help --completion "$command" 2>/dev/null)
	kind=${words##*$'\n'}
	if [[ $cur = -* ]]; then
		mapfile -t COMPREPLY < <(compgen -W "${words%@*}" -- "$cur")
		[[ ${COMPREPLY[0]-} != *= ]] || compopt -o nospace
		return
	fi
	case $kind in
	@domain)
		mapfile -t COMPREPLY < <(
			compgen -W "$(xm list --names 2>/dev/null)" -- "$cur") ;;
	@command)
		mapfile -t COMPREPLY < <(
			compgen -W "$(xm help --completion 2>/dev/null)" -- "$cur") ;;
	@config) _xm_config "$cur" "$command" ;;
	esac
}
complete -F _xm xm
