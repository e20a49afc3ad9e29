#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# client: python3
# Replies as the old C bindings read them, byte by byte: Status first, two members,
# no white space between elements, numbers as strings, real tags for booleans,
# doubles and dates; and requests as those bindings write them.
import os
import re
import sys
import urllib.request

from lib import same

URL = os.environ["XLD_HTTP"] + "/RPC2"
HEAD = '<?xml version="1.0"?><methodResponse><params><param><value><struct>' \
    "<member><name>Status</name><value><string>"
TAIL = "</member></struct></value></param></params></methodResponse>"


def call(method, *params):
    """Each parameter is the inside of a <value>. What is inside of the value."""
    body = f"<?xml version='1.0'?><methodCall><methodName>{method}" \
        "</methodName><params>" + \
        "".join(f"<param><value>{p}</value></param>" for p in params) + \
        "</params></methodCall>"
    # libcurl's own idea of what it posts.
    r = urllib.request.Request(URL, body.encode(), {
        "Content-Type": "application/x-www-form-urlencoded"})
    with urllib.request.urlopen(r) as f:
        same("type", "text/xml", f.headers["Content-Type"])
        text = f.read().decode()
    if re.search(r">\s+<", text):
        sys.exit(f"{method}: white space between elements: {text}")
    if not text.startswith(HEAD) or not text.endswith(TAIL):
        sys.exit(f"{method}: {text}")
    return text[len(HEAD):-len(TAIL)]


def value(method, *params):
    text = call(method, *params)
    begin = "Success</string></value></member><member><name>Value</name><value>"
    if not text.startswith(begin) or not text.endswith("</value>"):
        sys.exit(f"{method}: {text}")
    return text[len(begin):-len("</value>")]


def failure(method, *params):
    text = call(method, *params)
    begin = "Failure</string></value></member><member><name>ErrorDescription" \
        "</name><value><array><data>"
    if not text.startswith(begin):
        sys.exit(f"{method}: {text}")
    return re.findall(r"<value><string>(.*?)</string></value>",
                      text[len(begin):])


def string(s):
    return f"<string>{s}</string>"


def member(record, name):
    m = re.search(rf"<member><name>{name}</name><value>(.*?)</value></member>",
                  record)
    if not m:
        sys.exit(f"no member {name} in {record}")
    return m.group(1)


def main():
    s = value("session.login_with_password", string("root"),
              string(os.environ["XLD_PASSWORD"]))
    if not re.fullmatch("<string>[0-9a-f-]{36}</string>", s):
        sys.exit(f"the session's handle: {s}")
    dom0 = value("VM.get_by_uuid", s,
                 string("00000000-0000-0000-0000-000000000000"))
    same("its uuid", dom0, value("VM.get_uuid", s, dom0))
    r = value("VM.get_record", s, dom0)
    same("a boolean", "<boolean>1</boolean>", member(r, "is_control_domain"))
    same("an int is text", "<string>0</string>", member(r, "domid"))
    same("an enum", "<string>Running</string>", member(r, "power_state"))
    same("an empty set", "<array><data></data></array>", member(r, "VIFs"))
    same("an empty map", "<struct></struct>", member(r, "other_config"))
    m = value("VM.get_metrics", s, dom0)
    r = value("VM_metrics.get_record", s, m)
    if not re.fullmatch(r"<double>\d+\.\d+(e[+-]\d+)?</double>",
                        member(r, "cpu_time")) or not re.fullmatch(
            r"<dateTime.iso8601>\d{8}T\d\d:\d\d:\d\dZ</dateTime.iso8601>",
            member(r, "start_time")):
        sys.exit(f"numbers and dates: {r}")
    # A set as it writes them, an empty one, and an int as text.
    same("void", "<string></string>",
         value("event.register", s, "<array><param><value>"
               "<string>vm</string></value></param></array>"))
    value("event.unregister", s, "<array/>")
    same("no such thing", ["HANDLE_INVALID", "VM", "nobody"],
         failure("VM.get_record", s, string("nobody")))
    same("counts, the session with them",
         ["MESSAGE_PARAMETER_COUNT_MISMATCH", "VM.get_record", "2", "1"],
         failure("VM.get_record", s))
    # A record of its own making: numbers as text, what is not set empty.
    field = "".join(
        f"<member><name>{n}</name><value>{v}</value></member>" for n, v in (
            ("uuid", string("")), ("name_label", string("libxen")),
            ("name_description", string("&lt;a&gt; &amp; b")),
            ("memory_static_max", string(16 << 20)),
            ("memory_dynamic_max", string(16 << 20)),
            ("VCPUs_max", string(1)), ("VCPUs_at_startup", string(1)),
            ("actions_after_shutdown", string("destroy")),
            ("PV_kernel", string("/boot/guest/tiny")),
            ("is_a_template", "<boolean>0</boolean>"),
            ("affinity", string("")), ("user_version", string(1)),
            ("other_config", "<struct><member><name>a</name>"
             "<value><string>b</string></value></member></struct>")))
    vm = value("VM.create", s, f"<struct>{field}</struct>")
    same("its description", "<string>&lt;a&gt; &amp; b</string>",
         value("VM.get_name_description", s, vm))
    same("started", "<string></string>",
         value("VM.start", s, vm, "<boolean>0</boolean>"))
    same("a wrong state", ["VM_BAD_POWER_STATE", vm[8:-9], "Halted", "Running"],
         failure("VM.destroy", s, vm))
    value("VM.hard_shutdown", s, vm)
    value("VM.destroy", s, vm)
    value("session.logout", s)
    same("gone", ["SESSION_INVALID", s[8:-9]], failure("VM.get_all", s))


main()
