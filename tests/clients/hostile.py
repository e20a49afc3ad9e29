#!/usr/bin/env python3
# SPDX-License-Identifier: LGPL-2.1-or-later
# client: python3
# Whoever can reach the API's address and has no password: malformed HTTP, XML and
# JSON, entity bombs, deep nesting, 100 MB bodies, slow writers, thousands of idle
# connections, calls by the thousand, guesses at passwords. Each gets its refusal; meanwhile a client
# with a password is served, and the memory of xld-api stays where it was.
import http.client
import json
import os
import re
import socket
import ssl
import sys
import threading
import time
import warnings
import xmlrpc.client

from lib import PASSWORD, in_host, reload_settings, same

warnings.simplefilter("ignore", DeprecationWarning)
HTTP = os.environ["XLD_HTTP"][7:].split(":")
HTTPS = os.environ["XLD_HTTPS"][8:].split(":")
# KiB that all of this may cost xld-api.
MEMORY_MAX = 24 << 10


def dial():
    return socket.create_connection((HTTP[0], int(HTTP[1])), timeout=30)


def memory():
    """Resident KiB of xld-api."""
    return int(in_host("grep VmRSS /proc/$(pidof xld-api)/status").split()[1])


def status(data):
    """What the server answers to these bytes: its status, 0 = it hung up, or says
    nothing and will hang up when its patience ends."""
    s = dial()
    s.settimeout(3)
    try:
        s.sendall(data)
        s.shutdown(socket.SHUT_WR)
        line = s.makefile("rb").readline()
    except OSError:
        return 0
    finally:
        s.close()
    m = re.match(rb"HTTP/1\.[01] (\d+) ", line)
    return int(m.group(1)) if m else 0


def post(path, body, headers=()):
    c = http.client.HTTPConnection(HTTP[0], int(HTTP[1]), timeout=60)
    try:
        c.request("POST", path, body, dict(headers))
        r = c.getresponse()
        return r.status, r.read()
    finally:
        c.close()


class Witness(threading.Thread):
    """A client that asks all the time and notes how long answers take."""

    def __init__(self):
        super().__init__(daemon=True)
        self.x = xmlrpc.client.ServerProxy(os.environ["XLD_HTTP"])
        self.handle = self.x.session.login_with_password(
            "root", PASSWORD)["Value"]
        self.over = False
        self.asked = 0
        self.error = None

    def run(self):
        while not self.over:
            try:
                r = self.x.VM.get_all(self.handle)
                same("the witness's answer", "Success", r["Status"])
                self.asked += 1
            except (Exception, SystemExit) as e:
                self.error = e
                return
            time.sleep(0.05)

    def still(self, what):
        before = self.asked
        for _ in range(600):
            if self.asked > before or self.error:
                break
            time.sleep(0.1)
        if self.error or self.asked == before:
            sys.exit(f"{what}: others are not served ({self.error})")


def http_forms():
    for data, want in (
            (b"\x00\xff\xfe\r\n\r\n", (400, 0)),
            (b"GET\r\n\r\n", (400, 0)),
            (b"POST / HTTP/9.9\r\n\r\n", (400, 505, 0)),
            (b"BREW / HTTP/1.1\r\nHost: x\r\n\r\n", (405,)),
            (b"PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", (405,)),
            (b"GET /etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", (404,)),
            (b"GET /../../etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", (404,)),
            (b"GET /console?uuid=x HTTP/1.1\r\nHost: x\r\n\r\n", (401,)),
            (b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx",
             (404,)),
            (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
             (400, 413)),
            (b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: "
             b"99999999999999999999999\r\n\r\n", (400, 413)),
            (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
             b"zz\r\n", (400, 0)),
            (b"GET / HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 20000 + b"\r\n",
             (400, 413, 431, 0)),
            (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: x\r\n\r\n",
             (400, 413, 414, 431, 0))):
        got = status(data)
        if got not in want:
            sys.exit(f"{data[:60]!r}: status {got}, none of {want}")


def xml_forms():
    deep = "<value><array><data>" * 2000 + "</data></array></value>" * 2000
    bomb = "".join(f'<!ENTITY a{i} "{f"&a{i - 1};" * 10}">' for i in range(1, 10))
    for body in (
            "", "x", "<", "<methodCall>", "\x00" * 1000, "<a/>" * 1000,
            "<?xml version='1.0' encoding='EBCDIC'?><methodCall/>",
            f'<!DOCTYPE m [<!ENTITY a0 "b">{bomb}]><methodCall><methodName>&a9;'
            "</methodName></methodCall>",
            '<!DOCTYPE m [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
            "<methodCall><methodName>&e;</methodName></methodCall>",
            "<methodCall><methodName>VM.get_all</methodName><params><param>"
            f"{deep}</param></params></methodCall>",
            b"<methodCall><methodName>\xff\xfe</methodName></methodCall>"):
        code, text = post("/RPC2", body)
        same("status of a malformed call", 200, code)
        if b"<fault>" not in text or b"root:" in text:
            sys.exit(f"{body[:60]!r}: {text[:200]!r}")


def json_forms():
    def code_of(body):
        code, text = post("/jsonrpc", body)
        same("status of a malformed call", 200, code)
        return json.loads(text)["error"]

    for body in ("", "{", "nul", "[" * 5000, '{"a":' * 5000, "\x00",
                 '{"method": "\\ud800"', b'{"method": "\xff\xfe"}'):
        same("error", -32700, code_of(body)["code"])
    for body in ("[]", '[{"jsonrpc":"2.0","id":1,"method":"VM.get_all"}]', "1",
                 '{"jsonrpc":"2.0","id":1}', '{"jsonrpc":"3.0","id":1,'
                 '"method":"VM.get_all"}',
                 '{"jsonrpc":"2.0","method":"VM.get_all"}',
                 '{"jsonrpc":"2.0","id":1,"method":"VM.get_all","params":{}}'):
        e = code_of(body)
        # Without a version it is a call of 1.0, whose errors are arrays.
        same("error", True, e["code"] == -32600 if isinstance(e, dict)
             else e[0] == "INTERNAL_ERROR")
    # As many members as fit: no time that grows with their square.
    many = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "VM.get_all",
                       "params": [{"%x" % i: 1 for i in range(25000)}]},
                      separators=(",", ":"))
    same("a map of 25000", "SESSION_INVALID", code_of(many)["message"])
    e = code_of('{"id":1,"method":"VM.get_all","params":["x"]}')
    same("1.0", ["SESSION_INVALID", "x"], e)
    e = code_of('{"jsonrpc":"2.0","id":"a","method":"VM.fly","params":[]}')
    same("2.0", (1, "MESSAGE_METHOD_UNKNOWN", ["VM.fly"]),
         (e["code"], e["message"], e["data"]))


def sizes():
    c = http.client.HTTPConnection(HTTP[0], int(HTTP[1]), timeout=60)
    c.putrequest("POST", "/RPC2")
    c.putheader("Content-Length", str(100 << 20))
    c.endheaders()
    same("status of 100 MB, before any of it", 413, c.getresponse().status)
    c.close()
    # All of it, whether the server reads or not; it may hang up.
    s = dial()
    s.sendall(b"POST /RPC2 HTTP/1.1\r\nHost: x\r\n"
              b"Transfer-Encoding: chunked\r\n\r\n")
    block = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    try:
        for _ in range(1600):
            s.sendall(block)
        s.sendall(b"0\r\n\r\n")
        line = s.makefile("rb").readline()
        same("status of an endless body", b"413", line.split()[1])
    except OSError:
        pass
    s.close()
    same("status of 301 KiB", 413, post("/jsonrpc", b" " * (301 << 10))[0])


def is_open(s):
    try:
        return s.recv(1, socket.MSG_PEEK) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


def idle(witness):
    """As many connections as there can be; a slow writer on some of them."""
    held = []
    for i in range(150):
        try:
            s = dial()
            if i % 3 == 0:
                s.sendall(b"POST /RPC2 HTTP/1.1\r\nHost: x\r\n"
                          b"Content-Length: 1000\r\n\r\n<")
            elif i % 3 == 1:
                s.sendall(b"GET / HT")
            held.append(s)
        except OSError:
            pass
    witness.still("with 150 idle connections")
    # The limit is 100 from one address, the witness has one: the others are hung
    # up on, and hear of it when the news has come through the host's network.
    for s in held:
        s.setblocking(False)
    for _ in range(200):
        held = [s for s in held if is_open(s)]
        if len(held) < 100:
            return held
        time.sleep(0.1)
    sys.exit(f"{len(held)} idle connections of one address are held")


def slow(held):
    """Those who do not finish are told so, in time: however busy they are."""
    begin, told, over = time.monotonic(), 0, set()
    while len(over) < len(held):
        if time.monotonic() - begin > 120:
            sys.exit(f"{len(held) - len(over)} slow writers go on for ever")
        for s in held:
            if s in over:
                continue
            try:
                s.send(b" ")
                data = s.recv(1000)
            except BlockingIOError:
                continue
            except OSError:
                data = b""
            told += data.startswith(b"HTTP/1.1 408 ")
            over.add(s)
        time.sleep(0.5)
    if told == 0:
        sys.exit("no slow writer was told 408")
    for s in held:
        s.close()


class Flood(threading.Thread):
    """Calls as fast as they are answered, until it is over."""

    def __init__(self):
        super().__init__(daemon=True)
        self.over = False
        self.served = self.refused = 0
        self.error = "still at it"

    def run(self):
        c = http.client.HTTPConnection(HTTP[0], int(HTTP[1]), timeout=60)
        body = '{"jsonrpc":"2.0","id":1,"method":"VM.get_all","params":["x"]}'
        try:
            while not self.over:
                c.request("POST", "/jsonrpc", body)
                # Else it would dial anew, and here that shall not be.
                c.auto_open = 0
                r = c.getresponse()
                r.read()
                if r.status == 200:
                    self.served += 1
                else:
                    same("status of one too many", 429, r.status)
                    same("when to come back", "1", r.headers["Retry-After"])
                    self.refused += 1
            self.error = None
        except (Exception, SystemExit) as e:
            self.error = e


# A client within domain 0, which is another address: the statuses of forty calls.
INSIDE = r"""bash -c '
body="{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"VM.get_all\",\"params\":[\"x\"]}"
for ((i = 0; i < 40; i++)); do
    exec 5<>/dev/tcp/127.0.0.1/9363
    printf "POST /jsonrpc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n" >&5
    printf "Content-Length: %d\r\n\r\n%s" ${#body} "$body" >&5
    read -r _ status _ <&5
    echo $status
done'"""


def calls():
    """Of one client, too many: refused; those of others are not."""
    conf = "/etc/xld/xld.conf"
    in_host(f"cp {conf} /tmp/conf; echo calls_per_second = 10 >>{conf}")
    reload_settings()
    begin = time.monotonic()
    floods = [Flood() for _ in range(4)]
    for f in floods:
        f.start()
    while sum(f.refused for f in floods) < 40 and \
            all(f.is_alive() for f in floods):
        time.sleep(0.1)
    got = in_host(INSIDE).split()
    same("calls of another client", ["200"] * 40, got)
    # And root's here, any number.
    in_host("for i in $(seq 30); do xm list >/dev/null || exit 1; done")
    for f in floods:
        f.over = True
    for f in floods:
        f.join()
        same("a flood's end", None, f.error)
    seconds = time.monotonic() - begin
    served = sum(f.served for f in floods)
    refused = sum(f.refused for f in floods)
    print(f"{seconds:.1f} s of four floods: {served} calls, {refused} refused")
    # Those of five seconds at once, and ten in each second; xld-api's clock is
    # another one.
    if served > 50 + 10 * (1.1 * seconds + 1):
        sys.exit(f"{served} calls in {seconds:.1f} s")
    # Who has waited is served again.
    time.sleep(1)
    in_host(f"cp /tmp/conf {conf}")
    reload_settings()


def guesses():
    """Wrong passwords: late, and after some of them not even looked at."""
    def guess(secret):
        return xmlrpc.client.ServerProxy(os.environ["XLD_HTTP"]) \
            .session.login_with_password("root", secret)["ErrorDescription"]

    begin = time.monotonic()
    for i in range(5):
        same("refusal", "SESSION_AUTHENTICATION_FAILED", guess(f"w{i}")[0])
    if time.monotonic() - begin < 5 * 1.9:
        sys.exit("wrong passwords are answered at once")
    # The right one is not looked at either now.
    r = guess(PASSWORD)
    same("code", "SESSION_AUTHENTICATION_FAILED", r[0])
    if "try again in" not in r[2]:
        sys.exit(f"the sixth guess: {r}")
    log = in_host("cat /var/log/xld/xld.log")
    if "w4" in log or f"'{PASSWORD}'" in log:
        sys.exit("a password is in the log")


def tls():
    context = ssl._create_unverified_context()
    context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    context.set_ciphers("ALL:@SECLEVEL=0")
    try:
        with socket.create_connection((HTTPS[0], int(HTTPS[1]))) as s, \
                context.wrap_socket(s) as t:
            sys.exit(f"{t.version()} is spoken")
    except (ssl.SSLError, OSError):
        pass
    # Clear text where TLS is spoken.
    with socket.create_connection((HTTPS[0], int(HTTPS[1]))) as s:
        s.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 10)
        s.settimeout(30)
        try:
            if b"HTTP" in s.recv(100):
                sys.exit("HTTP is answered where TLS is spoken")
        except OSError:
            pass


def main():
    calls()
    witness = Witness()
    witness.start()
    witness.still("at the beginning")
    before = memory()
    begin = time.monotonic()
    for step in (http_forms, xml_forms, json_forms, sizes, tls):
        step()
        witness.still(step.__name__)
        print(f"{time.monotonic() - begin:.1f} s: {step.__name__}")
    held = idle(witness)
    print(f"{time.monotonic() - begin:.1f} s: {len(held)} idle connections")
    slow(held)
    witness.still("after slow writers")
    after = memory()
    print(f"xld-api: {before} KiB before, {after} KiB after")
    if after - before > MEMORY_MAX:
        sys.exit(f"xld-api has grown from {before} to {after} KiB")
    guesses()
    witness.still("after guesses")
    witness.over = True
    # Another one knows nothing of that: who comes next here need not wait.
    in_host("kill -9 $(pidof xld-api)")
    for _ in range(100):
        try:
            x = xmlrpc.client.ServerProxy(os.environ["XLD_HTTP"])
            if "Value" in x.session.login_with_password("root", PASSWORD):
                return
        except OSError:
            pass
        time.sleep(0.2)
    sys.exit("a killed xld-api does not come back")


main()
