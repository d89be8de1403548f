"""From columns of slots to pixels: where the boxes stand and which way the arrows take."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING

from aiops.reports.layers import Bend

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from aiops.reports.layers import Pair, Slot

NODE_WIDTH, NODE_HEIGHT = 156.0, 46.0
MARGIN = 6.0
BACK_DIP = 30.0
"""How far an arrow that closes a cycle hangs below the boxes."""

_GAP_ACROSS, _GAP_DOWN, _BEND_HEIGHT = 58.0, 18.0, 10.0
_PORT_GAP, _PORT_ROOM = 9.0, 32.0


@dataclass(frozen=True, slots=True)
class Spot:
    """Where a slot stands: its left and right end and the height of its middle."""

    left: float
    right: float
    middle: float


@dataclass(frozen=True, slots=True)
class Route:
    """SVG path data of an arrow and the place of the label on it."""

    path: str
    label_x: float
    label_y: float


def place_slots(columns: Sequence[Sequence[Slot]]) -> dict[Slot, Spot]:
    """Return the spot of each slot: columns from left to right, each centred in height."""
    heights = [_column_height(column) for column in columns]
    spots: dict[Slot, Spot] = {}
    for at, (column, height) in enumerate(zip(columns, heights, strict=True)):
        left = MARGIN + at * (NODE_WIDTH + _GAP_ACROSS)
        top = MARGIN + (max(heights) - height) / 2
        for slot in column:
            own = _slot_height(slot)
            spots[slot] = Spot(left, left + NODE_WIDTH, top + own / 2)
            top += own + _GAP_DOWN
    return spots


def routes_right(
    chains: Mapping[Pair, Sequence[Slot]], spots: Mapping[Slot, Spot]
) -> dict[Pair, Route]:
    """Return the routes of the arrows from left to right, each through the slots of its chain.

    Arrows that share a side of a box leave and enter it at ports of their own, ordered so that
    they do not cross there.
    """
    leave = _ports({pair: (slots[0], spots[slots[1]].middle) for pair, slots in chains.items()})
    enter = _ports({pair: (slots[-1], spots[slots[-2]].middle) for pair, slots in chains.items()})
    return {
        pair: _through([spots[slot] for slot in slots], leave[pair], enter[pair])
        for pair, slots in chains.items()
    }


def route_back(cause: Spot, effect: Spot) -> Route:
    """Return the route of an arrow that closes a cycle: below both boxes, from right to left."""
    start_x, end_x = cause.left + NODE_WIDTH * 0.4, effect.left + NODE_WIDTH * 0.6
    start_y, end_y = cause.middle + NODE_HEIGHT / 2, effect.middle + NODE_HEIGHT / 2
    low = max(start_y, end_y) + BACK_DIP
    path = f"M{start_x:g} {start_y:g}C{start_x:g} {low:g} {end_x:g} {low:g} {end_x:g} {end_y:g}"
    return Route(path, (start_x + end_x) / 2, (start_y + end_y) / 8 + low * 0.75)


def _column_height(column: Sequence[Slot]) -> float:
    return sum(_slot_height(slot) for slot in column) + _GAP_DOWN * (len(column) - 1)


def _slot_height(slot: Slot) -> float:
    return _BEND_HEIGHT if isinstance(slot, Bend) else NODE_HEIGHT


def _ports(ends: Mapping[Pair, tuple[Slot, float]]) -> dict[Pair, float]:
    """Return how far above (< 0) or below the middle of its box each arrow meets it.

    `ends` gives for each arrow the box and the height at which the arrow's next slot stands.
    """
    sides: dict[Slot, list[Pair]] = {}
    for pair in sorted(ends, key=lambda pair: (ends[pair][1], pair)):
        sides.setdefault(ends[pair][0], []).append(pair)
    return {
        pair: offset
        for pairs in sides.values()
        for pair, offset in zip(pairs, _spread(len(pairs)), strict=True)
    }


def _spread(count: int) -> Iterable[float]:
    gap = min(_PORT_GAP, _PORT_ROOM / max(count - 1, 1))
    return ((at - (count - 1) / 2) * gap for at in range(count))


def _through(spots: Sequence[Spot], leave: float, enter: float) -> Route:
    """Return the route through `spots`: curves between columns, level lines within them."""
    heights = [spot.middle for spot in spots]
    heights[0] += leave
    heights[-1] += enter
    pieces = [f"M{spots[0].right:g} {heights[0]:g}"]
    for (before, y), (after, next_y) in pairwise(zip(spots, heights, strict=True)):
        half = (before.right + after.left) / 2
        pieces.append(f"C{half:g} {y:g} {half:g} {next_y:g} {after.left:g} {next_y:g}")
        if after is not spots[-1]:
            pieces.append(f"H{after.right:g}")
    middle = len(spots) // 2
    if len(spots) > 2:
        label = ((spots[middle].left + spots[middle].right) / 2, heights[middle])
    else:
        label = ((spots[0].right + spots[1].left) / 2, (heights[0] + heights[1]) / 2)
    return Route("".join(pieces), *label)
