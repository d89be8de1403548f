import subprocess
import sys

import detectors

HEAVY = ("torch", "sklearn", "scipy", "networkx", "streamlit")


def test_exports_are_sorted_and_there():
    assert detectors.__all__ == sorted(
        detectors.__all__, key=lambda name: (not name.isupper(), name)
    )
    assert all(hasattr(detectors, name) for name in detectors.__all__)
    assert set(detectors.__all__) == {
        "EWMA",
        "ChangePoints",
        "RobustZ",
        "Threshold",
        "change_points",
    }


def test_importing_it_costs_numpy_and_pandas_only():
    program = f"import sys, detectors; print([m for m in {HEAVY!r} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"
