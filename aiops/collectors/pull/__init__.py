"""Signals in, a metrics frame out, in as few queries as it takes."""

from aiops.collectors.pull.asking import Refused
from aiops.collectors.pull.pulling import MOST_QUERIES, MOST_SAMPLES, Pulled, pull

__all__ = ["MOST_QUERIES", "MOST_SAMPLES", "Pulled", "Refused", "pull"]
