"""Counting while reading: the mutable twin of Evidence, one for each signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar

from sepack.model.denial import KEPT, Evidence, SecurityContext, Smallest

if TYPE_CHECKING:
    from sepack.model.audit_log import Signature
    from sepack.stages.audit.fields import Detail
    from sepack.stages.audit.join import Facts

Value = TypeVar("Value", bound=Any)


class Bag(Generic[Value]):
    """Keeps the smallest `KEPT` of what is put in."""

    __slots__ = ("_largest", "_values", "more")

    def __init__(self) -> None:
        self._values: set[Value] = set()
        self._largest: Value | None = None
        self.more = False

    def add(self, value: Value) -> None:
        values = self._values
        if value in values:
            return
        if len(values) < KEPT:
            values.add(value)
            if len(values) == KEPT:
                self._largest = max(values)
            return
        self.more = True
        if value < self._largest:
            values.discard(self._largest)
            values.add(value)
            self._largest = max(values)

    def frozen(self) -> Smallest[Value]:
        return Smallest.of(self._values, more=self.more)


class Tally:
    """What is known of one signature so far."""

    __slots__ = (
        "commands", "contexts", "devices", "enforcing", "executables", "failed", "first", "hosts", "ioctls", "last",
        "lines", "names", "paths", "permissive", "ports", "raw_contexts", "signature", "succeeded",
    )  # fmt: skip

    def __init__(self, signature: Signature) -> None:
        self.signature = signature
        self.lines = self.enforcing = self.permissive = self.failed = self.succeeded = 0
        self.first: int | None = None
        self.last: int | None = None
        self.hosts: Bag[str] = Bag()
        self.commands: Bag[str] = Bag()
        self.executables: Bag[str] = Bag()
        self.paths: Bag[str] = Bag()
        self.names: Bag[str] = Bag()
        self.devices: Bag[str] = Bag()
        self.ports: Bag[int] = Bag()
        self.ioctls: Bag[int] = Bag()
        self.contexts: Bag[tuple[SecurityContext, SecurityContext]] = Bag()
        self.raw_contexts: Bag[str] = Bag()

    def count(self, lines: int, permissive: bool | None) -> None:
        self.lines += lines
        if permissive is not None:
            self.permissive += lines * permissive
            self.enforcing += lines * (not permissive)

    def see(self, time: int | None) -> None:
        if time is None:
            return
        if self.first is None or time < self.first:
            self.first = time
        if self.last is None or time > self.last:
            self.last = time

    def called(self, lines: int, *, failed: bool | None) -> None:
        if failed is not None:
            self.failed += lines * failed
            self.succeeded += lines * (not failed)

    def learn(self, facts: Facts) -> None:
        """What its event's other records say of one of its lines."""
        self.called(1, failed=facts.failed)
        if facts.executable:
            self.executables.add(facts.executable)
        if facts.path:
            self.paths.add(facts.path)

    def note(self, detail: Detail) -> None:
        for bag, value in (
            (self.commands, detail.command),
            (self.executables, detail.executable),
            (self.paths, detail.path),
            (self.names, detail.name),
            (self.devices, detail.device),
        ):
            if value:
                bag.add(value)
        for port in detail.ports:
            self.ports.add(port)
        for raw in detail.raw_contexts:
            self.raw_contexts.add(raw)
        if detail.ioctl is not None:
            self.ioctls.add(detail.ioctl)

    def frozen(self) -> Evidence:
        return Evidence(
            lines=self.lines,
            first=self.first,
            last=self.last,
            enforcing=self.enforcing,
            permissive=self.permissive,
            failed=self.failed,
            succeeded=self.succeeded,
            hosts=self.hosts.frozen(),
            commands=self.commands.frozen(),
            executables=self.executables.frozen(),
            paths=self.paths.frozen(),
            names=self.names.frozen(),
            devices=self.devices.frozen(),
            ports=self.ports.frozen(),
            ioctls=self.ioctls.frozen(),
            contexts=self.contexts.frozen(),
            raw_contexts=self.raw_contexts.frozen(),
        )
