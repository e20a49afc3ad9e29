# SPDX-License-Identifier: LGPL-2.1-or-later
# awk -f xcb.awk DEBIAN OWN: strace -y of xcb with each library, side by side.
# Status 1 where ours needs more of either.
function path(line) {
	sub(/^[^"]*"\/xcb\//, "", line)
	sub(/".*/, "", line)
	return line
}
FNR == 1 { who++ }
/access\("\/xcb\/begin\// {
	now = path($0)
	sub(/^begin\//, "", now)
	if (who == 1)
		names[++n] = now
	seen[who, now] = 1
	next
}
/access\("\/xcb\/end\// { now = ""; next }
now == "" || /^\+\+\+|^---/ { next }
{ calls[who, now]++ }
/ioctl\([0-9]+<\/(dev|proc)\/xen\/privcmd/ { ioctls[who, now]++ }
END {
	print "| operation | | privcmd ioctls: Debian's | ours | all system calls: Debian's | ours |"
	print "|---|---|---|---|---|---|"
	for (i = 1; i <= n; i++) {
		name = names[i]
		split(name, w, "/")
		bad = ""
		if (!((2, name) in seen) || calls[1, name] == 0)
			bad = " **not counted**"
		if (ioctls[2, name] > ioctls[1, name] || calls[2, name] > calls[1, name])
			bad = " **more**"
		printf "| %s | %s | %d | %d | %d | %d%s |\n", w[1], w[2],
			ioctls[1, name], ioctls[2, name], calls[1, name],
			calls[2, name], bad
		if (bad != "")
			status = 1
	}
	exit n == 0 || status
}
