# SPDX-License-Identifier: LGPL-2.1-or-later
# client: bash
# npm's package xen-api, which is fetched once: see npm_xen_api.mjs.
here=$(cd "$(dirname "$0")" && pwd)
dir=$XLD_CLIENTS/npm
command -v npm >/dev/null || { echo "there is no npm"; exit 77; }
mkdir -p "$dir"
# Runs beside this one fetch it, too.
exec 9>"$dir/lock"
flock 9
if [ ! -e "$dir/node_modules/xen-api/package.json" ]; then
	(cd "$dir" && timeout 200 npm install --no-fund --no-audit --silent \
		xen-api@4.7.6) ||
		{ echo "npm could not fetch xen-api 4.7.6"; exit 77; }
fi
exec 9>&-
exec node "$here/npm_xen_api.mjs" "$dir"
