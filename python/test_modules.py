# SPDX-License-Identifier: LGPL-2.1-or-later
"""What of xen.xc and xen.xs can be seen without Xen."""
import ctypes
import errno
import unittest

from xen import evtchn, gnttab, xc, xs


class Declarations(unittest.TestCase):
    def test_layouts_are_those_of_the_compiler(self):
        # Sizes on x86-64, padding and all.
        self.assertEqual(ctypes.sizeof(xc.c.xc_e820), 24)
        self.assertEqual(ctypes.sizeof(xc.c.xc_domain_create), 64)
        self.assertEqual(xc.c.xc_domaininfo.tot_pages.offset, 16)

    def test_constants(self):
        self.assertEqual(xc.PAGE_SIZE, 4096)
        self.assertEqual(xc.c.XC_DOMINF_XS, 1 << 7)
        self.assertEqual(xs.c.XS_PERM_WRITE, 2)

    def test_every_function_is_there(self):
        for module in xc, xs:
            for name in module.c.FUNCTIONS:
                if name != "xs_set_logger":
                    self.assertTrue(callable(getattr(module.lib, name)), name)
        self.assertGreater(len(xc.c.FUNCTIONS), 300)

    def test_no_such_function(self):
        with self.assertRaises(AttributeError):
            xc.lib.xc_no_such_function


class WithoutXen(unittest.TestCase):
    def test_not_on_xen(self):
        with self.assertRaises(xc.Error) as e:
            xc.Interface()
        self.assertIn(e.exception.errno, (errno.ENOENT, errno.ENODEV,
                                          errno.EACCES))
        self.assertIn("privcmd", str(e.exception))

    def test_no_devices(self):
        for device, kind in (("evtchn", evtchn.Channels),
                             ("gntdev", gnttab.Grants),
                             ("gntalloc", gnttab.Shares)):
            with self.assertRaises(xc.Error) as e:
                kind()
            self.assertIn(e.exception.errno, (errno.ENOENT, errno.ENODEV,
                                              errno.EACCES))
            self.assertIn("/dev/xen/" + device, str(e.exception))

    def test_no_store(self):
        with self.assertRaises(xs.Error) as e:
            xs.Store(xs.c.XS_OPEN_SOCKETONLY)
        self.assertNotEqual(e.exception.errno, 0)


unittest.main()
