"""How a replay looks: what failed, item by item, then the count."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sepack.console.untrusted import one_line
from sepack.model.ledger import Answer

if TYPE_CHECKING:
    from sepack.console.screen import Screen
    from sepack.model.replay import Replay, Replayed


def show_replay(screen: Screen, replay: Replay, command: str) -> None:
    for note in replay.notes:
        screen.line(f"note  {one_line(note, 400)}", style="yellow")
    for each in replay.replayed:
        style = "" if each.expected else "red"
        screen.line(f"{'ok' if each.expected else 'FAILED':<6} {one_line(_line(each), 300)}", style=style)
        if not each.expected:
            screen.line(f"       {each.module}: {one_line(each.item.statement, 300)}   ({each.item.where})")
    for module, item in replay.unasked:
        screen.line(f"-      {module}: {one_line(item.statement, 300)}   (no denial is kept with it to ask again)")
    screen.line(f"{replay.target}: {replay.policy}")
    good = len(replay.replayed) - len(replay.failed)
    screen.line(f"{good} as the ledger says, {len(replay.failed)} otherwise, {len(replay.unasked)} not asked")
    if replay.failed:
        screen.line(f"next: {command} denials.why MODULE STATEMENT   (the evidence behind an item)")
    elif replay.replayed:
        screen.line(f"next: {command} status")
    else:
        screen.line(f"next: {command} regenerate --log LOG   (no ledger holds a denial)")


def _line(each: Replayed) -> str:
    source, target = (context.split(":")[2] for context in (each.question.source, each.question.target))
    now = {Answer.ACCEPTED: "allowed now", Answer.REFUSED: "still denied"}[each.item.answer]
    about = f" {each.about}" if each.about else ""
    said = now if each.expected else f"{each.answer.kind}{' ' + each.answer.text.strip() if each.answer.text else ''}"
    return f"{source} {target}:{each.question.tclass} {each.question.permission}{about}: {said}"


def replay_as_json(replay: Replay) -> dict[str, Any]:
    return {
        "target": replay.target,
        "policy": replay.policy,
        "notes": list(replay.notes),
        "replayed": [
            {
                "module": each.module,
                "statement": each.item.statement,
                "answer": each.item.answer,
                "source": each.question.source,
                "target": each.question.target,
                "tclass": each.question.tclass,
                "permission": each.question.permission,
                "about": each.about,
                "now": each.answer.kind,
                "expected": each.expected,
            }
            for each in replay.replayed
        ],
        "unasked": [{"module": module, "statement": item.statement} for module, item in replay.unasked],
    }
