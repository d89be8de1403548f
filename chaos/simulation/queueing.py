"""How long requests wait: the M/M/c queue in closed form.

Steady state only. A station that is offered more than it can do works at `MAX_UTILISATION`, and
turns the rest of its requests away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

MAX_UTILISATION = 0.98
"""No station works harder: beyond it the steady state of the formulas is never reached."""


@dataclass(frozen=True, slots=True)
class Served:
    """What becomes of the requests that reach one station.

    Attributes
    ----------
    throughput : float
        Requests that are worked on, 1/s.
    utilisation : float
        Share of the servers that are busy, rho.
    waits : float
        Probability that a request has to wait.
    latency_p95 : float
        Waiting and service, s.
    """

    throughput: float
    utilisation: float
    waits: float
    latency_p95: float

    @property
    def queue_length(self) -> float:
        """Mean number of waiting requests: they are geometric while all servers are busy."""
        return self.waits * self.utilisation / (1 - self.utilisation)


CLOSED = Served(throughput=0.0, utilisation=0.0, waits=0.0, latency_p95=0.0)
"""A station without a server: every call fails, and fails fast."""


def erlang_c(servers: int, load: float) -> float:
    """Return the probability that a request has to wait.

    Parameters
    ----------
    servers : int
        c, at least 1.
    load : float
        a, arrival rate times service time: how many servers are kept busy; below `servers`.

    Notes
    -----
    C = B / (1 - rho (1 - B)) with rho = a/c, where the loss probability B follows from the
    recursion B(0) = 1, B(k) = a B(k-1) / (k + a B(k-1)), which never overflows. A. K. Erlang,
    "Solution of some problems in the theory of probabilities of significance in automatic
    telephone exchanges", 1917.

    Examples
    --------
    >>> erlang_c(1, 0.5)
    0.5
    """
    loss = 1.0
    for server in range(1, servers + 1):
        loss = load * loss / (server + load * loss)
    return loss / (1 - load / servers * (1 - loss))


def serve(rate: float, servers: int, service_time_s: float, run_s: float | None = None) -> Served:
    """Return what `servers` make of requests that arrive at `rate` per second.

    Parameters
    ----------
    service_time_s : float
        How long a request keeps a server.
    run_s : float, optional
        How long it takes once it runs, where that is less: a server that is a part of a core, as
        CPU quotas make them, works at full speed and pauses in between.

    Notes
    -----
    A request waits longer than t with probability C exp(-(c mu - lambda) t). The 95th percentile
    of waiting plus service is approximated by the sum of the two percentiles: a little low when
    hardly anybody waits, too high otherwise.
    """
    capacity = servers / service_time_s
    throughput = min(rate, MAX_UTILISATION * capacity)
    waits = erlang_c(servers, throughput * service_time_s)
    wait_p95_s = math.log(max(waits, 0.05) / 0.05) / (capacity - throughput)
    return Served(
        throughput=throughput,
        utilisation=throughput / capacity,
        waits=waits,
        latency_p95=(service_time_s if run_s is None else run_s) * math.log(20) + wait_p95_s,
    )
