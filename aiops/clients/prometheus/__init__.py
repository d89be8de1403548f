"""Prometheus over its HTTP API: PromQL, remote read, what it has, and the alerts of its rules.

`PrometheusClient` is the door. The libraries behind it (the extra ``prometheus``) are loaded when
they are needed. Not here: what a series means; `aiops.collectors` gives it a service.
"""

from __future__ import annotations

from aiops.clients.prometheus.alerts import Alert
from aiops.clients.prometheus.answers import Sample
from aiops.clients.prometheus.auth import Auth
from aiops.clients.prometheus.catalog import Metadata
from aiops.clients.prometheus.client import PrometheusClient
from aiops.clients.prometheus.histograms import Histograms, NativeHistogram
from aiops.clients.prometheus.peer import frame_of
from aiops.clients.prometheus.reader import NoRemoteRead
from aiops.clients.prometheus.remote import Matcher
from aiops.clients.prometheus.series import RawSeries
from aiops.clients.prometheus.tls import Tls

__all__ = [
    "Alert",
    "Auth",
    "Histograms",
    "Matcher",
    "Metadata",
    "NativeHistogram",
    "NoRemoteRead",
    "PrometheusClient",
    "RawSeries",
    "Sample",
    "Tls",
    "frame_of",
]
