#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# client: /usr/bin/python3
# Machines as archives, as clients of XenServer and XCP-ng export and import them: what
# is in one is looked at with Python's own readers of tar and XML-RPC, and written
# with these, the way other servers write it.
import base64
import gzip
import hashlib
import http.client
import io
import os
import random
import socket
import tarfile
import urllib.parse
import xmlrpc.client

from lib import PASSWORD, eventually, in_host, reload_settings, same

URL = urllib.parse.urlsplit(os.environ["XLD_HTTP"])
MIB = 1 << 20
# The second one ends within a chunk.
SIZES = {"xvda": 6 * MIB, "xvdb": 5 * MIB + 512}


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
        try:
            answer = r.status, r.headers, r.read()
        except http.client.IncompleteRead as e:
            answer = r.status, r.headers, None if e.partial else b""
        c.close()
        return answer


def refused(what, status, code, answer):
    same(what, (status, code),
         (answer[0], answer[2].decode().split(" ")[0].strip()))


def ended(root, task, status):
    eventually("the task's end",
               lambda: root("task.get_status", task) != "pending")
    r = root("task.get_record", task)
    same(f"the task {r}", status, r["status"])
    return r


def opened(archive):
    """The files of a tar, by name; and ova.xml as Python has it."""
    with tarfile.open(fileobj=io.BytesIO(archive)) as t:
        names = [m.name for m in t]
        files = {n: t.extractfile(n).read() for n in names}
    same("the first file", "ova.xml", names[0])
    xml = b"<params><param>" + files["ova.xml"] + b"</param></params>"
    return names, files, xmlrpc.client.loads(xml)[0][0]


def of_class(ova, name):
    return {o["id"]: o["snapshot"] for o in ova["objects"]
            if o["class"] == name}


def disk_of(files, name, size):
    """What the chunks of a disk say, and which there are; sums are right."""
    data, numbers = bytearray(size), []
    for path in [f for f in files if f.startswith(name + "/")]:
        if path.endswith(".checksum"):
            continue
        same("the sum of " + path, hashlib.sha1(files[path]).hexdigest(),
             files[path + ".checksum"].decode())
        numbers.append(int(path.split("/")[1]))
        at = numbers[-1] * MIB
        data[at:at + len(files[path])] = files[path]
    same("the length of " + name, size, len(data))
    return bytes(data), numbers


def content(seed, size):
    """Random bytes here and there."""
    data, r = bytearray(size), random.Random(seed)
    for at in (2 * MIB + 77, size - 700):
        data[at:at + 600] = r.randbytes(600)
    return bytes(data)


def brought(root, archive, headers=None, **query):
    """Imports it; the machine that it became."""
    task = root("task.create", "import it", "by HTTP")
    query.setdefault("session_id", root.handle)
    status, _, text = root.http("PUT", "/import", archive, headers,
                                task_id=task, **query)
    same(f"imported ({text})", 200, status)
    r = ended(root, task, "success")
    vm, = xmlrpc.client.loads(
        f"<params><param>{r['result']}</param></params>")[0][0]
    same("told twice", vm, text.decode().strip())
    return vm


def tar_of(files):
    """A tar of (name, content)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as t:
        for name, data in files:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            t.addfile(info, io.BytesIO(data))
    return out.getvalue()


class Machine:
    """One with two disks, raw and qcow2, with something in them."""

    def __init__(self, root):
        self.root = root
        self.sr = root("SR.create", root("host.get_all")[0],
                       {"location": "/tmp/disks"}, "0", "xva", "", "dir", "",
                       False, {})
        self.vdis = {}
        self.want = {d: content(d, s) for d, s in SIZES.items()}
        in_host("printf 'name=\"archived\"\\nkernel=\"/boot/guest/tiny\"\\n"
                "memory=16\\nvcpus=1\\nextra=\"tick=500\"\\n"
                "vif=[\"mac=00:16:3e:11:22:33,bridge=xenbr0\"]\\n'"
                " >/tmp/xva.cfg && xm new -q /tmp/xva.cfg")
        self.vm = root("VM.get_by_name_label", "archived")[0]
        root("VM.set_name_description", self.vm, "with <signs> & \u00e9")
        root("VM.add_to_other_config", self.vm, "colour", "blue")
        for device, kind in (("xvda", "raw"), ("xvdb", "qcow2")):
            self.vdis[device] = root("VDI.create", {
                "SR": self.sr, "name_label": "disk of " + device,
                "virtual_size": str(SIZES[device]), "type": "user",
                "sm_config": {"type": kind}})
            root("VBD.create", {
                "VM": self.vm, "VDI": self.vdis[device], "device": device,
                "mode": "RW", "type": "Disk", "bootable": False})
        same("the raw disk is filled", 200, root.http(
            "PUT", "/import_raw_vdi", self.want["xvda"],
            vdi=self.vdis["xvda"])[0])
        same("the image is filled", 200, root.http(
            "PUT", "/import_raw_vdi", image(self.want["xvdb"]),
            vdi=self.vdis["xvdb"], format="qcow2")[0])


def image(data):
    """A qcow2 image, version 3, clusters of 64 KiB, where data is not zeros."""
    cluster = 1 << 16
    parts = [i for i in range(0, len(data), cluster)
             if any(data[i:i + cluster])]
    l2, blocks = [0] * (cluster // 8), b""
    for n, at in enumerate(parts):
        l2[at // cluster] = (5 + n) * cluster | 1 << 63
        blocks += data[at:at + cluster].ljust(cluster, b"\0")

    def numbers(size, *values):
        return b"".join(v.to_bytes(size, "big") for v in values)
    head = (b"QFI\xfb" + numbers(4, 3) + bytes(12) + numbers(4, 16) +
            numbers(8, len(data)) + numbers(4, 0, 1) +
            numbers(8, 3 * cluster, cluster) + numbers(4, 1, 0) +
            bytes(8 + 24) + numbers(4, 4, 104))
    return b"".join(x.ljust(cluster, b"\0") for x in (
        head, numbers(8, 2 * cluster), numbers(2, *[1] * (5 + len(parts))),
        numbers(8, 4 * cluster | 1 << 63), numbers(8, *l2))) + blocks


def exported(m):
    """An archive is what the documents say, whoever asks for it in which way."""
    root = m.root
    task = root("task.create", "export it", "by HTTP")
    status, _, plain = root.http("GET", "/export", ref=m.vm, task_id=task)
    same("exported", 200, status)
    same("its task", 1.0, ended(root, task, "success")["progress"])
    names, files, ova = opened(plain)
    same("its version", "2", str(ova["version"]["export_vsn"]))
    vm, = of_class(ova, "VM").values()
    same("the machine", ("archived", "with <signs> & \u00e9", "blue",
                         str(16 * MIB)),
         (vm["name_label"], vm["name_description"],
          vm["other_config"]["colour"], vm["memory_static_max"]))
    vbds, vdis = of_class(ova, "VBD"), of_class(ova, "VDI")
    same("its devices", sorted(vbds), sorted(vm["VBDs"]))
    for vbd in vbds.values():
        device = vbd["device"]
        size = int(vdis[vbd["VDI"]]["virtual_size"])
        same("the size of " + device, SIZES[device], size)
        data, n = disk_of(files, vbd["VDI"], size)
        same(device, hashlib.sha256(m.want[device]).hexdigest(),
             hashlib.sha256(data).hexdigest())
        chunks = range((size + MIB - 1) // MIB)
        same("zeros are left out of " + device, [
            i for i in chunks if i in (0, chunks[-1]) or
            any(data[i * MIB:(i + 1) * MIB])], n)
    vif, = of_class(ova, "VIF").values()
    same("its card", ("00:16:3e:11:22:33", "xenbr0"), (
        vif["MAC"], of_class(ova, "network")[vif["network"]]["name_label"]))
    # By its uuid, with a password, packed.
    packed = root.http("GET", "/export", None, root.basic, uuid=root(
        "VM.get_uuid", m.vm), use_compression="true", session_id="")[2]
    same("unpacked", files.keys(), opened(gzip.decompress(packed))[1].keys())
    packed = root.http("GET", "/export", ref=m.vm, use_compression="zstd")[2]
    same("packed otherwise", b"\x28\xb5\x2f\xfd", packed[:4])
    return plain


def not_exported(m):
    root, ann = m.root, As("ann")
    refused("her role is too small", 403, "RBAC_PERMISSION_DENIED",
            ann.http("GET", "/export", ref=m.vm))
    refused("nobody", 401, "SESSION_INVALID",
            root.http("GET", "/export", ref=m.vm, session_id="none"))
    refused("no machine", 404, "HANDLE_INVALID",
            root.http("GET", "/export", ref="OpaqueRef:none"))
    refused("no packer", 409, "VALUE_NOT_SUPPORTED",
            root.http("GET", "/export", ref=m.vm, use_compression="lzma"))
    in_host("sed '/^vif/d; s/archived/runs/' /tmp/xva.cfg >/tmp/runs.cfg && "
            "xm new -q /tmp/runs.cfg && xm start runs")
    vm = root("VM.get_by_name_label", "runs")[0]
    task = root("task.create", "of one that runs", "")
    refused("it runs", 409, "VM_BAD_POWER_STATE",
            root.http("GET", "/export", ref=vm, task_id=task))
    same("the task knows", ["VM_BAD_POWER_STATE", vm, "Halted", "Running"],
         ended(root, task, "failure")["error_info"])
    in_host("xm destroy runs && xm delete runs")


def not_read(m):
    """Who reads no further is told of; nothing is held after that."""
    root = m.root
    disk = root("VM.get_VBDs", m.vm)
    # Much more than what lies between both ends.
    big = root("VDI.create", {"SR": m.sr, "name_label": "big", "type": "user",
                              "virtual_size": str(64 * MIB)})
    vbd = root("VBD.create", {"VM": m.vm, "VDI": big, "device": "xvdc",
                              "mode": "RW", "type": "Disk",
                              "bootable": False})
    in_host("tr '\\0' x </dev/zero | head -c 67108864 "
            f">/tmp/disks/{big[10:]}.raw")
    for cancelled in (False, True):
        task = root("task.create", "not read", "")
        s = socket.create_connection((URL.hostname, URL.port))
        s.sendall(f"GET /export?session_id={root.handle}&ref={m.vm}"
                  f"&task_id={task} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        s.recv(100)
        eventually("how far it is",
                   lambda: root("task.get_progress", task) > 0)
        refused("one at a time", 409, "OTHER_OPERATION_IN_PROGRESS",
                root.http("GET", "/export", ref=m.vm))
        same("it does not start meanwhile", "OTHER_OPERATION_IN_PROGRESS",
             root.x.VM.start(root.handle, m.vm, False, False)
             ["ErrorDescription"][0])
        if cancelled:
            root("task.cancel", task)
            ended(root, task, "cancelled")
        s.close()
        if not cancelled:
            same("why", "XLD_TRANSFER",
                 ended(root, task, "failure")["error_info"][0])
    root("VBD.destroy", vbd)
    root("VDI.destroy", big)
    same("as before", disk, root("VM.get_VBDs", m.vm))


def destroyed(root, vm):
    """The machine, and the disks that it alone has."""
    vdis = [root("VBD.get_VDI", v) for v in root("VM.get_VBDs", vm)]
    root("VM.destroy", vm)
    for v in vdis:
        if v != "OpaqueRef:NULL":
            root("VDI.destroy", v)


def nothing_left(m, before):
    """What could not be imported is not there, not even in part."""
    eventually("its disks are gone", lambda: before == (
        sorted(m.root("VM.get_all")), sorted(m.root("SR.get_VDIs", m.sr)),
        in_host("ls /tmp/disks")))


def there_is(m):
    return (sorted(m.root("VM.get_all")), sorted(m.root("SR.get_VDIs", m.sr)),
            in_host("ls /tmp/disks"))


def round_trip(m, archive):
    """It is destroyed, and it is there again, as it was."""
    root = m.root
    fields = ("name_label", "name_description", "memory_static_max",
              "memory_dynamic_max", "VCPUs_max", "PV_kernel", "PV_args",
              "other_config", "actions_after_crash", "is_a_template")
    was = root("VM.get_record", m.vm)
    destroyed(root, m.vm)
    refused("no such repository", 404, "HANDLE_INVALID",
            root.http("PUT", "/import", b"x", sr_id="OpaqueRef:none"))
    m.vm = brought(root, archive, sr_id=m.sr, full_restore="true")
    r = root("VM.get_record", m.vm)
    for f in fields:
        same(f, was[f], r[f])
    same("its uuid", was["uuid"], r["uuid"])
    same("devices", (2, 1), (len(r["VBDs"]), len(r["VIFs"])))
    vif = root("VIF.get_record", r["VIFs"][0])
    same("its card", ("00:16:3e:11:22:33", "xenbr0"), (
        vif["MAC"], root("network.get_name_label", vif["network"])))
    for v in r["VBDs"]:
        vbd = root("VBD.get_record", v)
        vdi = root("VDI.get_record", vbd["VDI"])
        device = vbd["device"]
        same("its name", "disk of " + device, vdi["name_label"])
        want = hashlib.sha256(m.want[device]).hexdigest()
        path = f"/tmp/disks/{vdi['uuid']}.raw"
        same(device, want, in_host("sha256sum " + path).split()[0])
        if int(in_host("stat -c %b " + path)) * 512 > 3 * MIB:
            raise SystemExit("holes are filled")
    in_host("xm start archived")
    same("it runs", "Running", root("VM.get_power_state", m.vm))
    in_host("xm destroy archived")
    # Once more, beside it: another machine, with another card.
    other = brought(root, gzip.compress(archive), root.basic, sr_id=m.sr,
                    session_id="")
    same("names are there once", "archived-2",
         root("VM.get_name_label", other))
    if root("VM.get_uuid", other) == was["uuid"]:
        raise SystemExit("two with the same uuid")
    vif = root("VM.get_VIFs", other)[0]
    if root("VIF.get_MAC", vif) == "00:16:3e:11:22:33":
        raise SystemExit("two with the same address")
    # A snapshot of it is exported while it may run, and becomes a template.
    snapshot = root("VM.snapshot", other, "kept")
    status, _, kept = root.http("GET", "/export", ref=snapshot)
    same("a snapshot", 200, status)
    root("VM.destroy", snapshot)
    destroyed(root, other)
    other = brought(root, kept, sr_id=m.sr)
    same("a template", (True, "kept"), (root(
        "VM.get_is_a_template", other), root("VM.get_name_label", other)))
    destroyed(root, other)


def ref_of(n):
    return f"Ref:{n}"


def foreign(size, sum_of, name="Debian 12 (64-bit)", **changes):
    """An archive as XCP-ng writes one, with what only that knows: files by name."""
    null = "OpaqueRef:NULL"
    data = content("foreign", size)
    vm = {"uuid": "11111111-2222-3333-4444-555555555555",
          "name_label": name, "name_description": "from elsewhere",
          "user_version": "1", "is_a_template": False,
          "power_state": "Halted", "memory_overhead": "11534336",
          "memory_target": "0", "memory_static_max": str(64 * MIB),
          "memory_dynamic_max": str(64 * MIB),
          "memory_dynamic_min": str(64 * MIB),
          "memory_static_min": str(16 * MIB), "VCPUs_params": {},
          "VCPUs_max": "2", "VCPUs_at_startup": "1",
          "actions_after_shutdown": "destroy", "affinity": null,
          "actions_after_reboot": "restart", "resident_on": null,
          "actions_after_crash": "restart", "VBDs": [ref_of(1), ref_of(4)],
          "VIFs": [ref_of(5), ref_of(7)], "HVM_boot_policy": "BIOS order",
          "HVM_boot_params": {"order": "cdn", "firmware": "bios"},
          "HVM_shadow_multiplier": 1.0, "PV_bootloader": "",
          "PV_kernel": "", "PV_args": "", "domain_type": "hvm",
          "platform": {"acpi": "1", "apic": "true", "pae": "true",
                       "viridian": "true", "nx": "true", "vga": "std",
                       "videoram": "8", "device-model":
                       "qemu-upstream-compat", "secureboot": "false"},
          "other_config": {"install-methods": "cdrom,nfs,http,ftp"},
          "bios_strings": {"bios-vendor": "Xen"}, "groups": [],
          "snapshot_time": xmlrpc.client.DateTime("19700101T00:00:00Z"),
          "blobs": {}, "generation_id": "1:2", "suspend_VDI": null}
    vbd = {"uuid": "x", "VM": ref_of(0), "VDI": ref_of(2), "device": "",
           "userdevice": "0", "bootable": True, "mode": "RW",
           "type": "Disk", "unpluggable": True, "empty": False,
           "other_config": {"owner": ""}, "qos_algorithm_type": "",
           "metrics": null}
    vdi = {"uuid": "y", "name_label": "its disk", "name_description": "",
           "SR": ref_of(3), "VBDs": [ref_of(1)], "virtual_size": str(size),
           "physical_utilisation": "1", "type": "user", "sharable": False,
           "read_only": False, "location": "y", "managed": True,
           "sm_config": {"vdi_type": "vhd"}, "other_config": {}}
    drive = dict(vbd, VDI=null, userdevice="3", type="CD", mode="RO",
                 empty=True, bootable=False)
    net = {"uuid": "z", "name_label": "Pool-wide network", "MTU": "1500",
           "bridge": "xenbr0", "VIFs": [ref_of(5)], "PIFs": []}
    vif = {"uuid": "w", "VM": ref_of(0), "device": "0", "network": ref_of(6),
           "MAC": "00:16:3e:44:55:66", "MTU": "1500", "other_config": {},
           "MAC_autogenerated": False, "locking_mode": "network_default"}
    objects = [("VM", 0, vm), ("VBD", 1, vbd), ("VDI", 2, vdi),
               ("SR", 3, {"name_label": "Local storage", "type": "ext"}),
               ("VBD", 4, drive), ("VIF", 5, vif), ("network", 6, net),
               ("VIF", 7, dict(vif, device="1", network=ref_of(8))),
               ("network", 8, dict(net, name_label="other", bridge="xapi9")),
               ("GPU_group", 9, {"GPU_types": []})]
    for _, n, record in objects:
        record.update(changes.get(ref_of(n), {}))
    version = {"hostname": "elsewhere", "date": "2024", "product_version":
               "8.2.1", "product_brand": "XCP-ng", "build_number": "x",
               "xapi_major": "1", "xapi_minor": "20", "export_vsn": "2"}
    version.update(changes.get("version", {}))
    ova = {"version": version, "objects": [
        {"class": c, "id": ref_of(n), "snapshot": r} for c, n, r in objects]}
    xml = xmlrpc.client.dumps((ova,)).split("<param>")[1].split("</param>")[0]
    files = [("ova.xml", xml.encode())]
    for at in range(0, size, MIB):
        part = data[at:at + MIB]
        if any(part) or at == 0 or at + MIB >= size:
            path = f"{ref_of(2)}/{at // MIB:08d}"
            files += [(path, part), sum_of(path, part)]
    return files, data


def sha1(path, part):
    return path + ".checksum", hashlib.sha1(part).hexdigest().encode()


def xxhash(path, part):
    """Computed as its specification says, by nobody of ours."""
    mask, p = (1 << 64) - 1, (
        11400714785074694791, 14029467366897019727, 1609587929392839161,
        9650029242287828579, 2870177450012600261)

    def rot(v, n):
        return (v << n | v >> 64 - n) & mask

    def step(acc, v):
        return rot(acc + v * p[1] & mask, 31) * p[0] & mask
    v = [p[0] + p[1] & mask, p[1], 0, -p[0] & mask]
    words = memoryview(part[:len(part) // 32 * 32]).cast("Q")
    for i in range(0, len(words), 4):
        for k in range(4):
            v[k] = step(v[k], words[i + k])
    h = sum(rot(v[k], (1, 7, 12, 18)[k]) for k in range(4)) & mask
    for k in range(4):
        h = (h ^ step(0, v[k])) * p[0] + p[3] & mask
    h = h + len(part) & mask
    # Chunks are whole numbers of eight bytes.
    rest = memoryview(part[len(words) * 8:]).cast("Q")
    for w in rest:
        h = rot(h ^ step(0, w), 27) * p[0] + p[3] & mask
    h = (h ^ h >> 33) * p[1] & mask
    h = (h ^ h >> 29) * p[2] & mask
    return path + ".xxhash", f"{h ^ h >> 32:016x}".encode()


def from_others(m):
    """What other servers write, with either kind of sum, as a stream."""
    root = m.root
    for sum_of in (sha1, xxhash):
        files, data = foreign(3 * MIB + 1536, sum_of)
        archive = tar_of(files)
        vm = brought(root, (archive[i:i + 100001] for i in
                            range(0, len(archive), 100001)), sr_id=m.sr)
        r = root("VM.get_record", vm)
        same("a name that can be one here", "Debian_12__64-bit_",
             r["name_label"])
        same("an HVM guest", ("BIOS order", "cdn", "1", "2"), (
            r["HVM_boot_policy"], r["HVM_boot_params"]["order"],
            r["platform"]["apic"], r["VCPUs_max"]))
        same("its cards", ["xenbr0"], [
            root("network.get_name_label", root("VIF.get_network", v))
            for v in r["VIFs"]])
        vbds = [root("VBD.get_record", v) for v in r["VBDs"]]
        same("its drives", [("CD", True), ("Disk", False)], sorted(
            (v["type"], v["empty"]) for v in vbds))
        disk, = [v["VDI"] for v in vbds if v["type"] == "Disk"]
        same("its disk", hashlib.sha256(data).hexdigest(), in_host(
            f"sha256sum /tmp/disks/{disk[10:]}.raw").split()[0])
        destroyed(root, vm)


def not_imported(m, archive):
    root, ann, before = m.root, As("ann"), there_is(m)

    def bad(what, code, data, *params, status=409):
        task = root("task.create", what, "")
        refused(what, status, code, root.http(
            "PUT", "/import", data, sr_id=m.sr, task_id=task))
        info = ended(root, task, "failure")["error_info"]
        same(what, [code, *params], info if params else info[:1])
        nothing_left(m, before)
    refused("her role is too small", 403, "RBAC_PERMISSION_DENIED",
            ann.http("PUT", "/import", b"x", sr_id=m.sr))
    refused("nobody", 401, "SESSION_INVALID",
            root.http("PUT", "/import", b"x", session_id="none"))
    refused("no task", 404, "HANDLE_INVALID",
            root.http("PUT", "/import", archive, task_id="none"))
    files, _ = foreign(3 * MIB + 1536, sha1)
    path, part = files[3]
    bad("no archive", "IMPORT_ERROR", b"x" * 5000)
    bad("nothing", "IMPORT_ERROR_PREMATURE_EOF", b"")
    bad("another file first", "IMPORT_ERROR_UNEXPECTED_FILE", tar_of(
        files[1:]), "ova.xml", "Ref:2/00000000")
    bad("torn in ova.xml", "IMPORT_ERROR_PREMATURE_EOF", archive[:2000])
    bad("torn in a chunk", "IMPORT_ERROR_PREMATURE_EOF",
        archive[:len(archive) // 2])
    bad("torn between files", "IMPORT_ERROR_PREMATURE_EOF",
        tar_of(files[:-2]))
    bad("a wrong sum", "IMPORT_ERROR_SOME_CHECKSUMS_FAILED", tar_of(
        files[:3] + [(path, b"x" + part[1:])] + files[4:]))
    bad("no sum", "IMPORT_ERROR_UNEXPECTED_FILE", tar_of(
        files[:4] + files[5:]))
    bad("a disk of nobody", "IMPORT_ERROR_UNEXPECTED_FILE", tar_of(
        files[:1] + [("Ref:77/00000000", b"x" * 512)] + files[1:]))
    bad("behind its end", "IMPORT_ERROR", tar_of(files + [
        ("Ref:2/00000044", b"x" * MIB)]))
    bad("no XML", "IMPORT_ERROR", tar_of([("ova.xml", b"<value>")]))
    bad("a reference to nothing", "IMPORT_ERROR_FAILED_TO_FIND_OBJECT",
        tar_of(foreign(MIB, sha1, **{"Ref:1": {"VDI": "Ref:66"}})[0]),
        "Ref:66")
    bad("of the future", "IMPORT_INCOMPATIBLE_VERSION", tar_of(
        foreign(MIB, sha1, version={"export_vsn": "3"})[0]))
    bad("too large", "SR_FULL", tar_of(foreign(MIB, sha1, **{
        "Ref:2": {"virtual_size": str(1 << 44)}})[0]))
    # Cut off, and stopped, in the middle of a disk.
    for cancelled in (False, True):
        task = root("task.create", "cut off", "")
        s = socket.create_connection((URL.hostname, URL.port))
        s.sendall(f"PUT /import?session_id={root.handle}&sr_id={m.sr}"
                  f"&task_id={task} HTTP/1.1\r\nHost: x\r\nContent-Length: "
                  f"{len(archive)}\r\n\r\n".encode() +
                  archive[:len(archive) * 2 // 3])
        eventually("it has begun", lambda: in_host("ls /tmp/disks") !=
                   before[2])
        if cancelled:
            eventually("it can be stopped",
                       lambda: root("task.get_allowed_operations", task))
            root("task.cancel", task)
            ended(root, task, "cancelled")
        s.close()
        if not cancelled:
            same("why", "XLD_TRANSFER",
                 ended(root, task, "failure")["error_info"][0])
        nothing_left(m, before)


def killed(m, archive):
    """A daemon is killed: what was half made goes, or with the next one."""
    before = there_is(m)
    s = socket.create_connection((URL.hostname, URL.port))
    s.sendall(f"PUT /import?session_id={m.root.handle}&sr_id={m.sr}"
              f" HTTP/1.1\r\nHost: x\r\nContent-Length: {len(archive)}"
              "\r\n\r\n".encode() + archive[:len(archive) * 2 // 3])
    eventually("it has begun", lambda: in_host("ls /tmp/disks") != before[2])
    in_host("kill -9 $(pidof xld-api); sleep 1; true")
    s.close()
    m.root = again(m)
    nothing_left(m, before)
    for step in ("import-made", "import-begun", "import-disks", "import-kept"):
        restart(m, f"XLD_STEP={step}:kill")
        try:
            m.root.http("PUT", "/import", archive, sr_id=m.sr)
        except (OSError, http.client.HTTPException):
            pass
        same(f"it has died at {step}", "", in_host("pidof xld; true").strip())
        restart(m)
        if step != "import-kept":
            nothing_left(m, before)
    # It was on record.
    new = set(m.root("VM.get_all")) - set(before[0])
    same("a machine", 1, len(new))
    vm = new.pop()
    same("with its disks", 2, len(m.root("VM.get_VBDs", vm)))
    destroyed(m.root, vm)
    nothing_left(m, before)


def restart(m, setting="A=1"):
    in_host("kill -9 $(pidof xld) 2>/dev/null; "
            "for i in $(seq 100); do pidof xld-api >/dev/null || break; "
            f"sleep 0.1; done; env {setting} /usr/sbin/xld --daemon "
            "</dev/null >/dev/null 2>&1")
    m.root = again(m)


def again(m):
    """A session with the daemon that has come after another."""
    def login():
        try:
            return As("root")
        except (OSError, http.client.HTTPException, xmlrpc.client.Error):
            return None
    return eventually("the next daemon", login)


def main():
    in_host("cp /etc/xld/xld.conf /tmp/xld.conf; mkdir -p /tmp/disks; "
            "hash=$(sed -n 's/^root:\\([^:]*\\):.*/\\1/p' /etc/shadow); "
            "echo ann:x:2001:2001::/:/bin/false >>/etc/passwd; "
            "echo \"ann:$hash:19000:0:99999:7:::\" >>/etc/shadow; "
            "echo 'vm_operator = ann' >>/etc/xld/xld.conf; "
            "ip link add xenbr0 type bridge; ip link set xenbr0 up; true")
    reload_settings()
    root = As("root")
    m = Machine(root)
    try:
        archive = exported(m)
        not_exported(m)
        not_read(m)
        round_trip(m, archive)
        from_others(m)
        not_imported(m, archive)
        killed(m, archive)
    finally:
        root = m.root
        in_host("xm destroy archived; xm delete archived; true")
        for v in root("SR.get_VDIs", m.sr):
            root.x.VDI.destroy(root.handle, v)
        left = root.x.SR.forget(root.handle, m.sr)
        in_host("ip link del xenbr0; cp /tmp/xld.conf /etc/xld/xld.conf; "
                "kill -HUP $(pidof xld); "
                "sed -i '/^ann:/d' /etc/passwd /etc/shadow; true")
    same("nothing is left", "Success", left["Status"])


main()
