# SPDX-License-Identifier: LGPL-2.1-or-later
"""Pages that domains share: ours for others, others' for us.

    from xen import gnttab

    with gnttab.Shares() as shares:
        page = shares.share(5)          # domain 5 may map it
        tell_domain_5(page.refs[0])
        with page as data:
            data[:5] = b"hello"
            ...                         # the block's end takes it back

    with gnttab.Grants() as grants:
        with grants.map(5, [ref]) as data:
            print(bytes(data[:5]))
        print(grants.read(5, ref, 5))   # the same, nothing is mapped

What fails raises xen.xc.Error with errno's text.
"""
from __future__ import annotations

import ctypes
import errno
import mmap
from typing import Any, Callable, Sequence

from . import _xenctrl as c
from ._load import Closing
from .xc import Error, Mapping, PAGE_SIZE, lib, open_device


class Shared(Mapping):
    """Pages of ours that a domain may map while they are shared: tell it
    refs."""

    def __init__(self, at: int, refs: list[int],
                 unmap: Callable[[], Any]) -> None:
        super().__init__(at, len(refs), True, unmap)
        self.refs = refs


class Shares(Closing):
    """/dev/xen/gntalloc. Pages stay shared until they are closed themselves."""

    def __init__(self) -> None:
        self._h = open_device(lib.xc_gntshr_open, "/dev/xen/gntalloc")

    def close(self) -> None:
        """No harm done a second time."""
        if self._h:
            lib.xc_gntshr_close(self._h)
            self._h = ctypes.c_void_p(None)

    def share(self, domid: int, pages: int = 1,
              writable: bool = False) -> Shared:
        """New pages, zeroed; writable: the domain may write to them too."""
        refs = (ctypes.c_uint32 * pages)()
        at = lib.xc_gntshr_share_pages(self._handle(), domid, pages, refs,
                                       writable)
        return self._shared(at, list(refs))

    def share_notify(self, domid: int, writable: bool = False,
                     clear: int | None = None,
                     port: int | None = None) -> Shared:
        """A page at whose end, also by our death, the byte at `clear` becomes
        0 and the event channel `port` of ours fires."""
        ref = ctypes.c_uint32()
        at = lib.xc_gntshr_share_page_notify(
            self._handle(), domid, ctypes.byref(ref), writable,
            _or_none(clear), _or_none(port))
        return self._shared(at, [ref.value])

    def _handle(self) -> ctypes.c_void_p:
        if not self._h:
            raise ValueError("the shares are closed")
        return self._h

    def _shared(self, at: int, refs: list[int]) -> Shared:
        return Shared(at, refs, lambda: lib.xc_gntshr_unshare(
            None, at, len(refs)))


class Grants(Closing):
    """/dev/xen/gntdev. Mappings are ended before it is closed."""

    def __init__(self) -> None:
        self._h = open_device(lib.xc_gnttab_open, "/dev/xen/gntdev")

    def close(self) -> None:
        """No harm done a second time."""
        if self._h:
            lib.xc_gnttab_close(self._h)
            self._h = ctypes.c_void_p(None)

    def map(self, domid: int, refs: Sequence[int],
            writable: bool = False) -> Mapping:
        """The domain's pages side by side, for `with`."""
        a = (ctypes.c_uint32 * len(refs))(*refs)
        at = lib.xc_gnttab_map_refs(self._handle(), domid, a, len(a),
                                    _protection(writable))
        return self._mapping(at, len(a), writable)

    def map_notify(self, domid: int, ref: int, writable: bool = False,
                   clear: int | None = None,
                   port: int | None = None) -> Mapping:
        """A page at whose unmapping, also by our death, the byte at `clear`
        becomes 0 (of a writable one) and the event channel `port` of ours
        fires."""
        at = lib.xc_gnttab_map_notify(self._handle(), domid, ref,
                                      _protection(writable), _or_none(clear),
                                      _or_none(port))
        return self._mapping(at, 1, writable)

    def read(self, domid: int, ref: int, length: int, offset: int = 0) -> bytes:
        """Bytes within the page, copied by the hypervisor."""
        data = ctypes.create_string_buffer(length)
        s = self._segment(domid, ref, length, offset)
        s.flags = c.XC_COPY_SOURCE_GRANT
        s.source = _grant_end(domid, ref, offset)
        s.dest.ours = ctypes.addressof(data)
        self._copy(s)
        return data.raw

    def write(self, domid: int, ref: int, data: bytes, offset: int = 0) -> None:
        """Puts bytes into the page, which must be granted as writable."""
        own = ctypes.create_string_buffer(data, len(data))
        s = self._segment(domid, ref, len(data), offset)
        s.flags = c.XC_COPY_DEST_GRANT
        s.source.ours = ctypes.addressof(own)
        s.dest = _grant_end(domid, ref, offset)
        self._copy(s)

    def _handle(self) -> ctypes.c_void_p:
        if not self._h:
            raise ValueError("the grants are closed")
        return self._h

    def _mapping(self, at: int, pages: int, writable: bool) -> Mapping:
        return Mapping(at, pages, writable,
                       lambda: lib.xc_gnttab_unmap(self._handle(), at))

    @staticmethod
    def _segment(domid: int, ref: int, length: int,
                 offset: int) -> c.xc_grant_segment:
        if not 0 <= domid <= 0xffff:
            raise Error(errno.ESRCH, f"domain {domid}")
        if not (0 <= offset and 0 < length <= PAGE_SIZE - offset):
            raise ValueError(f"{length} bytes at {offset} of a page")
        return c.xc_grant_segment(len=length)

    def _copy(self, s: c.xc_grant_segment) -> None:
        if lib.xc_gnttab_copy(self._handle(), ctypes.byref(s), 1) == 0:
            raise Error(errno.EINVAL, "grant copy: status %d of "
                        "xen/grant_table.h" % s.status)


def _protection(writable: bool) -> int:
    return mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)


def _or_none(value: int | None) -> int:
    return c.XC_NO_NOTIFY if value is None else value


def _grant_end(domid: int, ref: int, offset: int) -> c.xc_grant_end:
    end = c.xc_grant_end()
    end.grant.ref = ref
    end.grant.offset = offset
    end.grant.domid = domid
    return end
