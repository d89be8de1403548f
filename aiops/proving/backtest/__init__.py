"""What the toolkit would have done last fortnight: replay, match with alerts, choose a page level.

`backtest` works on a metrics frame and alerts; where they come from is `pulling`'s business.
"""

from __future__ import annotations

from aiops.proving.backtest.run import backtest

__all__ = ["backtest"]
