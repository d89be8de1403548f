"""Prometheus' JSON answers: samples of an instant, series of a range, lists of names."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.clients.prometheus.extra import load
from aiops.clients.prometheus.series import NAME, RawSeries, moment
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series at one time; a scalar has no labels."""

    labels: Mapping[str, str]
    time: datetime
    value: float


@dataclass(frozen=True, slots=True)
class Answer:
    """What Prometheus says: its data, and what it warns of (a part of the data may be missing)."""

    data: Any
    warnings: tuple[str, ...] = ()


def read_answer(body: bytes) -> Answer:
    """Return what is in the envelope of an answer.

    Raises
    ------
    ValueError
        If `body` is no JSON, or has another shape than Prometheus' answers.
    """
    document = load("orjson").loads(body)
    if not isinstance(document, dict) or document.get("status") != "success":
        raise ValueError("the answer has not the shape of Prometheus' answers")
    return Answer(document.get("data"), tuple(map(str, document.get("warnings") or ())))


def read_samples(data: Any) -> tuple[Sample, ...]:
    """Return the samples of an instant query: a vector's in its order, or a scalar's only one.

    Raises
    ------
    InvalidInput
        If the result is of another type, or a native histogram.
    """
    if data["resultType"] == "scalar":
        return (_sample({}, data["result"]),)
    _check_type(data, "vector")
    return tuple(_sample(each["metric"], _plain(each, "value")) for each in data["result"])


def read_matrix(data: Any) -> tuple[RawSeries, ...]:
    """Return the series of a range query.

    Raises
    ------
    InvalidInput
        If the result is of another type, or holds native histograms.
    """
    _check_type(data, "matrix")
    return tuple(_series(each["metric"], _plain(each, "values")) for each in data["result"])


def _check_type(data: Any, wanted: str) -> None:
    if data["resultType"] != wanted:
        raise InvalidInput(
            f"the expression gives a {data['resultType']}, not a {wanted}; "
            "query an instant vector, such as rate(name[5m])"
        )


def _plain(series: Any, key: str) -> Any:
    """Return what is under `key`: there is a histogram beside it or instead in a native one."""
    if "histogram" in series or "histograms" in series:
        raise InvalidInput(
            f"{series['metric'].get(NAME) or 'the result'} is a native histogram; "
            "wrap the expression in histogram_quantile(…) or histogram_count(…)"
        )
    return series[key]


def _sample(labels: Mapping[str, str], pair: Any) -> Sample:
    time_s, text = pair
    return Sample(dict(labels), moment(round(time_s * 1000)), float(text))


def _series(labels: Mapping[str, str], pairs: Any) -> RawSeries:
    seconds = np.fromiter((time for time, _ in pairs), np.float64, len(pairs))
    values = np.fromiter((float(text) for _, text in pairs), np.float64, len(pairs))
    return RawSeries(dict(labels), np.rint(seconds * 1000).astype(np.int64), values)
