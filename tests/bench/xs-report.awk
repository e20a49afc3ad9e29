# SPDX-License-Identifier: LGPL-2.1-or-later
# xs-checks and the samples (row, daemon, metric, value, unit) -> tables, or JSON
# with -v json=1. Of several rounds the median is taken.
BEGIN { FS = "\t"; split("ours c o null", kinds, " "); nkinds = 4 }

FNR == 1 { file++ }
file == 1 {
	if ($0 !~ /^#/ && NF >= 5) {
		n = ++checks
		title[n] = $1; row[n] = $2; metric[n] = $3; kind[n] = $4
		must[n] = $5; aim[n] = $6; other[n] = $7; noted[n] = $8
	}
	next
}
{
	k = $1 SUBSEP $2 SUBSEP $3
	name = $1 SUBSEP $3
	if (!(name in unit)) {
		unit[name] = $5
		order[++names] = name
	}
	count[k]++
	sample[k, count[k]] = $4
}

function median(k, i, j, t, v, m) {
	m = count[k]
	if (m == 0)
		return ""
	for (i = 1; i <= m; i++)
		v[i] = sample[k, i] + 0
	for (i = 2; i <= m; i++)
		for (j = i; j > 1 && v[j] < v[j - 1]; j--) {
			t = v[j]; v[j] = v[j - 1]; v[j - 1] = t
		}
	return v[int((m + 1) / 2)]
}
function value(r, who, m) { return median(r SUBSEP who SUBSEP m) }

function show(v, a) {
	if (v == "")
		return "-"
	a = v < 0 ? -v : v
	if (a >= 100)
		return sprintf("%.0f", v)
	if (a >= 10)
		return sprintf("%.1f", v)
	return sprintf("%.3g", v)
}

# The greater of two peers' rates.
function best(r, m, c, o) {
	c = value(r, "c", m); o = value(r, "o", m)
	return c == "" ? o : o == "" ? c : c > o ? c : o
}

function check(n, ours, b, got, sign, ok, reached) {
	ours = value(row[n], "ours", metric[n])
	if (ours == "")
		return
	b = best(row[n], metric[n])
	got = ours
	sign = kind[n] == "least" || kind[n] == "ratio" ? ">=" : "<="
	if (kind[n] == "ratio")
		got = b == "" || b == 0 ? "" : ours / b
	else if (kind[n] == "within")
		got = value(row[n], "ours", other[n]) / ours
	else if (kind[n] == "grown")
		got = ours / value(row[n], "ours", other[n])
	if (got == "" && b != "" && ours > 0)
		ok = "OK (no peer commits)"
	else if (got == "")
		ok = "no peer"
	else
		ok = (sign == ">=" ? got >= must[n] : got <= must[n]) ? "OK" : "MISS"
	reached = aim[n] == "" || got == "" ? "" : \
	    (sign == ">=" ? got >= aim[n] : got <= aim[n]) ? " (aim)" : ""
	printf("| %s | %s | %s | %s | %s%s | %s %s | %s | %s%s |\n", title[n],
	    show(ours), show(value(row[n], "c", metric[n])),
	    show(value(row[n], "o", metric[n])), show(got),
	    kind[n] == "ratio" && got != "" ? " x" : "", sign, must[n],
	    noted[n] == "" ? "" : show(ours / noted[n]) " x", ok, reached)
}

function table(i, p, j, line) {
	print "| metric | ours | C | OCaml | shown | must | to the noted best | |"
	print "|---|---:|---:|---:|---:|---:|---:|---|"
	for (i = 1; i <= checks; i++)
		check(i)
	print ""
	print "| row | metric | unit | ours | C | OCaml | echo server |"
	print "|---|---|---|---:|---:|---:|---:|"
	for (i = 1; i <= names; i++) {
		split(order[i], p, SUBSEP)
		line = "| " p[1] " | " p[2] " | " unit[order[i]] " |"
		for (j = 1; j <= nkinds; j++)
			line = line " " show(value(p[1], kinds[j], p[2])) " |"
		print line
	}
}

function dump(i, j, k, p, m, first) {
	print "["
	for (i = 1; i <= names; i++) {
		split(order[i], p, SUBSEP)
		for (j = 1; j <= nkinds; j++) {
			k = p[1] SUBSEP kinds[j] SUBSEP p[2]
			if (count[k] == 0)
				continue
			printf("%s{\"row\": \"%s\", \"daemon\": \"%s\", \"metric\": \"%s\", \"unit\": \"%s\", \"samples\": [",
			    first++ ? ",\n" : "", p[1], kinds[j], p[2], unit[order[i]])
			for (m = 1; m <= count[k]; m++)
				printf("%s%s", m > 1 ? ", " : "", sample[k, m])
			printf("]}")
		}
	}
	print "\n]"
}

END {
	if (json)
		dump()
	else
		table()
}
