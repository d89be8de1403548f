"""Who calls whom: read from Kubernetes, from metrics that name both ends of a call, or from a file.

Every edge says where it was seen; graphs of several sources are merged, and what they leave out
of the services that have metrics is counted. Not here: how often a call is made or how long it
takes, and calls that only traces or packets could show.
"""

from __future__ import annotations

from aiops.collectors.callgraph.collecting import collect_calls
from aiops.collectors.callgraph.files import from_file
from aiops.collectors.callgraph.graph import CallGraph, Edge, Stranger, merged
from aiops.collectors.callgraph.kubernetes import from_kubernetes
from aiops.collectors.callgraph.promql import detect, from_promql

__all__ = [
    "CallGraph",
    "Edge",
    "Stranger",
    "collect_calls",
    "detect",
    "from_file",
    "from_kubernetes",
    "from_promql",
    "merged",
]
