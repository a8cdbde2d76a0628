"""A port that has no label of its own, or another service's."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sepack.model.fix import Allow, PortLabel
from sepack.model.verdict import Verdict, VerdictKind
from sepack.stages.triage.boolean import shares_stem
from sepack.stages.triage.case import permissions, rule_of
from sepack.stages.triage.words import what, who

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sepack.model.base_policy import BasePolicy, PortRecord
    from sepack.model.denial import Denial
    from sepack.stages.triage.case import Asked, Case

_PROTOCOLS = {"tcp_socket": "tcp", "udp_socket": "udp", "dccp_socket": "dccp", "sctp_socket": "sctp"}
_PERMISSIONS = frozenset({"name_bind", "name_connect"})
_CANDIDATES = 5


def judge(case: Case, asked: Asked) -> tuple[Sequence[Verdict], Sequence[Denial]]:
    policy = asked.policy
    if policy is None:
        return [], case.denials
    verdicts: list[Verdict] = []
    left: list[Denial] = []
    for denial in case.denials:
        access = denial.access
        protocol = _PROTOCOLS.get(access.tclass)
        ports = denial.evidence.ports.values
        found = []
        if protocol and access.permission in _PERMISSIONS and ports and not denial.evidence.ports.more:
            found = [_verdict(denial, protocol, number, policy) for number in ports]
        complete = [verdict for verdict in found if verdict is not None]
        # All of the ports or none: a denial is one value, and half of it cannot go on to the next step.
        if found and len(complete) == len(found):
            verdicts += complete
        else:
            left.append(denial)
    return verdicts, left


def _verdict(denial: Denial, protocol: str, number: int, policy: BasePolicy) -> Verdict | None:
    record = policy.port(protocol, number)
    if record is not None and record.specific:
        return _conflict(denial, record) if denial.access.permission == "name_bind" else None
    candidates = _candidates(denial, policy)
    if not candidates:
        return None
    own = PortLabel(protocol=protocol, low=number, high=number, type=candidates[0], candidates=tuple(candidates[1:]))
    return Verdict(
        denials=(denial,),
        kind=VerdictKind.PORT,
        reason=f"{who([denial])} wanted to {what([denial])}: port {number} has no label of its own, and with the label "
        f"{own.type} this domain may use it.",
        fix=own,
        alternatives=(
            *(PortLabel(protocol=protocol, low=number, high=number, type=other) for other in candidates[1:]),
            Allow(rule=rule_of([denial])),
        ),
    )


def _conflict(denial: Denial, record: PortRecord) -> Verdict:
    ports = str(record.low) if record.low == record.high else f"{record.low}-{record.high}"
    return Verdict(
        denials=(denial,),
        kind=VerdictKind.PORT_CONFLICT,
        reason=f"{who([denial])} wanted to {what([denial])}: {record.protocol} {ports} belongs to another "
        f"service, whose label is {record.type}; giving it away would break that one's protection.",
        alternatives=(Allow(rule=rule_of([denial])),),
        advice="Let the program listen on a port that nobody owns (semanage port -l lists them).",
    )


def _candidates(denial: Denial, policy: BasePolicy) -> list[str]:
    """Port types that the domain may use this way, the likeliest first."""
    access = denial.access
    allowed = policy.targets(access.source_type, access.tclass, permissions([denial]))
    found = [name for name in allowed if name != access.target_type and _is_a_service_s(name, policy)]

    def rank(name: str) -> tuple[bool, int, str]:
        return not shares_stem(name, access.source_type), len(name), name

    return sorted(found, key=rank)[:_CANDIDATES]


def _is_a_service_s(name: str, policy: BasePolicy) -> bool:
    attributes = policy.attributes(name)
    return "defined_port_type" in attributes or ("port_type" in attributes and "_port_t" in name)
