"""The tables of a module.toml that mean something to SELinux: [domains], [booleans], [[ports]]."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from sepack.catalog.toml_errors import (
    BooleanValueError,
    DomainsValueError,
    PortEndsError,
    PortTwiceError,
    PortValueError,
    UnknownDomainsKeyError,
    UnknownPortKeyError,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from sepack.errors import Location, SepackError
    from sepack.model.fix import PortLabel

DOMAINS = ("types", "executables", "paths")
PORT_KEYS = ("protocol", "number", "range", "type")
PROTOCOLS = ("tcp", "udp", "dccp", "sctp")
HIGHEST_PORT = 65535
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.]*", re.ASCII)
_WHOLE_PATH = re.compile(r"/\S+")
_RANGE = re.compile(r"([1-9][0-9]{0,4})-([1-9][0-9]{0,4})", re.ASCII)
_PORTS_HEADER = re.compile(r"\s*\[\[\s*[\"']?ports[\"']?\s*\]\]")


def faults_of_table(key: str, value: Any, text: str, header: Location) -> Iterator[SepackError]:
    """What is wrong with the table `key`; `header` is the place in `text` where it begins."""
    if key == "domains":
        yield from _faults_of_domains(value, text, header)
    elif key == "booleans":
        yield from _faults_of_booleans(value, text, header)
    elif key == "ports":
        yield from _faults_of_ports(value, text, header)


def domains_of(values: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    return {kind: tuple(listed) for kind, listed in values.items()}


def ports_of(values: Sequence[Mapping[str, Any]]) -> tuple[PortLabel, ...]:
    """Sound tables as ports, sorted by protocol and number."""
    if not values:
        return ()
    from sepack.model.fix import PortLabel

    labels = [
        PortLabel(protocol=port["protocol"], low=low, high=high, type=port["type"])
        for port in values
        for low, high in [_ends(port)]
    ]
    return tuple(sorted(labels, key=lambda label: (label.protocol, label.low)))


def _faults_of_domains(domains: Mapping[str, object], text: str, header: Location) -> Iterator[SepackError]:
    for kind, listed in domains.items():
        where = _place_within(text, header, "domains", kind)
        if kind not in DOMAINS:
            yield UnknownDomainsKeyError(where, kind, DOMAINS)
            continue
        is_fit = _NAME.fullmatch if kind == "types" else _WHOLE_PATH.fullmatch
        values = listed if isinstance(listed, list) else [None]
        wrong = next((value for value in values if not isinstance(value, str) or not is_fit(value)), "")
        if wrong != "":
            yield DomainsValueError(where, kind, wrong)


def _faults_of_booleans(booleans: Mapping[str, object], text: str, header: Location) -> Iterator[SepackError]:
    for name, value in booleans.items():
        if not _NAME.fullmatch(name) or not isinstance(value, bool):
            yield BooleanValueError(_place_within(text, header, "booleans", name), name, value)


def _faults_of_ports(ports: Sequence[object], text: str, header: Location) -> Iterator[SepackError]:
    sound: list[tuple[PortLabel, Location]] = []
    places = _port_places(text, header, len(ports))
    for port, place in zip(ports, places, strict=True):
        found = list(_faults_of_port(port, text, place))
        yield from found
        if found:
            continue
        assert isinstance(port, dict), "checked"
        (label,) = ports_of([port])
        for other, where in sound:
            if other.protocol == label.protocol and other.low <= label.high and label.low <= other.high:
                yield PortTwiceError(place, label, where)
        sound.append((label, place))


def _faults_of_port(port: object, text: str, place: Location) -> Iterator[SepackError]:
    if not isinstance(port, dict):
        yield PortValueError(place, "ports", port, "a list of tables, each below a header [[ports]]")
        return
    for key in port:
        if key not in PORT_KEYS:
            yield UnknownPortKeyError(_place_within(text, place, "", key), key, PORT_KEYS)
    if port.get("protocol") not in PROTOCOLS:
        where = _place_within(text, place, "", "protocol")
        yield PortValueError(where, "protocol", port.get("protocol"), f"one of {', '.join(PROTOCOLS)}")
    if not isinstance(port.get("type"), str) or not _NAME.fullmatch(port["type"]):
        yield PortValueError(_place_within(text, place, "", "type"), "type", port.get("type"), "a type's name")
    if ("number" in port) == ("range" in port):
        yield PortEndsError(place, both="number" in port)
    elif not 0 < _ends(port)[0] <= _ends(port)[1] <= HIGHEST_PORT:
        key, takes = ("number", "a number from 1 to 65535")
        if "range" in port:
            key, takes = "range", 'the first and the last port, as "8000-8010"'
        yield PortValueError(_place_within(text, place, "", key), key, port[key], takes)


def _ends(port: Mapping[str, Any]) -> tuple[int, int]:
    """The first and the last port; (0, 0) where they are not given as they have to be."""
    if "range" in port:
        found = _RANGE.fullmatch(port["range"]) if isinstance(port["range"], str) else None
        return (int(found[1]), int(found[2])) if found else (0, 0)
    number = port["number"]
    return (number, number) if isinstance(number, int) and not isinstance(number, bool) else (0, 0)


def _place_within(text: str, header: Location, table: str, key: str) -> Location:
    """The line that gives `key` of the table that begins at `header`; the header where none does."""
    if header.line is None:
        return header
    spelled = rf"""(?:"{re.escape(key)}"|'{re.escape(key)}'|{re.escape(key)})"""
    within = rf"(?:{table}\s*\.\s*)?" if table else ""
    assignment = re.compile(rf"\s*{within}{spelled}\s*=")
    lines = text.split("\n")
    for number, line in enumerate(lines[header.line - 1 :], start=header.line):
        if number > header.line and line.lstrip().startswith("[") and "=" not in line.partition("#")[0]:
            break
        if assignment.match(line):
            return replace(header, line=number, text=line.rstrip("\r"))
    return header


def _port_places(text: str, header: Location, count: int) -> list[Location]:
    """Where each [[ports]] begins; all at `header` where they are written in another way."""
    lines = text.split("\n")
    numbers = [number for number, line in enumerate(lines, start=1) if _PORTS_HEADER.match(line)]
    if len(numbers) != count:
        return [header] * count
    return [replace(header, line=number, text=lines[number - 1].rstrip("\r")) for number in numbers]
