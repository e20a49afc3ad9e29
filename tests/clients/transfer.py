#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# client: /usr/bin/python3
# Disks by HTTP, as xapi's clients move them: fetched and brought with tasks of the
# client's own, raw and as images; what is refused, too large, in use or cut off, and
# what is known of a disk afterwards.
import base64
import hashlib
import http.client
import json
import os
import random
import socket
import urllib.parse
import xmlrpc.client

from lib import PASSWORD, eventually, in_host, reload_settings, same

URL = urllib.parse.urlsplit(os.environ["XLD_HTTP"])
SIZE = (12 << 20) + 512


class As:
    def __init__(self, user):
        self.x = xmlrpc.client.ServerProxy(URL.geturl() + "/xmlrpc")
        self.handle = self.x.session.login_with_password(
            user, PASSWORD)["Value"]
        self.basic = {"Authorization": "Basic " + base64.b64encode(
            f"{user}:{PASSWORD}".encode()).decode()}

    def __call__(self, method, *args):
        r = getattr(self.x, method)(self.handle, *args)
        same(method + str(r.get("ErrorDescription", "")), "Success",
             r["Status"])
        return r["Value"]

    def http(self, method, path, body=None, headers=None, **query):
        """Status, headers, body of the answer."""
        c = http.client.HTTPConnection(URL.hostname, URL.port, timeout=120)
        query.setdefault("session_id", self.handle)
        c.request(method, path + "?" + urllib.parse.urlencode(query), body,
                  headers or {})
        r = c.getresponse()
        answer = r.status, r.headers, r.read()
        c.close()
        return answer


def refused(what, status, code, answer):
    same(what, (status, code),
         (answer[0], answer[2].decode().split(" ")[0].strip()))


def content():
    """Random bytes, with holes: in the middle, and at the end."""
    r = random.Random(7)
    data = bytearray(SIZE)
    for at in (0, 1000003, 9 << 20):
        data[at:at + 300000] = r.randbytes(300000)
    return bytes(data)


def ended(root, task, status):
    eventually("the task's end",
               lambda: root("task.get_status", task) != "pending")
    r = root("task.get_record", task)
    same(f"the task {r}", status, r["status"])
    return r


def raw(root, vdi, path, data):
    task = root("task.create", "bring it", "by HTTP")
    same("waits", "pending", root("task.get_status", task))
    same("brought", 200, root.http("PUT", "/import_raw_vdi", data, vdi=vdi,
                                   task_id=task, format="raw")[0])
    r = ended(root, task, "success")
    same("its name", ("bring it", "by HTTP", 1.0),
         (r["name_label"], r["name_description"], r["progress"]))
    want = hashlib.sha256(data).hexdigest()
    same("what is stored", want, in_host(f"sha256sum {path}").split()[0])
    if int(in_host(f"stat -c %b {path}")) * 512 > 3 << 20:
        raise SystemExit("holes are filled")
    refused("not twice", 409, "OPERATION_NOT_ALLOWED",
            root.http("GET", "/export_raw_vdi", vdi=vdi, task_id=task))
    root("task.destroy", task)
    task = root("task.create", "fetch it", "")
    status, headers, got = root.http("GET", "/export_raw_vdi", vdi=vdi,
                                     task_id=task)
    same("fetched", (200, str(SIZE), want),
         (status, headers["Content-Length"], hashlib.sha256(got).hexdigest()))
    ended(root, task, "success")
    same("nothing is odd about it", {"type": "raw"},
         root("VDI.get_sm_config", vdi))


def chunked(root, vdi, path, data):
    """In pieces, with a password, and shorter than the disk: the rest is zeros."""
    pieces = (data[i:i + 70001] for i in range(0, 2 << 20, 70001))
    same("brought in pieces", 200,
         root.http("PUT", "/import_raw_vdi", pieces, root.basic, vdi=vdi,
                   session_id="")[0])
    part = data[:((2 << 20) + 70000) // 70001 * 70001]
    want = hashlib.sha256(part + bytes(SIZE - len(part))).hexdigest()
    same("what is stored", want, in_host(f"sha256sum {path}").split()[0])


def too_large(root, vdi):
    expect = {"Expect": "100-continue", "Content-Length": str(SIZE + 1)}
    task = root("task.create", "too large", "")
    refused("before it is read", 409, "XLD_TRANSFER",
            root.http("PUT", "/import_raw_vdi", None, expect, vdi=vdi,
                      task_id=task))
    same("the task knows", "XLD_TRANSFER",
         ended(root, task, "failure")["error_info"][0])
    same("the disk is as it was", {"type": "raw"},
         root("VDI.get_sm_config", vdi))
    refused("as it comes", 409, "XLD_TRANSFER", root.http(
        "PUT", "/import_raw_vdi", iter([bytes(SIZE), b"x" * 2000000]),
        vdi=vdi))
    same("it is told of the disk", "incomplete",
         root("VDI.get_sm_config", vdi)["content"])


def cut_off(root, vdi, data):
    task = root("task.create", "cut off", "")
    s = socket.create_connection((URL.hostname, URL.port))
    s.sendall(f"PUT /import_raw_vdi?session_id={root.handle}&vdi={vdi}"
              f"&task_id={task} HTTP/1.1\r\nHost: x\r\n"
              f"Content-Length: {SIZE}\r\n\r\n".encode() + data[:SIZE // 3])
    eventually("it has begun", lambda: root("VDI.get_sm_config", vdi).get(
        "content") == "importing")
    refused("one at a time", 409, "OTHER_OPERATION_IN_PROGRESS",
            root.http("GET", "/export_raw_vdi", vdi=vdi))
    s.close()
    same("why", "XLD_TRANSFER",
         ended(root, task, "failure")["error_info"][0])
    same("it is told of the disk", "incomplete",
         root("VDI.get_sm_config", vdi)["content"])
    # Who reads no further is told of, too.
    task = root("task.create", "not read", "")
    s = socket.create_connection((URL.hostname, URL.port))
    s.sendall(f"GET /export_raw_vdi?session_id={root.handle}&vdi={vdi}"
              f"&task_id={task} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    s.recv(100)
    s.close()
    same("why", "XLD_TRANSFER",
         ended(root, task, "failure")["error_info"][0])
    # Stopped from the other side.
    task = root("task.create", "cancelled", "")
    s = socket.create_connection((URL.hostname, URL.port))
    s.sendall(f"PUT /import_raw_vdi?session_id={root.handle}&vdi={vdi}"
              f"&task_id={task} HTTP/1.1\r\nHost: x\r\n"
              f"Content-Length: 50000\r\n\r\n".encode() + data[:20000])
    eventually("it can be stopped",
               lambda: root("task.get_allowed_operations", task))
    root("task.cancel", task)
    ended(root, task, "cancelled")
    s.sendall(data[20000:50000])
    if b" 409 " not in s.recv(100):
        raise SystemExit("the client does not hear of it")
    s.close()


def image(root, make):
    """An image goes as it is, and is looked at when it has come."""
    one, two = make("qcow2"), make("qcow2")
    refused("no conversion", 409, "VALUE_NOT_SUPPORTED",
            root.http("GET", "/export_raw_vdi", vdi=one))
    refused("nor others", 409, "VALUE_NOT_SUPPORTED",
            root.http("GET", "/export_raw_vdi", vdi=one, format="vhd"))
    status, _, got = root.http("GET", "/export_raw_vdi", vdi=one,
                               format="qcow2")
    same("an image", (200, b"QFI\xfb"), (status, got[:4]))
    # Something in it that one can find again.
    got += b"data" * 20000
    same("brought", 200, root.http("PUT", "/import_raw_vdi", got, vdi=two,
                                   format="qcow2")[0])
    same("as it was", got, root.http("GET", "/export_raw_vdi", vdi=two,
                                     format="qcow2")[2])
    other = bytearray(got)
    other[24:32] = (1 << 30).to_bytes(8, "big")
    part = bytearray(got)
    part[8:20] = (200).to_bytes(8, "big") + (11).to_bytes(4, "big")
    part[200:211] = b"/etc/passwd"
    for bad in (b"no image at all", bytes(other), bytes(part)):
        refused("no image for this disk", 409, "XLD_TRANSFER",
                root.http("PUT", "/import_raw_vdi", bad, vdi=two,
                          format="qcow2"))
        same("an empty one took its place", str(SIZE),
             root("VDI.get_virtual_size", two))
        same("and it is told", "incomplete",
             root("VDI.get_sm_config", two)["content"])
    return one, two


def in_use(root, vdi, data):
    in_host("printf 'name=\"transfer\"\\nkernel=\"/boot/guest/tiny\"\\n"
            "memory=16\\nextra=\"tick=500\"\\n' >/tmp/transfer.cfg && "
            "xm new -q /tmp/transfer.cfg")
    vm = root("VM.get_by_name_label", "transfer")[0]
    root("VBD.create", {"VM": vm, "VDI": vdi, "device": "xvda", "mode": "RW",
                        "type": "Disk", "bootable": False})
    same("while it is halted", 200,
         root.http("PUT", "/import_raw_vdi", data, vdi=vdi)[0])
    in_host("xm start transfer")
    refused("while it runs", 409, "VDI_IN_USE",
            root.http("PUT", "/import_raw_vdi", b"x", vdi=vdi))
    refused("while it may write", 409, "VDI_IN_USE",
            root.http("GET", "/export_raw_vdi", vdi=vdi))


def roles(root, vdi):
    ann = As("ann")
    for method, path in (("GET", "/export_raw_vdi"),
                         ("PUT", "/import_raw_vdi")):
        refused("her role is too small", 403, "RBAC_PERMISSION_DENIED",
                ann.http(method, path, b"x" if method == "PUT" else None,
                         vdi=vdi))
        refused("nobody", 401, "SESSION_INVALID",
                root.http(method, path, vdi=vdi, session_id="none"))
        refused("no disk", 404, "HANDLE_INVALID",
                root.http(method, path, vdi="OpaqueRef:none"))
        refused("no task", 404, "HANDLE_INVALID",
                root.http(method, path, vdi=vdi, task_id="none"))
    log = in_host("grep VDI.import /var/log/xld/audit.log").split("\n")
    same("who tried is on record", ["root", "ann", "root", "root"],
         [json.loads(x)["user"] for x in log[-5:-1]])


def main():
    in_host("cp /etc/xld/xld.conf /tmp/xld.conf; mkdir -p /tmp/disks; "
            "hash=$(sed -n 's/^root:\\([^:]*\\):.*/\\1/p' /etc/shadow); "
            "echo ann:x:2001:2001::/:/bin/false >>/etc/passwd; "
            "echo \"ann:$hash:19000:0:99999:7:::\" >>/etc/shadow; "
            "echo 'vm_operator = ann' >>/etc/xld/xld.conf")
    reload_settings()
    root = As("root")
    sr = root("SR.create", root("host.get_all")[0],
              {"location": "/tmp/disks"}, "0", "transfer", "", "dir", "",
              False, {})
    disks = []

    def make(kind):
        disks.append(root("VDI.create", {
            "SR": sr, "name_label": kind, "virtual_size": str(SIZE),
            "type": "user", "sm_config": {"type": kind}}))
        return disks[-1]
    try:
        data = content()
        vdi = make("raw")
        path = f"/tmp/disks/{vdi[10:]}.raw"
        raw(root, vdi, path, data)
        chunked(root, vdi, path, data)
        too_large(root, vdi)
        cut_off(root, vdi, data)
        raw(root, vdi, path, data)
        image(root, make)
        roles(root, vdi)
        in_use(root, vdi, data)
    finally:
        in_host("xm destroy transfer; xm delete transfer; true")
        for v in disks:
            root.x.VDI.destroy(root.handle, v)
        left = root.x.SR.forget(root.handle, sr)
        in_host("cp /tmp/xld.conf /etc/xld/xld.conf; kill -HUP $(pidof xld); "
                "sed -i '/^ann:/d' /etc/passwd /etc/shadow; true")
    same("nothing is left", "Success", left["Status"])


main()
