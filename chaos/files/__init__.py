"""Experiment files: a superset of the Chaos Toolkit's, read into typed, frozen values.

`load` reads, fills in and checks a file; it runs nothing. `chaos.probes` looks at the system as a
file asks for, and `json_schema` describes the shape to other tools.
"""

from chaos.files.loading import ExperimentFile, load
from chaos.files.method import Allowed, FaultAction
from chaos.files.schema import json_schema
from chaos.files.targets import resolve

__all__ = ["Allowed", "ExperimentFile", "FaultAction", "json_schema", "load", "resolve"]
