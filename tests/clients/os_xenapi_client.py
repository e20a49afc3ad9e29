#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# client: /usr/bin/python3
# Debian's python3-os-xenapi (OpenStack's): its XenAPI module, and its session with
# five logins, version checks and object helpers. What it cannot have is its own
# plugin in domain 0, which it asks for when it begins: that question is answered
# for it, and so is the one for the address of a host behind a forwarded port.
import os
import sys
import warnings

from lib import same

warnings.simplefilter("ignore")
from os_xenapi.client import XenAPI, session  # noqa: E402

URL, PASSWORD = os.environ["XLD_HTTP"], os.environ["XLD_PASSWORD"]


class Session(session.XenAPISession):
    def _verify_plugin_version(self):
        pass

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
    s = Session(URL, "root", PASSWORD)
    same("this host", s.host_uuid,
         s.call_xenapi("host.get_uuid", s.host_ref))
    same("brand", "xld", s.product_brand)
    same("parts of the version", 3, len(s.product_version))
    refused("MESSAGE_METHOD_UNKNOWN", s.call_plugin, "x", "f", {})
    life(s)
    # It logs in again by itself.
    with s._get_session() as one:
        one.xenapi.session.get_uuid(one.handle)
        old = one._session
        XenAPI._parse_result(one.session.logout(old))
        one.xenapi.VM.get_all()
        same("another handle", True, one._session != old)


main()
