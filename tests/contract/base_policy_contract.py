"""What every base policy answers alike, about the little policy `SMALL`; subclasses give it as the fixture `policy`.

The real one is compiled from base_policy.conf beside this file, which says the same.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sepack.model.base_policy import (
    AccessQuestion,
    BooleanState,
    Grants,
    LabelQuestion,
    Why,
    WhyKind,
)
from tests.fakes.base_policy import FakeBasePolicy

if TYPE_CHECKING:
    from collections.abc import Callable

    from sepack.model.base_policy import Answers, BasePolicy, Question

    Ask = Callable[[list[Question]], Answers]

SMALL = FakeBasePolicy(
    types={
        "web_t": "domain daemon",
        "mail_t": "domain",
        "shell_t": "domain",
        "etc_t": "file_type",
        "log_t": "file_type logs",
        "lone_t": "",
        "web_port_t": "port_type",
        "mail_port_t": "port_type",
        "unreserved_port_t": "port_type",
    },
    aliases={"apache_t": "web_t"},
    classes={
        "file": "read write open ioctl execute lock",
        "dir": "read write open ioctl search",
        "process": "signal execmem",
        "tcp_socket": "name_bind name_connect",
        "netlink": "send",
    },
    rules=(
        "allow domain etc_t:file read open",
        "allow web_t file_type:file ioctl",
        "allow web_t log_t:file lock",
        "allow domain self:process signal",
        "allow daemon web_port_t:tcp_socket name_bind",
        "allow domain lone_t:netlink send",
        "dontaudit web_t domain:process execmem",
        "dontaudit mail_t file_type:file write",
        "allowxperm web_t etc_t:file 0x5401 0x5410-0x541f",
        "allowxperm daemon file_type:file 0x5420 0x5402",
    ),
    conditional={
        "run": ("allow web_t self:process execmem", "allow mail_t logs:file write open"),
        "net && !strict": ("allow web_t port_type:tcp_socket name_connect",),
        "!(net && !strict)": ("allow web_t mail_port_t:tcp_socket name_bind",),
        "net ^ strict": ("allow mail_t mail_port_t:tcp_socket name_connect",),
        "run || net": ("allow shell_t etc_t:file write",),
        "strict": ("dontaudit shell_t log_t:file read",),
        "!strict": ("dontaudit shell_t log_t:file write",),
    },
    booleans={"run": False, "net": False, "strict": True},
    permissive=frozenset({"shell_t"}),
    ports=(
        ("tcp", 1024, 65535, "unreserved_port_t"),
        ("tcp", 8000, 8100, "web_port_t"),
        ("tcp", 8025, 8025, "mail_port_t"),
        ("udp", 8025, 8025, "mail_port_t"),
    ),
    labels={
        "/etc(/.*)?": "system_u:object_r:etc_t:s0",
        "/var/log(/.*)?": "system_u:object_r:log_t:s0",
        "/var/log/none": None,
        "/run/web(/.*)?": "system_u:object_r:log_t:s0",
        "/var/run/web(/.*)?": "system_u:object_r:log_t:s0",
    },
    contexts={"etc_t": 1, "log_t": 2},
)

ON = {name: BooleanState(name, value=True) for name in ("run", "net")}
NOT_STRICT = BooleanState("strict", value=False)


def access(source: str, target: str, tclass: str, permission: str) -> AccessQuestion:
    return AccessQuestion(f"sys_u:sys_r:{source}:s0", f"sys_u:object_r:{target}:s0", tclass, permission)


class BasePolicyContract:
    """`ask` answers questions about the same policy."""

    def test_says_what_it_is(self, policy: BasePolicy) -> None:
        assert policy.digest
        assert policy.title
        assert policy.mls

    def test_a_type_is_its_own_name_and_an_attribute_is_none(self, policy: BasePolicy) -> None:
        names = ("web_t", "apache_t", "lone_t", "domain", "gone_t", "", "web_t'--")
        assert [policy.type(name) for name in names] == ["web_t", "web_t", "lone_t", None, None, None, None]

    def test_attributes_and_members(self, policy: BasePolicy) -> None:
        assert policy.attributes("web_t") == policy.attributes("apache_t") == {"domain", "daemon"}
        assert policy.attributes("lone_t") == policy.attributes("gone_t") == frozenset()
        assert policy.members("file_type") == {"etc_t", "log_t"}
        assert policy.members("etc_t") == policy.members("gone") == frozenset()

    def test_permissions_hold_the_common_ones(self, policy: BasePolicy) -> None:
        assert policy.permissions("file") == frozenset("read write open ioctl execute lock".split())
        assert policy.permissions("netlink") == frozenset({"send"})
        assert policy.permissions("gone") is None

    def test_permissive_domains(self, policy: BasePolicy) -> None:
        assert policy.is_permissive("shell_t")
        assert not policy.is_permissive("web_t")
        assert not policy.is_permissive("gone_t")

    def test_grants_through_attributes_on_either_side(self, policy: BasePolicy) -> None:
        assert policy.grants("web_t", "etc_t", "file").always == {"read", "open", "ioctl"}
        assert policy.grants("apache_t", "log_t", "file").always == {"ioctl", "lock"}
        assert policy.grants("mail_t", "etc_t", "file") == Grants(always=frozenset({"read", "open"}))

    @pytest.mark.parametrize(
        ("source", "target", "tclass"),
        [
            ("gone_t", "etc_t", "file"),
            ("web_t", "gone_t", "file"),
            ("web_t", "etc_t", "gone"),
            ("domain", "etc_t", "file"),
            ("web_t", "file_type", "file"),
        ],
    )
    def test_what_is_unknown_and_an_attribute_itself_is_granted_nothing(
        self, policy: BasePolicy, source: str, target: str, tclass: str
    ) -> None:
        assert policy.grants(source, target, tclass) == Grants()
        assert policy.dontaudited(source, target, tclass) == frozenset()
        assert policy.ioctl_commands(source, target, tclass) is None

    def test_self_is_each_type_to_itself(self, policy: BasePolicy) -> None:
        assert policy.grants("mail_t", "mail_t", "process").always == {"signal"}
        assert policy.grants("mail_t", "web_t", "process") == Grants()

    def test_a_boolean_that_would_add_something(self, policy: BasePolicy) -> None:
        found = policy.grants("web_t", "web_t", "process")
        assert found == Grants(always=frozenset({"signal"}), switched={ON["run"]: frozenset({"execmem"})})
        assert policy.grants("shell_t", "etc_t", "file").switched == {
            ON["run"]: frozenset({"write"}),
            ON["net"]: frozenset({"write"}),
        }

    def test_only_single_flips_count(self, policy: BasePolicy) -> None:
        assert policy.grants("web_t", "web_port_t", "tcp_socket") == Grants(always=frozenset({"name_bind"}))

    def test_the_branch_that_is_on_by_default(self, policy: BasePolicy) -> None:
        bind = frozenset({"name_bind"})
        assert policy.grants("web_t", "mail_port_t", "tcp_socket") == Grants(always=bind)
        connect = frozenset({"name_connect"})
        assert policy.grants("mail_t", "mail_port_t", "tcp_socket") == Grants(always=connect)

    def test_what_is_kept_silent_about(self, policy: BasePolicy) -> None:
        assert policy.dontaudited("web_t", "mail_t", "process") == {"execmem"}
        assert policy.dontaudited("mail_t", "log_t", "file") == {"write"}
        assert policy.dontaudited("shell_t", "log_t", "file") == {"read"}
        assert policy.dontaudited("mail_t", "web_t", "process") == frozenset()

    def test_ioctl_commands_are_merged_ranges(self, policy: BasePolicy) -> None:
        assert policy.ioctl_commands("web_t", "etc_t", "file") == ((0x5401, 0x5402), (0x5410, 0x5420))
        assert policy.ioctl_commands("web_t", "log_t", "file") == ((0x5402, 0x5402), (0x5420, 0x5420))
        assert policy.ioctl_commands("mail_t", "log_t", "file") is None

    def test_targets_with_all_of_some_permissions(self, policy: BasePolicy) -> None:
        assert policy.targets("web_t", "file", frozenset({"ioctl"})) == {"etc_t", "log_t"}
        assert policy.targets("web_t", "file", frozenset({"ioctl", "lock"})) == {"log_t"}
        assert policy.targets("web_t", "process", frozenset({"signal"})) == {"web_t"}
        assert policy.targets("web_t", "process", frozenset({"execmem"})) == frozenset()
        assert policy.targets("web_t", "file", frozenset({"gone"})) == frozenset()
        assert policy.targets("gone_t", "file", frozenset({"read"})) == frozenset()

    def test_booleans(self, policy: BasePolicy) -> None:
        defaults = [policy.boolean_default(name) for name in ("run", "net", "strict", "gone")]
        assert defaults == [False, False, True, None]

    def test_how_much_a_boolean_opens(self, policy: BasePolicy) -> None:
        assert [policy.opened_by(state) for state in (ON["run"], ON["net"], NOT_STRICT)] == [4, 1, 0]
        assert policy.opened_by(BooleanState("strict", value=True)) == 0
        assert policy.opened_by(BooleanState("gone", value=True)) == 0

    def test_the_rules_that_a_boolean_adds(self, policy: BasePolicy) -> None:
        found = {state: [rule.statement() for rule in policy.rules_of(state)] for state in (*ON.values(), NOT_STRICT)}
        assert found == {
            ON["run"]: [
                "allow mail_t logs:file { open write };",
                "allow shell_t etc_t:file write;",
                "allow web_t self:process execmem;",
            ],
            ON["net"]: ["allow shell_t etc_t:file write;"],
            NOT_STRICT: [],
        }
        assert policy.rules_of(BooleanState("run", value=False)) == policy.rules_of(BooleanState("gone", True)) == ()

    def test_ports(self, policy: BasePolicy) -> None:
        def found(protocol: str, number: int) -> tuple[int, int, str, bool] | None:
            record = policy.port(protocol, number)
            if record is None:
                return None
            assert record.protocol == protocol
            return record.low, record.high, record.type, record.specific

        assert found("tcp", 8025) == (8025, 8025, "mail_port_t", True)
        assert found("tcp", 8000) == found("tcp", 8100) == (8000, 8100, "web_port_t", True)
        assert found("tcp", 8101) == (1024, 65535, "unreserved_port_t", False)
        assert found("udp", 8025) == (8025, 8025, "mail_port_t", True)
        assert found("udp", 8026) is found("tcp", 80) is found("gone", 8025) is None

    def test_types_that_label_files(self, policy: BasePolicy) -> None:
        assert dict(policy.file_context_types()) == {"etc_t": 1, "log_t": 2}

    def test_why(self, ask: Ask) -> None:
        expected = {
            access("web_t", "etc_t", "file", "read"): Why(kind=WhyKind.ALLOWED),
            access("web_t", "etc_t", "file", "write"): Why(kind=WhyKind.TYPE_ENFORCEMENT),
            access("web_t", "web_t", "process", "execmem"): Why(kind=WhyKind.BOOLEAN, booleans=(ON["run"],)),
            access("web_t", "mail_t", "process", "execmem"): Why(kind=WhyKind.DONTAUDIT),
            access("gone_t", "etc_t", "file", "read"): Why(kind=WhyKind.BAD_SOURCE),
            access("web_t", "gone_t", "file", "read"): Why(kind=WhyKind.BAD_TARGET),
            access("web_t", "etc_t", "gone", "read"): Why(kind=WhyKind.BAD_CLASS),
            access("web_t", "etc_t", "file", "gone"): Why(kind=WhyKind.BAD_PERMISSION),
            access("gone_t", "gone_t", "gone", "gone"): Why(kind=WhyKind.BAD_SOURCE),
        }
        assert dict(ask(list(expected)).access) == expected

    def test_labels(self, ask: Ask) -> None:
        expected = {
            LabelQuestion("/etc/passwd", "file"): "system_u:object_r:etc_t:s0",
            LabelQuestion("/etc", "dir"): "system_u:object_r:etc_t:s0",
            LabelQuestion("/var/log/a b\n", "file"): "system_u:object_r:log_t:s0",
            LabelQuestion("/var/log/none", "file"): None,
            LabelQuestion("/run/web/pid", "sock_file"): "system_u:object_r:log_t:s0",
            LabelQuestion("/var/run/web/pid", "sock_file"): "system_u:object_r:log_t:s0",
            LabelQuestion("/opt", "dir"): None,
        }
        assert dict(ask(list(expected)).labels) == expected

    def test_no_question_no_answer(self, ask: Ask) -> None:
        answers = ask([])
        assert not answers.access
        assert not answers.labels
