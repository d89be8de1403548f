"""Prometheus over its HTTP API: PromQL, remote read, and the alerts that its rules raised.

`PrometheusClient` is the door. The library behind it (the extra ``prometheus``) is loaded when a
client is made. Not here: what a series means; `aiops.collectors.prometheus` gives it a service.
"""

from __future__ import annotations

from aiops.clients.prometheus.alerts import Alert
from aiops.clients.prometheus.answers import Sample
from aiops.clients.prometheus.client import PrometheusClient
from aiops.clients.prometheus.remote import Matcher
from aiops.clients.prometheus.series import RawSeries

__all__ = ["Alert", "Matcher", "PrometheusClient", "RawSeries", "Sample"]
