#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# Settings that change while clients are logged in: sessions go on, addresses come
# and go, a mistake changes nothing, a name that is none is told.
. "$(dirname "$0")/lib.sh"

conf=/etc/xld/xld.conf
log=/var/log/xld/xld.log
cp $conf "$scratch/xld.conf"
cleanup 'cp "$scratch/xld.conf" $conf; reload'

reload() { kill -HUP "$(cat /run/xld/xld.pid)"; }

# ask PORT METHOD PARAMS: the answer's body.
ask() {
	local body='{"jsonrpc":"2.0","id":1,"method":"'$2'","params":['$3']}'
	exec 5<>/dev/tcp/127.0.0.1/"$1" || return
	printf 'POST /jsonrpc HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: %d\r\n\r\n%s' \
		"${#body}" "$body" >&5
	sed '1,/^\r$/d' <&5
	exec 5>&-
}
served() { [[ $(ask "$1" session.get_this_user "\"$session\",\"$session\"" 2>/dev/null) == *'"result":"root"'* ]]; }
refused() { ! { exec 5<>/dev/tcp/127.0.0.1/"$1"; } 2>/dev/null; }
# told TEXT: since the last time this was asked.
told() {
	tail -c +"$((seen + 1))" $log | grep -qE -- "$1"
}
mark() { seen=$(stat -c %s $log); }

answer=$(ask 9363 session.login_with_password '"root","xld"')
session=$(sed -E 's/.*"result":"([^"]*)".*/\1/' <<<"$answer")
contains "logged in" "$session" '^OpaqueRef:'
api=$(pidof xld-api)

mark
{ sed 's/^ *http *=.*/& 127.0.0.1:9364/' "$scratch/xld.conf"; echo 'request_secnods = 5'; } >$conf
check "a second address" reload
check "is served" wait_for 20 served 9364
check "and the first" served 9363
same "by the same process" "$api" "$(pidof xld-api)"
check "the unknown name is told" wait_for 5 told "request_secnods.*request_seconds"

mark
echo 'connections = none' >>$conf
check "a mistake" reload
check "is told" wait_for 20 told "the settings stay as they are.*connections"
check "and changes nothing" served 9364

mark
sed 's/^ *http *=.*/http = 127.0.0.1:9364/; $a connections = 9000' "$scratch/xld.conf" >$conf
check "another address alone" reload
check "the first is not served" wait_for 20 refused 9363
check "the session goes on" served 9364
limit=$(sed -nE 's/^Max open files +[0-9]+ +([0-9]+).*/\1/p' "/proc/$api/limits")
told "there are descriptors for" || [ "$limit" -ge 9000 ] ||
	fail "descriptors for 9000 connections: $limit, and nobody says so"

# It dies: the next one has the settings of now.
kill -9 "$api"
check "another xld-api" wait_for 30 ask 9364 session.login_with_password '"root","xld"'
check "at these addresses" refused 9363
cp "$scratch/xld.conf" $conf
check "as before" reload
check "is served" wait_for 20 ask 9363 session.login_with_password '"root","xld"'
same "and no other" yes "$(refused 9364 && echo yes)"
