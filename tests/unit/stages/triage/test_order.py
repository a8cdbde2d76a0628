"""Each kind of verdict, in the order in which they are asked."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sepack.model.base_policy import AccessQuestion, Why, WhyKind
from sepack.model.fix import Allow, Boolean, FileContext, FileKind, PortLabel, RestoreLabel
from sepack.model.verdict import Verdict, VerdictKind
from sepack.stages.triage.case import Asked
from sepack.stages.triage.order import triage, triage_errors
from sepack.stages.triage.questions import questions
from tests.fakes.base_policy import FakeBasePolicy
from tests.unit.stages.triage.denied import denied

if TYPE_CHECKING:
    from sepack.model.denial import Denial

FILE = "read open getattr write append create execute map entrypoint ioctl"
DIRECTORY = "read search getattr write add_name"
POLICY = FakeBasePolicy(
    types={
        "httpd_t": "domain",
        "sshd_t": "domain",
        "init_t": "domain",
        "var_t": "file_type",
        "etc_t": "file_type",
        "user_home_t": "file_type",
        "httpd_sys_content_t": "file_type",
        "httpd_config_t": "file_type",
        "httpd_cache_t": "file_type",
        "httpd_exec_t": "file_type exec_type",
        "public_content_t": "file_type",
        "http_port_t": "port_type defined_port_type",
        "lirc_port_t": "port_type defined_port_type",
        "unreserved_port_t": "port_type",
        "postgresql_port_t": "port_type defined_port_type",
    },
    rules=[
        *(f"allow httpd_t httpd_{kind}_t:file read open getattr" for kind in ("sys_content", "config", "exec")),
        *(f"allow httpd_t httpd_{kind}_t:dir search getattr read" for kind in ("sys_content", "config")),
        "allow httpd_t httpd_cache_t:file read open getattr write create",
        "allow httpd_t httpd_cache_t:dir search getattr write add_name",
        "allow httpd_t etc_t:file read open getattr",
        "allow httpd_t http_port_t:tcp_socket name_bind",
        "allow sshd_t public_content_t:file read open getattr",
        "dontaudit httpd_t httpd_t:process execmem",
    ],
    conditional={
        "httpd_execmem": ["allow httpd_t self:process execmem execstack"],
        "httpd_can_network_connect": [
            "allow httpd_t unreserved_port_t:tcp_socket name_connect",
            "allow httpd_t postgresql_port_t:tcp_socket name_connect",
        ],
        "httpd_can_network_connect_db": ["allow httpd_t postgresql_port_t:tcp_socket name_connect"],
        "allow_ypbind": ["allow httpd_t unreserved_port_t:tcp_socket name_connect"],
    },
    booleans={
        "httpd_execmem": False,
        "httpd_can_network_connect": False,
        "httpd_can_network_connect_db": False,
        "allow_ypbind": False,
    },
    classes={
        "file": FILE,
        "dir": DIRECTORY,
        "sock_file": "write",
        "process": "execmem execstack signal",
        "tcp_socket": "name_bind name_connect",
        "chr_file": "ioctl read",
    },
    ports=[
        ("tcp", 80, 80, "http_port_t"),
        ("tcp", 8765, 8765, "lirc_port_t"),
        ("tcp", 5432, 5432, "postgresql_port_t"),
        ("tcp", 1024, 65535, "unreserved_port_t"),
    ],
    labels={
        r"/var(/.*)?": "system_u:object_r:var_t:s0",
        r"/srv(/.*)?": "system_u:object_r:var_t:s0",
        r"/etc(/.*)?": "system_u:object_r:etc_t:s0",
        r"/var/www(/.*)?": "system_u:object_r:httpd_sys_content_t:s0",
        r"/var/cache/apache2(/.*)?": "system_u:object_r:httpd_cache_t:s0",
        r"/etc/apache2(/.*)?": "system_u:object_r:httpd_config_t:s0",
        r"/usr/sbin/apache2": "system_u:object_r:httpd_exec_t:s0",
        r"/pub(/.*)?": "system_u:object_r:public_content_t:s0",
    },
    contexts={
        "httpd_sys_content_t": 21,
        "httpd_config_t": 10,
        "httpd_cache_t": 30,
        "httpd_exec_t": 40,
        "etc_t": 50,
        "var_t": 9,
        "public_content_t": 2,
    },
)


def judged(*denials: Denial, policy: FakeBasePolicy | None = POLICY, **asked: object) -> tuple[Verdict, ...]:
    if policy is None:
        return triage(denials, Asked(policy=None, without="there is none"))
    answers = policy.ask(questions(denials, policy))
    return triage(denials, Asked(policy=policy, answers=answers, **asked))  # type: ignore[arg-type]


def one(*denials: Denial, **asked: object) -> Verdict:
    (verdict,) = judged(*denials, **asked)  # type: ignore[arg-type]
    return verdict


def test_a_type_that_the_policy_does_not_know_is_said() -> None:
    verdict = one(denied("httpd_t ours_t:file read"))
    assert (verdict.kind, verdict.fix) == (VerdictKind.UNKNOWN, None)
    assert "has no type ours_t" in verdict.reason


def test_a_type_of_a_module_of_one_s_own_is_known() -> None:
    verdict = one(denied("httpd_t ours_t:file read"), declared={"ours_t": "ours"})
    assert verdict.statement == "allow httpd_t ours_t:file read;"


@pytest.mark.parametrize(
    ("text", "word"), [("httpd_t var_t:bpf prog_load", "class bpf"), ("httpd_t var_t:file raed", "it knows read")]
)
def test_a_class_or_a_permission_that_is_not_there_is_said(text: str, word: str) -> None:
    verdict = one(denied(text))
    assert verdict.kind is VerdictKind.UNKNOWN
    assert word in verdict.reason


def test_a_label_that_the_kernel_could_not_map_is_said() -> None:
    policy = FakeBasePolicy(types={"httpd_t": "", "unlabeled_t": ""}, classes={"file": FILE})
    verdict = one(denied("httpd_t unlabeled_t:file read", raw_contexts={"system_u:object_r:gone_t:s0"}), policy=policy)
    assert verdict.kind is VerdictKind.UNKNOWN
    assert "gone_t" in verdict.reason


def test_what_the_rules_allow_is_stale_or_a_matter_of_that_host() -> None:
    verdict = one(denied("httpd_t etc_t:file read", "/etc/motd"))
    assert verdict.kind is VerdictKind.ALLOWED
    assert verdict.fix is None
    assert "boolean" in verdict.advice


def test_what_the_rules_allow_and_a_constraint_forbids_is_told_with_both_contexts() -> None:
    question = AccessQuestion("system_u:system_r:httpd_t:s0:c1", "system_u:object_r:etc_t:s0:c2", "file", "read")
    answers = {question: Why(kind=WhyKind.CONSTRAINT, text="mlsconstrain file read (l1 dom l2)")}
    policy = FakeBasePolicy(types=POLICY.types, rules=POLICY.rules, classes=POLICY.classes, answers=answers)
    verdict = one(denied("httpd_t@s0:c1 etc_t@s0:c2:file read"), policy=policy)
    assert (verdict.kind, verdict.fix) == (VerdictKind.CONSTRAINT, None)
    assert "s0:c1" in verdict.reason
    assert "mlsconstrain" in verdict.reason


def test_a_path_that_was_labelled_otherwise_is_restored_where_that_helps() -> None:
    verdict = one(denied("httpd_t user_home_t:file read", "/var/www/index.html"))
    assert verdict.fix == RestoreLabel(path="/var/www/index.html", current="user_home_t", wanted="httpd_sys_content_t")
    assert "restorecon -v /var/www/index.html" in verdict.advice


def test_a_place_below_a_generic_label_gets_a_file_context_the_domain_may_use() -> None:
    verdict = one(denied("httpd_t var_t:file read", "/srv/x/app.wsgi"))
    assert verdict.kind is VerdictKind.FILE_CONTEXT
    assert verdict.fix == FileContext(
        pattern="/srv/x(/.*)?",
        kind=FileKind.ANY,
        type="httpd_sys_content_t",
        candidates=("httpd_config_t", "httpd_cache_t"),
    )
    assert [other.statement() for other in verdict.alternatives] == [
        r"file_context /srv/x/app\.wsgi -- httpd_sys_content_t",
        "file_context /srv/x(/.*)? httpd_config_t",
        "file_context /srv/x(/.*)? httpd_cache_t",
        "allow httpd_t var_t:file read;",
    ]
    assert "all below /srv/x" in verdict.reason


def test_what_is_to_be_written_gets_a_label_that_may_be_written() -> None:
    verdict = one(denied("httpd_t var_t:file write", "/srv/x/upload"))
    assert verdict.statement == "file_context /srv/x(/.*)? httpd_cache_t"


def test_one_tree_is_one_verdict_and_shared_trees_are_not_relabelled() -> None:
    verdicts = judged(
        denied("httpd_t var_t:file read", "/srv/x/a", "/srv/x/sub/b", "/srv/lonely"),
        denied("httpd_t var_t:dir search", "/srv/x"),
        denied("httpd_t var_t:dir read", "/srv/x"),
    )
    assert {verdict.statement: len(verdict.denials) for verdict in verdicts} == {
        "file_context /srv/lonely -- httpd_sys_content_t": 1,
        "file_context /srv/x(/.*)? httpd_sys_content_t": 3,
    }


def test_a_name_that_is_the_last_part_of_a_known_path_goes_along() -> None:
    verdict = one(
        denied("httpd_t var_t:file read", "/srv/x/app.wsgi"), denied("httpd_t var_t:file getattr", names={"app.wsgi"})
    )
    assert len(verdict.denials) == 2


def test_a_name_alone_is_no_path() -> None:
    verdict = one(denied("httpd_t var_t:file read", names={"app.wsgi"}))
    assert verdict.kind is VerdictKind.RULE


@pytest.mark.parametrize("path", ["pipe:[12469]", "/srv/x/gone (deleted)", "/srv/x y/a"])
def test_what_is_no_path_or_cannot_be_written_down_is_not_labelled(path: str) -> None:
    assert one(denied("httpd_t var_t:file read", path)).kind is VerdictKind.RULE


def test_a_path_in_a_home_is_written_for_all_homes_and_said() -> None:
    verdict = one(denied("httpd_t user_home_t:dir search", "/home/shop/live"))
    assert verdict.statement == "file_context HOME_DIR/live(/.*)? httpd_sys_content_t"
    assert "every user's home" in verdict.reason


def test_a_boolean_that_opens_least_comes_first_and_the_others_are_named() -> None:
    verdict = one(denied("httpd_t postgresql_port_t:tcp_socket name_connect", ports={5432}))
    assert verdict.fix == Boolean(
        name="httpd_can_network_connect_db", value=True, excess=0, alternatives=("httpd_can_network_connect",)
    )
    assert verdict.alternatives[-1].statement() == "allow httpd_t postgresql_port_t:tcp_socket name_connect;"


def test_a_boolean_of_another_service_is_never_first() -> None:
    verdict = one(denied("httpd_t unreserved_port_t:tcp_socket name_connect", ports={9099}))
    assert verdict.statement == "boolean httpd_can_network_connect on"


def test_what_the_base_keeps_silent_about_is_flagged() -> None:
    verdict = one(denied("httpd_t httpd_t:process execmem"))
    assert verdict.statement == "boolean httpd_execmem on"
    assert verdict.dontaudited


def test_a_boolean_for_some_leaves_the_rest_to_a_rule() -> None:
    verdicts = judged(denied("httpd_t httpd_t:process execmem"), denied("httpd_t httpd_t:process signal"))
    assert [verdict.statement for verdict in verdicts] == [
        "boolean httpd_execmem on",
        "allow httpd_t self:process signal;",
    ]


def test_a_port_without_a_label_gets_one_the_domain_may_listen_on() -> None:
    verdict = one(denied("httpd_t unreserved_port_t:tcp_socket name_bind", ports={18765}))
    assert verdict.fix == PortLabel(protocol="tcp", low=18765, high=18765, type="http_port_t")


def test_a_port_of_another_service_is_a_conflict_and_not_relabelled() -> None:
    verdict = one(denied("httpd_t lirc_port_t:tcp_socket name_bind", ports={8765}))
    assert (verdict.kind, verdict.fix) == (VerdictKind.PORT_CONFLICT, None)
    assert "lirc_port_t" in verdict.reason


def test_what_is_left_is_a_rule_of_exactly_what_was_denied() -> None:
    verdict = one(denied("sshd_t init_t:process signal"))
    assert isinstance(verdict.fix, Allow)
    assert verdict.statement == "allow sshd_t init_t:process signal;"


def test_ioctl_numbers_are_named_where_the_module_asks() -> None:
    denial = denied("sshd_t etc_t:chr_file ioctl", ioctls={0x5401, 0x5413})
    assert [verdict.statement for verdict in judged(denial, ioctls=True)] == [
        "allow sshd_t etc_t:chr_file ioctl;",
        "allowxperm sshd_t etc_t:chr_file ioctl { 0x5401 0x5413 };",
    ]
    assert [verdict.statement for verdict in judged(denial)] == ["allow sshd_t etc_t:chr_file ioctl;"]


def test_without_a_base_policy_rules_still_come_and_say_what_was_not_asked() -> None:
    verdict = one(denied("httpd_t var_t:file read", "/srv/x/a"), policy=None)
    assert verdict.statement == "allow httpd_t var_t:file read;"
    assert verdict.unchecked == "there is none"


def test_no_new_privileges_is_no_matter_of_an_allow() -> None:
    (verdict,) = triage_errors([denied("init_t httpd_t:process security_bounded_transition")])
    assert (verdict.kind, verdict.fix) == (VerdictKind.NO_NEW_PRIVILEGES, None)
    assert "process2 nnp_transition" in verdict.advice


some_denials = st.lists(
    st.builds(
        lambda source, target, permission, path: denied(f"{source} {target} {permission}", *path),
        st.sampled_from(["httpd_t", "sshd_t", "unknown_t"]),
        st.sampled_from(["var_t:file", "etc_t:file", "httpd_cache_t:file", "user_home_t:file"]),
        st.sampled_from(["read", "open", "write", "execute", "entrypoint"]),
        st.lists(st.sampled_from(["/srv/x/a", "/srv/y", "/var/www/i", "/home/a/b/c"]), max_size=2),
    ),
    max_size=6,
    unique_by=lambda denial: denial.access,
)


@given(some_denials, st.randoms())
def test_the_order_of_denials_does_not_matter(denials: list[Denial], random: object) -> None:
    shuffled = list(denials)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert judged(*denials) == judged(*shuffled)


@given(some_denials)
def test_every_denial_has_a_verdict_and_no_rule_holds_more_than_was_denied(denials: list[Denial]) -> None:
    verdicts = judged(*denials)
    assert {denial.access for verdict in verdicts for denial in verdict.denials} == {each.access for each in denials}
    for verdict in verdicts:
        if isinstance(verdict.fix, Allow):
            assert set(verdict.fix.rule.accesses) <= {denial.access for denial in verdict.denials}
