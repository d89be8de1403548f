"""Slow, obvious twins of the fast algorithms: plain loops, written from the definitions.

Tests hold the fast ones against these. Nothing here is imported by the toolkit.
"""

import math
import statistics
from itertools import pairwise

import networkx as nx
import numpy as np
from scipy import stats


def robust_baseline(samples, floor, *, tails=True):
    """Return (center, scale) of one series as `detectors.baseline` defines them."""
    present = [x for x in samples if not math.isnan(x)]
    if not present:
        return math.nan, math.nan
    center = statistics.median(present)
    if max(present) == min(present):
        return center, 0.0
    mad = statistics.median(abs(x - center) for x in present)
    std = statistics.pstdev(present)
    low, high = (float(np.quantile(present, q)) for q in (0.05, 0.95))
    tail = max(high - center, center - low) if tails else 0.0
    spread = max(present) - min(present)
    return center, max(1.4826 * mad, tail / 1.645, 0.3 * std, floor * spread)


def capped_distance(x, center, scale, cap):
    """Return |x - center| / scale, at most `cap`; 0 on the centre, NaN where x is missing."""
    if math.isnan(x) or math.isnan(center):
        return math.nan
    if x == center:
        return 0.0
    return cap if scale == 0 else min(abs(x - center) / scale, cap)


def ewma_scores(samples, alpha, warmup, cap):
    """Score one series against weighted sums over its whole past, taken anew at every sample."""
    scores, past = [], []
    for x in samples:
        if math.isnan(x) or len(past) < warmup:
            scores.append(math.nan)
        else:
            weights = _gains_as_weights(len(past), alpha)
            mean = sum(w * p for w, p in zip(weights, past, strict=True))
            var = sum(w * (p - mean) ** 2 for w, p in zip(weights, past, strict=True))
            constant = min(past) == max(past)
            scores.append(
                capped_distance(x, past[0], 0.0, cap)
                if constant
                else capped_distance(x, mean, math.sqrt(var), cap)
            )
        if not math.isnan(x):
            past.append(x)
    return scores


def _gains_as_weights(count, alpha):
    """Return the weight of each of `count` samples when the n-th is blended with max(alpha, 1/n)."""
    weights = []
    for n in range(1, count + 1):
        gain = max(alpha, 1 / n)
        weights = [w * (1 - gain) for w in weights] + [gain]
    return weights


def hysteresis(scores, level, min_points, release):
    """Return (first, last, peak) of every anomaly in one series, by a state machine."""
    found, streak, current = [], [], None
    for place, score in enumerate(scores):
        if math.isnan(score):
            continue
        if current is not None:
            if score < release * level:
                found.append(current)
                current, streak = None, []
            else:
                current = (current[0], place, max(current[2], score))
            continue
        streak = [*streak, (place, score)] if score >= level else []
        if len(streak) == min_points:
            current = (streak[0][0], place, max(peak for _, peak in streak))
    return found if current is None else [*found, current]


def change_verdict(values, min_before, min_after, limit=10.0, max_phi=0.99):
    """Return split → mean gain of the ⌈√series⌉ series that gain most, by least squares each."""
    splits = range(min_before, len(values) - min_after + 1)
    gains = []
    for samples in np.asarray(values, dtype=float).T:
        center, scale = robust_baseline(samples.tolist(), 1e-3, tails=False)
        if not scale > 0:
            continue
        z = np.clip((samples - center) / scale, -limit, limit)
        white = [_shift_gain(z, split, 0.0) for split in splits]
        best = splits[int(np.argmax(white))]
        phi = _autocorrelation_around(z, best, max_phi)
        gains.append([_shift_gain(z, split, phi) for split in splits])
    count = math.ceil(math.sqrt(len(gains)))
    return {
        split: statistics.fmean(sorted((row[i] for row in gains), reverse=True)[:count])
        for i, split in enumerate(splits)
    }


def _autocorrelation_around(z, split, max_phi):
    residual = []
    for place, x in enumerate(z):
        side = z[split:] if place >= split else z[:split]
        residual.append(0.0 if math.isnan(x) else x - float(np.nanmean(side)))
    power = sum(r * r for r in residual)
    if power == 0:
        return 0.0
    covariance = sum(a * b for a, b in pairwise(residual))
    return min(max(covariance / power, 0.0), max_phi)


def _shift_gain(z, split, phi):
    """Return half the drop in residual squares, in units of the innovations' variance."""
    step = [1.0 if place >= split else 0.0 for place in range(len(z))]
    rows = []
    for place, x in enumerate(z):
        if math.isnan(x):
            continue
        if place > 0 and not math.isnan(z[place - 1]):
            rows.append((x - phi * z[place - 1], 1 - phi, step[place] - phi * step[place - 1]))
        else:
            fresh = math.sqrt(1 - phi * phi)
            rows.append((fresh * x, fresh, fresh * step[place]))
    y, level, shift = np.array(rows).T
    without = _residual_squares(y, level[:, None])
    with_shift = _residual_squares(y, np.column_stack([level, shift]))
    return (without - with_shift) / (2 * (1 - phi * phi))


def _residual_squares(y, regressors):
    fit, *_ = np.linalg.lstsq(regressors, y, rcond=1e-10)
    return float(((y - regressors @ fit) ** 2).sum())


def quantile(samples, q):
    """Return the `q` quantile of what is present, linear between neighbours; NaN of nothing."""
    present = sorted(x for x in samples if not math.isnan(x))
    if not present:
        return math.nan
    place = q * (len(present) - 1)
    low = math.floor(place)
    high = min(low + 1, len(present) - 1)
    return present[low] + (place - low) * (present[high] - present[low])


def granger(values, lags):
    """Return (gain, p_value) of every ordered pair, two least-squares fits each; row = cause."""
    rows, n = values.shape
    gain, p_value = np.zeros((n, n)), np.ones((n, n))
    freedom = rows - 3 * lags - 1
    for effect in range(n):
        own = np.column_stack([np.ones(rows - lags), _past(values[:, effect], lags)])
        without = _residual_squares(values[lags:, effect], own)
        for cause in range(n):
            if cause == effect or without == 0:
                continue
            both = np.column_stack([own, _past(values[:, cause], lags)])
            with_cause = _residual_squares(values[lags:, effect], both)
            explained = without - with_cause
            gain[cause, effect] = explained / without
            f = (explained / lags) / (with_cause / freedom)
            p_value[cause, effect] = stats.f.sf(f, lags, freedom)
    return gain, p_value


def _past(samples, lags):
    return np.column_stack([samples[lags - k : len(samples) - k] for k in range(1, lags + 1)])


def blame(weights, restart, alpha):
    """Return networkx's personalised PageRank on the graph with every arrow turned round."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(restart)))
    for cause, row in enumerate(weights):
        for effect, weight in enumerate(row):
            if weight > 0:
                graph.add_edge(effect, cause, weight=weight)
    start = restart if sum(restart) > 0 else [1.0] * len(restart)
    share = nx.pagerank(
        graph, alpha, personalization=dict(enumerate(start)), tol=1e-12, max_iter=2000
    )
    return [share[node] for node in range(len(restart))]


def window_sizes(z, split):
    """Return the 90 % quantile of |z| in half-overlapping windows before `split` and after it."""
    length = max(min(len(z) - split, split // 4), 1)
    starts = range(0, split - length + 1, max(length // 2, 1))
    windows = [z[start : start + length] for start in starts] + [z[split:]]
    sizes = [quantile([abs(x) for x in window], 0.9) for window in windows]
    return [0.0 if math.isnan(size) else size for size in sizes]


def family_contrast(strengths, metrics, least, share, unnamed):
    """Subtract from one window's strengths what is common to each metric's family."""
    result = []
    for strength, metric in zip(strengths, metrics, strict=True):
        family = [s for s, other in zip(strengths, metrics, strict=True) if other == metric]
        alone = metric == unnamed or len(family) < least
        result.append(strength if alone else max(strength - quantile(family, share), 0.0))
    return result


def service_strength(strengths, credits_of_service, top):
    """Return the strangeness of one service in one window: half the top, half the top few."""
    credited = [s * c for s, c in zip(strengths, credits_of_service, strict=True) if c > 0]
    if not credited:
        return 0.0
    best = sorted(credited, reverse=True)[:top]
    return 0.5 * best[0] + 0.5 * statistics.fmean(best)
