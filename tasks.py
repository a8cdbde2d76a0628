"""The tasks of this repository: those of sepack, and the chores of its developers."""

from sepack.tasks import ns
from tests.chores import lint, test

__all__ = ["ns"]

ns.add_task(lint)
ns.add_task(test)
