"""What is wrapped around a record: syslog, journal, dmesg and logcat prefixes, JSON, export fields, paste marks."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

RAW_STAMP = re.compile(rb"(\d{1,12})\.(\d{3}):(\d{1,20})")
_SYSLOG = re.compile(
    rb"(?:<\d{1,3}>\d? ?)?"
    rb"(?:(?P<iso>\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d{1,9})?(?:Z|[+-]\d\d:?\d\d)?)"
    rb"|[^\W\d]{3,6}\.? {1,2}\d{1,2}(?: \d{4})? \d\d:\d\d:\d\d(?:\.\d+)?"
    rb"|\d{9,11}\.\d{3,6})\s+(?P<host>\S{1,255})\s+(?P<program>[^\s:\[]{1,80})(?:\[\d+\])?: ?",
)
_DMESG = re.compile(rb"(?:<\d{1,3}>)?\[[^\[\]]{3,40}\](?:\[[^\[\]]{1,20}\])? ?")
_LOGCAT = re.compile(
    rb"(?:\d{4}-)?\d\d-\d\d \d\d:\d\d:\d\d\.\d{3,6}\s+(?:\S+\s+)?(?:\d+\s+){1,2}[VDIWEF]\s[^:]{0,80}: ?|[VDIWEF]/[^()]{1,80}\(\s*\d+\): ?"
)
_EXPORT = re.compile(rb"(_{0,2}[A-Z][A-Z0-9_]{0,80})=")
_SEPARATOR = re.compile(rb"(?:-{2,}|time->.*|<no matches>|-- .* --)")
_LEADING = re.compile(rb"[\s\0]+|\xef\xbb\xbf|(?:> ?)+|</?[a-z]{1,10}>")
_KIND = re.compile(rb"([A-Z][A-Z0-9_]{2,30}) ")
_NEWLINES = re.compile(rb"#012|\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """A line's records, `texts`, and what its wrapping says of them.

    `known` is whether the wrapping itself is a log's. `kind` is the record's type where the wrapping has it. `keys`
    is an access that a shipper has split: source, target, tclass, permissions, result and others, all texts.
    """

    texts: tuple[bytes, ...]
    known: bool = False
    kind: bytes = b""
    host: str = ""
    time: int | None = None
    stamp: bytes = b""
    keys: tuple[dict[str, str], ...] = ()


def open_line(line: bytes) -> Envelope | None:
    """Unwrap one line; None for blank lines and the separators that tools print. Raises ValueError for broken JSON."""
    line = _unpasted(line)
    if not line or _SEPARATOR.fullmatch(line):
        return None
    if line.startswith(b"{"):
        from sepack.stages.audit.shippers import open_json

        return open_json(line)
    syslog = _SYSLOG.match(line)
    if syslog:
        return _from_syslog(line, syslog)
    prefix = _DMESG.match(line) or _LOGCAT.match(line)
    if prefix:
        return Envelope(texts=(line[prefix.end() :],), known=True)
    export = _EXPORT.match(line)
    if export:
        return from_message(line[export.end() :]) if export[1] == b"MESSAGE" else None
    return Envelope(texts=(line,))


def from_message(text: bytes, host: str = "", time: int | None = None, stamp: bytes = b"") -> Envelope:
    """The journal's own message: for an audit record, its type and then its text."""
    kind = _KIND.match(text)
    return Envelope(
        texts=split_newlines(text), known=True, kind=kind[1] if kind else b"", host=host, time=time, stamp=stamp
    )


def split_newlines(text: bytes) -> tuple[bytes, ...]:
    return tuple(filter(None, _NEWLINES.split(text)))


def milliseconds(text: str) -> int | None:
    """An ISO 8601 time with its offset from UTC, or with none of the two: then nobody knows which moment it is."""
    try:
        moment = datetime.fromisoformat(text.replace(",", "."))
        return int(moment.timestamp() * 1000) if moment.tzinfo else None
    except (ValueError, OverflowError):
        return None


def _unpasted(line: bytes) -> bytes:
    """Without what editors, mail and web pages leave at the beginning, with plain spaces, without the line's end."""
    line = line.replace(b"\xc2\xa0", b" ") if b"\xc2\xa0" in line else line
    while found := _LEADING.match(line):
        line = line[found.end() :]
    return line.rstrip(b"\r\n \t\0")


def _from_syslog(line: bytes, syslog: re.Match[bytes]) -> Envelope:
    text = line[syslog.end() :].replace(b"#035", b"\x1d")
    inner = _DMESG.match(text)
    host = syslog["host"].decode("ascii", "backslashreplace")
    iso = syslog["iso"]
    time = milliseconds(iso.decode("ascii")) if iso else None
    return from_message(text[inner.end() :] if inner else text, host, time)
