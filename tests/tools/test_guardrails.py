"""The guardrails beside the real compilers: what they take as a neverallow, and what they say meets one."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sepack.catalog.guardrails import load_guardrails
from sepack.model.fix import Allow
from sepack.model.guardrail import Guardrail
from sepack.model.neverallow import NameSet, Neverallow, NeverallowSyntaxError
from sepack.model.rule import Rule
from sepack.model.verdict import Verdict, VerdictKind
from sepack.stages.triage.guardrail import guard
from sepack.workspace import Workspace
from tests.contract.base_policy_contract import SMALL
from tests.tools.policies import CONF
from tests.unit.stages.triage.denied import denied

if TYPE_CHECKING:
    from collections.abc import Callable

SHIPPED, _ = load_guardrails(Workspace(Path(__file__).parents[2]))
ATTRIBUTES = sorted({name for words in SMALL.types.values() for name in words.split()})


def names_of(*sets: NameSet) -> set[str]:
    return {name for each in sets for name in each.names | each.but} - {"self"}


def test_every_shipped_statement_is_policy_text(tmp_path: Path, require_tool: Callable[[str], str]) -> None:
    """In a module that declares all the names, as none of the releases knows all of them."""
    rails = [each.neverallow for each in SHIPPED]
    named = {name for each in rails for name in names_of(each.source, each.target)}
    types = {name for name in named if name.endswith("_t")}
    permissions: dict[str, set[str]] = {}
    for each in rails:
        for tclass in each.classes.names:
            permissions.setdefault(tclass, set()).update(each.permissions.names or {"getattr"})
    require = [f"\tclass {tclass} {{ {' '.join(sorted(names))} }};" for tclass, names in sorted(permissions.items())]
    text = ["module guardrails 1.0;", "require {", *require, "}"]
    text += [*(f"attribute {name};" for name in sorted(named - types)), *(f"type {name};" for name in sorted(types))]
    text += [each.statement() for each in rails]
    (tmp_path / "guardrails.te").write_text("\n".join(text) + "\n")
    command = [require_tool("checkmodule"), "-M", "-m", "-o", "guardrails.mod", "guardrails.te"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def compiles(checkpolicy: str, place: Path, *statements: str) -> tuple[bool, str]:
    """Whether checkpolicy takes the little policy with these in the place of its rules, and what it says."""
    text = CONF.read_text()
    types, _, rules = text.partition("\nbool run false;\n")
    _, mark, rest = rules.partition("\nrole sys_r;\n")
    assert mark
    # It takes no policy without any rule.
    (place / "policy.conf").write_text("\n".join([types, "allow kernel_t lone_t:dir search;", *statements, mark, rest]))
    command = [checkpolicy, "-M", "-c", "33", "-o", "policy", "policy.conf"]
    done = subprocess.run(command, cwd=place, capture_output=True, text=True, check=False)
    return done.returncode == 0, done.stderr


def choose_set(chosen: random.Random, *, target: bool) -> str:
    names = [*SMALL.types, "apache_t", *ATTRIBUTES]
    first, second, third = chosen.sample(names, 3)
    forms = [
        "*",
        first,
        f"~{first}",
        f"{{ {first} {second} -{third} }}",
        f"~{{ {first} {second} }}",
        f"{{ {first} {second} }}",
    ]
    return chosen.choice([*forms, *(["self", f"{{ self {first} }}"] if target else [])])


def test_a_rule_meets_a_guardrail_where_checkpolicy_says_it_does(
    tmp_path: Path, require_tool: Callable[[str], str]
) -> None:
    checkpolicy, chosen = require_tool("checkpolicy"), random.Random(11)
    met = {True: 0, False: 0}
    classes = {"file": ["read", "write", "lock"], "process": ["signal", "execmem"]}
    types = [*(name for name in SMALL.types if not name.endswith("port_t")), "apache_t"]
    for _ in range(100):
        tclass = chosen.choice(list(classes))
        permission, other = chosen.sample(classes[tclass], 2)
        wanted = chosen.choice([permission, f"~{other}", "*", f"{{ {permission} {other} }}", other])
        never = Neverallow.read(
            f"neverallow {choose_set(chosen, target=False)} {choose_set(chosen, target=True)}:{tclass} {wanted};"
        )
        rule = Rule.of(chosen.choice(types), chosen.choice(types), tclass, [permission])
        together, said = compiles(checkpolicy, tmp_path, never.statement(), rule.statement())
        assert together or "neverallow" in said, said
        rail = Guardrail(name="one", reason="", neverallow=never)
        denial = denied(f"{rule.source} {rule.target}:{tclass} {permission}")
        verdict = Verdict(denials=(denial,), kind=VerdictKind.RULE, reason="", fix=Allow(rule=rule))
        found = guard(verdict, SMALL, [rail])
        assert (found.guarded is None) == together, (never.statement(), rule.statement(), said)
        met[found.guarded is not None] += 1
    assert min(met.values()) >= 15, met


@pytest.mark.parametrize(
    "statement",
    [
        "neverallow { web_t mail_t:file read;",
        "neverallow web_t etc_t file read;",
        "neverallow web_t etc_t:* read;",
        "neverallow web_t etc_t:~file read;",
        "neverallow self etc_t:file read;",
        "neverallow { } etc_t:file read;",
        "neverallow web_t etc_t:file;",
        "neverallow web_t etc_t:file read",
        "neverallow { * -web_t } etc_t:file read;",
    ],
)
def test_what_is_refused_here_is_refused_there(
    tmp_path: Path, require_tool: Callable[[str], str], statement: str
) -> None:
    with pytest.raises(NeverallowSyntaxError):
        Neverallow.read(statement)
    taken, said = compiles(require_tool("checkpolicy"), tmp_path, statement)
    assert not taken
    assert not re.search(r"neverallow .* violated", said)
