# SPDX-License-Identifier: LGPL-2.1-or-later
"""What the tests of this folder have in common."""
import os
import subprocess
import sys
import time
import xmlrpc.client

PASSWORD = os.environ["XLD_PASSWORD"]


def same(what, want, got):
    if want != got:
        sys.exit(f"{what}: {got!r} instead of {want!r}")


def in_host(command):
    """Runs it in domain 0; its output."""
    r = subprocess.run([os.environ["XLD_HOST"], command], text=True,
                       stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if r.returncode != 0:
        sys.exit(f"{command}: {r.stdout}")
    return r.stdout


def eventually(what, f, seconds=30):
    """Waits until f gives something that is true, which is given."""
    end = time.monotonic() + seconds
    while True:
        got = f()
        if got:
            return got
        if time.monotonic() > end:
            sys.exit(f"{what}: not within {seconds} s")
        time.sleep(0.2)


def reload_settings():
    """xld reads its settings again; until xld-api has them."""
    count = "grep -c 'the API is at' /var/log/xld/xld.log || true"
    before = int(in_host(f"{count}; kill -HUP $(pidof xld)"))
    eventually("the settings", lambda: int(in_host(count)) > before)
    # The answer to a call comes behind them.
    x = xmlrpc.client.ServerProxy(os.environ["XLD_HTTP"])
    x.session.login_with_password("root", PASSWORD)
