# SPDX-License-Identifier: LGPL-2.1-or-later
# awk -f domcfg.awk model/cpufeat.h model/domcfg.h xm.cfg.5.in: the rows of the
# second file become list items where the third has a line @STATUS@, the names of
# the first a sentence where it has @CPUID@.

# A row is one line: DOMCFG(name, KIND, STATUS, "default", "help")
FNR == 1 { file++ }
file == 1 && /^CPUID_BIT\(/ {
	split($0, q, /"/)
	bits = bits (bits == "" ? "" : " ,\n") ".Cm " q[2]
	next
}
file == 2 && /^DOMCFG\(/ {
	row = substr($0, 8)
	split(row, f, /, */)
	split(row, q, /"/)
	items[f[3]] = items[f[3]] item(f[1], f[2], q[2], q[4])
	next
}
file < 3 { next }

/^@CPUID@$/ { print bits " ."; next }
/^@[A-Z_]+@$/ {
	gsub(/@/, "")
	if (!($0 in items)) {
		print "domcfg.awk: no key has status " $0 >"/dev/stderr"
		exit 1
	}
	printf "%s", items[$0]
	next
}
{ print }

function item(name, kind, dflt, help) {
	return ".It Ic " name " Pq " word(kind) "\n" help "\n" \
	    (dflt == "" ? "" : "Default: " dflt ".\n")
}

function word(kind) {
	if (kind == "STR") return "string"
	if (kind == "INT" || kind == "OFFSET") return "number"
	if (kind == "BOOL") return "0 or 1"
	if (kind == "MIB") return "size"
	if (kind == "UUID") return "uuid"
	if (kind == "ACTION") return "action"
	if (kind == "LIST") return "list"
	return "string, number or list"
}
