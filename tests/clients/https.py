#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# client: python3
# HTTPS: the certificate that xld made holds for the addresses it should, its key is
# nobody else's; TLS 1.2 and 1.3; the owner's own certificate; a pair that is none
# changes nothing. Unknown settings are warnings that suggest.
import os
import socket
import ssl
import sys
import time
import xmlrpc.client

from lib import PASSWORD, in_host, reload_settings, same

HTTP, HTTPS = os.environ["XLD_HTTP"], os.environ["XLD_HTTPS"]
HOST, PORT = HTTPS[8:].split(":")


def trusting(pem, version=None):
    context = ssl.create_default_context(cadata=pem)
    if version:
        context.minimum_version = context.maximum_version = version
    return context


def served(context, name):
    """The certificate that is shown to who asks for this name."""
    with socket.create_connection((HOST, int(PORT)), timeout=30) as s, \
            context.wrap_socket(s, server_hostname=name) as t:
        return t.version(), ssl.DER_cert_to_PEM_cert(t.getpeercert(True))


def change(lines):
    in_host("cp /tmp/xld.conf.https /etc/xld/xld.conf; "
            f"printf '%s\\n' '{lines}' >>/etc/xld/xld.conf")
    reload_settings()


def console(context):
    """A guest's console through TLS: what it printed, then itself."""
    x = xmlrpc.client.ServerProxy(HTTPS, context=context)
    handle = x.session.login_with_password("root", PASSWORD)["Value"]
    in_host("printf 'name=\"https\"\\nkernel=\"/boot/guest/tiny\"\\nmemory=16\\n' "
            ">/tmp/https.cfg && xm create -q /tmp/https.cfg")
    vm = x.VM.get_by_name_label(handle, "https")["Value"][0]
    where = f"/console?uuid={vm}&session_id={handle}&history=1"
    for _ in range(50):
        text = http(context, f"GET {where} HTTP/1.1\r\nHost: x\r\n"
                    "Connection: close\r\n\r\n", b"TINY UP")
        if b"TINY UP" in text:
            break
        time.sleep(0.2)
    else:
        sys.exit(f"the guest's words: {text!r}")
    text = http(context, f"GET {where} HTTP/1.1\r\nHost: x\r\nConnection: "
                "Upgrade\r\nUpgrade: xld-console\r\n\r\n", b"TINY UP")
    same("status", b"HTTP/1.1 101 ", text[:13])
    if b"TINY UP" not in text:
        sys.exit(f"the console: {text!r}")
    in_host("xm destroy https")


def http(context, request, until):
    """Everything up to these words, or the end."""
    text = b""
    with socket.create_connection((HOST, int(PORT)), timeout=30) as s, \
            context.wrap_socket(s, server_hostname="127.0.0.1") as t:
        t.sendall(request.encode())
        while until not in text:
            data = t.recv(65536)
            if not data:
                break
            text += data
    return text


def main():
    pem = in_host("cat /var/lib/xld/api.pem")
    same("who may read the key", "400 xld-api xld-api",
         in_host("stat -c '%a %U %G' /var/lib/xld/api.key").strip())
    for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"),
                          (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        for host in ("127.0.0.1", "localhost", "hosta"):
            same("version and certificate", (name, pem),
                 served(trusting(pem, version), host))
    try:
        served(trusting(pem), "elsewhere.example")
        sys.exit("the certificate holds for any name")
    except ssl.SSLCertVerificationError:
        pass
    x = xmlrpc.client.ServerProxy(HTTPS, context=trusting(pem))
    same("a login", "Success",
         x.session.login_with_password("root", PASSWORD)["Status"])
    console(trusting(pem))
    in_host("cp /etc/xld/xld.conf /tmp/xld.conf.https; cd /tmp; "
            "for n in a b; do /usr/libexec/xld/xld-cert $n.example "
            "3>$n.pem 4>$n.key; done")
    try:
        change("certificate = /tmp/a.pem\nkey = /tmp/a.key")
        own = in_host("cat /tmp/a.pem")
        same("the owner's certificate", own,
             served(trusting(own), "a.example")[1])
        # Another's key: what was served before still is, and the log says so.
        change("certificate = /tmp/a.pem\nkey = /tmp/b.key\ncertifcate = x")
        same("with a key that does not fit", own,
             served(trusting(own), "a.example")[1])
        log = in_host("cat /var/log/xld/xld.log")
        if "there is no setting 'certifcate'; did you mean 'certificate'?" \
                not in log:
            sys.exit("no suggestion for an unknown setting in the log")
        # A mistake changes nothing.
        in_host("echo 'sessions = many' >>/etc/xld/xld.conf; "
                "kill -HUP $(pidof xld); sleep 1")
        if "sessions must be a number" not in \
                in_host("tail -n 3 /var/log/xld/xld.log"):
            sys.exit("a setting that cannot be is not in the log")
        in_host("xm list")
    finally:
        change("")
    same("the certificate of before", pem, served(trusting(pem), "hosta")[1])


main()
