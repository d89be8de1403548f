"""Labelled incidents as folders: the shipped ones by name, any other by path.

What a case folder holds is the matter of `aiops.cases`; here cases are found, loaded and saved.
Nothing is downloaded, and importing this module costs the standard library only, because the
command line imports it to list names.
"""

from __future__ import annotations

import shutil
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

from aiops.cases import files as native
from aiops.cases import rcaeval, rules
from aiops.types import InvalidCase

if TYPE_CHECKING:
    from collections.abc import Iterator

    from aiops.types import Case

CARD_FILE = "README.md"


def home() -> Path:
    """Return the folder of the shipped cases: in the wheel, or beside `aiops` in a checkout."""
    package = _package_folder()
    shipped = package / "_datasets"
    return shipped if shipped.is_dir() else package.parent / "datasets"


def names() -> tuple[str, ...]:
    """Return the names of the shipped cases, sorted.

    Examples
    --------
    >>> "nezha-ob-delay-cart" in names()
    True
    """
    return tuple(sorted(found.parent.name for found in home().glob(f"*/{native.CASE_FILE}")))


def card(name: str) -> str:
    """Return the card of the shipped case `name`: source, licence and story, in Markdown.

    Raises
    ------
    InvalidCase
        If no shipped case has that name.

    Examples
    --------
    >>> "MIT" in card("nezha-ob-delay-cart")
    True
    """
    if name not in names():
        raise InvalidCase(f"no data set is called {name!r}; {_known()}")
    return native.read_bytes(home() / name / CARD_FILE).decode()


def load(name_or_path: str | Path) -> Case:
    """Read one case: a shipped one by its name, any other by the path of its folder.

    A string is taken as a shipped name first; write ``./name`` for a folder called the same.

    Raises
    ------
    InvalidCase
        If there is no such name or folder, or a file of the case is missing or malformed.
    InvalidMetrics
        If the metrics break a rule of `aiops.types.check_metrics`.

    Examples
    --------
    >>> case = load("nezha-ob-delay-cart")
    >>> case.fault, case.root_cause.service
    ('network_delay', 'cartservice')
    """
    folder = _locate(name_or_path)
    return native.read(folder) if native.is_case(folder) else rcaeval.read(folder)


def cases(folder: str | Path) -> list[Path]:
    """Return every case folder in or below `folder`, sorted; hidden folders are passed over.

    Raises
    ------
    InvalidCase
        If `folder` is missing or holds no case.
    """
    found = list(_walk(Path(folder), frozenset())) if Path(folder).is_dir() else []
    if not found:
        raise InvalidCase(
            f"no case in or below {folder}; a case is a folder with "
            f"{native.CASE_FILE} and {native.METRICS_FILE}"
        )
    return found


def sets(folder: str | Path) -> dict[str, list[Path]]:
    """Group the cases in or below `folder` by the set they belong to.

    A set is the folder that holds case folders (of RCAEval's, the one that holds the
    ``<service>_<fault>`` folders). Its name is its path below `folder`, and that of `folder`
    itself its own name.

    Raises
    ------
    InvalidCase
        If `folder` is missing or holds no case.
    """
    groups: dict[str, list[Path]] = {}
    for case in cases(folder):
        group = case.parent if native.is_case(case) else case.parent.parent
        below = group != Path(folder) and group.is_relative_to(folder)
        name = group.relative_to(folder).as_posix() if below else group.resolve().name
        groups.setdefault(name, []).append(case)
    return groups


def save(case: Case, folder: str | Path) -> Path:
    """Write `case` as the case folder `folder` in one move: whole, or not at all.

    Returns
    -------
    Path
        The absolute path of the folder.

    Raises
    ------
    InvalidCase
        If the folder exists and is not empty, if it cannot be written, or if the case could not
        be read back: a time without a zone, a trigger that is no column, a slash in the name of
        a service.
    InvalidMetrics
        If the metrics break a rule of `aiops.types.check_metrics`.
    """
    folder = Path(folder).resolve()
    rules.check(case)
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise InvalidCase(f"{folder} exists already; choose a new or an empty folder")
    draft = folder.parent / f".{folder.name}.{uuid4().hex}"
    try:
        draft.mkdir(parents=True)
        native.write(case, draft)
        draft.replace(folder)  # refused by the system if something came in meanwhile
    except (OSError, UnicodeEncodeError) as error:
        raise InvalidCase(f"cannot write {folder}: {error}") from error
    finally:
        shutil.rmtree(draft, ignore_errors=True)
    return folder


def _package_folder() -> Path:
    return Path(str(files("aiops")))


def _known() -> str:
    return f"the shipped ones are: {', '.join(names()) or 'none'}"


def _locate(name_or_path: str | Path) -> Path:
    if isinstance(name_or_path, str) and name_or_path in names():
        return home() / name_or_path
    folder = Path(name_or_path)
    if not folder.exists():
        raise InvalidCase(
            f"no data set is called {str(name_or_path)!r} and no such path exists; {_known()}"
        )
    if not folder.is_dir():
        raise InvalidCase(f"{folder} is a file; give the folder of the case")
    if not _is_any_case(folder):
        raise InvalidCase(
            f"{folder} is no case: it holds neither {native.CASE_FILE} and "
            f"{native.METRICS_FILE} nor RCAEval's {rcaeval.TABLES[0]} and {rcaeval.ONSET_FILE}"
        )
    return folder


def _is_any_case(folder: Path) -> bool:
    return native.is_case(folder) or rcaeval.is_case(folder)


def _walk(folder: Path, above: frozenset[Path]) -> Iterator[Path]:
    real = folder.resolve()
    if real in above:  # a link that leads back up
        return
    if _is_any_case(folder):
        yield folder
        return
    for child in sorted(folder.iterdir()):
        if child.is_dir() and not child.name.startswith("."):
            yield from _walk(child, above | {real})
