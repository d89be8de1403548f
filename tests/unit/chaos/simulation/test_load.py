"""A day's load averages out, and scheduled work comes at its times."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos.simulation.load import Burst, Load

MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)


def test_the_day_averages_to_the_rate_and_never_jumps():
    loads = [Load().at(MIDNIGHT + timedelta(minutes=minute)) for minute in range(24 * 60)]
    assert np.mean(loads) == pytest.approx(Load().rate)
    assert max(abs(np.diff(loads))) < 0.005 * Load().rate


def test_the_peak_is_where_it_is_told_to_be():
    evening = Load(peak_hour=20.0)
    hours = [evening.at(MIDNIGHT + timedelta(hours=hour)) for hour in range(24)]
    assert int(np.argmax(hours)) == 20
    assert int(np.argmin(hours)) == 8


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 3599), st.integers(1, 3599))
def test_a_burst_runs_for_its_share_of_the_time(offset_s, lasts_s):
    burst = Burst("db", 1.0, period_s=3600.0, offset_s=offset_s, lasts_s=lasts_s)
    running = [burst.running(MIDNIGHT + timedelta(seconds=second)) for second in range(7200)]
    assert sum(running) == 2 * lasts_s
    assert running[offset_s]
