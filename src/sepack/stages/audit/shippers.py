"""Records as JSON: the journal's, and those of shippers, which keep the text in some field or split it into keys."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from sepack.stages.audit.envelope import RAW_STAMP, Envelope, from_message, milliseconds, split_newlines

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

_DEPTH = 12
_SOURCE = ("scontext", "source_context", "subj")
_TARGET = ("tcontext", "target_context", "obj")
_RESULT = ("seresult", "result", "avc_result", "decision")
_PERMISSIONS = ("seperms", "permissions", "permission", "perms", "perm", "denied", "granted")
_HOSTS = ("_hostname", "host.name", "host.hostname", "hostname", "node", "agent.hostname", "host")
_DETAILS = ("pid", "comm", "exe", "path", "name", "dev", "ino", "ioctlcmd", "src", "dest", "srawcon", "trawcon")


class BrokenJsonError(ValueError):
    """A line that begins like JSON and is none."""


def open_json(line: bytes) -> Envelope:
    """One JSON object: the texts in it that hold an access, or else the accesses split into keys.

    Raises BrokenJsonError.
    """
    try:
        document = json.loads(line.decode("utf-8", "replace"))
    except (ValueError, RecursionError) as error:
        raise BrokenJsonError from error
    values = dict(_walk(document, "", 0))
    flat = {path.lower(): value for path, value in values.items()}
    host = next((flat[name] for name in _HOSTS if name in flat), "")
    time, stamp = _moment(flat), _stamp(flat)
    message = flat.get("message", "")
    if "__realtime_timestamp" in flat or "_transport" in flat:
        return from_message(message.encode("utf-8", "backslashreplace"), host, time, stamp)
    texts = _texts(flat)
    keys = () if texts else tuple(_split_accesses(flat))
    return Envelope(texts=texts, known=True, host=host, time=time, stamp=stamp, keys=keys)


def _walk(value: Any, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Each text and number, with the keys that lead to it joined by dots."""
    if depth > _DEPTH:
        return
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _walk(inner, f"{path}.{key}" if path else str(key), depth + 1)
    elif isinstance(value, list) and value and all(isinstance(each, int) for each in value):
        yield path, bytes(each & 0xFF for each in value).decode("utf-8", "backslashreplace")
    elif isinstance(value, list) and all(isinstance(each, str) for each in value):
        yield path, " ".join(value)
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from _walk(inner, f"{path}.{number}", depth + 1)
    elif isinstance(value, str | int | float) and not isinstance(value, bool):
        yield path, str(value)


def _texts(flat: Mapping[str, str]) -> tuple[bytes, ...]:
    """Fields that hold a message of the vector cache; a copy of it in a second field counts once."""
    found: dict[bytes, bytes] = {}
    for value in flat.values():
        if "avc:" in value:
            text = value.encode("utf-8", "backslashreplace")
            found.setdefault(text[text.index(b"avc:") :].rstrip(), text)
    longest = sorted(found.values(), key=len, reverse=True)
    kept = [text for at, text in enumerate(longest) if not any(text.strip() in other for other in longest[:at])]
    return tuple(piece for text in kept for piece in split_newlines(text))


def _split_accesses(flat: Mapping[str, str]) -> Iterator[dict[str, str]]:
    groups: dict[str, dict[str, str]] = {}
    for path, value in flat.items():
        parent, _, name = path.rpartition(".")
        groups.setdefault(parent, {})[name] = value
    for parent, group in groups.items():
        source, target = _context(group, _SOURCE, "subj"), _context(group, _TARGET, "obj")
        if "tclass" not in group:
            continue
        keys = {name: group[name] for name in _DETAILS if name in group}
        for name in ("exe", "comm", "name"):
            nearby = flat.get(f"{parent.rpartition('.')[0]}.process.{name}".lstrip("."))
            if nearby and name not in keys:
                keys[name] = nearby
        result = next((group[name] for name in _RESULT if group.get(name) in {"denied", "granted"}), "")
        allowed = result or ("granted" if "granted" in group else "denied" if "denied" in group else "")
        permissions = next((group[name] for name in _PERMISSIONS if name in group), "")
        yield keys | {
            "source": source,
            "target": target,
            "tclass": group["tclass"],
            "result": allowed,
            "permissions": permissions.strip("{} ").replace(",", " "),
            "permissive": group.get("permissive", ""),
        }


def _context(group: Mapping[str, str], whole: tuple[str, ...], parts: str) -> str:
    for name in whole:
        if ":" in group.get(name, ""):
            return group[name]
    kind = group.get(f"{parts}_domain") or group.get(f"{parts}_type")
    if not kind:
        return ""
    level, categories = group.get(f"{parts}_level", ""), group.get(f"{parts}_category", "")
    known = [group.get(f"{parts}_user", ""), group.get(f"{parts}_role", ""), kind, level, categories]
    return ":".join(part for part in known if part)


def _moment(flat: Mapping[str, str]) -> int | None:
    for name in ("_source_realtime_timestamp", "__realtime_timestamp"):
        if flat.get(name, "").isdecimal():
            return int(flat[name][:18]) // 1000
    return next((milliseconds(flat[name]) for name in ("@timestamp", "timestamp", "time") if name in flat), None)


def _stamp(flat: Mapping[str, str]) -> bytes:
    """The event's own time and serial, where they are there in one piece."""
    for name in ("id", "audit_id", "auditd.id"):
        value = flat.get(name, "").encode("utf-8", "backslashreplace")
        if RAW_STAMP.fullmatch(value):
            return value
    return b""
