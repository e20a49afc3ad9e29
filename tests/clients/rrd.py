#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# client: /usr/bin/python3
# Figures over time, read as XenServer's clients read them: by position in the XML, as
# JSON, by rrdtool. What they say is true of guests that are busy, idle, have a disk
# and an interface; they are sampled while somebody asks and no longer, and take the
# memory that the manual says.
import json
import math
import os
import subprocess
import tempfile
import time
import urllib.error
import urllib.parse
import urllib.request
import xml.dom.minidom
import xmlrpc.client

from lib import PASSWORD, eventually, in_host, reload_settings, same

URL = os.environ["XLD_HTTP"]
HOST_SOURCES = {"cpu0", "cpu_avg", "memory_total_kib", "memory_free_kib",
                "loadavg"}
MANY = 20
# KiB for each of these guests, while they are sampled and for the first ten minutes.
EACH_KIB = 32


class Refused(Exception):
    pass


class As:
    def __init__(self, user="root"):
        self.x = xmlrpc.client.ServerProxy(URL + "/xmlrpc")
        self.handle = self.x.session.login_with_password(
            user, PASSWORD)["Value"]

    def __call__(self, method, *args):
        r = getattr(self.x, method)(self.handle, *args)
        if r["Status"] != "Success":
            raise Refused(*r["ErrorDescription"])
        return r["Value"]

    def refused(self, code, method, *args):
        try:
            self(method, *args)
        except Refused as e:
            same(f"{method} {args}", code, e.args[0])
        else:
            raise SystemExit(f"{method} {args} was not refused")

    def get(self, path, **query):
        """Status, bytes."""
        query["session_id"] = self.handle
        try:
            with urllib.request.urlopen(f"{URL}/{path}?" + urllib.parse
                                        .urlencode(query), timeout=60) as r:
                return r.status, r.read()
        except urllib.error.HTTPError as e:
            return e.code, e.read()

    def updates(self, **query):
        status, text = self.get("rrd_updates", **query)
        same(f"/rrd_updates {query}: {text[:200]}", 200, status)
        return Updates(text)


def text_of(node):
    return node.firstChild.data if node.firstChild is not None else ""


class Updates:
    """By position, as the well-known scripts do: white space would break it."""

    def __init__(self, text):
        meta, data = xml.dom.minidom.parseString(text).firstChild.childNodes
        self.start, self.step, self.end, rows, columns = (
            int(text_of(n)) for n in meta.childNodes[:5])
        self.legend = [text_of(n) for n in meta.childNodes[5].childNodes]
        self.t = [int(text_of(r.childNodes[0])) for r in data.childNodes]
        self.rows = [[float(text_of(n)) for n in r.childNodes[1:]]
                     for r in data.childNodes]
        same("rows", rows, len(self.rows))
        same("columns", columns, len(self.legend))
        for i, row in enumerate(self.rows):
            same("values of a row", columns, len(row))
            same("its time", self.end - i * self.step, self.t[i])
            if self.t[i] < self.start - self.step or self.t[i] % self.step:
                raise SystemExit(f"a row of {self.t[i]}, {self.start}")

    def known(self, entry):
        """Values that are, the newest first."""
        if entry not in self.legend:
            return []
        i = self.legend.index(entry)
        return [r[i] for r in self.rows if not math.isnan(r[i])]

    def names(self, kind):
        return {e.split(":")[3] for e in self.legend if e.split(":")[1] == kind}


def create(name, more, start=True):
    in_host(f"printf '%s\\n' 'name=\"{name}\"' 'kernel=\"/boot/guest/tiny\"' "
            f"'memory=16' {more} >/tmp/{name}.cfg && "
            + (f"xm create -q /tmp/{name}.cfg" if start else
               f"xm new -q /tmp/{name}.cfg"))


def truth(root, busy, idle, host):
    """What is told is what is so."""
    def cpu(vm):
        return f"AVERAGE:vm:{vm}:cpu0"

    def enough():
        u = root.updates(start=-590, cf="AVERAGE", interval=5, host="true")
        return u if min(len(u.known(cpu(v))) for v in (busy, idle)) >= 4 else None

    u = eventually("samples", enough, 90)
    same("step", 5, u.step)
    same("host's", set(), HOST_SOURCES - u.names("host"))
    b, i = u.known(cpu(busy)), u.known(cpu(idle))
    if not all(0 <= x <= 1 for x in b + i):
        raise SystemExit(f"processors: {b}, {i}")
    # Both are on one processor, with domain 0.
    if not sum(b) / len(b) > 0.3 > 0.2 > sum(i) / len(i):
        raise SystemExit(f"busy: {b}, idle: {i}")
    h = u.known(f"AVERAGE:host:{host}:cpu_avg")
    if not h or not all(0 <= x <= 1 for x in h):
        raise SystemExit(f"the host: {h}")
    ref = root("VM.get_by_uuid", idle)
    same("memory", float(root("VM_metrics.get_memory_actual",
                              root("VM.get_metrics", ref))),
         u.known(f"AVERAGE:vm:{idle}:memory")[0])
    same("target", float(in_host(
        "xenstore-read /local/domain/$(xm domid idle)/memory/target")) * 1024,
        u.known(f"AVERAGE:vm:{idle}:memory_target")[0])
    metrics = root("host.get_metrics", root("host.get_by_uuid", host))
    same("the host's memory",
         int(root("host_metrics.get_memory_total", metrics)) / 1024,
         u.known(f"AVERAGE:host:{host}:memory_total_kib")[0])
    return u


def shapes(root, busy, host):
    """What may be asked for."""
    every = root.updates(start=-300, host="true")
    one = root.updates(start=-300, cf="MAX", host="true")
    same("all functions", 3 * len(one.legend), len(every.legend))
    same("one", {"MAX"}, {e.split(":")[0] for e in one.legend})
    same("without the host", set(), root.updates(start=-60).names("host"))
    mine = root.updates(start=-60, vm_uuid=busy, cf="AVERAGE")
    same("a machine's", {busy}, {e.split(":")[2] for e in mine.legend})
    same("named otherwise", mine.legend,
         root.updates(start=-60, uuid=busy, cf="AVERAGE").legend)
    same("none", ["host"], sorted({e.split(":")[1] for e in root.updates(
        start=-60, vm_uuid="none", host="true").legend}))
    now = int(time.time())
    for query, step in (({"start": -7000}, 60), ({"start": -60, "interval": 60}, 60),
                        ({"start": -10 * 3600}, 3600), ({"start": 0}, 86400),
                        ({"start": -86400, "interval": 3600}, 3600)):
        same(f"step of {query}", step, root.updates(cf="AVERAGE", **query).step)
    same("rows of a day", 366, len(root.updates(start=1, cf="MIN").rows))
    same("the future", [], root.updates(start=now + 10 ** 6).rows)
    # The same as JSON: between two steps.

    def both():
        u = root.updates(start=-300, cf="AVERAGE", host="true")
        status, text = root.get("rrd_updates", start=-300, cf="AVERAGE",
                                host="true", json="true")
        same("json", 200, status)
        j = json.loads(text)
        return (u, j) if j["meta"]["end"] == u.end else None

    u, j = eventually("the same step", both)
    same("legend", u.legend, j["meta"]["legend"])
    same("rows", (len(u.rows), u.step, u.start), tuple(
        j["meta"][k] for k in ("rows", "step", "start")))
    for xml_row, t, json_row in zip(u.rows, u.t, j["data"]):
        same("time", t, json_row["t"])
        same("values", [str(x) for x in xml_row],
             [str(float(x)) for x in json_row["values"]])


def mistakes(root, busy):
    ghost = "01234567-89ab-cdef-0123-456789abcdef"
    for path, query, status in (
            ("rrd_updates", {}, 400), ("rrd_updates", {"start": "x"}, 400),
            ("rrd_updates", {"start": "-5", "interval": "-1"}, 400),
            ("rrd_updates", {"start": "9" * 30}, 400),
            ("rrd_updates", {"start": "-5", "cf": "LAST"}, 400),
            ("rrd_updates", {"start": "-5", "vm_uuid": ghost}, 404),
            ("vm_rrd", {}, 400), ("vm_rrd", {"uuid": ghost}, 404),
            ("vm_rrd", {"uuid": "<&>"}, 404)):
        same(f"{path} {query}", status, root.get(path, **query)[0])
    vm = root("VM.get_by_uuid", busy)
    root.refused("INVALID_VALUE", "VM.query_data_source", vm, "cpu9")
    root.refused("INVALID_VALUE", "VM.record_data_source", vm, "")
    root.refused("HANDLE_INVALID", "VM.get_data_sources", "OpaqueRef:x")


def sources(root, busy, host):
    vm, hostref = root("VM.get_by_uuid", busy), root("host.get_all")[0]
    mine = {s["name_label"]: s for s in root("VM.get_data_sources", vm)}
    same("a guest's", {"cpu0", "memory", "memory_target"}, set(mine))
    same("cpu0", (True, True, "(fraction)", 0.0, 1.0), tuple(
        mine["cpu0"][k] for k in ("enabled", "standard", "units", "min", "max")))
    same("memory", "B", mine["memory"]["units"])
    if not 0 < root("VM.query_data_source", vm, "cpu0") <= 1:
        raise SystemExit("query_data_source: nothing")
    same("the host's", set(), HOST_SOURCES - {
        s["name_label"] for s in root("host.get_data_sources", hostref)})
    for sr in root("SR.get_all"):
        same("repositories", [], root("SR.get_data_sources", sr))
        root.refused("INVALID_VALUE", "SR.query_data_source", sr, "x")
    entry = f"AVERAGE:vm:{busy}:cpu0"
    root("VM.forget_data_source_archives", vm, "cpu0")
    same("forgotten", False, entry in root.updates(start=-590).legend)
    same("and told so", [False], [s["enabled"] for s in root(
        "VM.get_data_sources", vm) if s["name_label"] == "cpu0"])
    root("VM.record_data_source", vm, "cpu0")
    same("from now on", True, entry in root.updates(start=-590).legend)
    eventually("recorded", lambda: root.updates(start=-590).known(entry))
    # Who may look.
    bob = As("bob")
    same("who may look", 200, bob.get("rrd_updates", start=-5)[0])
    same("all of it", 200, bob.get("vm_rrd", uuid=busy)[0])
    bob("VM.get_data_sources", vm)
    for method, ref in (("VM", vm), ("host", hostref)):
        bob.refused("RBAC_PERMISSION_DENIED",
                    method + ".forget_data_source_archives", ref, "cpu0")
    same("nobody", 401, nobody("vm_rrd?uuid=" + busy))
    if abs(time.mktime(time.strptime(str(root(
            "host.get_servertime", hostref)), "%Y%m%dT%H:%M:%SZ"))
            - time.mktime(time.gmtime())) > 86400:
        raise SystemExit("get_servertime")


def nobody(path):
    try:
        urllib.request.urlopen(f"{URL}/{path}", timeout=60)
    except urllib.error.HTTPError as e:
        return e.code
    return 200


def restored(root, path, query, names, prefix):
    """rrdtool takes all of it, and says of the last minutes what updates do."""
    def rows():
        u = root.updates(start=-120, cf="AVERAGE", host="true")
        status, text = root.get(path, **query)
        same(path, 200, status)
        again = root.updates(start=-120, cf="AVERAGE", host="true")
        return (u, text) if again.end == u.end else None

    u, text = eventually("a dump between steps", rows)
    with tempfile.TemporaryDirectory() as tmp:
        with open(tmp + "/dump.xml", "wb") as f:
            f.write(text)

        def rrdtool(*args):
            r = subprocess.run(("rrdtool",) + args, text=True,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
            same(f"rrdtool {args[0]}: {r.stdout[:300]}", 0, r.returncode)
            return r.stdout
        rrdtool("restore", tmp + "/dump.xml", tmp + "/rrd")
        info = rrdtool("info", tmp + "/rrd")
        for name in names:
            if f"ds[{name}].type" not in info:
                raise SystemExit(f"{path}: no {name} in {info}")
        lines = rrdtool("fetch", tmp + "/rrd", "AVERAGE", "-r", "5", "-s",
                        str(u.end - 60), "-e", str(u.end - 5)).splitlines()
    order = lines[0].split()
    seen = 0
    for line in lines[2:]:
        t, values = line.split(":")
        for name, value in zip(order, values.split()):
            entry = f"AVERAGE:{prefix}:{name}"
            if int(t) not in u.t or entry not in u.legend:
                continue
            mine = u.rows[u.t.index(int(t))][u.legend.index(entry)]
            if math.isnan(mine) != math.isnan(float(value)) or abs(
                    mine - float(value)) > 1e-6 * abs(mine):
                raise SystemExit(f"{entry} at {t}: {mine}, {value}")
            seen += not math.isnan(mine)
    if seen < 5:
        raise SystemExit(f"{path}: {seen} values to compare in {lines}")
    status, text = root.get(path, json="true", **query)
    j = json.loads(text)
    same("json", (200, 5, 12), (status, j["step"], len(j["rra"])))
    same("its sources", set(), set(names) - {d["name"] for d in j["ds"]})
    same("its rows", [120, 366], [len(j["rra"][i]["database"]) for i in (0, 11)])


def devices(root):
    """A guest that reads its disk, and says a word by its interface."""
    in_host("ip link add rrdbr type bridge && ip link set rrdbr up && "
            "dd if=/dev/zero of=/tmp/rrd.img bs=1048576 count=4 2>/dev/null && "
            "printf '%s\\n' 'name=\"linux\"' 'kernel=\"/boot/guest/vmlinuz\"' "
            "'ramdisk=\"/boot/guest/initrd.img\"' 'memory=160' "
            "'disk=[\"file:/tmp/rrd.img,xvda,w\"]' 'vif=[\"bridge=rrdbr\"]' "
            ">/tmp/linux.cfg && xm create -q /tmp/linux.cfg")
    ref = root("VM.get_by_name_label", "linux")[0]
    vm = root("VM.get_uuid", ref)

    def moved():
        u = root.updates(start=-590, cf="MAX", vm_uuid=vm)
        return all(max(u.known(f"MAX:vm:{vm}:{n}"), default=0) > 0
                   for n in ("vbd_xvda_read", "vbd_xvda_iops_read", "vif_0_tx"))
    try:
        eventually("disk and interface", moved, 120)
        u = root.updates(start=-590, cf="MAX", vm_uuid=vm)
        same("what it did not do", 0.0,
             max(u.known(f"MAX:vm:{vm}:vbd_xvda_write")))
        same("what it has", {"vif_0_rx"}, {"vif_0_rx"} & u.names("vm"))
    finally:
        in_host("xm destroy linux; ip link del rrdbr; rm -f /tmp/rrd.img")


def rss():
    return int(in_host("awk '/^VmRSS/ { print $2 }' /proc/$(pidof xld)/status"))


def wakeups():
    return int(in_host("awk '/^voluntary/ { print $2 }' "
                       "/proc/$(pidof xld)/status"))


def quiet():
    """Nobody asks for a minute: there are no samples, nor wake-ups for them."""
    count = "grep -c 'figures are not sampled any more' /var/log/xld/xld.log"
    eventually("the end of it", lambda: in_host(count + " || true") != "0\n", 150)
    # in_host itself is none of xld's business.

    def still():
        was = wakeups()
        time.sleep(15)
        return wakeups() - was <= 1
    eventually("silence", still, 120)


def many(root):
    """Each further guest has a bound; and nobody asks meanwhile."""
    in_host(f"n=0; while [ $n -lt {MANY} ]; do printf '%s\n' \"name='m$n'\" "
            "'memory=8' 'kernel=\"/boot/guest/tiny\"' >/tmp/m.cfg; "
            "xm create -q /tmp/m.cfg || exit 1; n=$((n + 1)); done")
    try:
        quiet()
        before = rss()
        names = {root("VM.get_uuid", root("VM.get_by_name_label", f"m{i}")[0])
                 for i in range(MANY)}

        def all_known():
            u = root.updates(start=-590, cf="AVERAGE")
            return all(len(u.known(f"AVERAGE:vm:{n}:cpu0")) >= 2 for n in names)
        eventually("samples of all", all_known, 90)
        each = (rss() - before) / MANY
        print(f"{each:.1f} KiB for each sampled guest")
        if each > EACH_KIB:
            raise SystemExit(f"{each} KiB for each sampled guest")
    finally:
        in_host(f"n=0; while [ $n -lt {MANY} ]; do xm destroy m$n; "
                "n=$((n + 1)); done")


def write_setting(value):
    in_host("sed -i '/^rrd_minutes/d' /etc/xld/xld.conf; "
            f"echo 'rrd_minutes = {value}' >>/etc/xld/xld.conf")


def settings(value):
    write_setting(value)
    reload_settings()


def never_and_always(root, vm):
    begun = "grep -c 'figures are sampled from now on' /var/log/xld/xld.log"
    settings("never")
    same("never", 409, root.get("rrd_updates", start=-5)[0])
    same("never", 409, root.get("host_rrd")[0])
    root.refused("OPERATION_NOT_ALLOWED", "VM.get_data_sources", vm)
    before = int(in_host(begun))
    settings("always")
    same("always", before + 1, int(in_host(begun)))
    # What cannot be changes nothing.
    write_setting("often")
    in_host("kill -HUP $(pidof xld)")
    eventually("a word of it", lambda: "rrd_minutes = often" in in_host(
        "grep 'settings stay' /var/log/xld/xld.log || true"))
    same("as before", 200, root.get("rrd_updates", start=-5)[0])


def main():
    in_host("cp /etc/xld/xld.conf /tmp/rrd.conf; "
            "hash=$(sed -n 's/^root:\\([^:]*\\):.*/\\1/p' /etc/shadow); "
            "echo bob:x:2001:2001::/:/bin/false >>/etc/passwd; "
            "echo \"bob:$hash:19000:0:99999:7:::\" >>/etc/shadow; "
            "echo 'read_only = bob' >>/etc/xld/xld.conf")
    try:
        settings("1")
        create("busy", "'extra=\"spin\"'")
        create("idle", "'extra=\"\"'")
        create("halted", "", start=False)
        check(As())
    finally:
        in_host("for d in busy idle halted; do xm destroy $d; done 2>/dev/null; "
                "xm delete halted; cp /tmp/rrd.conf /etc/xld/xld.conf; "
                "kill -HUP $(pidof xld); sed -i /^bob:/d /etc/passwd "
                "/etc/shadow; xm list")


def check(root):
    busy, idle, halted = (
        root("VM.get_uuid", root("VM.get_by_name_label", n)[0])
        for n in ("busy", "idle", "halted"))
    host = root("host.get_uuid", root("host.get_all")[0])
    # The first reader: all there is to know, and nothing known yet.
    first = root.updates(start=-60, cf="AVERAGE", host="true")
    same("of the past nobody knows", [],
         first.known(f"AVERAGE:vm:{busy}:cpu0")[2:])
    same("a machine that never ran", 404, root.get("vm_rrd", uuid=halted)[0])
    same("has no sources", [], root("VM.get_data_sources",
                                    root("VM.get_by_uuid", halted)))
    truth(root, busy, idle, host)
    shapes(root, busy, host)
    mistakes(root, busy)
    restored(root, "vm_rrd", {"uuid": idle}, ["cpu0", "memory"], f"vm:{idle}")
    restored(root, "host_rrd", {}, HOST_SOURCES, f"host:{host}")
    sources(root, busy, host)
    devices(root)
    in_host("xm destroy busy")
    eventually("its end", lambda: root.get("vm_rrd", uuid=busy)[0] == 404)
    same("nor there", [], [e for e in root.updates(start=-590).legend
                           if busy in e])
    many(root)
    again = root.updates(start=-590, cf="AVERAGE").known(
        f"AVERAGE:vm:{idle}:cpu0")
    if not again:
        raise SystemExit("what was recorded has not stayed")
    never_and_always(root, root("VM.get_by_uuid", idle))


main()
