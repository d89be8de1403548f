"""Prometheus' JSON answers: samples of an instant, series of a range, lists of names."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.clients.prometheus.extra import load
from aiops.clients.prometheus.histograms import Histograms, read_document
from aiops.clients.prometheus.samples import Samples
from aiops.clients.prometheus.series import RawSeries, moment
from aiops.types import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

    from aiops.clients.prometheus.histograms import NativeHistogram

_FAR_S = 1e14


@dataclass(frozen=True, slots=True)
class Sample:
    """One value of one series at one time; a scalar has no labels.

    Where the value is a native histogram it is in `histogram`, and `value` is NaN.
    """

    labels: Mapping[str, str]
    time: datetime
    value: float
    histogram: NativeHistogram | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What Prometheus says: its data, what it warns of (a part may be missing), and what it remarks.

    Only Prometheus 3 makes remarks: that what is rated may be no counter, and the like.
    """

    data: Any
    warnings: tuple[str, ...] = ()
    infos: tuple[str, ...] = ()


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
    said = (tuple(map(str, document.get(name) or ())) for name in ("warnings", "infos"))
    return Answer(document.get("data"), *said)


def read_samples(data: Any) -> tuple[Sample, ...]:
    """Return the samples of an instant query: a vector's in its order, or a scalar's only one.

    Raises
    ------
    InvalidInput
        If the result is of another type.
    """
    if data["resultType"] == "scalar":
        return (_sample({}, data["result"]),)
    _check_type(data, "vector")
    return tuple(_vector_sample(each) for each in data["result"])


def read_matrix(data: Any) -> tuple[RawSeries, ...]:
    """Return the series of a range query; a list of samples may be `Samples` already.

    Raises
    ------
    InvalidInput
        If the result is of another type.
    """
    _check_type(data, "matrix")
    return tuple(_series(each) for each in data["result"])


def whole_milliseconds(seconds: np.ndarray) -> np.ndarray:
    """Return times in int64 milliseconds.

    Raises
    ------
    ValueError
        If one is none, or thousands of years away.
    """
    if not (np.abs(seconds) < _FAR_S).all():
        raise ValueError("a sample has no possible time")
    milliseconds: np.ndarray = np.rint(seconds * 1000).astype(np.int64)
    return milliseconds


def _check_type(data: Any, wanted: str) -> None:
    if data["resultType"] != wanted:
        raise InvalidInput(
            f"the expression gives a {data['resultType']}, not a {wanted}; "
            "query an instant vector, such as rate(name[5m])"
        )


def _sample(labels: Mapping[str, str], pair: Any) -> Sample:
    time_s, text = pair
    return Sample(label_set(labels), moment(round(time_s * 1000)), float(text))


def label_set(told: Any) -> dict[str, str]:
    """Return the labels of a series.

    Raises
    ------
    ValueError, AttributeError
        If `told` is no object whose values are texts.
    """
    if not all(isinstance(value, str) for value in told.values()):
        raise ValueError("the value of a label is no text")
    return dict(told)


def _vector_sample(each: Any) -> Sample:
    if "histogram" not in each:
        return _sample(each["metric"], each["value"])
    time_s, document = each["histogram"]
    return Sample(
        label_set(each["metric"]), moment(round(time_s * 1000)), math.nan, read_document(document)
    )


def _series(each: Any) -> RawSeries:
    pairs = each.get("values", ())
    samples = pairs if isinstance(pairs, Samples) else _samples(pairs)
    histograms = each.get("histograms")
    if not ("values" in each or histograms):
        raise ValueError("a series has neither values nor histograms")
    return RawSeries(label_set(each["metric"]), *samples, _histograms(histograms or ()))


def _samples(pairs: Sequence[Any]) -> Samples:
    seconds = np.fromiter((time for time, _ in pairs), np.float64, len(pairs))
    values = np.fromiter((float(text) for _, text in pairs), np.float64, len(pairs))
    return Samples(whole_milliseconds(seconds), values)


def _histograms(pairs: Sequence[Any]) -> Histograms:
    seconds = np.fromiter((time for time, _ in pairs), np.float64, len(pairs))
    each = tuple(read_document(document) for _, document in pairs)
    return Histograms(whole_milliseconds(seconds), each)
