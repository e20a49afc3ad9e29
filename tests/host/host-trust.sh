#!/bin/bash
# SPDX-License-Identifier: LGPL-2.1-or-later
# toolstack: own
# timeout: 200
# Which hosts are known: fingerprints are shown and asked for, kept over a restart and
# taken back; who is not known is turned away on either side with what to do about it.
# Over TLS a machine comes as far as to the host where its own uuid is.
. "$(dirname "$0")/lib.sh"
. "$(dirname "$0")/lib_save.bash"

cleanup 'xm destroy s; for p in $(prints); do xm host-trust --remove "$p"; done >/dev/null 2>&1'
log=/var/log/xld/xld.log
no_tls() { [ -z "$(pids xld-tls)" ]; }
prints() { xm host-trust --list | sed -n '2,$s/.*SHA-256 //p'; }

own=$(xm host-trust --list | sed -n 's/^this host *SHA-256 //p')
contains "our own fingerprint" "$own" '^([0-9A-F]{2}:){31}[0-9A-F]{2}$'
sum=$(sed '/-----/d' /var/lib/xld/host.pem | base64 -d | sha256sum)
same "it is that of the certificate" "${sum%% *}" "$(tr -d : <<<"${own,,}")"
same "the key is root's" "400 0" "$(stat -c '%a %u' /var/lib/xld/host.key)"
same "nobody is trusted" "" "$(prints)"

check "a guest" xm create -q "$(tiny_config s 'type="pvh"' 'extra="tick=200"')"
check "it is up" wait_for 60 says s 'tick 2'
expect_status 1 xm migrate --live s 127.0.0.1
contains "we do not know it" "$err" "127.0.0.1: its certificate is not known here.*$own.*xm host-trust 127.0.0.1"
expect_status 1 xm migrate s 127.0.0.1:1
contains "nobody is there" "$err" 'Connection refused.*migration'

# Asked, and not confirmed; asked for another; confirmed.
out=$(echo no | xm host-trust 127.0.0.1 2>"$scratch/err") && fail "not confirmed, and trusted"
contains "ours is shown" "$out" "^this host +SHA-256 $own$"
contains "and the other's" "$out" "^127.0.0.1 +SHA-256 $own$"
same "nobody is trusted" "" "$(prints)"
expect_status 1 xm host-trust --fingerprint "${own//[0-9]/0}" 127.0.0.1
contains "it is another" "$err" "another certificate: SHA-256 $own"
expect_status 2 xm host-trust --fingerprint 12:34 127.0.0.1
contains "no fingerprint" "$err" '64 digits'
same "nobody is trusted" "" "$(prints)"
out=$(echo yes | xm host-trust 127.0.0.1) || fail "it cannot be trusted"
contains "it is trusted" "$(xm host-trust --list)" "127.0.0.1 +SHA-256 $own"
restart_xld
contains "after a restart" "$(xm host-trust --list)" "127.0.0.1 +SHA-256 $own"
contains "who did it" "$(cat /var/log/xld/audit.log)" 'host.trust_peer'

# As far as to the machine's own uuid, at either way of sending; it goes on.
domid=$(xm domid s)
for live in "" --live; do
	# shellcheck disable=SC2086
	expect_status 1 xm migrate $live s 127.0.0.1:8003
	contains "it is there already" "$err" "refuses:.* is there"
	same "the same domain" "$domid" "$(xm domid s)"
done
before=$(ticks s)
check "it ticks on" wait_for 60 goes_on s "${before:-0}"
contains "who came" "$(tail -n 200 $log)" "connection from host 127.0.0.1:[0-9]+, SHA-256 $own"
check "no process of it is left" wait_for 20 no_tls

# Not any more.
check "by its address" xm host-trust --remove 127.0.0.1
same "nobody is trusted" "" "$(prints)"
expect_status 2 xm host-trust --remove 127.0.0.1
contains "there is none" "$err" "no host '127.0.0.1' is trusted"
lower=${own,,}
check "in small letters, without colons" \
	xm host-trust --fingerprint "${lower//:/}" localhost:8003
check "by its fingerprint" xm host-trust --remove "$lower"
same "nobody is trusted" "" "$(prints)"

# Strangers that say nothing take no place from others for ever, and no process stays.
for _ in 1 2 3 4 5 6; do exec {fd}<>/dev/tcp/127.0.0.1/8003; fds+=("$fd"); done
check "no process waits for them" wait_for 60 no_tls
for fd in "${fds[@]}"; do exec {fd}>&-; done
check "others are heard" xm host-trust --fingerprint "$own" 127.0.0.1
check "destroy" xm destroy s
