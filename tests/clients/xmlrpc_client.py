#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# client: python3
# Python's xmlrpc.client, used the way XenAPI.py uses it: login with four
# arguments, the pool's master and its API version, then the life of a guest, its
# events followed with event_from. HTTP and HTTPS.
import os
import ssl
import sys
import time
import xmlrpc.client

from lib import PASSWORD, same


class Failure(Exception):
    pass


class Method:
    def __init__(self, send, name):
        self.send, self.name = send, name

    def __getattr__(self, name):
        return Method(self.send, f"{self.name}.{name}")

    def __call__(self, *args):
        return self.send(self.name, args)


class Session(xmlrpc.client.ServerProxy):
    """Passes the session's handle and opens the envelope of each answer."""

    def __init__(self, url):
        context = ssl._create_unverified_context()
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        more = {"context": context} if url.startswith("https:") else {}
        super().__init__(url, allow_none=True, **more)
        self.handle = None
        self.xenapi = Method(self.send, "")

    def open(self, reply):
        assert set(reply) in ({"Status", "Value"},
                              {"Status", "ErrorDescription"}), reply
        if reply["Status"] == "Success":
            return reply["Value"]
        raise Failure(*reply["ErrorDescription"])

    def log_in(self, *args):
        self.handle = self.open(self.session.login_with_password(*args))

    def send(self, name, args):
        f = getattr(self, name.lstrip("."))
        return self.open(f(self.handle, *args))


def refuses(code, f, *args):
    try:
        f(*args)
    except Failure as e:
        same("the code of the refusal", code, e.args[0])
        return e.args
    sys.exit(f"{code} was expected and nothing refused")


class Events:
    """What has been seen of the server through event_from."""

    def __init__(self, x, classes):
        self.x, self.classes, self.token = x, classes, ""
        self.objects = {}

    def step(self, timeout):
        r = self.x.event_from(self.classes, self.token, timeout)
        self.token = r["token"]
        for e in r["events"]:
            if e["operation"] == "del":
                self.objects.pop(e["ref"], None)
            else:
                self.objects[e["ref"]] = e["snapshot"]
        self.counts = r["valid_ref_counts"]
        return r["events"]

    def until(self, ref, field, value):
        for _ in range(60):
            if self.objects.get(ref, {}).get(field) == value:
                return
            self.step(10.0)
        sys.exit(f"{ref}.{field} never became {value!r} in the events")


def life(x, name):
    """A guest from its creation to its end, as its owner and an observer."""
    seen = Events(x, ["vm", "task"])
    seen.step(5.0)
    before = seen.counts["vm"]
    vm = x.VM.create({"name_label": name, "PV_kernel": "/boot/guest/tiny",
                      "memory_static_max": str(16 << 20),
                      "memory_static_min": str(16 << 20),
                      "memory_dynamic_max": str(16 << 20),
                      "memory_dynamic_min": str(16 << 20),
                      "VCPUs_max": "1", "VCPUs_at_startup": "1",
                      "actions_after_shutdown": "destroy",
                      "other_config": {"colour": "blue"}})
    same("how a reference begins", "OpaqueRef:", vm[:10])
    seen.until(vm, "power_state", "Halted")
    same("machines", before + 1, seen.counts["vm"])
    same("by name", [vm], x.VM.get_by_name_label(name))
    x.VM.add_to_other_config(vm, "shape", "round")
    same("other_config", {"colour": "blue", "shape": "round"},
         x.VM.get_other_config(vm))
    seen.until(vm, "other_config", {"colour": "blue", "shape": "round"})
    task = getattr(x, "Async.VM.start")(vm, False, False)
    seen.until(vm, "power_state", "Running")
    seen.until(task, "status", "success")
    same("progress in the end", 1.0, x.task.get_progress(task))
    x.task.destroy(task)
    refuses("HANDLE_INVALID", x.task.get_record, task)
    r = x.VM.get_record(vm)
    same("where it runs", x.host.get_all(), [r["resident_on"]])
    code, ref, expected, actual = refuses("VM_BAD_POWER_STATE", x.VM.start,
                                          vm, False, False)
    same("whose state", vm, ref)
    same("the states", ("Halted", "Running"), (expected, actual))
    token = x.event.inject("VM", vm)
    while seen.token < token:
        seen.step(5.0)
    x.VM.hard_shutdown(vm)
    seen.until(vm, "power_state", "Halted")
    x.VM.destroy(vm)
    while vm in seen.objects:
        seen.step(10.0)
    same("machines at the end", before, seen.counts["vm"])


def main():
    for url in (os.environ["XLD_HTTP"], os.environ["XLD_HTTPS"]):
        s = Session(url)
        same("refusal", ("SESSION_AUTHENTICATION_FAILED", "root"),
             refuses("SESSION_AUTHENTICATION_FAILED", s.log_in, "root",
                     "wrong", "2.21", "test")[:2])
        refuses("MESSAGE_PARAMETER_COUNT_MISMATCH", s.log_in, "root")
        s.log_in("root", PASSWORD, "2.21", "test")
        x = s.xenapi
        pool = x.pool.get_all()[0]
        host = x.pool.get_master(pool)
        same("API", 1, int(x.host.get_API_version_major(host)))
        int(x.host.get_API_version_minor(host))
        me = x.session.get_record(s.handle)
        same("who", ("root", "test"), (me["this_user"], me["originator"]))
        same("whose host", host, me["this_host"])
        life(x, f"wire-{os.getpid()}")
        # Nothing has happened since: it waits, and gives an empty list.
        seen = Events(x, ["pool"])
        seen.step(0)
        begin = time.monotonic()
        same("events of a quiet pool", [], seen.step(1.0))
        if time.monotonic() - begin < 0.9:
            sys.exit("event_from did not wait")
        refuses("EVENT_FROM_TOKEN_PARSE_FAILURE", x.event_from, ["*"], "x", 1.0)
        refuses("EVENT_SUBSCRIPTION_PARSE_FAILURE", x.event_from, ["/"], "", 1.0)
        old = s.handle
        x.session.logout()
        same("the handle", ("SESSION_INVALID", old),
             refuses("SESSION_INVALID", x.VM.get_all))
    # A client of old days, at the same time: bare uuids, two arguments.
    c = Session(os.environ["XLD_HTTP"])
    c.log_in("root", PASSWORD)
    same("a classic handle", 36, len(c.handle))
    dom0 = "00000000-0000-0000-0000-000000000000"
    same("Domain-0", dom0, c.xenapi.VM.get_by_uuid(dom0))
    same("of", dom0, c.xenapi.VM.get_record("OpaqueRef:" + dom0)["uuid"])


main()
