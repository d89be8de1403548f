"""The effect verdict against the truth of the simulator, on seeds that nobody tuned it on."""

import pytest

from aiops.proving.effect_study import study


@pytest.mark.timeout(900)
def test_the_effect_verdict_can_be_trusted():
    figures = study(n=400, seed=20261122).to_dict()["all"]
    assert figures["balanced_accuracy"] >= 0.90
    assert figures["false_effective_on_controls"]["value"] <= 0.05
    assert figures["unknown"]["value"] <= 0.10
