#!/usr/bin/python3
# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Python modules on a running hypervisor: prog_python.py DOMID, the domain
being a running tiny guest that dirties memory."""
import ctypes
import errno
import os
import struct
import sys
import tempfile
import time
import unittest

from xen import evtchn, gnttab, xc, xs

GUEST = int(sys.argv.pop())
ABSENT = 0x7000


class OnXen(unittest.TestCase):
    def setUp(self):
        self.host = self.open(xc.Interface())

    def open(self, thing):
        self.addCleanup(thing.close)
        return thing

    def fails(self, number, call, *args, **kwargs):
        """The call raises xc.Error with that errno; its sentence."""
        with self.assertRaises(xc.Error) as e:
            call(*args, **kwargs)
        self.assertEqual(e.exception.errno, number, str(e.exception))
        self.assertIsInstance(e.exception, OSError)
        return str(e.exception)


class Host(OnXen):
    def test_facts(self):
        v, p = self.host.version(), self.host.physinfo()
        self.assertEqual(self.host.release, (v.major, v.minor))
        self.assertIn(b"xen-3.0-x86_64", v.capabilities)
        self.assertGreater(p.total_pages, p.free_pages)
        self.assertGreaterEqual(p.nr_cpus, 1)
        idle = (ctypes.c_uint64 * p.nr_cpus)()
        n = self.host.call("cpu_idle_times", idle, p.nr_cpus)
        self.assertEqual(n, p.nr_cpus)

    def test_console(self):
        self.host.debug_keys("h")
        self.assertIn(b"installed handlers", self.host.console())

    def test_domains(self):
        ids = [d.domid for d in self.host.domains()]
        self.assertEqual(ids[0], 0)
        self.assertIn(GUEST, ids)
        self.assertEqual(ids, sorted(ids))
        self.assertEqual(next(self.host.domains(GUEST)).domid, GUEST)
        self.assertEqual(self.host.domain(GUEST).tot_pages, 4096)
        self.assertEqual(len(list(self.host.vcpus(GUEST))), 1)

    def test_closed(self):
        self.host.close()
        self.host.close()
        with self.assertRaises(ValueError):
            self.host.domain(0)

    def test_errors(self):
        for call in self.host.domain, self.host.pause, self.host.destroy:
            self.assertIn(f"domain {ABSENT}",
                          self.fails(errno.ESRCH, call, ABSENT))
        self.fails(errno.ESRCH, self.host.domain, 0x10000 + GUEST)
        # A machine frame that is not the guest's.
        self.assertIn(f"domain {GUEST}", self.fails(
            errno.EPERM, self.host.map, GUEST, [0x7fffffffff]))
        self.fails(errno.EINVAL, self.host.map, GUEST, [])
        with self.assertRaises(TypeError):
            self.host.create(no_such_field=1)
        with self.assertRaises(AttributeError):
            self.host.call("no_such_function")


class Guest(OnXen):
    def flag(self):
        return self.host.domain(GUEST).flags & xc.c.XC_DOMINF_PAUSED

    def busy_for(self, seconds):
        """How long its vCPU ran meanwhile, in nanoseconds."""
        before = self.host.domain(GUEST).cpu_time
        time.sleep(seconds)
        return self.host.domain(GUEST).cpu_time - before

    def runs(self):
        for _ in range(100):
            if self.busy_for(0.1) > 0:
                return True
        return False

    def test_pause(self):
        self.assertTrue(self.runs())
        self.host.pause(GUEST)
        try:
            self.assertTrue(self.flag())
            self.assertEqual(self.busy_for(0.5), 0)
            # Pauses nest.
            self.host.pause(GUEST)
            self.host.unpause(GUEST)
            self.assertTrue(self.flag())
        finally:
            self.host.unpause(GUEST)
        self.assertFalse(self.flag())
        self.assertTrue(self.runs())

    def test_memory(self):
        """The page it shares with Xen: its clock goes on, while it runs."""
        frame = self.host.domain(GUEST).shared_info_frame
        with self.host.map(GUEST, [frame]) as page:
            self.assertTrue(page.readonly)
            self.assertEqual(len(page), xc.PAGE_SIZE)
            # vcpu_time_info of vCPU 0 (xen.h): its version counts updates.
            first = bytes(page[32:64])
            for _ in range(100):
                if bytes(page[32:64]) != first:
                    break
                time.sleep(0.1)
            else:
                self.fail("the guest's clock stands")
        with self.assertRaises(ValueError):
            page[0]

    def dumped(self, live):
        path = os.path.join(self.folder, "core")
        d = self.host.dump(GUEST, path, live)
        with open(path, "rb") as f:
            core = f.read()
        os.unlink(path)
        self.assertEqual(d.bytes, len(core))
        self.assertGreaterEqual(d.pages, 4000)
        return core, d

    def section(self, core, name):
        shoff, = struct.unpack_from("<Q", core, 40)
        size, count = struct.unpack_from("<HH", core, 58)
        heads = [struct.unpack_from("<IIQQQQIIQQ", core, shoff + size * i)
                 for i in range(count)]
        names = core[heads[1][4]:]
        for h in heads[1:]:
            if names[h[0]:names.index(b"\0", h[0])] == name:
                return core[h[4]:h[4] + h[5]]
        self.fail(f"no section {name}")

    def test_dump_of_a_running_guest(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(os.rmdir, self.folder)
        for live in True, False:
            with self.subTest(live=live):
                core, d = self.dumped(live)
                self.assertEqual(core[:4], b"\x7fELF")
                pages = self.section(core, b".xen_pages")
                self.assertEqual(len(pages), d.pages * xc.PAGE_SIZE)
                self.assertEqual(len(self.section(core, b".xen_p2m")),
                                 d.pages * 16)
                self.assertIn(b"TINY UP", pages)
                self.assertFalse(self.flag())
                self.assertTrue(self.runs())
        self.fails(errno.ESRCH, self.host.dump, ABSENT,
                   os.path.join(self.folder, "none"))
        self.assertEqual(os.listdir(self.folder), [])


class Empty(OnXen):
    """A domain of our own."""

    def setUp(self):
        super().setUp()
        self.domid = self.host.create(handle=bytes(range(16)), max_vcpus=2)
        self.addCleanup(self.gone, self.domid)

    def gone(self, domid):
        with xc.Interface() as host:
            host.destroy(domid)

    def test_made_as_asked_for(self):
        d = self.host.domain(self.domid)
        self.assertEqual(bytes(d.handle), bytes(range(16)))
        self.host.call("domain_max_vcpus", self.domid, 2)
        self.assertEqual(len(list(self.host.vcpus(self.domid))), 2)
        self.assertEqual(d.tot_pages, 0)

    def test_memory(self):
        self.host.call("domain_set_max_mem", self.domid, 1024)
        frames = self.host.populate(self.domid, range(16))
        self.assertEqual(len(frames), 16)
        with self.host.map(self.domid, frames, writable=True) as pages:
            self.assertEqual(len(pages), 16 * xc.PAGE_SIZE)
            pages[xc.PAGE_SIZE:xc.PAGE_SIZE + 5] = b"hello"
        with self.host.map(self.domid, frames[1:2]) as page:
            self.assertEqual(bytes(page[:6]), b"hello\0")
            with self.assertRaises(TypeError):
                page[0] = 1
        # The ceiling: what is left of 256 pages.
        more = self.host.populate(self.domid, range(16, 512))
        self.assertEqual(len(more), 240)

    def test_channel_of_another(self):
        """A port made for the domain, and what becomes of it."""
        port = self.host.call("evtchn_alloc_unbound", self.domid, 0)
        channels = self.open(evtchn.Channels())
        ours = channels.bind(self.domid, port)
        s = self.host.fill(xc.c.xc_evtchn_status, "evtchn_status", self.domid,
                           port)
        self.assertEqual((s.status, s.remote_dom, s.remote_port), (2, 0, ours))
        channels.unbind(ours)


class Channels(OnXen):
    def test_two_ends(self):
        a, b = self.open(evtchn.Channels()), self.open(evtchn.Channels())
        there = a.listen(0)
        here = b.bind(0, there)
        # Binding rings once, at either end.
        a.wait(0.2)
        b.wait(0.2)
        self.assertEqual(a.pending() + b.pending(), [])
        for _ in range(3):
            b.notify(here)
            self.assertEqual(a.wait(10), [there])
            a.notify(there)
            self.assertEqual(b.wait(10), [here])
        self.assertEqual(a.wait(0.1), [])
        self.assertGreaterEqual(a.fileno(), 0)
        b.unbind(here)
        self.fails(errno.ENOTCONN, b.notify, here)

    def test_errors(self):
        a = evtchn.Channels()
        self.fails(errno.ESRCH, a.bind, ABSENT, 1)
        self.fails(errno.ESRCH, a.listen, 0x10000)
        a.close()
        a.close()
        with self.assertRaises(ValueError):
            a.listen(0)


class Sharing(OnXen):
    def setUp(self):
        super().setUp()
        self.shares = self.open(gnttab.Shares())
        self.grants = self.open(gnttab.Grants())

    def test_map(self):
        page = self.shares.share(0, pages=3, writable=True)
        self.assertEqual(len(set(page.refs)), 3)
        with page as ours:
            self.assertEqual(bytes(ours[:8]), bytes(8))
            ours[xc.PAGE_SIZE:xc.PAGE_SIZE + 5] = b"hello"
            with self.grants.map(0, page.refs, writable=True) as theirs:
                self.assertEqual(len(theirs), 3 * xc.PAGE_SIZE)
                at = theirs[xc.PAGE_SIZE:xc.PAGE_SIZE + 5]
                self.assertEqual(bytes(at), b"hello")
                at.release()
                theirs[0] = 65
            self.assertEqual(ours[0], 65)
        self.fails(errno.EINVAL, self.grants.map, 0, page.refs[:1])

    def test_read_only(self):
        page = self.shares.share(0)
        with page as ours:
            ours[:3] = b"abc"
            with self.grants.map(0, page.refs) as theirs:
                self.assertEqual(bytes(theirs[:3]), b"abc")
                with self.assertRaises(TypeError):
                    theirs[0] = 1
            self.fails(errno.EINVAL, self.grants.map, 0, page.refs, True)
            self.fails(errno.EINVAL, self.grants.write, 0, page.refs[0], b"x")

    def test_copy(self):
        page = self.shares.share(0, writable=True)
        with page as ours:
            self.grants.write(0, page.refs[0], b"copied", 100)
            self.assertEqual(bytes(ours[100:106]), b"copied")
            self.assertEqual(self.grants.read(0, page.refs[0], 4, 102),
                             b"pied")
            for length, offset in (0, 0), (2, 4095), (1, -1):
                with self.assertRaises(ValueError):
                    self.grants.read(0, page.refs[0], length, offset)
        self.fails(errno.ESRCH, self.grants.read, 0x10000, 8, 1)

    def test_a_word_when_it_ends(self):
        """The peer's unmapping clears a byte and rings."""
        a, b = self.open(evtchn.Channels()), self.open(evtchn.Channels())
        there = a.listen(0)
        here = b.bind(0, there)
        a.wait(0.2)
        page = self.shares.share(0, writable=True)
        with page as ours:
            ours[7] = 1
            with self.grants.map_notify(0, page.refs[0], True, 7, here):
                self.assertEqual((ours[7], a.wait(0.1)), (1, []))
            self.assertEqual((a.wait(10), ours[7]), ([there], 0))

    def test_for_a_guest(self):
        """What is shared with the guest is not for us."""
        page = self.shares.share(GUEST)
        with page:
            self.fails(errno.EINVAL, self.grants.map, 0, page.refs)

    def test_closed(self):
        self.grants.close()
        self.shares.close()
        with self.assertRaises(ValueError):
            self.grants.map(0, [8])
        with self.assertRaises(ValueError):
            self.shares.share(0)


class Store(unittest.TestCase):
    def setUp(self):
        self.store = xs.Store()
        self.addCleanup(self.store.close)
        self.path = f"/test-python-{os.getpid()}"
        self.store.mkdir(self.path)
        self.addCleanup(self.store.remove, self.path)

    def test_values(self):
        s, p = self.store, self.path
        s.write(p + "/text", "words")
        s.write(p + "/bytes", b"\0\1\xff")
        self.assertEqual(s.read(p + "/bytes"), b"\0\1\xff")
        self.assertEqual(sorted(s.list(p)), ["bytes", "text"])
        self.assertEqual(s.permissions(p), [(0, 0)])
        s.remove(p + "/text")
        self.assertIsNone(s.get(p + "/text"))
        self.assertEqual(s.get(p + "/text", b"none"), b"none")

    def test_the_guest(self):
        path = f"/local/domain/{GUEST}"
        self.assertEqual(self.store.read(path + "/domid"),
                         str(GUEST).encode())
        self.assertEqual(self.store.permissions(path + "/domid")[0][0], 0)

    def test_errors(self):
        with self.assertRaises(xs.Error) as e:
            self.store.read(self.path + "/none")
        self.assertEqual(e.exception.errno, errno.ENOENT)
        self.assertIn("/none", str(e.exception))
        with self.assertRaises(xs.Error) as e:
            self.store.write("no/../path", "x")
        self.assertEqual(e.exception.errno, errno.EINVAL)
        other = xs.Store()
        other.close()
        with self.assertRaises(ValueError):
            other.read("/")

    def test_watch(self):
        s, p = self.store, self.path
        s.watch(p, "token")
        # One for the watch itself.
        self.assertEqual(s.event(), (p, "token"))
        with xs.Store() as other:
            other.write(p + "/a", "1")
        self.assertGreaterEqual(s.fileno(), 0)
        self.assertEqual(s.event(), (p + "/a", "token"))
        s.unwatch(p, "token")
        with self.assertRaises(xs.Error) as e:
            s.unwatch(p, "token")
        self.assertEqual(e.exception.errno, errno.ENOENT)

    def test_transaction(self):
        s, p = self.store, self.path
        s.write(p + "/n", "1")
        tries = []

        def add(t):
            n = int(t.read(p + "/n"))
            if not tries:
                # Somebody else is faster, once.
                with xs.Store() as other:
                    other.write(p + "/n", "10")
            tries.append(n)
            t.write(p + "/n", str(n + 1))
            return n

        self.assertEqual(s.transact(add), 10)
        self.assertEqual(tries, [1, 10])
        self.assertEqual(s.read(p + "/n"), b"11")

    def test_transaction_that_fails(self):
        s, p = self.store, self.path

        def fail(t):
            t.write(p + "/n", "1")
            raise KeyError("mine")

        with self.assertRaises(KeyError):
            s.transact(fail)
        self.assertIsNone(s.get(p + "/n"))


unittest.main()
