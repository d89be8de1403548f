"""Which log files there are, of which service each one is, and in which order they were written.

A file is of the service that its rule names (``cart=/var/log/cart/*.log``), else of that which its
own name says: ``cart.log``, ``cart.log.2.gz`` and ``cart-2026-11-22.0.log`` are all of cart.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from glob import glob
from pathlib import Path
from typing import TYPE_CHECKING

from aiops.errors import InvalidInput

if TYPE_CHECKING:
    from collections.abc import Iterable

_DATE = r"[._-](?P<date>\d{4}-?\d\d-?\d\d(?:[-_T]?\d\d){0,3})"
_TURN = r"\.(?P<turn>\d{1,4})"
_NAME = re.compile(
    rf"(?P<service>.+?)(?:{_DATE}(?:\.\d{{1,4}})?)?(?:\.(?:log|txt|out|err|jsonl?|ndjson))?"
    rf"(?:{_DATE.replace('date', 'date2')})?(?:{_TURN})?(?:\.gz)?"
)
_RULE = re.compile(r"(?P<service>[^/=]+)=(?P<place>.+)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class LogFile:
    """One file, and the service whose entries it holds unless they name another."""

    path: Path
    service: str


def find_files(places: Iterable[str | Path]) -> tuple[LogFile, ...]:
    """Return the files at `places`, each once, oldest first among the turns of one log.

    Parameters
    ----------
    places : iterable of str or Path
        Files, folders (the files right in them), or patterns with ``*``, ``?`` and ``**``; each
        text may begin with ``service=``. The first place that a file fits gives it its service.

    Raises
    ------
    InvalidInput
        If a place has no file.

    Examples
    --------
    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     for name in ("cart.log", "cart.log.1", "cart.log.2.gz"):
    ...         Path(folder, name).touch()
    ...     [(file.path.name, file.service) for file in find_files([f"{folder}/cart*"])]
    [('cart.log.2.gz', 'cart'), ('cart.log.1', 'cart'), ('cart.log', 'cart')]
    """
    found: dict[Path, LogFile] = {}
    for place in places:
        rule = _RULE.fullmatch(place) if isinstance(place, str) else None
        for path in _paths(rule["place"] if rule else str(place)):
            found.setdefault(path, LogFile(path, rule["service"] if rule else service_of(path)))
    return tuple(sorted(found.values(), key=lambda file: (file.service, *_age(file.path))))


def service_of(path: Path) -> str:
    """Return the service that the name of a file says.

    >>> service_of(Path("cart-2026-11-22.log.gz")), service_of(Path("web.log.12"))
    ('cart', 'web')
    """
    named = _NAME.fullmatch(path.name)
    return named["service"] if named else path.name


def _paths(place: str) -> list[Path]:
    paths = sorted(path for path in _meant(place) if path.is_file())
    if not paths:
        raise InvalidInput(f"{place}: there is no such file; write a path, or a pattern in quotes")
    return paths


def _meant(place: str) -> Iterable[Path]:
    itself = Path(place)
    if itself.is_dir():
        return itself.iterdir()
    if itself.exists():  # its name may look like a pattern
        return [itself]
    return map(Path, glob(place, recursive=True))  # noqa: PTH207  Path.glob takes no absolute pattern


def _age(path: Path) -> tuple[str, bool, str, int]:
    """Return what sorts the turns of one log: dated ones by date, numbered ones backwards."""
    named = _NAME.fullmatch(path.name)
    date = (named["date"] or named["date2"]) if named else None
    turn = int(named["turn"] or 0) if named else 0
    return str(path.parent), date is None, re.sub(r"\D", "", date or ""), -turn
