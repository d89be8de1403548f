"""Strangeness of metrics: scores, the decision over them, and the moment of a change.

A detector only scores (≥ 0, higher is stranger); `Threshold` decides; `change_points` looks
back over a window and asks when it broke. None of them looks for causes: that is `rca`.
Importing this package costs numpy and pandas, no more.
"""

from detectors.changepoint import ChangePoints, change_points
from detectors.ewma import EWMA
from detectors.robust_z import RobustZ
from detectors.threshold import Threshold

__all__ = ["EWMA", "ChangePoints", "RobustZ", "Threshold", "change_points"]
