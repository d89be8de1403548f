"""The errors that users see, as one small tree.

The command line turns every one of them into one line and exit code 2::

    AiopsError
    ├── InvalidInput         what was handed in cannot be used as it is
    │   ├── InvalidMetrics   a metrics frame breaks a rule of `check_metrics`
    │   ├── InvalidCase      a case folder cannot be read
    │   ├── InvalidSettings  aiops.toml or an AIOPS_* variable
    │   ├── InvalidGuide     a troubleshooting guide
    │   ├── InvalidExperiment  a chaos experiment
    │   └── NotEnoughData    legal, but too little of it to say anything
    ├── Unreachable          a server outside did not answer, or not in time
    ├── Denied               a server outside answered that we may not
    └── RevertIncomplete     an injected fault could not be proved gone
"""

from __future__ import annotations


class AiopsError(Exception):
    """Base of every error this toolkit raises on purpose; its text is one line for a person."""


class InvalidInput(AiopsError):
    """What was handed in cannot be used; the text says what, where and how to mend it."""


class InvalidMetrics(InvalidInput):
    """A metrics frame breaks a rule of `check_metrics`."""


class InvalidCase(InvalidInput):
    """A case folder is missing, incomplete or malformed."""


class InvalidSettings(InvalidInput):
    """aiops.toml or an AIOPS_* variable holds an unknown key or an impossible value."""


class InvalidGuide(InvalidInput):
    """A troubleshooting guide cannot be turned into a graph of steps."""


class InvalidExperiment(InvalidInput):
    """A chaos experiment names an unknown fault, target or parameter."""


class NotEnoughData(InvalidInput):
    """The input is legal, but there is too little of it to say anything."""


class Unreachable(AiopsError):
    """A server outside did not answer, or answered that it cannot now; trying again may help."""


class Denied(AiopsError):
    """A server outside refuses this to us; the text names the right that is missing."""


class RevertIncomplete(AiopsError):
    """An injected fault could not be proved gone; the text names what is left."""
