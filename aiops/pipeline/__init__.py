"""The operate loop as pure functions: metrics → scores → anomalies → incident → ranking.

Nothing here waits, fetches or stores: whoever has a clock and a source calls it, be it the
command line over a recorded case, the proving loop over a simulator, a backtest, or a daemon.
`investigate` looks once at a window that is over; `tick` decides as time goes by.
"""

from __future__ import annotations

from aiops.pipeline.episode import Episode, Manner
from aiops.pipeline.looking import DETECTOR, default_ranker, detect, investigate, open_incident
from aiops.pipeline.ticking import Decision, Seen, tick
from aiops.pipeline.watch import Watch

__all__ = [
    "DETECTOR",
    "Decision",
    "Episode",
    "Manner",
    "Seen",
    "Watch",
    "default_ranker",
    "detect",
    "investigate",
    "open_incident",
    "tick",
]
