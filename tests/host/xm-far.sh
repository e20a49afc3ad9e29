#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# image: full
# toolstack: own
# timeout: 400
# xm --host: another host by https, with a name and a password from a file, and by ssh;
# both end here. What is said when something is missing, and that nothing stays behind.
. "$(dirname "$0")/lib.sh"

export HOME=$scratch/home
mine=$HOME/.config/xld
mkdir -p "$mine/hosts"
cleanup 'xm destroy there 2>/dev/null; xm destroy here 2>/dev/null'
# far HOST WORD...: without a terminal that one could be asked at.
far() { local host=$1; shift; setsid -w xm --host "$host" "$@"; }
# refused STATUS PATTERN HOST WORD...
refused() {
	local status=$1 pattern=$2
	shift 2
	expect_status "$status" far "$@"
	contains "why" "$err" "^Error: .*$pattern"
	same "a line" 1 "$(wc -l <<<"$err")"
}
as() { printf 'machine %s login %s password %s\n' "$@" >"$mine/credentials"; }

# --- https ------------------------------------------------------------------------------
refused 75 'cert' localhost list
cp /var/lib/xld/api.pem "$mine/hosts/localhost.pem"
refused 5 "nobody has said the password of root at localhost: .* $mine/credentials" localhost list
as localhost root xld
refused 5 "others than its owner can read it: chmod 600 $mine/credentials" localhost list
chmod 600 "$mine/credentials"
check "by https" far localhost list --format json >"$scratch/far"
same "the same list" "$(xm list --format json | sed 's/"cpu_time":.*//')" "$(sed 's/"cpu_time":.*//' "$scratch/far")"
check "behind the command, with a user and a port" setsid -w xm domid --host=root@localhost:9367 Domain-0 >/dev/null
refused 5 "password of nobody" nobody@localhost list
refused 75 "cannot reach" localhost:9 list
as localhost root wrong
refused 5 "login of 'root' refused" localhost list
same "nothing of it in the logs" 0 "$(cat /var/log/xld/*.log | grep -c 'wrong')"
as localhost root xld
expect_status 5 env "XLD_CREDENTIALS=$mine/hosts/localhost.pem" setsid -w xm --host localhost list
expect_status 1 env XLD_CREDENTIALS=/nowhere setsid -w xm --host localhost list
contains "a file that is named has to be there" "$err" '^Error: /nowhere: No such file'

config=$(tiny_config there 'extra = "tick=100"')
check "a configuration of this host" far localhost create -q "$config"
check "its console" wait_for 20 eval 'far localhost console -l there | grep -q tick'
refused 2 "'image' is a file of localhost: say its full path there" localhost save there image
check "a file of that host" far localhost save there "$scratch/image"
check "is here" test -s "$scratch/image"
check "restore" far localhost restore "$scratch/image"
check "shutdown" far localhost destroy there
expect_status 3 far localhost domid there

# --- ssh ----------------------------------------------------------------------------------
mkdir -p /root/.ssh /run/sshd
cp -a /root/.ssh "$scratch/ssh"
cleanup 'rm -rf /root/.ssh; mv "$scratch/ssh" /root/.ssh; kill_all TERM sshd'
chmod 700 /root/.ssh
ssh-keygen -q -A
ssh-keygen -q -t ed25519 -N '' -f /root/.ssh/id_ed25519
cp /root/.ssh/id_ed25519.pub /root/.ssh/authorized_keys
sed 's/^/localhost /' /etc/ssh/ssh_host_ed25519_key.pub >/root/.ssh/known_hosts
[ -n "$(pids sshd)" ] || check "sshd" /usr/sbin/sshd
# What it leaves here while it runs.
left() { find /tmp "${XDG_RUNTIME_DIR:-/tmp}" -maxdepth 1 -name 'xm-*' | grep . || pids ssh; }
check "by ssh" far ssh://root@localhost list --format json >"$scratch/far"
same "the same list" "$(xm list --format json | sed 's/"cpu_time":.*//')" "$(sed 's/"cpu_time":.*//' "$scratch/far")"
same "nothing stays" "" "$(left)"
config=$(tiny_config here 'extra = "tick=100"')
check "a guest" far ssh://localhost create -q "$config"
check "its console" wait_for 20 eval 'far ssh://localhost console -l here | grep -q tick'
mkfifo "$scratch/in"
far ssh://localhost console here <"$scratch/in" >"$scratch/console" 2>&1 &
exec 8>"$scratch/in"
check "as it goes on" wait_for 20 grep -q tick "$scratch/console"
kill -KILL "$(pids xm)"
exec 8>&-
check "killed, it takes ssh along" wait_for 10 none_of ssh
rm -rf /tmp/xm-*
check "destroy" far ssh://localhost destroy here
expect_status 75 far ssh://localhost:9 list
contains "why" "$err" '^Error: localhost cannot be reached by ssh \(it ended with status 255\)'
mv /root/.ssh/authorized_keys "$scratch/keys"
expect_status 75 far ssh://localhost list
contains "ssh says why" "$err" 'Permission denied'
mv "$scratch/keys" /root/.ssh/authorized_keys
kill_all KILL xld
expect_status 75 far ssh://localhost list
contains "no daemon there" "$err" '^Error: '
restart_xld
same "nothing stays" "" "$(left)"
