# SPDX-License-Identifier: LGPL-2.1-or-later
"""The Xen hypervisor: domains, their vCPUs and memory, event channels, grants.

    from xen import xc

    with xc.Interface() as host:
        for d in host.domains():
            print(d.domid, d.tot_pages * xc.PAGE_SIZE)
        with host.map(5, [0x100]) as page:
            print(bytes(page[:16]))

Event channels are in xen.evtchn, pages that domains share in xen.gnttab.

What fails raises xc.Error, an OSError with the errno and the library's
sentence. Whatever has no method here is called by its name in xenctrl.h:
host.call("domain_set_max_mem", 5, 262144) is xc_domain_set_max_mem(), with
ctypes for what is behind pointers and the structures and constants of
xen.xc.c (c.xc_domaininfo, c.XC_DOMINF_PAUSED).
"""
from __future__ import annotations

import ctypes
import mmap
import os
from types import TracebackType
from typing import Any, Callable, Iterator, Sequence

from . import _xenctrl as c
from ._load import Closing, Library

PAGE_SIZE: int = c.XC_PAGE_SIZE


class Error(OSError):
    """errno, and a sentence that names the domain and what was asked."""


def _explain(handle: Any, number: int) -> str:
    # Functions without a handle leave errno alone.
    if isinstance(handle, _Handle):
        text = ctypes.string_at(lib.xc_last_error(handle))
        return text.decode(errors="replace")
    return os.strerror(number)


class _Handle(ctypes.c_void_p):
    """An xc_interface: errors of calls on it have a sentence."""


lib = Library(c, _explain, Error)


def open_device(function: Callable[[], Any], path: str) -> ctypes.c_void_p:
    """A handle of a device's own; a failure names the device."""
    try:
        return ctypes.c_void_p(function())
    except Error as e:
        raise Error(e.errno, f"{path}: {e.strerror}") from None


def _record(s: ctypes.Structure) -> Any:
    """A copy that no later call changes."""
    return type(s).from_buffer_copy(s)


class Interface(Closing):
    """The door to the hypervisor; also a context manager. One thread at a
    time; any_abi: also talk to a hypervisor newer than the library."""

    def __init__(self, any_abi: bool = False) -> None:
        why = ctypes.create_string_buffer(512)
        try:
            self._h = _Handle(lib.xc_interface_open(
                None, c.XC_OPEN_ANY_ABI if any_abi else 0,
                ctypes.addressof(why), len(why)))
        except Error as e:
            raise Error(e.errno, why.value.decode()) from None

    def close(self) -> None:
        """No harm done a second time."""
        if self._h:
            lib.xc_interface_close(self._h)
            self._h = _Handle(None)

    def call(self, name: str, *args: Any) -> Any:
        """xc_<name>(handle, ...), as xenctrl.h has it."""
        if not self._h:
            raise ValueError("the interface is closed")
        return getattr(lib, "xc_" + name)(self._h, *args)

    def fill(self, structure: type[Any], name: str, *args: Any) -> Any:
        """As call(), with a structure to be filled in as last argument, which
        is returned: fill(c.xc_physinfo, "physinfo")."""
        out = structure()
        self.call(name, *args, ctypes.byref(out))
        return out

    @property
    def release(self) -> tuple[int, int]:
        """(4, 17)"""
        r = self.call("release")
        return r >> 16, r & 0xffff

    def version(self) -> c.xc_version:
        return self.fill(c.xc_version, "version")

    def physinfo(self) -> c.xc_physinfo:
        return self.fill(c.xc_physinfo, "physinfo")

    def console(self, clear: bool = False) -> bytes:
        """The hypervisor's console ring."""
        buf = ctypes.create_string_buffer(1 << 20)
        n = ctypes.c_uint32(len(buf))
        self.call("readconsole", ctypes.addressof(buf), ctypes.byref(n), clear,
                  False, None)
        return buf.raw[:n.value]

    def debug_keys(self, keys: str) -> None:
        self.call("send_debug_keys", keys.encode())

    # --- domains

    def domains(self, first: int = 0) -> Iterator[c.xc_domaininfo]:
        """All domains from `first` on, ascending."""
        some = (c.xc_domaininfo * 256)()
        while n := self.call("domain_getinfolist", first, len(some), some):
            yield from map(_record, some[:n])
            first = some[n - 1].domid + 1

    def domain(self, domid: int) -> c.xc_domaininfo:
        return self.fill(c.xc_domaininfo, "domain_getinfo", domid)

    def create(self, **request: Any) -> int:
        """Fields of struct xc_domain_create; handle is bytes. Returns the new
        domain's id: paused, empty, and the caller's to destroy."""
        req = c.xc_domain_create(max_vcpus=1, max_evtchn_port=1023,
                                 max_grant_frames=-1, max_maptrack_frames=-1)
        for name, value in request.items():
            if name == "handle":
                value = (ctypes.c_uint8 * 16)(*value)
            elif name not in dict(c.xc_domain_create._fields_):
                raise TypeError(f"create() has no {name}")
            setattr(req, name, value)
        domid = ctypes.c_uint32(0)
        self.call("domain_create", ctypes.byref(domid), ctypes.byref(req))
        return domid.value

    def destroy(self, domid: int) -> None:
        self.call("domain_destroy", domid)

    def pause(self, domid: int) -> None:
        self.call("domain_pause", domid)

    def unpause(self, domid: int) -> None:
        self.call("domain_unpause", domid)

    def vcpus(self, domid: int) -> Iterator[c.xc_vcpuinfo]:
        """Each vCPU's state, in order."""
        for i in range(self.domain(domid).max_vcpu_id + 1):
            yield self.fill(c.xc_vcpuinfo, "vcpu_getinfo", domid, i)

    def populate(self, domid: int, frames: Sequence[int],
                 order: int = 0) -> list[int]:
        """Gives memory; the frames that got some (PV: their machine frames)."""
        a = (ctypes.c_uint64 * len(frames))(*frames)
        return list(a[:self.call("populate_physmap", domid, a, len(a), order,
                                 0)])

    def dump(self, domid: int, path: str, live: bool = False) -> c.xc_dump:
        """Writes a core dump of the domain to a new file; live: without
        pausing it."""
        d = c.xc_dump(flags=c.XC_DUMP_LIVE if live else 0)
        self.call("domain_dumpcore", domid, os.fsencode(path),
                  ctypes.byref(d))
        return d

    def map(self, domid: int, frames: Sequence[int],
            writable: bool = False) -> Mapping:
        """Frames of the domain side by side, for `with`."""
        a = (ctypes.c_uint64 * len(frames))(*frames)
        prot = mmap.PROT_READ | (mmap.PROT_WRITE if writable else 0)
        at = self.call("map_foreign", domid, prot, a, None, len(a))
        return Mapping(at, len(a), writable,
                       lambda: self.call("unmap_foreign", at, len(a)))


class Mapping:
    """Pages that are not ours; `with` gives a memoryview of their bytes, which
    must not be used after the block."""

    def __init__(self, at: int, pages: int, writable: bool,
                 unmap: Callable[[], Any]) -> None:
        self._unmap: Callable[[], Any] | None = unmap
        raw = (ctypes.c_ubyte * (pages * PAGE_SIZE)).from_address(at)
        view = memoryview(raw).cast("B")
        self.view = view if writable else view.toreadonly()

    def __enter__(self) -> memoryview:
        return self.view

    def __exit__(self, kind: type[BaseException] | None,
                 value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        if self._unmap is not None:
            self.view.release()
            self._unmap()
            self._unmap = None
