"""Counting usual denials by their bytes, before anything is decoded: what many have in common, and what differs."""

from __future__ import annotations

import posixpath
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sepack.model.denial import KEPT

if TYPE_CHECKING:
    from sepack.stages.audit.cache_message import CacheMessage
    from sepack.stages.audit.tally import Tally

Value = TypeVar("Value", bound=Any)

_AFTER_ALL = b"\x7f"  # sorts after what is printed


class Few(Generic[Value]):
    """The smallest values met, one more than is kept, so that whoever reads them knows whether there were more.

    A value from `limit` on changes nothing: it need not be added.
    """

    __slots__ = ("limit", "values")

    def __init__(self, limit: Value) -> None:
        self.limit = limit
        self.values: set[Value] = set()

    def add(self, value: Value) -> None:
        if value >= self.limit or value in self.values:
            return
        self.values.add(value)
        if len(self.values) > KEPT:
            if len(self.values) > KEPT + 1:
                self.values.discard(max(self.values))
            self.limit = max(self.values)


class Shape:
    """Permissions, types, class and outcome of usual denials, and what is known of those that have them.

    `joined` are paths by other records of the event, not normalized yet; `levels` have their colons before them.
    """

    __slots__ = ("joined", "levels", "message", "names", "paths", "tclass")

    def __init__(self, message: CacheMessage) -> None:
        self.message = message
        self.tclass = message.signature.tclass
        self.paths = Few(_AFTER_ALL)
        self.joined = Few(_AFTER_ALL)
        self.names = Few(_AFTER_ALL)
        self.levels = Few((_AFTER_ALL, _AFTER_ALL))

    def pour(self, tally: Tally) -> None:
        """Add all but the lines to the tally."""
        for path in self.paths.values:
            tally.paths.add(path.decode())
        for path in self.joined.values:
            tally.paths.add(posixpath.normpath(path.decode()))
        for name in self.names.values:
            tally.names.add(name.decode())
        source, target = self.message.contexts
        for low, high in self.levels.values:
            tally.contexts.add((replace(source, level=low[1:].decode()), replace(target, level=high[1:].decode())))


class Kind:
    """The usual denials of one shape with the same levels at first sight, command, device, ioctl, port and call.

    `first` and `last` are times as they stand in the log: seconds with three decimals.
    """

    __slots__ = ("first", "high", "last", "levels", "lines", "low", "paths", "said", "shape")

    def __init__(self, shape: Shape, said: tuple[bytes, ...], low: bytes, high: bytes) -> None:
        """`said` are command, device, ioctl, port, outcome and executable."""
        self.shape = shape
        self.paths, self.levels = shape.paths, shape.levels
        self.said = said
        self.low, self.high = low, high
        self.lines = 0
        self.first, self.last = _AFTER_ALL, b""

    def pour(self, tally: Tally) -> None:
        """Add the lines to the tally of the shape."""
        command, device, ioctl, port, outcome, executable = self.said
        tally.count(self.lines, self.shape.message.permissive)
        for time in (self.first, self.last):
            tally.see(int(time.replace(b".", b"")))
        if outcome:
            tally.called(self.lines, failed=outcome == b"no")
        if command:
            tally.commands.add(command.decode())
        if executable:
            tally.executables.add(executable.decode())
        if device:
            tally.devices.add(device.strip(b'"').decode())
        if port:
            tally.ports.add(int(port))
        if ioctl:
            tally.ioctls.add(int(ioctl, 16))
