"""The janitor: a Job in the cluster that undoes a fault when all who could have are gone.

Start at `Janitor`, a guardian for `chaos.injected`.
"""

from chaos.janitor.guardian import Janitor, sweep
from chaos.janitor.objects import IMAGE, manifests, rights

__all__ = ["IMAGE", "Janitor", "manifests", "rights", "sweep"]
