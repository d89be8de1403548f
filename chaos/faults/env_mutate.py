"""env.mutate: roll out a wrong setting, so that the service answers errors."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.types import InvalidExperiment
from chaos.faults.rollout import CONTAINER, RolloutFault
from chaos.patch import MISSING, lookup, put

if TYPE_CHECKING:
    from chaos.patch import Patch

GARBAGE = "chaos-no-such-value"


class EnvMutate(RolloutFault):
    """Overwrite the first environment variable that is given as plain text."""

    id = "env.mutate"
    family = "env"
    metrics = ("error_ratio",)

    def template_changes(self, before: dict[str, Any]) -> Patch:
        """Return the patch that puts `GARBAGE` into the variable."""
        variables = lookup(before, f"{CONTAINER}/env")
        for number in range(len(variables) if isinstance(variables, list) else 0):
            path = f"{CONTAINER}/env/{number}/value"
            if lookup(before, path) is not MISSING:
                return put(before, path, GARBAGE)
        raise InvalidExperiment(f"{self.id} finds no environment variable given as plain text")
