"""Quantiles of many histograms at once against a loop over the buckets of one."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aiops.collectors.raw.quantiles import histogram_quantile, quantiles
from aiops.types import InvalidInput
from tests import naive_prometheus

COUNTS = st.one_of(st.floats(0, 1e6), st.sampled_from([0.0, 0.0, math.nan]))
UPPERS = st.lists(st.sampled_from([-1.0, 0.0, 0.1, 0.5, 1.0, 10.0]), unique=True, max_size=5)
QS = st.one_of(st.floats(0, 1), st.sampled_from([-0.1, 0.0, 1.0, 1.1, math.nan]))


@settings(deadline=None, max_examples=300)
@given(st.data(), UPPERS, st.booleans(), QS)
def test_every_histogram_is_what_its_loop_says(data, uppers, has_last, q):
    uppers = np.array(sorted(uppers) + ([math.inf] if has_last or not uppers else []))
    rows = st.lists(COUNTS, min_size=2, max_size=2)
    counts = np.array(data.draw(st.lists(rows, min_size=len(uppers), max_size=len(uppers))))
    found = histogram_quantile(q, uppers, counts)
    for point in range(2):
        twin = naive_prometheus.histogram_quantile(q, zip(uppers, counts[:, point], strict=True))
        np.testing.assert_allclose(found[point], twin, rtol=1e-12)


def labels(service, bounds):
    return [{"service": service, "le": bound} for bound in bounds]


def test_histograms_are_told_apart_by_every_label_but_the_bound():
    series = labels("web", ["0.1", "+Inf"]) + labels("cart", ["+Inf", "1", "0.1"])
    counts = np.array([[2.0], [2.0], [4.0], [4.0], [0.0]])
    names, values = quantiles(0.5, series, counts)
    assert names == ({"service": "cart"}, {"service": "web"})
    np.testing.assert_allclose(values, [[0.55], [0.05]])


def test_two_spellings_of_a_bound_are_one_bucket():
    counts = np.array([[1.0], [3.0], [4.0]])
    _, values = quantiles(0.5, labels("web", ["1", "1.0", "+Inf"]), counts)
    np.testing.assert_allclose(values, [[0.5]])


def test_no_histogram_gives_no_row():
    names, values = quantiles(0.5, [], np.empty((0, 4)))
    assert names == ()
    assert values.shape == (0, 4)


@pytest.mark.parametrize("wrong", [{"le": "many"}, {"service": "web"}])
def test_a_series_without_a_bound_is_named(wrong):
    with pytest.raises(InvalidInput, match="is no bucket"):
        quantiles(0.5, [wrong], np.ones((1, 1)))
