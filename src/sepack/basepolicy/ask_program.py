"""Asks the distribution's own libraries about a policy: a program for the toolchain's python3.

    python3 ask_program.py POLICY FILE_CONTEXTS QUESTIONS OUT

JSON in, JSON out: {"access": [[source, target, class, permission], ...], "labels": [[path, class of object], ...]}
becomes {"access": [[kind, [[boolean, value], ...], text], ...], "labels": [context or null, ...]}. Python 3.6 or
newer, its standard library, selinux.audit2why and libselinux, which come from the distribution. What stops it is one
line of JSON on standard output, {"problem": ..., "said": ...}, and exit code 3.
"""

import errno
import json
import os
import stat
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

STOPPED = 3
KINDS = {
    "ALLOW": "allowed",
    "DONTAUDIT": "dontaudit",
    "TERULE": "type enforcement",
    "BOOLEAN": "boolean",
    "CONSTRAINT": "constraint",
    "RBAC": "role",
    "BOUNDS": "bounds",
    "BADSCON": "bad source context",
    "BADTCON": "bad target context",
    "BADTCLASS": "bad class",
    "BADPERM": "bad permission",
}
ODD = ("BADSCON", "BADTCON", "BADTCLASS", "BADPERM")
MODES = {
    "file": stat.S_IFREG,
    "dir": stat.S_IFDIR,
    "lnk_file": stat.S_IFLNK,
    "chr_file": stat.S_IFCHR,
    "blk_file": stat.S_IFBLK,
    "sock_file": stat.S_IFSOCK,
    "fifo_file": stat.S_IFIFO,
}
SELABEL_CTX_FILE = 0
SELABEL_OPT_PATH = 3


class StoppedError(Exception):
    """`problem` is a word for sepack, `said` somebody else's own words."""

    def __init__(self, problem: str, said: str) -> None:
        super().__init__(said)
        self.problem = problem


class AccessAnswers:
    """selinux.audit2why, which is the kernel's own logic, over one policy file."""

    def __init__(self, path: str) -> None:
        try:
            from selinux import audit2why
        except ImportError as error:
            raise StoppedError("no audit2why", str(error)) from error
        self._engine = audit2why
        self._kinds = {getattr(audit2why, name): kind for name, kind in KINDS.items()}
        try:
            audit2why.init(path)
        except (EnvironmentError, ValueError, RuntimeError, TypeError) as error:
            raise StoppedError("unreadable", "{}: {}".format(path, error)) from error

    def why(self, question: "list[str]") -> "list[Any]":
        source, target, tclass, permission = question
        odd = [number for number, text in enumerate(question) if not is_plain(text)]
        if odd:
            return [KINDS[ODD[odd[0]]], [], ""]
        code, data = self._engine.analyze(source, target, tclass, [permission])
        if code not in self._kinds:
            raise StoppedError("no answer", "audit2why says {} to {}".format(code, " ".join(question)))
        kind = self._kinds[code]
        booleans = [[str(name), bool(value)] for name, value in data] if kind == "boolean" else []
        return [kind, booleans, str(data).strip() if kind == "constraint" else ""]


def is_plain(text: str) -> bool:
    """Names and contexts are ASCII; the binding takes neither NUL nor what is no UTF-8."""
    return all(" " < character <= "~" for character in text)


class Labels:
    """libselinux's selabel_lookup over one file_contexts, its .homedirs, .local, .subs and .subs_dist.

    Through ctypes: the distribution's Python binding takes no path that is not UTF-8.
    """

    def __init__(self, path: str) -> None:
        import ctypes

        class Option(ctypes.Structure):
            _fields_ = [("type", ctypes.c_int), ("value", ctypes.c_char_p)]

        self._types = ctypes
        try:
            self._library = ctypes.CDLL("libselinux.so.1", use_errno=True)
        except OSError as error:
            raise StoppedError("no libselinux", str(error)) from error
        self._library.selabel_open.restype = ctypes.c_void_p
        option = Option(SELABEL_OPT_PATH, path.encode("utf-8", "surrogateescape"))
        handle = self._library.selabel_open(SELABEL_CTX_FILE, ctypes.byref(option), 1)
        if not handle:
            raise StoppedError("unreadable", "{}: {}".format(path, os.strerror(ctypes.get_errno())))
        self._handle = ctypes.c_void_p(handle)

    def of(self, question: "list[str]") -> "str | None":
        path, kind = question
        key = path.encode("utf-8", "surrogateescape")
        if b"\0" in key or not key.startswith(b"/"):
            return None
        found = self._types.c_char_p()
        if self._library.selabel_lookup_raw(self._handle, self._types.byref(found), key, MODES.get(kind, 0)) == 0:
            context = (found.value or b"").decode("utf-8", "replace")
            self._library.freecon(found)
            return context
        code = self._types.get_errno()
        if code == errno.ENOENT:
            return None
        raise StoppedError("no answer", "label of {!r}: {}".format(path, os.strerror(code)))


def answer(policy: str, contexts: str, questions: str, out: str) -> None:
    with open(questions, encoding="ascii") as file:
        asked = json.load(file)
    keep_quiet()
    answers = {"access": [], "labels": []}  # type: dict[str, list[Any]]
    if asked["access"]:
        engine = AccessAnswers(policy)
        answers["access"] = [engine.why(question) for question in asked["access"]]
    if asked["labels"]:
        labels = Labels(contexts)
        answers["labels"] = [labels.of(question) for question in asked["labels"]]
    with open(out, "w", encoding="ascii") as file:
        json.dump(answers, file)


def keep_quiet() -> None:
    """On standard error libsepol has four lines about each context that it does not know."""
    sink = os.open(os.devnull, os.O_WRONLY)
    os.dup2(sink, 2)
    os.close(sink)


def main(words: "list[str]") -> int:
    try:
        answer(*words)
    except StoppedError as stop:
        problem = stop
    except (OSError, ValueError) as error:
        problem = StoppedError("not written", str(error))
    else:
        return 0
    sys.stdout.write(json.dumps({"problem": problem.problem, "said": str(problem)}) + "\n")
    return STOPPED


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
