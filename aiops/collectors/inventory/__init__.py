"""What a Prometheus has: families of series, of what kind they are, and whose."""

from aiops.collectors.inventory.taking import MOST_SERIES, Inventory, take_inventory

__all__ = ["MOST_SERIES", "Inventory", "take_inventory"]
