#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# Who did what: the audit log, and one name of a request from the client's answer to
# the daemon's log.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
json() { "$progs/prog_json" "$@"; }
log=/var/log/xld/audit.log
cleanup 'restart_xld; xm destroy a; xm delete a >/dev/null 2>&1'
# last CALL FIELD: of the last line about such a call.
last() { grep "\"call\":\"$1\"" $log | tail -n 1 | json "$2"; }

same "root's alone" 600 "$(stat -c %a $log)"
check "new" xm new -q "$(tiny_config a 'extra="tick=1000 secret=hunter2"')"
uuid=$(api VM.get_uuid @a)
same "what was made" "$uuid" "$(last VM.create object)"
same "by whom" root "$(last VM.create user)"
same "from where" "uid 0" "$(last VM.create from)"
same "how it ended" ok "$(last VM.create result)"
lines=$(wc -l <$log)
check "reading" xm list
same "is not told" "$lines" "$(wc -l <$log)"
expect_status 1 api VM.unpause @a
same "refusals are" VM_BAD_POWER_STATE "$(last VM.unpause result)"
check "start" xm start a
same "what was started" "$uuid" "$(last VM.start object)"
[ -n "$(last VM.start task)" ] || fail "no task: $(grep VM.start $log)"
id=$(last VM.start request)
contains "the request's name in the log" "$(grep -F "[$id]" /var/log/xld/xld.log)" 'domain [0-9]+: built'
# Others' names for a request, when they are plain.
ask() {
	local body='<methodCall><methodName>session.login_with_password</methodName><params><param><value>root</value></param><param><value>'$2'</value></param></params></methodCall>'
	exec 5<>/dev/tcp/127.0.0.1/9363
	printf 'POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Request-Id: %s\r\nContent-Length: %d\r\n\r\n%s' "$1" "${#body}" "$body" >&5
	cat <&5
	exec 5>&-
}
contains "it comes back" "$(ask shop-17 xld)" '^X-Request-Id: shop-17'
same "a login is told" shop-17 "$(last access.login request)"
same "from where" 127.0.0.1 "$(last access.login from)"
contains "another is made for one that is not plain" "$(ask 'a{b' wrong-pass)" '^X-Request-Id: [0-9a-f]{16}'
same "and one that failed" SESSION_AUTHENTICATION_FAILED "$(last access.login result)"
for s in hunter2 wrong-pass; do
	grep -q $s $log && fail "the secret '$s' is in it"
done
# It is only appended to, and anew after it was rotated.
mv $log $log.1
check "more" xm destroy a
same "to the old one until then" ok "$(grep hard_shutdown $log.1 | tail -n 1 | json result)"
kill -HUP "$(cat /run/xld/xld.pid)"
there() { [ -e $log ]; }
check "a new one" wait_for 10 there
check "delete" xm delete a
same "it goes on there" VM.destroy "$(tail -n 1 $log | json call)"
cat $log >>$log.1
mv $log.1 $log
