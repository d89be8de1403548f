"""What prometheus-api-client's objects hold, in our terms: its connection, its series.

Nothing of it is imported: its objects are known by what they have.

References
----------
https://github.com/4n4nd/prometheus-api-client-python
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from aiops.clients.prometheus.auth import Auth
from aiops.clients.prometheus.series import NAME, Grid, RawSeries, Table
from aiops.clients.prometheus.tls import Tls
from aiops.types import InvalidInput, NotEnoughData

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    import pandas as pd

_MS = 1_000
_OWN_COLUMNS = {"timestamp", "value"}
_MOST_GAPS = 1_000
"""Times are taken as those of one grid if it has at most so many times their number."""


def connection_options(connection: Any) -> dict[str, Any]:
    """Return the parameters of the `PrometheusClient` that reads what `connection` does.

    Raises
    ------
    InvalidInput
        If `connection` is no ``PrometheusConnect``, or uses what cannot be taken over.
    """
    session = getattr(connection, "_session", None)
    if session is None or not hasattr(connection, "url"):
        raise InvalidInput(f"a PrometheusConnect is wanted, not a {type(connection).__name__}")
    if session.proxies:
        raise InvalidInput("a PrometheusConnect's own proxy is not taken over; set HTTPS_PROXY")
    options = {
        "url": connection.url,
        "headers": dict(connection.headers or {}),
        "auth": _auth(connection.auth),
        "tls": _tls(session.verify, session.cert),
    }
    timeout_s = connection._timeout  # noqa: SLF001  it has no other name
    return options if timeout_s is None else options | {"timeout_s": float(timeout_s)}


def _auth(auth: Any) -> Auth | None:
    if auth is None:
        return None
    if isinstance(auth, tuple):
        return Auth(basic=auth)
    if type(auth).__name__ == "HTTPBasicAuth":  # others have a user and password, too
        return Auth(basic=(auth.username, auth.password))
    raise InvalidInput(
        f"the authentication {type(auth).__name__} of a PrometheusConnect is not taken over; "
        "give PrometheusClient an Auth"
    )


def _tls(verify: bool | str, cert: str | tuple[str, str] | None) -> Tls | None:
    """Return what requests' ``verify`` and ``cert`` say."""
    files = (cert, None) if isinstance(cert, str) else cert or (None, None)
    cert_file, key_file = (None if name is None else Path(name) for name in files)
    ca_file = Path(verify) if isinstance(verify, str) else None
    tls = Tls(ca_file=ca_file, cert_file=cert_file, key_file=key_file, verify=bool(verify))
    return None if tls == Tls() else tls


def frame_of(objects: Any, step_s: float | None = None) -> pd.DataFrame:
    """Return what prometheus-api-client gave as the frame that `query_range` gives.

    Parameters
    ----------
    objects : MetricsList, Metric, MetricRangeDataFrame, MetricSnapshotDataFrame, or list of dict
        The lists are those of ``custom_query_range``, ``get_metric_range_data`` and their like.
    step_s : float, optional
        Seconds from one time to the next; the largest step that meets all times when left out.

    Returns
    -------
    DataFrame
        As of `PrometheusClient.query_range`, from the first time that has a value to the last.

    Raises
    ------
    InvalidInput
        If `objects` are of another kind, or their times are not a step apart.
    NotEnoughData
        If there is no value in them.

    Examples
    --------
    >>> up = {"metric": {"__name__": "up"}, "values": [[0, "1"], [30, "0"], [45, "1"]]}
    >>> frame_of([up]).iloc[:, 0].tolist()
    [1.0, nan, 0.0, 1.0]
    """
    series = list(_series(objects))
    table = Table(_grid([one.times for one in series], step_s))
    for one in series:
        table.row(one.labels)[table.grid.places(one.times)] = one.samples
    return table.frame()


def _series(objects: Any) -> Iterator[RawSeries]:
    if hasattr(objects, "metric_values"):
        yield _of_metric(objects)
    elif hasattr(objects, "groupby"):
        yield from _of_frame(objects)
    elif isinstance(objects, dict):
        yield _of_document(objects)
    elif isinstance(objects, list | tuple):
        for each in objects:
            yield from _series(each)
    else:
        raise InvalidInput(
            f"a {type(objects).__name__} is none of prometheus-api-client's series; give what its "
            "queries return, a MetricsList, a Metric, or one of its frames"
        )


def _of_document(document: Mapping[str, Any]) -> RawSeries:
    try:
        pairs = document["values"] if "values" in document else [document["value"]]
        seconds = np.array([time for time, _ in pairs], dtype=np.float64)
        values = np.array([float(value) for _, value in pairs], dtype=np.float64)
        return RawSeries(dict(document["metric"]), _milliseconds(seconds), values)
    except (KeyError, TypeError, ValueError):
        raise InvalidInput(
            "a series of prometheus-api-client has 'metric' and 'values' (or 'value'), as pairs of "
            f"time and number; this one has {sorted(map(str, document))}"
        ) from None


def _of_metric(metric: Any) -> RawSeries:
    name = {NAME: metric.metric_name} if metric.metric_name else {}
    times, values = (metric.metric_values[column].to_numpy() for column in ("ds", "y"))
    return RawSeries({**name, **metric.label_config}, _milliseconds(times), _float(values))


def _of_frame(frame: Any) -> Iterator[RawSeries]:
    """Return the series of a long frame: a column per label, and ``timestamp`` and ``value``."""
    import pandas as pd

    columns = {name: frame[name].to_numpy() for name in frame.columns}
    columns.setdefault("timestamp", frame.index.to_numpy())
    if "value" not in columns:
        raise InvalidInput(
            f"a frame of prometheus-api-client has a column value; this one has {[*columns]}"
        )
    labels = [name for name in columns if name not in _OWN_COLUMNS]
    plain = pd.DataFrame(columns)
    groups = plain.groupby(labels, dropna=False, sort=False) if labels else [((), plain)]
    for key, rows in groups:
        pairs = zip(labels, key, strict=True)
        own = {name: value for name, value in pairs if isinstance(value, str) and value}
        times = _milliseconds(rows["timestamp"].to_numpy())
        yield RawSeries(own, times, _float(rows["value"].to_numpy()))


def _float(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float64)


def _milliseconds(times: np.ndarray) -> np.ndarray:
    """Return int64 milliseconds of seconds, or of times without a zone, which are in UTC."""
    if times.dtype.kind == "M":
        times = times.astype("datetime64[ns]").astype(np.int64) / 1e9
    if times.dtype.kind not in "iuf":
        raise InvalidInput(
            "the times of prometheus-api-client's objects must be seconds, or UTC without a zone; "
            "take the zone off with tz_convert(None)"
        )
    milliseconds: np.ndarray = np.rint(times * _MS).astype(np.int64)
    return milliseconds


def _grid(times: Iterable[np.ndarray], step_s: float | None) -> Grid:
    """Return the grid that all `times` are on."""
    seen = np.unique(np.concatenate([np.empty(0, np.int64), *times]))
    if not len(seen):
        raise NotEnoughData("prometheus-api-client's objects hold no value; check the query")
    gaps = np.diff(seen)
    step = round(step_s * _MS) if step_s is not None else int(np.gcd.reduce(gaps)) or 1
    points = (int(seen[-1]) - int(seen[0])) // max(step, 1) + 1
    if step < 1 or (gaps % step).any() or points > _MOST_GAPS * len(seen):
        raise InvalidInput(
            f"the times of prometheus-api-client's objects are not {step / _MS:g} s apart; query "
            "them with a step, which puts all series on the same times"
        )
    return Grid(int(seen[0]), step, points)
