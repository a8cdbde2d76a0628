"""The command line: one file a word; `ns` is what a policy repository's tasks.py imports.

A task imports what it does when it runs, so that no word pays for another.
"""

from __future__ import annotations

import os

from invoke.collection import Collection
from invoke.exceptions import Exit

from sepack.console.errors import error_text
from sepack.errors import SepackError
from sepack.settings import DEFAULTS, check_settings_file
from sepack.targets import target_names
from sepack.tasks.build import build
from sepack.tasks.clean import clean
from sepack.tasks.denials import list_
from sepack.tasks.doctor import doctor
from sepack.tasks.regenerate import regenerate
from sepack.tasks.replay import replay
from sepack.tasks.start import start
from sepack.tasks.status import status
from sepack.tasks.triage import triage
from sepack.tasks.why import why
from sepack.workspace import Workspace


def _check_settings() -> None:
    """Invoke reads invoke.yaml after it has imported tasks.py, and prints a traceback where it is broken."""
    try:
        check_settings_file(Workspace.find().root, os.environ, target_names)
    except SepackError as error:
        raise Exit(message=error_text(error), code=int(error.exit_code)) from error


def _namespace() -> Collection:
    collection = Collection(build, clean, doctor, regenerate, status)
    collection.add_task(start, default=True)
    collection.add_collection(Collection("denials", list_, replay, triage, why))
    collection.configure({"sepack": dict(DEFAULTS)})
    return collection


_check_settings()
ns = _namespace()
