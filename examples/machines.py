#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""Lists the machines of a host over the network, with Python's own library.

   machines.py URL USER PASSWORD [CA-FILE]
   machines.py https://host:9367 root secret api.pem
"""
import json
import ssl
import sys
import urllib.request


class Host:
    """A session: host("VM.get_all_records") gives what the message gives."""

    def __init__(self, url, user, password, ca=None):
        self.url = url + "/jsonrpc"
        self.context = ssl.create_default_context(cafile=ca)
        self.session = self.call("session.login_with_password", user, password)

    def call(self, method, *params):
        body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method,
                           "params": params}).encode()
        context = self.context if self.url.startswith("https:") else None
        with urllib.request.urlopen(self.url, body, context=context) as r:
            reply = json.load(r)
        if "error" in reply:
            e = reply["error"]
            sys.exit(f"{method}: {e['message']} {' '.join(e.get('data', []))}")
        return reply["result"]

    def __call__(self, method, *params):
        return self.call(method, self.session, *params)


def main():
    if len(sys.argv) not in (4, 5):
        sys.exit(__doc__)
    host = Host(*sys.argv[1:])
    try:
        for vm in host("VM.get_all_records").values():
            print(f"{vm['name_label']:20} {vm['power_state']:10} {vm['uuid']}")
    finally:
        host("session.logout")


main()
