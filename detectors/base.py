"""One detector, two manners: scikit-learn's (fit, score) and a stream's (update).

`StreamingDetector` holds everything that is not a formula: names and order of the series,
parameters, the sign of the scores, and the promise that scoring a frame equals feeding its rows
one by one. A subclass brings the formula. scikit-learn is met by duck typing, never imported.
"""

from __future__ import annotations

import abc
import copy
import inspect
from typing import TYPE_CHECKING, Any, Self

import numpy as np
import pandas as pd

from aiops.types import InvalidInput, InvalidMetrics, as_metrics
from detectors.frames import as_frame, metric_ids, series_ids

if TYPE_CHECKING:
    from numpy.typing import NDArray


class StreamingDetector(abc.ABC):
    """Base of the detectors that score each series on its own.

    A subclass stores its parameters unchanged in ``__init__`` and implements four methods on
    float64 arrays of shape (rows, series). It must rebind its state and never write into an
    array it holds: `anomaly_score` works on a shallow copy, which is why it changes nothing.

    Attributes
    ----------
    n_features_in_ : int
        Number of series.
    feature_names_in_ : array of str, (n_features_in_,)
        The series as ``service/metric``; a plain column ``cpu`` is ``cpu/value``.
    """

    n_features_in_: int
    feature_names_in_: NDArray[np.object_]
    _ids: pd.MultiIndex | None = None
    # The last labels a row came with and where each known series stands in them.
    _last: tuple[pd.Index[Any], NDArray[np.intp]] | None = None

    @abc.abstractmethod
    def _check_params(self) -> None:
        """Raise `InvalidInput` if a parameter is impossible."""

    @abc.abstractmethod
    def _reset(self, width: int) -> None:
        """Forget everything and expect `width` series."""

    @abc.abstractmethod
    def _learn(self, values: NDArray[np.float64]) -> None:
        """Take all rows in as what is normal."""

    @abc.abstractmethod
    def _take(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Score the rows one after the other, taking each in after it is scored."""

    def fit(self, X: pd.DataFrame | NDArray[Any], y: object = None) -> Self:  # noqa: ARG002  scikit-learn's signature
        """Forget what was known and learn what is normal from `X`.

        Parameters
        ----------
        X : DataFrame or array, (rows, series)
            A metrics frame, a plain numeric frame or a numeric array; NaN = missing.
        y : object
            Ignored.

        Raises
        ------
        InvalidInput
            If a parameter of the detector is impossible.
        InvalidMetrics
            If `X` breaks a rule of `aiops.types.check_metrics`.
        """
        self._check_params()
        frame = as_metrics(as_frame(X))
        self._bind(series_ids(frame.columns))
        self._learn(frame.to_numpy())
        return self

    def anomaly_score(self, X: pd.DataFrame | NDArray[Any]) -> pd.DataFrame:
        """Return what `update` would say row after row from here on; the detector stays as it is.

        Parameters
        ----------
        X : DataFrame or array, (rows, series)
            As for `fit`, in any order of columns.

        Returns
        -------
        DataFrame
            Scores with the index and columns of `X` (of an array: 0, 1, 2, …): ≥ 0, never
            infinite, higher is stranger, NaN while warming up and where a sample is missing.

        Raises
        ------
        InvalidMetrics
            If `X` breaks a rule of `aiops.types.check_metrics`, or its columns are not those
            that the detector has learned.
        """
        given = as_frame(X)
        frame = as_metrics(given)
        twin = copy.copy(self)
        scores = twin._score_rows(series_ids(frame.columns), frame.to_numpy())  # noqa: SLF001  its own class
        return pd.DataFrame(scores, index=given.index, columns=given.columns)

    def score_samples(self, X: pd.DataFrame | NDArray[Any]) -> NDArray[np.float64]:
        """Return one score per row in scikit-learn's sign: the **lower**, the more abnormal.

        It is minus the row's highest `anomaly_score`; NaN where no series has one.

        Returns
        -------
        array, (rows,)
        """
        scores = self.anomaly_score(X).to_numpy()
        result: NDArray[np.float64] = -np.fmax.reduce(scores, axis=1)
        return result

    def update(self, row: pd.Series[float]) -> pd.Series[float]:
        """Score one row of samples and take it in.

        Parameters
        ----------
        row : Series, (series,)
            Labelled as the columns of a frame are, in any order; NaN = missing.

        Returns
        -------
        Series
            Scores with the labels of `row`.

        Raises
        ------
        InvalidMetrics
            If the labels are not those that the detector knows, or a sample is infinite or
            no number.
        """
        values = _samples(row)
        if self._last is not None and row.index.equals(self._last[0]):
            order = self._last[1]
            scores = np.empty_like(values)
            scores[order] = self._take(values[None, order])[0]
        else:
            ids = series_ids(row.index)
            scores = self._score_rows(ids, values[None, :])[0]
            self._last = row.index, self._order(ids)
        return pd.Series(scores, index=row.index, name=row.name)

    def get_params(self, deep: bool = True) -> dict[str, Any]:  # noqa: ARG002  scikit-learn's signature
        """Return the parameters as they were given; `deep` is ignored, none of them nests."""
        return {name: getattr(self, name) for name in inspect.signature(type(self)).parameters}

    def set_params(self, **params: Any) -> Self:
        """Set parameters by name.

        Raises
        ------
        InvalidInput
            If a name is no parameter of this detector.
        """
        known = self.get_params()
        for name, value in params.items():
            if name not in known:
                raise InvalidInput(
                    f"{type(self).__name__} has no parameter {name!r}; it has {', '.join(known)}"
                )
            setattr(self, name, value)
        return self

    def __repr__(self) -> str:
        shown = ", ".join(f"{name}={value!r}" for name, value in self.get_params().items())
        return f"{type(self).__name__}({shown})"

    def _bind(self, ids: pd.MultiIndex) -> None:
        self._ids, self._last = ids, None
        self.n_features_in_ = len(ids)
        self.feature_names_in_ = np.array([str(name) for name in metric_ids(ids)], dtype=object)
        self._reset(len(ids))

    def _score_rows(self, ids: pd.MultiIndex, values: NDArray[np.float64]) -> NDArray[np.float64]:
        if self._ids is None:
            self._check_params()
            self._bind(ids)
        order = self._order(ids)
        scores = np.empty_like(values)
        scores[:, order] = self._take(values[:, order])
        return scores

    def _order(self, ids: pd.MultiIndex) -> NDArray[np.intp]:
        """Return where in `ids` each known series stands."""
        if self._ids is None or ids.equals(self._ids):
            return np.arange(len(ids))
        unknown, missing = ids.difference(self._ids), self._ids.difference(ids)
        if len(unknown):
            raise InvalidMetrics(
                f"column {_named(unknown)} is unknown to this detector; drop it or fit again"
            )
        if len(missing):
            raise InvalidMetrics(
                f"column {_named(missing)} is missing; give NaN where there is no sample"
            )
        return ids.get_indexer(self._ids)


def check_count(name: str, value: object, least: int) -> None:
    """Raise `InvalidInput` unless `value` is a whole number of at least `least`."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or value < least:
        raise InvalidInput(f"{name} is a whole number ≥ {least}, not {value!r}")


def check_between(name: str, value: float, low: float, high: float) -> None:
    """Raise `InvalidInput` unless low < `value` < high."""
    if not low < value < high:
        raise InvalidInput(f"{name} lies between {low:g} and {high:g}, not at {value!r}")


def _named(ids: pd.MultiIndex) -> str:
    first = metric_ids(ids)[0]
    return str(first) if len(ids) == 1 else f"{first} (and {len(ids) - 1} more)"


def _samples(row: pd.Series[float]) -> NDArray[np.float64]:
    """Return the samples of a row as a new array, so that the caller may reuse the row's."""
    if not isinstance(row, pd.Series):
        raise InvalidMetrics(f"a row is a pandas Series, not {type(row).__name__}")
    if not (pd.api.types.is_integer_dtype(row.dtype) or pd.api.types.is_float_dtype(row.dtype)):
        raise InvalidMetrics(f"the row holds {row.dtype}, not numbers; convert it")
    values = np.array(row.to_numpy(dtype=np.float64, na_value=np.nan), dtype=np.float64)
    infinite = np.isinf(values)
    if infinite.any():
        name = row.index[int(infinite.argmax())]
        raise InvalidMetrics(f"{name!r} is infinite; use NaN for a missing sample")
    return values
