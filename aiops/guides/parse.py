"""Reading a guide: Markdown in, steps out; nothing is guessed from prose.

One form is understood: ``# Title``, then steps under ``## headings``. A heading over a fenced
block marked ``aiops`` is a step for a tool, the block being TOML::

    tool = "workload.restart"
    kind = "write"                       # or "read", which is what a step is unless it says so
    when = "saturation.cpu > 0.9"        # optional
    [arguments]
    service = "{{incident.service}}"

A heading without such a block is a manual step; its prose is kept for the person who does it.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from markdown_it import MarkdownIt

from aiops.guides.graph import connect
from aiops.guides.model import Step, StepKind
from aiops.suggest import did_you_mean
from aiops.types import InvalidGuide

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiops.guides.model import Guide

BLOCK = "aiops"
"""The info string of the blocks that are read."""

_KEYS = ("tool", "kind", "when", "arguments")
_KINDS = (StepKind.READ, StepKind.WRITE)


@dataclass(frozen=True, slots=True)
class _Span:
    """A heading or a block: its text and its lines in the source, `end` exclusive, from 0."""

    text: str
    start: int
    end: int
    tag: str = ""


def parse_guide(text: str, source: str = "guide") -> Guide:
    r"""Read one guide from Markdown; `source` names it in errors.

    Raises
    ------
    InvalidGuide
        If the text is not of the form above; the message says where and how to mend it.

    Examples
    --------
    >>> guide = parse_guide("# Disk full\n## Ask the owner\nWho owns the volume?\n")
    >>> guide.title, guide.steps[0].name, guide.steps[0].kind.value
    ('Disk full', 'ask-the-owner', 'manual')
    """
    lines = re.sub(r"\r\n?", "\n", text).split("\n")
    headings, blocks = _outline(text, source)
    title = _title(headings, source)
    ends = [*headings[1:], _Span("", len(lines), len(lines))]
    first = ends[0].start
    for block in blocks:
        if block.start < first:
            raise InvalidGuide(
                f"{source}:{block.start + 1}: an {BLOCK} block stands before the first "
                "## heading; put a heading above it"
            )
    steps = [
        _step(heading, _inside(blocks, heading, after), lines[heading.end : after.start], source)
        for heading, after in pairwise(ends)
    ]
    if not steps:
        raise InvalidGuide(f"{source}: has no steps; write each under a ## heading")
    return connect(title, steps, source=source)


def _outline(text: str, source: str) -> tuple[list[_Span], list[_Span]]:
    """Return the first- and second-level headings and the aiops blocks."""
    headings, blocks = [], []
    tokens = MarkdownIt().parse(text)
    for place, token in enumerate(tokens):
        if token.map is None:
            continue
        start, end = token.map
        if token.type == "heading_open" and token.tag in ("h1", "h2") and token.level == 0:
            words = " ".join(tokens[place + 1].content.split())
            headings.append(_Span(words, start, end, token.tag))
        elif token.type == "fence" and token.info.split()[:1] == [BLOCK]:
            if token.info.strip() != BLOCK:
                raise InvalidGuide(
                    f"{source}:{start + 1}: the block is marked {token.info.strip()!r}; "
                    f"nothing may follow {BLOCK!r}"
                )
            blocks.append(_Span(token.content, start, end))
    return headings, blocks


def _title(headings: list[_Span], source: str) -> str:
    if not headings or headings[0].tag != "h1" or not headings[0].text:
        line = headings[0].start + 1 if headings else 1
        raise InvalidGuide(f"{source}:{line}: has no title; start the guide with '# Title'")
    for heading in headings[1:]:
        if heading.tag == "h1":
            raise InvalidGuide(
                f"{source}:{heading.start + 1}: has a second title, {heading.text!r}; "
                "make it a ## step or a guide of its own"
            )
    return headings[0].text


def _inside(blocks: list[_Span], heading: _Span, after: _Span) -> list[_Span]:
    return [block for block in blocks if heading.end <= block.start < after.start]


def _step(heading: _Span, blocks: list[_Span], lines: list[str], source: str) -> Step:
    where = f"{source}:{heading.start + 1}: step {heading.text!r}"
    name = re.sub(r"\W+", "-", heading.text.lower()).strip("-")
    if not name:
        raise InvalidGuide(f"{where}: the heading holds no word to name the step by; add one")
    if len(blocks) > 1:
        raise InvalidGuide(
            f"{where}: has {len(blocks)} {BLOCK} blocks; give each a ## heading of its own"
        )
    said: dict[str, Any] = {"kind": StepKind.MANUAL}
    for block in blocks:
        said = dict(_read(block, f"{source}:{block.start + 1}: step {heading.text!r}"))
        cut = slice(block.start - heading.end, block.end - heading.end)
        lines = [*lines[: cut.start], *lines[cut.stop :]]
    text = "\n".join(lines).strip()
    return Step(name, **said, title=heading.text, text=text, line=heading.start + 1)


def _read(block: _Span, where: str) -> Iterator[tuple[str, Any]]:
    """Yield the fields of `Step` that a block sets, each checked."""
    try:
        table = tomllib.loads(block.text)
    except tomllib.TOMLDecodeError as error:
        raise InvalidGuide(f"{where}: the block below this line is not TOML: {error}") from None
    for key in table:
        if key not in _KEYS:
            raise InvalidGuide(f"{where}: unknown key {key!r}; {did_you_mean(key, _KEYS)}")
    if "tool" not in table:
        raise InvalidGuide(f'{where}: names no tool; write tool = "name"')
    yield "tool", _string(table, "tool", where)
    yield "kind", _kind(table, where)
    if "when" in table:
        yield "guard", _string(table, "when", where)
    arguments = table.get("arguments", {})
    if not isinstance(arguments, dict):
        raise InvalidGuide(f"{where}: arguments is not a table; write [arguments] above them")
    yield "arguments", {key: _string(arguments, key, where) for key in arguments}


def _string(table: dict[str, Any], key: str, where: str) -> str:
    value = table[key]
    if not isinstance(value, str):
        raise InvalidGuide(f"{where}: {key} is {value!r}; write it as text, in quotes")
    return value


def _kind(table: dict[str, Any], where: str) -> StepKind:
    kind = table.get("kind", StepKind.READ)
    if kind not in _KINDS:
        raise InvalidGuide(f'{where}: kind is {kind!r}; write "read" or "write"')
    return StepKind(kind)
