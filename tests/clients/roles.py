#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# client: python3
# Users of domain 0 with passwords of their own: PAM says who they are, xld.conf what
# they may do; who has no role may do nothing. A change of the settings counts at
# once. Root is root on the local socket without a password.
import os
import sys
import xmlrpc.client

from lib import PASSWORD, in_host, reload_settings, same

URL = os.environ["XLD_HTTP"]


def login(user, password=PASSWORD):
    return xmlrpc.client.ServerProxy(URL).session.login_with_password(
        user, password, "2.0", "roles")


class As:
    def __init__(self, user):
        self.x = xmlrpc.client.ServerProxy(URL)
        r = login(user)
        same(f"login of {user}", "Success", r["Status"])
        self.handle = r["Value"]

    def __call__(self, method, *args):
        """The value, or the error's code in a tuple."""
        r = getattr(self.x, method)(self.handle, *args)
        if r["Status"] == "Success":
            return r["Value"]
        return (r["ErrorDescription"][0],)


def settings(text):
    in_host(f"printf '%s\\n' '{text}' >>/etc/xld/xld.conf")
    reload_settings()


DENIED = ("RBAC_PERMISSION_DENIED",)
RECORD = {"name_label": "roles", "PV_kernel": "/boot/guest/tiny",
          "memory_static_max": str(16 << 20), "VCPUs_max": "1",
          "actions_after_shutdown": "destroy"}


def main():
    # ann and tom are in the group staff; all have root's password.
    in_host("cp /etc/xld/xld.conf /tmp/xld.conf; "
            "hash=$(sed -n 's/^root:\\([^:]*\\):.*/\\1/p' /etc/shadow); "
            "echo staff:x:2000:tom >>/etc/group; "
            "n=2001; for u in ann tom bob eve; do "
            "g=$n; [ $u != ann ] || g=2000; "
            "echo $u:x:$n:$g::/:/bin/false >>/etc/passwd; "
            "echo \"$u:$hash:19000:0:99999:7:::\" >>/etc/shadow; "
            "n=$((n + 1)); done; "
            # An account that ended long ago.
            "echo old:x:2009:2009::/:/bin/false >>/etc/passwd; "
            "echo \"old:$hash:19000:0:99999:7::100:\" >>/etc/shadow")
    try:
        settings("vm_operator = @staff\nread_only = bob old\nvm_admin = tom")
        check()
    finally:
        in_host("cp /tmp/xld.conf /etc/xld/xld.conf; kill -HUP $(pidof xld); "
                "sed -i '/^\\(ann\\|tom\\|bob\\|eve\\|old\\):/d' /etc/passwd "
                "/etc/shadow; sed -i '/^staff:/d' /etc/group; xm list")


def check():
    same("a user without a role", ["SESSION_AUTHORIZATION_FAILED", "eve"],
         login("eve")["ErrorDescription"][:2])
    same("an account that has ended", "SESSION_AUTHENTICATION_FAILED",
         login("old")["ErrorDescription"][0])
    same("nobody", "SESSION_AUTHENTICATION_FAILED",
         login("nobody-of-this-name")["ErrorDescription"][0])
    ann, tom, bob, root = As("ann"), As("tom"), As("bob"), As("root")
    same("who", "ann", ann("session.get_this_user", ann.handle))
    # Who may look.
    same("machines", 1, len(bob("VM.get_all")))
    same("make one", DENIED, bob("VM.create", RECORD))
    same("an operator makes one", DENIED, ann("VM.create", RECORD))
    vm = tom("VM.create", RECORD)
    for method, args in (("VM.start", (vm, False)), ("VM.destroy", (vm,)),
                         ("VM.set_name_label", (vm, "x")),
                         ("VM.add_to_other_config", (vm, "a", "b")),
                         ("Async.VM.start", (vm, False)),
                         ("host.dmesg", (bob("host.get_all")[0],)),
                         ("session.get_all_subject_identifiers", ())):
        same(f"{method} of who may look", DENIED, bob(method, *args))
    # Who may start and stop.
    same("an operator starts it", "", ann("VM.start", vm, False))
    same("and destroys", DENIED, ann("VM.destroy", vm))
    same("and names", DENIED, ann("VM.set_name_label", vm, "x"))
    # But for keys that clients sort machines by; others need the field's role.
    same("a folder", "", ann("VM.add_to_other_config", vm, "folder", "/a"))
    same("a field of his own", "",
         ann("VM.add_to_other_config", vm, "XenCenter.CustomFields.x", "1"))
    same("who may look", DENIED,
         bob("VM.remove_from_other_config", vm, "folder"))
    same("another key", DENIED, ann("VM.add_to_other_config", vm, "a", "b"))
    same("a device", DENIED, tom("VM.add_to_other_config", vm, "pci", "0/1"))
    same("all keys", "", ann("VM.set_other_config", vm, {"folder": "/b"}))
    same("and one more", DENIED,
         ann("VM.set_other_config", vm, {"folder": "/b", "a": "b"}))
    same("as it is", {"folder": "/b"}, bob("VM.get_other_config", vm))
    same("and stops it", "", ann("VM.hard_shutdown", vm))
    # Who may make machines: but not give domain 0 a program to run.
    same("an admin of machines", DENIED,
         tom("VM.create", dict(RECORD, name_label="r2", PV_kernel="",
                               PV_bootloader="/bin/sh")))
    same("sets the pool's", DENIED,
         tom("pool.set_name_label", tom("pool.get_all")[0], "x"))
    same("reads Xen's log", DENIED, tom("host.dmesg", tom("host.get_all")[0]))
    same("and destroys", "", tom("VM.destroy", vm))
    # Sessions of others are not one's own.
    same("another's session", ("PERMISSION_DENIED",),
         bob("session.get_record", root.handle))
    same("users", ["ann", "bob", "root", "tom"],
         sorted(root("session.get_all_subject_identifiers")))
    root("session.logout_subject_identifier", "bob")
    same("who was shown out", ("SESSION_INVALID",), bob("VM.get_all"))
    # A password that is changed; the old one is none any more.
    same("another password", "", tom("session.change_password", PASSWORD,
                                     "Another-1-of-Toms"))
    same("the old one", "SESSION_AUTHENTICATION_FAILED",
         login("tom")["ErrorDescription"][0])
    same("the new one", "Success", login("tom", "Another-1-of-Toms")["Status"])
    # Roles are taken away at once.
    in_host("sed -i '/^vm_operator/d' /etc/xld/xld.conf")
    settings("# ann is nobody now")
    same("after a change", ("SESSION_INVALID",), ann("VM.get_all"))
    # The local socket needs no password, and TCP is not the local socket.
    same("root at home", 0, int(in_host("xm list >/dev/null; echo $?")))
    same("root from abroad", "SESSION_AUTHENTICATION_FAILED",
         login("root", "")["ErrorDescription"][0])


main()
