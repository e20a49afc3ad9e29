# SPDX-License-Identifier: LGPL-2.1-or-later
"""The store that domains and drivers share.

    from xen import xs

    with xs.Store() as store:
        print(store.read("/local/domain/0/name"))
        store.transact(lambda s: s.write("/a", s.read("/b")))

What fails raises xs.Error, an OSError with the errno and a sentence. The other
functions of xenstore.h: store.call("set_target", domid, target).
"""
from __future__ import annotations

import ctypes
import errno
import os
from typing import Any, Callable, TypeVar

from . import _xenstore as c
from ._load import Closing, Library

T = TypeVar("T")


class Error(OSError):
    """errno, and a sentence."""


def _explain(handle: Any, number: int) -> str:
    text = ctypes.string_at(lib.xs_last_error(handle)) if handle else b""
    return text.decode(errors="replace") or os.strerror(number)


lib = Library(c, _explain, Error)
_free = ctypes.CDLL(None).free
_free.argtypes = [ctypes.c_void_p]
_free.restype = None


class Store(Closing):
    """A connection; also a context manager."""

    def __init__(self, flags: int = 0) -> None:
        self._h = ctypes.c_void_p(lib.xs_open(flags))
        self._t = 0

    def close(self) -> None:
        if self._h:
            lib.xs_close(self._h)
            self._h = ctypes.c_void_p(None)

    def call(self, name: str, *args: Any) -> Any:
        """xs_<name>(handle, ...), as xenstore.h has it."""
        if not self._h:
            raise ValueError("the store is closed")
        return getattr(lib, "xs_" + name)(self._h, *args)

    def read(self, path: str) -> bytes:
        n = ctypes.c_uint(0)
        p = self.call("read", self._t, path.encode(), ctypes.byref(n))
        try:
            return ctypes.string_at(p, n.value)
        finally:
            _free(p)

    def get(self, path: str, default: bytes | None = None) -> bytes | None:
        """As read(), and the default where there is no such node."""
        try:
            return self.read(path)
        except Error as e:
            if e.errno != errno.ENOENT:
                raise
            return default

    def write(self, path: str, value: bytes | str) -> None:
        data = value.encode() if isinstance(value, str) else value
        self.call("write", self._t, path.encode(), data, len(data))

    def mkdir(self, path: str) -> None:
        self.call("mkdir", self._t, path.encode())

    def remove(self, path: str) -> None:
        self.call("rm", self._t, path.encode())

    def list(self, path: str) -> list[str]:
        """Names of the children."""
        n = ctypes.c_uint(0)
        p = self.call("directory", self._t, path.encode(), ctypes.byref(n))
        try:
            names = ctypes.cast(p, ctypes.POINTER(ctypes.c_char_p))
            return [(names[i] or b"").decode() for i in range(n.value)]
        finally:
            _free(p)

    def permissions(self, path: str) -> list[tuple[int, int]]:
        """(domain, XS_PERM_*): the owner and what others may, then others."""
        n = ctypes.c_uint(0)
        p = self.call("get_permissions", self._t, path.encode(),
                      ctypes.byref(n))
        a = ctypes.cast(p, ctypes.POINTER(c.xs_permissions))
        try:
            return [(a[i].id, a[i].perms) for i in range(n.value)]
        finally:
            _free(ctypes.cast(p, ctypes.c_void_p))

    def watch(self, path: str, token: str) -> None:
        self.call("watch", path.encode(), token.encode())

    def unwatch(self, path: str, token: str) -> None:
        self.call("unwatch", path.encode(), token.encode())

    def fileno(self) -> int:
        """Readable while events wait."""
        return self.call("fileno")

    def event(self) -> tuple[str, str]:
        """(path, token) of the next event; waits for it."""
        n = ctypes.c_uint(0)
        p = self.call("read_watch", ctypes.byref(n))
        try:
            v = ctypes.cast(p, ctypes.POINTER(ctypes.c_char_p))
            return (v[0] or b"").decode(), (v[1] or b"").decode()
        finally:
            _free(p)

    def transact(self, work: Callable[[Store], T]) -> T:
        """work(store) in a transaction, again whenever others were faster."""
        while True:
            self._t = self.call("transaction_start")
            try:
                result = work(self)
            except BaseException:
                t, self._t = self._t, 0
                self.call("transaction_end", t, True)
                raise
            t, self._t = self._t, 0
            try:
                self.call("transaction_end", t, False)
                return result
            except Error as e:
                if e.errno != errno.EAGAIN:
                    raise
