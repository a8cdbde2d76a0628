"""`denials.why`: the evidence behind an item of a ledger."""

from __future__ import annotations

from sepack.tasks.verb import Run, verb


@verb(
    "output",
    help={
        "name": "The module whose ledger holds it.",
        "statement": "The item's statement as it is printed, in quotation marks.",
    },
)
def why(run: Run, name: str, statement: str) -> None:
    """Show who accepted or refused a statement, why, and on what evidence."""
    from sepack.console.ledger import item_as_json, show_item
    from sepack.console.screen import print_json
    from sepack.pipeline.why import find_item

    item = find_item(run.workspace, name, statement)
    if run.json:
        print_json(item_as_json(name, item))
    else:
        show_item(run.screen, name, item, run.command)
