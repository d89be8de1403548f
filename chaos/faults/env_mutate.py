"""env.mutate: roll out a wrong setting, so that the service answers errors."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.faults.rollout import CONTAINER, RolloutFault
from chaos.patch import lookup, put

if TYPE_CHECKING:
    from chaos.patch import Patch

GARBAGE = "chaos-no-such-value"

SECRET = re.compile(
    "secret|token|passw|credential|private|(^|_)(key|pw|auth|dsn)(_|$)", re.IGNORECASE
)
"""Names of variables whose value must not travel through a journal."""


class EnvMutate(RolloutFault):
    """Overwrite an environment variable that is given as plain text.

    Parameters
    ----------
    name : str
        The variable; the first one that does not look like a secret when left empty.
    """

    id = "env.mutate"
    family = "env"
    metrics = ("error_ratio",)
    tried = "real"

    def __init__(self, *, strength: float = 1.0, force: bool = False, name: str = "") -> None:
        super().__init__(strength=strength, force=force)
        if SECRET.search(name):
            raise InvalidExperiment(
                f"{self.id} leaves {name} alone: its name looks like a secret's, and the undo "
                "would have to keep its value"
            )
        self.name = name

    def template_changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch that puts `GARBAGE` into the variable."""
        variables = lookup(before, f"{CONTAINER}/env")
        for number, variable in enumerate(variables if isinstance(variables, list) else ()):
            name = variable.get("name", "")
            plain = isinstance(variable.get("value"), str) and not SECRET.search(name)
            if plain and self.name in {"", name}:
                return put(before, f"{CONTAINER}/env/{number}/value", GARBAGE)
        wanted = f"variable {self.name}" if self.name else "environment variable"
        raise InvalidExperiment(f"{self.id} finds no {wanted} given as plain text")
