# SPDX-License-Identifier: LGPL-2.1-or-later
# Completion of xm in fish. It knows no command: the words come from xm itself.

# The words of the line's command, or all commands.
function __xm_words
	set -l words (commandline -opc)
	if test (count $words) -lt 2
		xm help --completion 2>/dev/null
		return
	end
	set -l all (xm help --completion $words[2] 2>/dev/null)
	string match -- '--*' $all
	switch "$all[-1]"
		case @domain
			xm list --names 2>/dev/null
		case @command
			xm help --completion 2>/dev/null
		case @config
			__fish_complete_path (commandline -ct)
			for file in /etc/xen/*
				string replace -r '.*/' '' -- $file
			end
			if test "$words[2]" = create
				xm help keys 2>/dev/null | string replace -r ' .*' '='
			end
	end
end

complete -c xm -f -a '(__xm_words)'
