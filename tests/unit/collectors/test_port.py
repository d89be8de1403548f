"""A window is two moments with a zone, in order."""

from datetime import UTC, datetime

import pytest

from aiops.collectors.port import check_window
from aiops.errors import InvalidInput

T0 = datetime(2026, 11, 22, tzinfo=UTC)
NAIVE = datetime(2026, 11, 22)  # noqa: DTZ001  that is what is tried


def test_a_window_may_be_empty():
    check_window(T0, T0)


@pytest.mark.parametrize(("start", "end"), [(NAIVE, T0), (T0, NAIVE)])
def test_a_time_without_a_zone_is_refused(start, end):
    with pytest.raises(InvalidInput, match="no time zone"):
        check_window(start, end)
