"""Why a policy cannot be asked, and what to do about it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from sepack.errors import ExitCode, SepackError

if TYPE_CHECKING:
    from collections.abc import Sequence

# What the programs say stopped them: the tool that is missing ("" where none is), and the sentence.
PROBLEMS: Final = {
    "no policy": ("base policy", "no policy is installed"),
    "no python3": ("python3", "there is no python3 to read the policy with"),
    "no setools": ("setools", "the policy cannot be read without setools for python3"),
    "no audit2why": ("audit2why", "the policy cannot be asked without selinux.audit2why for python3"),
    "no libselinux": ("audit2why", "labels cannot be looked up without libselinux"),
    "no sepolgen": ("sepolgen", "interfaces cannot be looked for without sepolgen for python3"),
    "no headers": ("policy headers", "the policy headers cannot be read"),
    "no semodule": ("semodule", "modules cannot be linked without semodule"),
    "unreadable": ("", "the policy cannot be read"),
    "no answer": ("", "the policy's own tools give no answer"),
    "not written": ("", "what was read of the policy cannot be written"),
    "failed": ("", "the program that reads the policy failed"),
    "store unreadable": ("", "the store of loaded modules cannot be copied"),
    "no room": ("", "there is not enough room or memory to link a policy in"),
    "store broken": ("", "the store of loaded modules does not link by itself"),
}


class BasePolicyError(SepackError):
    """`problem` is a key of PROBLEMS, `tool` what would help ("" where no package does), `said` the tools' words."""

    exit_code = ExitCode.TOOL_MISSING

    def __init__(self, problem: str, said: Sequence[str], hint: str = "") -> None:
        self.tool, brief = PROBLEMS[problem]
        super().__init__(brief, details=said, hint=hint)
        self.problem = problem
