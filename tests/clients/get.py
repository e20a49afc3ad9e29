#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# client: /usr/bin/python3
# What is fetched: figures that a monitor's parser takes (Debian's
# python3-prometheus-client) and that are true of the guests there are, the logs of the
# host as an archive without secrets, a console's history. And tasks: what they do with
# a machine is told of it while they run.
import base64
import io
import json
import os
import subprocess
import sys
import tarfile
import tempfile
import urllib.error
import urllib.request
import xmlrpc.client

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from lib import PASSWORD, eventually, in_host, same

URL = os.environ["XLD_HTTP"]
BASIC = {"Authorization": "Basic "
         + base64.b64encode(f"root:{PASSWORD}".encode()).decode()}


def get(path, headers):
    """Status, type, bytes."""
    rq = urllib.request.Request(URL + path, headers=headers)
    try:
        with urllib.request.urlopen(rq, timeout=60) as r:
            return r.status, r.headers["Content-Type"], r.read()
    except urllib.error.HTTPError as e:
        return e.code, e.headers["Content-Type"], e.read()


def metrics():
    status, kind, text = get("/metrics", BASIC)
    same("status", 200, status)
    same("type", "application/openmetrics-text; version=1.0.0; charset=utf-8",
         kind)
    return {m.name: m for m in text_string_to_metric_families(text.decode())}


def of(family, **labels):
    for s in family.samples:
        if all(s.labels.get(k) == v for k, v in labels.items()):
            return s.value
    return None


class Root:
    def __init__(self):
        self.x = xmlrpc.client.ServerProxy(URL + "/xmlrpc")
        self.handle = self.x.session.login_with_password(
            "root", PASSWORD)["Value"]

    def __call__(self, method, *args):
        r = getattr(self.x, method)(self.handle, *args)
        same(method, "Success", r["Status"])
        return r["Value"]


def figures(root):
    m = metrics()
    for name in ("xld_host", "xld_host_memory_bytes", "xld_domain_cpu_seconds",
                 "xld_store_quota_used", "xld_tasks", "xld_api_requests"):
        if name not in m or not m[name].samples:
            raise SystemExit(f"there is no {name}")
    memory = of(m["xld_domain_memory_bytes"], name="get")
    if not 15 << 20 <= memory <= 17 << 20:
        raise SystemExit(f"the guest of 16 MiB has {memory} bytes")
    if of(m["xld_domain_cpu_seconds"], name="get") <= 0:
        raise SystemExit("the guest has used no processor")
    same("domains that run", 2, of(m["xld_domains"], power_state="Running"))
    if of(m["xld_store_quota_used"], name="get", quota="nodes") is None:
        raise SystemExit(f"quotas: {m['xld_store_quota_used'].samples}")
    used = of(m["xld_api_requests"])
    root("VM.get_all")
    if of(metrics()["xld_api_requests"]) <= used:
        raise SystemExit("requests are not counted")
    same("no password", 401, get("/metrics", {})[0])
    same("a session's", 200,
         get(f"/metrics?session_id={root.handle}", {})[0])


def logs():
    status, kind, data = get("/host_logs_download", BASIC)
    same("the archive", (200, "application/x-tar"), (status, kind))
    with tarfile.open(fileobj=io.BytesIO(data)) as t:
        files = {m.name: t.extractfile(m).read() for m in t.getmembers()}
    for name in ("xld.log", "audit.log", "xld.conf", "xen-dmesg.txt",
                 "objects/VM.json", "objects/host.json"):
        if not files.get(f"xld-logs/{name}"):
            raise SystemExit(f"no {name} among {sorted(files)}")
    machines = json.loads(files["xld-logs/objects/VM.json"])
    if "get" not in [m["name_label"] for m in machines]:
        raise SystemExit("the guest is not in it")
    for secret in (b"hunter2", b"hunter3", b"hunter4"):
        for name, text in files.items():
            if secret in text:
                raise SystemExit(f"the secret {secret} is in {name}")
    same("who has it is told", "host.logs", json.loads(
        in_host("grep host.logs /var/log/xld/audit.log | tail -n 1"))["call"])


def tasks(root, vm):
    """Its end is waited for, and meanwhile it says so."""
    r = root("event.from", ["vm/" + vm], "", 0.0)
    # Paused it does not answer: the task goes on until it is ended.
    root("VM.pause", vm)
    task = root("Async.VM.clean_shutdown", vm)
    seen = []

    def look():
        nonlocal r
        r = root("event.from", ["vm/" + vm], r["token"], 5.0)
        seen.extend(e["snapshot"] for e in r["events"])
        return any("clean_shutdown" in s["current_operations"].values()
                   for s in seen)
    eventually("the operation is told", look)
    same("of the task", {task: "clean_shutdown"},
         root("VM.get_current_operations", vm))
    root("VM.hard_shutdown", vm)
    eventually("its end", lambda: root("task.get_status", task) != "pending")
    same("afterwards", {}, root("VM.get_current_operations", vm))
    eventually("and told", lambda: look() and not
               seen[-1]["current_operations"])
    # What sets a field can be a task, too.
    task = root("Async.VM.set_name_description", vm, "by a task")
    eventually("its end", lambda: root("task.get_status", task) == "success")
    same("what it did", "by a task", root("VM.get_name_description", vm))
    task = root("Async.VM.add_to_other_config", vm, "a", "b")
    eventually("its end", lambda: root("task.get_status", task) == "success")
    task = root("Async.VM.add_to_other_config", vm, "a", "b")
    eventually("its end", lambda: root("task.get_status", task) == "failure")
    same("what it did", "MAP_DUPLICATE_KEY",
         root("task.get_error_info", task)[0])


def example():
    """The one in Python, over https with the host's own certificate."""
    with tempfile.NamedTemporaryFile("w") as ca:
        ca.write(in_host("cat /var/lib/xld/api.pem"))
        ca.flush()
        r = subprocess.run(
            [sys.executable, os.path.join(os.path.dirname(__file__),
                                          "../../examples/machines.py"),
             os.environ["XLD_HTTPS"], "root", PASSWORD, ca.name],
            text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    if r.returncode != 0 or "get                  Running" not in r.stdout:
        sys.exit(f"examples/machines.py: {r.stdout}")


def main():
    in_host("printf 'name=\"get\"\\nkernel=\"/boot/guest/tiny\"\\nmemory=16\\n"
            "extra=\"tick=100 secret=hunter2\"\\n' >/tmp/get.cfg && "
            "xm new -q /tmp/get.cfg && xm start get")
    root = Root()
    vm = root("VM.get_by_name_label", "get")[0]
    root("VM.add_to_other_config", vm, "secret", "hunter3")
    root("VM.add_to_xenstore_data", vm, "vm-data/secret", "hunter4")
    try:
        figures(root)
        logs()
        status, _, text = get(f"/console?uuid={vm[10:]}", BASIC)
        same("the console", (200, True), (status, b"TINY UP" in text))
        example()
        tasks(root, vm)
    finally:
        in_host("xm destroy get; xm delete get; true")


main()
