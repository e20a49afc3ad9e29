#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# The certificate of https: what clients are told of it, another one by the API, which
# new connections find without a restart, and which are not taken.
. "$(dirname "$0")/lib.sh"

api() { "$progs/prog_api" "$@"; }
refs() { api "$@" | tr -d '[]" ' | tr ',' '\n' | grep .; }
own=/var/lib/xld/api.pem
conf=/etc/xld/xld.conf
cp $conf "$scratch/xld.conf"
cleanup 'cp "$scratch/xld.conf" $conf; restart_xld; api host.reset_server_certificate "$host"' '>/dev/null'
# shown: the SHA-256 of the certificate that https shows, as another host would see it.
shown() { api host.look_at_peer "$host" 127.0.0.1:9367 | sed -n 's/.*"peer": *"\([^"]*\)".*/\1/p'; }
# told: the same as the API tells it.
told() { api Certificate.get_fingerprint "$(refs Certificate.get_all)"; }
# pair NAME: a certificate and a key.
pair() { /usr/libexec/xld/xld-cert localhost 3>"$scratch/$1.pem" 4>"$scratch/$1.key"; }

host=$(refs host.get_all)
cert=$(refs Certificate.get_all)
same "the host's" "$cert" "$(refs host.get_certificates "$host")"
same "its host" "$host" "$(api Certificate.get_host "$cert")"
same "its type" host "$(api Certificate.get_type "$cert")"
print=$(api Certificate.get_fingerprint "$cert")
contains "SHA-256" "$print" '^([0-9A-F]{2}:){31}[0-9A-F]{2}$'
from=$(api Certificate.get_not_before "$cert") to=$(api Certificate.get_not_after "$cert") now=$(date -u +%Y%m%dT%H:%M:%SZ)
[[ $from < $now && $now < $to ]] || fail "not now: $from $to"
same "the file" "$(cat $own)" "$(api host.get_server_certificate "$host")"
same "https shows it" "$print" "$(shown)"

# --- another ----------------------------------------------------------------------------
check "a pair" pair other
check "a pair" pair third
daemon=$(pids xld-api)
install() { api host.install_server_certificate "$host" "$@"; }
check "another" install "$(cat "$scratch/other.pem")" "$(cat "$scratch/other.key")" ''
same "the file" "$(cat "$scratch/other.pem")" "$(cat $own)"
is_new() { [ "$(shown)" = "$(told)" ]; }
check "https shows it" wait_for 20 is_new
other=$(shown)
[ "$other" != "$print" ] || fail "it is the one before"
same "by the same process" "$daemon" "$(pids xld-api)"
same "only xld-api reads its key" "400 xld-api" "$(stat -c '%a %U' /var/lib/xld/api.key)"
new=$(refs Certificate.get_all)
[ "$new" != "$cert" ] || fail "it is the same object"
expect_status 1 api Certificate.get_record "$cert"
contains "the old one is no more" "$out" '^HANDLE_INVALID Certificate '
restart_xld
check "https shows it still" wait_for 20 is_new
same "that one" "$other" "$(shown)"
same "it is that one" "$new" "$(refs Certificate.get_all)"

# --- not taken -----------------------------------------------------------------------------
expect_status 1 install "$(cat "$scratch/third.pem")" "$(cat "$scratch/other.key")" ''
same "of another key" SERVER_CERTIFICATE_KEY_MISMATCH "$out"
expect_status 1 install nonsense "$(cat "$scratch/third.key")" ''
same "no certificate" SERVER_CERTIFICATE_INVALID "$out"
expect_status 1 install "$(cat "$scratch/third.pem")" nonsense ''
same "no key" SERVER_CERTIFICATE_KEY_INVALID "$out"
expect_status 1 install "$(cat "$scratch/third.pem")" "$(cat "$scratch/third.key")" "$(cat "$scratch/other.pem")"
same "no chain of its" SERVER_CERTIFICATE_CHAIN_INVALID "$out"
same "nothing has changed" "$(cat "$scratch/other.pem")" "$(cat $own)"
same "https shows the one before" "$other" "$(shown)"
same "no key in the logs" 0 "$(cat /var/log/xld/*.log | grep -c 'PRIVATE KEY')"

# --- the owner's files, and one of our own again --------------------------------------------------
{ cat "$scratch/xld.conf"; echo "certificate = $scratch/third.pem"; echo "key = $scratch/third.key"; } >$conf
restart_xld
check "https shows the owner's" wait_for 20 is_new
[ "$(shown)" != "$other" ] || fail "it is the one before"
same "as clients are told" "$(cat "$scratch/third.pem")" "$(api host.get_server_certificate "$host")"
expect_status 1 install "$(cat "$scratch/other.pem")" "$(cat "$scratch/other.key")" ''
same "it is the owner's" "OPERATION_NOT_ALLOWED certificate of xld.conf" "$out"
expect_status 1 api host.reset_server_certificate "$host"
same "it is the owner's" "OPERATION_NOT_ALLOWED certificate of xld.conf" "$out"
cp "$scratch/xld.conf" $conf
restart_xld
check "a new one" api host.reset_server_certificate "$host"
[ "$(cat $own)" != "$(cat "$scratch/other.pem")" ] || fail "it is the one before"
check "https shows it" wait_for 20 is_new
[ "$(shown)" != "$other" ] || fail "it is the one before"
