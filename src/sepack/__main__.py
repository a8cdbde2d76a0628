"""`python -m sepack`: Invoke's own command line, started in half the time.

To import Invoke is most of what a build with nothing to do costs, and half of that is two modules it has no use for
then: unittest.mock (asyncio and ssl come with it), for MockContext, which is for tests of tasks; and importlib.metadata
(with email and zipfile), to learn its own version. While it is imported stand-ins take their places, which turn to the
real ones for whatever else they are asked; afterwards they are gone.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
from contextlib import contextmanager
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MOCK = "unittest.mock"
METADATA = "importlib.metadata"
COLLECT_AFTER = 100_000


def main() -> None:
    # Next to nothing of what is made here is ever garbage that only the collector finds: let it look seldom, and never
    # at what was imported.
    gc.disable()
    with _stand_ins():
        from invoke.main import program
    gc.freeze()
    gc.set_threshold(COLLECT_AFTER)
    gc.enable()
    atexit.register(gc.freeze)  # at the end the system takes it all back as a whole
    program.run()


@contextmanager
def _stand_ins() -> Iterator[None]:
    made = [_stand_in(MOCK, "Mock", _mock), _stand_in(METADATA, "version", _version)]
    missing = [module for module in made if module.__name__ not in sys.modules]
    sys.modules.update({module.__name__: module for module in missing})
    try:
        yield
    finally:
        for module in missing:
            _withdraw(module.__name__)


def _stand_in(name: str, member: str, value: Callable[..., Any]) -> ModuleType:
    def turn_to_the_real_one(wanted: str) -> Any:
        if wanted.startswith("__"):  # the import statement itself asks for __path__ and the like
            raise AttributeError(wanted)
        return getattr(_real(name), wanted)

    module = ModuleType(name)
    vars(module).update({member: value, "__getattr__": turn_to_the_real_one, "stands_in": True})
    return module


def _withdraw(name: str) -> None:
    if hasattr(sys.modules.get(name), "__dict__") and "stands_in" in vars(sys.modules[name]):
        del sys.modules[name]


def _real(name: str) -> ModuleType:
    _withdraw(name)
    return import_module(name)


def _mock(*args: Any, **options: Any) -> Any:
    return _real(MOCK).Mock(*args, **options)


def _version(name: str) -> str:
    """As the directory beside the package has it in its name, where there is exactly one."""
    for place in sys.path:
        if os.path.isdir(f"{place}/{name}"):  # noqa: PTH112 - pathlib is not there yet
            ending = ".dist-info"
            found = [entry for entry in os.listdir(place) if entry.startswith(f"{name}-") and entry.endswith(ending)]  # noqa: PTH208
            if len(found) == 1:
                return found[0][len(name) + 1 : -len(ending)]
    return str(_real(METADATA).version(name))


if __name__ == "__main__":
    main()
