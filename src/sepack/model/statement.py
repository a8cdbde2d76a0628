"""The statements of a ledger: what a fix prints, read back."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sepack.model.fix import Boolean, FileContext, FileKind, Interface, PortLabel
from sepack.model.ledger import ItemKind
from sepack.model.rule import Rule

if TYPE_CHECKING:
    from sepack.model.ledger import Item

HIGHEST_PORT = 65535
_TYPE = r"[A-Za-z_][A-Za-z0-9_.]*"
# What an entry of an .fc can begin with, and the printable characters but m4's quotation marks.
_PATTERN = r"(?:/|HOME_DIR|HOME_ROOT)[!-&(-_a-~]*"
_FILE_CONTEXT = re.compile(rf"file_context ({_PATTERN})(?: (-[-dlspbc]))? ({_TYPE})", re.ASCII)
_BOOLEAN = re.compile(rf"boolean ({_TYPE}) (on|off)", re.ASCII)
_PORT = re.compile(rf"port (tcp|udp|dccp|sctp) (\d{{1,5}})(?:-(\d{{1,5}}))? ({_TYPE})", re.ASCII)
_INTERFACE = re.compile(r"([A-Za-z_]\w*)\(([\w.]+(?:, [\w.]+)*)\)", re.ASCII)


def read_statement(statement: str) -> tuple[ItemKind, Item] | None:
    """The kind and the meaning; None where it is no statement. What is given prints as `statement` again."""
    if (rule := Rule.read(statement)) and rule.statement() == statement:
        return ItemKind.RULE, rule
    if found := _FILE_CONTEXT.fullmatch(statement):
        kind = FileKind(found[2] or "")
        return ItemKind.FILE_CONTEXT, FileContext(pattern=found[1], kind=kind, type=found[3])
    if found := _BOOLEAN.fullmatch(statement):
        return ItemKind.BOOLEAN, Boolean(name=found[1], value=found[2] == "on", excess=0)
    if found := _PORT.fullmatch(statement):
        low, high = int(found[2]), int(found[3] or found[2])
        whole = 0 < low <= high <= HIGHEST_PORT
        label = PortLabel(protocol=found[1], low=low, high=high, type=found[4])
        return (ItemKind.PORT, label) if whole and label.statement() == statement else None
    if found := _INTERFACE.fullmatch(statement):
        return ItemKind.INTERFACE, Interface(name=found[1], arguments=tuple(found[2].split(", ")))
    return None


def prints(kind: ItemKind) -> str:
    """What a statement of the kind looks like, for a person who wrote another."""
    return {
        ItemKind.RULE: "allow httpd_t var_t:file { open read };",
        ItemKind.INTERFACE: "files_read_etc_files(httpd_t)",
        ItemKind.FILE_CONTEXT: "file_context /srv/shop(/.*)? httpd_sys_content_t",
        ItemKind.BOOLEAN: "boolean httpd_can_network_connect on",
        ItemKind.PORT: "port tcp 8443 http_port_t",
    }[kind]
