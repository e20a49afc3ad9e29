#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# client: /usr/bin/python3
# Debian's python3-os-xenapi (OpenStack's): its XenAPI module, and its session with
# five logins, version checks and object helpers. Its plugin in domain 0, which it asks
# for its version when it begins, is a program of ours; the question for the address of
# a host behind a forwarded port is answered for it.
import base64
import os
import sys
import warnings

from lib import in_host, same

warnings.simplefilter("ignore")
from os_xenapi.client import XenAPI, session  # noqa: E402

URL, PASSWORD = os.environ["XLD_HTTP"], os.environ["XLD_PASSWORD"]


# What its plugin answers: a version, pickled.
PLUGIN = r"""
mkdir -p /etc/xld/plugins
cat >/etc/xld/plugins/dom0_plugin_version.py <<'EOF'
#!/bin/bash
case $1 in
*"<methodName>get_version</methodName>"*) value="V$VERSION"$'\np0\n.' ;;
*"<methodName>fail</methodName>"*) echo "nothing to say" >&2; exit 5 ;;
esac
echo "<methodResponse><params><param><value><struct><member><name>Status</name>
<value>Success</value></member><member><name>Value</name><value>$value</value>
</member></struct></value></param></params></methodResponse>"
EOF
sed -i "s/[$]VERSION/%s/" /etc/xld/plugins/dom0_plugin_version.py
chmod 755 /etc/xld/plugins/dom0_plugin_version.py
"""


class Session(session.XenAPISession):
    # Its pickles are bytes since Python 3, for which XenAPI has no type.
    def call_plugin(self, plugin, fn, args):
        if isinstance(args.get("params"), bytes):
            args["params"] = base64.b64encode(args["params"]).decode()
        return super().call_plugin(plugin, fn, args).encode()

    def _get_ip_from_url(self, url):
        return "127.0.0.1"


def refused(code, f, *args):
    try:
        f(*args)
    except XenAPI.Failure as e:
        same("the code of the refusal", code, e.details[0])
        return
    sys.exit(f"{code} was expected and nothing refused")


def life(s):
    vm = s.VM.create({"name_label": "os-xenapi", "PV_kernel": "/boot/guest/tiny",
                      "memory_static_max": str(16 << 20),
                      "memory_dynamic_max": str(16 << 20),
                      "memory_dynamic_min": str(16 << 20),
                      "memory_static_min": str(16 << 20),
                      "VCPUs_max": "1", "VCPUs_at_startup": "1",
                      "actions_after_shutdown": "destroy",
                      "other_config": {}})
    same("by name", [vm], s.VM.get_by_name_label("os-xenapi"))
    same("state", "Halted", s.VM.get_power_state(vm))
    s.VM.add_to_other_config(vm, "nova_uuid", "1")
    same("record", {"nova_uuid": "1"}, s.VM.get_record(vm)["other_config"])
    s.VM.start(vm, False, False)
    same("state", "Running", s.VM.get_power_state(vm))
    same("all", True, vm in s.VM.get_all_records())
    refused("VM_BAD_POWER_STATE", s.VM.start, vm, False, False)
    s.VM.hard_shutdown(vm)
    same("state", "Halted", s.VM.get_power_state(vm))
    s.VM.destroy(vm)
    same("by name", [], s.VM.get_by_name_label("os-xenapi"))


def main():
    refused("SESSION_AUTHENTICATION_FAILED", Session, URL, "root", "wrong")
    refused("XENAPI_MISSING_PLUGIN", Session, URL, "root", PASSWORD)
    in_host(PLUGIN % Session.PLUGIN_REQUIRED_VERSION)
    s = Session(URL, "root", PASSWORD)
    same("this host", s.host_uuid,
         s.call_xenapi("host.get_uuid", s.host_ref))
    same("brand", "xld", s.product_brand)
    same("parts of the version", 3, len(s.product_version))
    refused("XENAPI_MISSING_PLUGIN", s.call_plugin, "x", "f", {})
    refused("XENAPI_PLUGIN_FAILURE", s.call_plugin, "dom0_plugin_version",
            "fail", {})
    life(s)
    # It logs in again by itself.
    with s._get_session() as one:
        one.xenapi.session.get_uuid(one.handle)
        old = one._session
        XenAPI._parse_result(one.session.logout(old))
        one.xenapi.VM.get_all()
        same("another handle", True, one._session != old)


main()
