"""What one seed means: a fault, a system to strike, and how the injector comes to its end."""

import random
from dataclasses import dataclass, field

FAULTS = {
    "cpu.low": {"strength": 0.5},
    "env.mutate": {"force": True},
    "image.bad": {"force": True},
    "memory.low": {"strength": 0.5},
    "pod.delete": {"count": 2},
    "pod.failure": {},
    "probe.readiness": {},
    "scale.down": {},
    "scale.zero": {},
    "svc.selector": {},
}
"""Fault → parameters: all that a server without containers can be asked for."""

AWAY = "KILL, API away"
ALL_GONE = "KILL, watchdog too"
TROUBLE = "API errors"
ENDINGS = ("end", "exception", "INT", "TERM", "HUP", "KILL", TROUBLE, AWAY, ALL_GONE)

LET_GO = ("end", "exception", TROUBLE)
"""The endings that the injector comes to by itself, when it is told to let go."""

PHASES = ("start", "inject", "hold", "revert")
WRITES = ("same field", "other field", "annotation", "set back", "mark wiped", "pod replaced")


@dataclass(frozen=True)
class Draw:
    """One run.

    `phase` and `at` say when it happens: a random time after the start or into the hold (`delay`,
    s), the `at`-th write of the injection, or the `at`-th request of the revert. `twice`: the
    signal is sent again at once. `late_after`: so many requests later arrives what is under way. `spawned`: the watchdog is a program of its own, as users have
    it, and no fork. `write`: what somebody else writes at that moment; the ending then follows in
    the hold.
    """

    seed: int
    fault: str
    replicas: int
    services: int
    ending: str
    phase: str
    at: int
    delay: float
    away_s: float = 0.0
    twice: bool = False
    late_after: int = 3
    spawned: bool = False
    bare: bool = False
    by_marks: bool = False
    write: str | None = None
    params: dict = field(default_factory=dict)

    @property
    def run(self):
        return f"torture-{self.seed}"


def draw(seed, *, spawned_share=0.3):
    """Return the run of a seed."""
    rng = random.Random(f"run {seed}")
    ending = ENDINGS[seed % len(ENDINGS)]
    phases = ("hold",) if ending in LET_GO else PHASES
    return _draw(rng, spawned_share, seed=seed, ending=ending, phase=rng.choice(phases))


def draw_conflict(seed, *, spawned_share=0.1):
    """Return the run of a seed in which somebody else writes to the struck object."""
    rng = random.Random(f"conflict {seed}")
    write = WRITES[seed % len(WRITES)]
    phase = rng.choice(("inject", "hold", "hold", "revert"))
    endings = ("end",) if phase == "revert" else ("end", "exception", "TERM", "KILL")
    ending = rng.choice(endings)
    return _draw(rng, spawned_share, seed=seed, ending=ending, phase=phase, write=write)


def _draw(rng, spawned_share, *, seed, ending, phase, write=None):
    patching = sorted(FAULTS.keys() - {"pod.delete"})
    names = ["pod.failure"] if write == "pod replaced" else patching if write else sorted(FAULTS)
    fault, replicas = rng.choice(names), rng.randint(2, 4)
    writes = 2 * replicas if fault == "pod.failure" else 2
    return Draw(
        seed=seed,
        fault=fault,
        replicas=replicas,
        services=rng.randint(1, 4),
        ending=ending,
        phase=phase,
        at=rng.randint(1, writes if phase == "inject" else 3),
        delay=rng.uniform(0.0, 0.3 if phase == "start" else 0.06),
        away_s=rng.uniform(0.1, 1.5),
        twice=rng.random() < 0.3,
        late_after=rng.randint(1, 12),
        spawned=rng.random() < spawned_share,
        bare=rng.random() < 0.3,
        by_marks=rng.random() < 0.5,
        write=write,
        params=FAULTS[fault],
    )
