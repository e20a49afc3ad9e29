# SPDX-License-Identifier: LGPL-2.1-or-later
# Samples of tests/bench/run ("stack operation guest metric value") as a table,
# or with -v json=1 as JSON with every sample.
$1 == "fact" {
	name = $2
	sub(/^fact [^ ]+ /, "")
	facts[++nfacts] = name
	fact[name] = $0
	next
}
NF == 5 {
	row = $2 " " $3 " " $4
	if (!(row in seen)) {
		seen[row] = 1
		rows[++nrows] = row
	}
	n = ++count[row, $1]
	value[row, $1, n] = $5 + 0
}
# All samples of a stack, ascending, into s[]; how many.
function sorted(row, stack,    i, j, n, v) {
	n = count[row, stack] + 0
	for (i = 1; i <= n; i++) {
		v = value[row, stack, i]
		for (j = i - 1; j >= 1 && s[j] > v; j--)
			s[j + 1] = s[j]
		s[j + 1] = v
	}
	return n
}
function median(n) {
	if (n == 0)
		return -1
	return n % 2 ? s[(n + 1) / 2] : (s[n / 2] + s[n / 2 + 1]) / 2
}
function number(v, us) {
	if (v < 0)
		return "-"
	return us ? sprintf("%.1f", v / 1000) : sprintf("%d", v)
}
# A ratio counts when no sample of one lies within those of the other.
function ratio(row,    p, o, pmin, pmax, omin, omax, n) {
	n = sorted(row, "peer"); p = median(n); pmin = s[1]; pmax = s[n]
	n = sorted(row, "own"); o = median(n); omin = s[1]; omax = s[n]
	if (p < 0 || o < 0)
		return "-"
	if (p == 0)
		return o == 0 ? "=" : "none in xl"
	return sprintf("%.2f%s", o / p,
	    omax < pmin || pmax < omin || p == o ? "" : " ~")
}
function range(row, stack, us,    n, a, b) {
	n = sorted(row, stack)
	if (n == 0)
		return "-"
	a = number(s[1], us); b = number(s[n], us)
	return a == b ? a : a ".." b
}
function line(row,    part, us) {
	split(row, part, " ")
	us = part[3] == "us"
	printf "%-15s %-7s %-16s %10s %10s  %-11s %-16s %s\n", part[1], part[2],
	    us ? "time (ms)" : part[3], number(median(sorted(row, "peer")), us),
	    number(median(sorted(row, "own")), us), ratio(row),
	    range(row, "peer", us), range(row, "own", us)
}
# Times first; what is nothing on both sides, and the lesser sums, in JSON alone.
function table(    i, us, row) {
	printf "%-15s %-7s %-16s %10s %10s  %-11s %-16s %s\n", "operation",
	    "guest", "what", "xl", "xm/xld", "ours : xl", "range xl",
	    "range xm/xld"
	for (us = 1; us >= 0; us--)
		for (i = 1; i <= nrows; i++) {
			row = rows[i]
			if ((row ~ / us$/) != us ||
			    row ~ /(ioctls|threads|execs)-(command|daemons)$/)
				continue
			if (median(sorted(row, "peer")) > 0 ||
			    median(sorted(row, "own")) > 0)
				line(row)
		}
	print "~: the samples of the two overlap"
}
function quoted(text) {
	gsub(/[\\"]/, "\\\\&", text)
	return "\"" text "\""
}
function samples(row, stack,    i, out) {
	for (i = 1; i <= count[row, stack]; i++)
		out = out (i > 1 ? "," : "") value[row, stack, i]
	return "[" out "]"
}
function as_json(    i, part) {
	print "{\"facts\":{"
	for (i = 1; i <= nfacts; i++)
		print " " quoted(facts[i]) ":" quoted(fact[facts[i]]) \
		    (i < nfacts ? "," : "")
	print "},\"rows\":["
	for (i = 1; i <= nrows; i++) {
		split(rows[i], part, " ")
		print " {\"operation\":" quoted(part[1]) ",\"guest\":" \
		    quoted(part[2]) ",\"metric\":" quoted(part[3]) \
		    ",\"xl\":" samples(rows[i], "peer") \
		    ",\"xm\":" samples(rows[i], "own") "}" \
		    (i < nrows ? "," : "")
	}
	print "]}"
}
END {
	if (nrows == 0) {
		print "bench: no samples" >"/dev/stderr"
		exit 1
	}
	if (json)
		as_json()
	else
		table()
}
