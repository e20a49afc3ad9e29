# SPDX-License-Identifier: LGPL-2.1-or-later
"""Functions of a C library that raise what they report."""
from __future__ import annotations

import ctypes
from types import ModuleType, TracebackType
from typing import Any, Callable, TypeVar

FAILED: dict[str, Callable[[Any], bool]] = {
    "minus": lambda r: r < 0,
    # An empty text is one.
    "null": lambda r: not r and r != b"",
    "false": lambda r: not r,
}
Self = TypeVar("Self", bound="Closing")


class Closing:
    """What has a close(), for `with`."""

    def close(self) -> None:
        raise NotImplementedError

    def __enter__(self: Self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None,
                 value: BaseException | None,
                 trace: TracebackType | None) -> None:
        self.close()


class Library:
    """lib.xc_name(...) is the C function; failure raises an OSError with what
    explain(handle) says. The first argument may be an object with a handle."""

    def __init__(self, declared: ModuleType,
                 explain: Callable[[Any, int], str],
                 error: type[OSError]) -> None:
        self._declared = declared
        self._explain = explain
        self._error = error
        self._lib = ctypes.CDLL(declared.LIBRARY, use_errno=True)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        try:
            restype, argtypes, fails = self._declared.FUNCTIONS[name]
        except KeyError:
            raise AttributeError(name) from None
        function = getattr(self._lib, name)
        function.restype = restype
        function.argtypes = argtypes
        failed = FAILED.get(fails or "")

        def call(*args: Any) -> Any:
            ctypes.set_errno(0)
            r = function(*args)
            if failed is not None and failed(r):
                number = ctypes.get_errno()
                raise self._error(number, self._explain(
                    args[0] if args else None, number))
            return r

        call.__name__ = name
        setattr(self, name, call)
        return call
