# SPDX-License-Identifier: LGPL-2.1-or-later
# client: bash
# Ansible's modules for XenServer, as Debian has them: a machine from a template,
# its facts, on, off, and gone. XenAPI.py is the one of python3-os-xenapi.
set -eu
command -v ansible >/dev/null || { echo "there is no ansible"; exit 77; }
lib=/usr/lib/python3/dist-packages/os_xenapi/client/XenAPI.py
[ -e $lib ] || { echo "there is no python3-os-xenapi"; exit 77; }
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cp $lib "$dir"
export PYTHONPATH=$dir ANSIBLE_LOCALHOST_WARNING=false HOME=$dir \
	ANSIBLE_INVENTORY_UNPARSED_WARNING=false ANSIBLE_NOCOLOR=1 \
	ANSIBLE_DEPRECATION_WARNINGS=false

"$XLD_HOST" 'cat >/tmp/template.cfg <<END
name = "template"
kernel = "/boot/guest/tiny"
memory = 16
END
xm new /tmp/template.cfg'

# The module wants to know where copies of disks would go.
python3 - <<'END'
import os, xmlrpc.client
x = xmlrpc.client.ServerProxy(os.environ["XLD_HTTP"])
s = x.session.login_with_password("root", os.environ["XLD_PASSWORD"])["Value"]
pool, sr = x.pool.get_all(s)["Value"][0], x.SR.get_all(s)["Value"][0]
assert x.pool.set_default_SR(s, pool, sr)["Status"] == "Success"
END

module() {
	local name=$1
	shift
	echo "== $name $*"
	ansible localhost -i localhost, -c local \
		-e ansible_python_interpreter=/usr/bin/python3 \
		-m "community.general.$name" \
		-a "hostname=$XLD_HTTP username=root password=$XLD_PASSWORD $*" |
		tee "$dir/out"
	# Its status is not ansible's.
	grep -q '^localhost | \(SUCCESS\|CHANGED\) ' "$dir/out"
}

says() {
	grep -q "$1" "$dir/out" || { echo "no $1 there"; exit 1; }
}

module xenserver_guest name=made template=template state=poweredon \
	name_desc=by-ansible folder=/tests
says '"changed": true'
says '"state": "poweredon"'
[ "$("$XLD_HOST" 'xm list' | grep -c '^made ')" = 1 ]
module xenserver_guest_info name=made
says '"name_desc": "by-ansible"'
says '"folder": "/tests"'
says '"memory_mb": 16'
module xenserver_guest_powerstate name=made state=powered-off
says '"changed": true'
says '"state": "poweredoff"'
module xenserver_guest_powerstate name=made state=powered-off
says '"changed": false'
module xenserver_guest_powerstate name=made state=powered-on
says '"state": "poweredon"'
module xenserver_guest name=made state=absent force=true
says '"changed": true'
module xenserver_guest name=template state=absent
[ -z "$("$XLD_HOST" 'xm list' | grep -E '^(made|template) ')" ]
