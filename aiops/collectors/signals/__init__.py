"""Which columns an inventory is worth, and the PromQL that gives each of them."""

from aiops.collectors.signals.planning import Part, Signal, golden, plan_signals

__all__ = ["Part", "Signal", "golden", "plan_signals"]
