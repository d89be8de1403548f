"""A metrics frame told the other way round: as the counters, histograms and gauges it was read from.

What `rate` and `histogram_quantile` give of them is the frame again: exactly for requests, errors
and CPU, and to the width of a bucket for the 95 % quantile.
"""

import numpy as np

BUCKETS = (0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Upper bounds in seconds; one more is +Inf."""

DURATION, MEMORY = "http_request_duration_seconds_bucket", "process_resident_memory_bytes"


class Exposed:
    """Keeps the running totals, so that a long frame can be told in pieces, in order of time."""

    def __init__(self, step_s, buckets=BUCKETS):
        self.step_s, self.buckets = step_s, buckets
        self._totals = {}

    def series(self, frame):
        """Yield (labels, times in ms, values) of every series of a piece."""
        times = frame.index.as_unit("ms").asi8
        values, services = frame.to_numpy(), {}
        for place, (service, metric) in enumerate(frame.columns):
            services.setdefault(service, {})[metric] = values[:, place]
        for service, told in services.items():
            for name, labels, gained in self._counters(told):
                named = {"__name__": name, "service": service, **labels}
                yield named, times, self._counted(tuple(named.values()), gained)
            yield {"__name__": MEMORY, "service": service}, times, told["memory"]

    def _counters(self, told):
        requests = np.nan_to_num(told["request_rate"]) * self.step_s
        failed = np.nan_to_num(told["error_ratio"]) * requests
        yield "http_requests_total", {"code": "200"}, requests - failed
        yield "http_requests_total", {"code": "500"}, failed
        below = 1 - 0.05 ** (np.array(self.buckets)[:, None] / told["latency_p95"])
        for bound, share in zip((*map(str, self.buckets), "+Inf"), (*below, 1.0), strict=True):
            yield DURATION, {"le": bound}, requests * np.nan_to_num(share)
        yield "process_cpu_seconds_total", {}, np.nan_to_num(told["cpu"]) * self.step_s

    def _counted(self, key, gained):
        counted = self._totals.get(key, 0.0) + np.cumsum(gained)
        self._totals[key] = counted[-1]
        return counted
