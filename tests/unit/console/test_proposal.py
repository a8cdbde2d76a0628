"""A proposal on a terminal, in a pull request and as JSON; what a log says is only ever shown."""

from __future__ import annotations

import datetime as dt
import io
import json

import pytest

from sepack.console.proposal import ProposalText
from sepack.console.proposal_markup import proposal_as_json, proposal_as_markdown
from sepack.console.screen import Screen
from sepack.console.untrusted import as_code, in_markdown, one_line
from sepack.model.audit_log import Account
from sepack.model.denial import Access, Denial, Evidence, Smallest
from sepack.model.fix import Allow, Boolean
from sepack.model.ledger import Answer, Denied, ItemKind, LedgerEvidence, LedgerItem
from sepack.model.proposal import Change, Held, HeldBack, Proposal, Regeneration, Unowned
from sepack.model.rule import Rule
from sepack.model.verdict import Verdict, VerdictKind

RULE = Rule.of("httpd_t", "httpd_t", "process", ["execmem"])
DENIAL = Denial(access=Access("httpd_t", "httpd_t", "process", "execmem"), evidence=Evidence(lines=3))
BOOLEAN = Boolean(name="httpd_execmem", value=True, excess=4)
VERDICT = Verdict(
    denials=(DENIAL,),
    kind=VerdictKind.BOOLEAN,
    reason="Apache asked for memory that is writable and executable.",
    fix=BOOLEAN,
    alternatives=(Allow(rule=RULE),),
)
ITEM = LedgerItem(
    kind=ItemKind.BOOLEAN,
    answer=Answer.ACCEPTED,
    item=BOOLEAN,
    statement=BOOLEAN.statement(),
    reason=VERDICT.reason,
    by="Ada",
    when=dt.date(2026, 11, 24),
    evidence=LedgerEvidence(
        lines=3,
        first_seen=dt.date(2026, 11, 20),
        last_seen=dt.date(2026, 11, 23),
        commands=("apache2",),
        denied=(Denied("a", "b", "file", ("read",), paths=tuple(f"/srv/{n}" for n in range(7))),),
    ),
)
AGAIN = "./inv regenerate -m web --log audit.log"


def found(*proposals: Proposal, **more: object) -> Regeneration:
    account = Account(denials=3, other=2, not_understood={"cut off": 1})
    values = {"target": "host", "policy": "policy.33", "unowned": (), "account": account, **more}
    return Regeneration(proposals=proposals, **values)  # type: ignore[arg-type]


def text_of(regeneration: Regeneration) -> list[str]:
    stream = io.StringIO()
    ProposalText(Screen(stream), "./inv", AGAIN).show(regeneration)
    return stream.getvalue().splitlines()


CHANGED = Proposal(module="web", changes=(Change(item=ITEM, verdicts=(VERDICT,)),))


def test_a_change_is_a_line_of_a_diff_with_reason_evidence_excess_and_the_other_way() -> None:
    assert text_of(found(CHANGED)) == [
        "policy/web/ledger.toml: 1 proposed",
        "  + boolean httpd_execmem on",
        "      Apache asked for memory that is writable and executable.",
        "      seen 3 times, 2026-11-20 to 2026-11-23, by apache2: /srv/0, /srv/1, /srv/2, /srv/3, /srv/4 and 2 more",
        "      it opens more than was denied: 4 accesses",
        "      or: --accept 'allow httpd_t self:process execmem;'",
        "host: policy.33",
        "6 lines: 3 denials, 0 granted, 2 other records, 1 not understood",
        f"next: {AGAIN} --apply",
    ]


def test_what_waits_says_why_and_what_to_type() -> None:
    held = HeldBack(verdict=VERDICT, statement="allow a_t b_t:file read;", why=Held.GUARDED, detail="passwords: secret")
    lines = text_of(found(Proposal(module="web", held=(held,))))
    assert "  ! web: allow a_t b_t:file read;" in lines
    assert "      not proposed: a guardrail forbids it: passwords: secret" in lines
    assert lines[-1] == (f"next: {AGAIN} --apply --accept 'allow a_t b_t:file read;' --reason 'why'   (or --refuse)")


def test_what_nothing_helps_has_its_advice() -> None:
    verdict = Verdict(
        denials=(DENIAL,), kind=VerdictKind.CONSTRAINT, reason="The levels differ.", advice="Change them."
    )
    lines = text_of(found(Proposal(module="web", beyond=(verdict,))))
    assert lines[:3] == [
        "  . web: constraint (httpd_t → self:process { execmem })",
        "      The levels differ.",
        "      Change them.",
    ]


def test_nobody_s_denials_are_counted_by_domain() -> None:
    other = Denial(access=Access("cron_t", "var_t", "file", "read"), evidence=Evidence())
    unowned = (Unowned(denial=DENIAL, claimed_by=("a", "b")), Unowned(denial=other), Unowned(denial=other))
    lines = text_of(found(unowned=unowned))
    assert lines[:3] == [
        "no module answers for 3 denials:",
        "  . cron_t: 2",
        "  . httpd_t: 1: claimed by a and b, narrow their [domains]",
    ]


def test_json_holds_it_all() -> None:
    document = json.loads(json.dumps(proposal_as_json(found(CHANGED)), default=str))
    (module,) = document["modules"]
    assert module["changes"][0]["statement"] == "boolean httpd_execmem on"
    assert module["changes"][0]["alternatives"] == ["allow httpd_t self:process execmem;"]
    assert document["account"] == {
        "lines": 6,
        "denials": 3,
        "granted": 0,
        "other": 2,
        "not_understood": {"cut off": 1},
    }


HOSTILE = "/tmp/](http://x)`<script>@all\n# \x1b[31m\u202eend"


def test_a_path_from_a_log_is_neither_markup_nor_a_terminal_s_command() -> None:
    denied = Denial(access=Access("httpd_t", "var_t", "file", "read"), evidence=Evidence(paths=Smallest.of({HOSTILE})))
    verdict = Verdict(denials=(denied,), kind=VerdictKind.UNKNOWN, reason=f"{HOSTILE} is odd.", advice=HOSTILE)
    proposal = Proposal(module="web", beyond=(verdict,))
    for text in ("\n".join(text_of(found(proposal))), proposal_as_markdown(found(proposal), AGAIN)):
        assert "\x1b" not in text
        assert "\u202e" not in text
    assert "<script>" not in proposal_as_markdown(found(proposal), AGAIN)
    assert "](" not in proposal_as_markdown(found(proposal), AGAIN).replace("\\](", "").replace("\\]\\(", "")


def test_markdown_is_a_diff_and_the_command() -> None:
    text = proposal_as_markdown(found(CHANGED), AGAIN)
    assert "```diff\n+ boolean httpd_execmem on\n```" in text
    assert f"To write it: `{AGAIN} --apply`" in text


@pytest.mark.parametrize(
    ("text", "code"), [("a", "`a`"), ("a`b", "``a`b``"), ("`", "`` ` ``"), ("a``b`", "``` a``b` ```")]
)
def test_code_is_fenced_by_more_backquotes_than_it_holds(text: str, code: str) -> None:
    assert as_code(text) == code


def test_one_line_is_cut_and_folded() -> None:
    assert one_line("a\n  b\tc") == "a b c"
    assert one_line("x" * 200, 10) == "x" * 9 + "…"
    assert in_markdown("a_b*") == "a\\_b\\*"
