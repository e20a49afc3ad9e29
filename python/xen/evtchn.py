# SPDX-License-Identifier: LGPL-2.1-or-later
"""Event channels: how domains wake each other.

    from xen import evtchn

    with evtchn.Channels() as channels:
        port = channels.listen(5)       # domain 5 may bind it
        if port in channels.wait(10):
            print("domain 5 rang")

What fails raises xen.xc.Error with errno's text.
"""
from __future__ import annotations

import ctypes
import select

from ._load import Closing
from .xc import lib, open_device


class Channels(Closing):
    """Ports of ours (/dev/xen/evtchn); they are closed with it. fileno() is
    readable when one fired, for select and asyncio."""

    def __init__(self) -> None:
        self._h = open_device(lib.xc_evtchn_open, "/dev/xen/evtchn")

    def close(self) -> None:
        """No harm done a second time."""
        if self._h:
            lib.xc_evtchn_close(self._h)
            self._h = ctypes.c_void_p(None)

    def _open(self) -> ctypes.c_void_p:
        if not self._h:
            raise ValueError("the event channels are closed")
        return self._h

    def fileno(self) -> int:
        return lib.xc_evtchn_fd(self._open())

    def listen(self, remote: int) -> int:
        """A port that domain `remote` may bind."""
        return lib.xc_evtchn_bind_unbound(self._open(), remote)

    def bind(self, domid: int, port: int) -> int:
        """A port joined to the domain's. Both may find it fired once."""
        return lib.xc_evtchn_bind_interdomain(self._open(), domid, port)

    def bind_virq(self, virq: int) -> int:
        """c.XC_VIRQ_DOM_EXC: a domain ended. EEXIST: another has it."""
        return lib.xc_evtchn_bind_virq(self._open(), virq)

    def unbind(self, port: int) -> None:
        lib.xc_evtchn_unbind(self._open(), port)

    def notify(self, port: int) -> None:
        """Rings at the other end."""
        lib.xc_evtchn_notify(self._open(), port)

    def pending(self) -> list[int]:
        """Ports that fired since they were last asked for; may be none."""
        ports = (ctypes.c_uint32 * 64)()
        fired = list(ports[:lib.xc_evtchn_pending(self._open(), ports, 64)])
        for port in fired:
            # Masked until we say that we have seen it.
            lib.xc_evtchn_unmask(self._h, port)
        return fired

    def wait(self, seconds: float | None = None) -> list[int]:
        """As pending(), but waits; none when the time is over."""
        select.select([self], [], [], seconds)
        return self.pending()
