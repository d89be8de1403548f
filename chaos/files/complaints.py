"""What a model refuses, in one line that a person can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from aiops.suggest import did_you_mean

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pydantic import ValidationError
    from pydantic_core import ErrorDetails

    from aiops.errors import InvalidExperiment
    from chaos.files.reading import Place, Source

_WANTED = {
    "string_type": "text",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "bool_type": "true or false",
    "dict_type": "a mapping",
    "model_type": "a mapping",
    "tuple_type": "a list",
    "union_tag_not_found": "a mapping",
}
_PRIVATE = frozenset({"secrets", "headers"})


def refusal(source: Source, failure: ValidationError, under: Place = ()) -> InvalidExperiment:
    """Return the first complaint of `failure` about the part of `source` at `under`."""
    error = failure.errors(include_url=False)[0]
    value: Any = source.value
    for key in under:
        value = value[key]
    place = (*under, *_place(error["loc"], value))
    ctx: Mapping[str, Any] = error.get("ctx", {})
    if error["type"] == "missing":
        return source.refusal(place, f"{str(error['loc'][-1])!r} is missing; add it")
    message = _message(error, ctx, shown=not _PRIVATE & set(place))
    return source.refusal(place, message, line_of=(*place, ctx.get("name", "")))


def _place(loc: tuple[str | int, ...], value: Any) -> Place:
    """Return the keys of `loc` that lead somewhere in `value`; the others name kinds of block."""
    place: list[str | int] = []
    for key in loc:
        inside = dict(enumerate(value)) if isinstance(value, list) else value
        if isinstance(inside, dict) and key in inside:
            value = inside[key]
            place.append(key)
    return tuple(place)


def _message(error: ErrorDetails, ctx: Mapping[str, Any], *, shown: bool) -> str:
    kind = error["type"]
    if kind == "unknown_key":
        return error["msg"]
    if kind == "value_error":
        return str(ctx["error"])
    given = f", not {_short(error['input'])}" if shown else ""
    if kind in {"union_tag_invalid", "literal_error"}:
        return _choice(error, ctx, shown=shown)
    if kind in _WANTED:
        return f"must be {_WANTED[kind]}{given}"
    message = error["msg"]
    return f"{message[:1].lower()}{message[1:]}{given}"


def _choice(error: ErrorDetails, ctx: Mapping[str, Any], *, shown: bool) -> str:
    expected = ctx.get("expected_tags") or ctx["expected"]
    known = [name.strip(" '<>") for name in expected.replace(" or ", ",").split(",")]
    given = str(ctx["tag"]).strip("<>") if "tag" in ctx else str(error["input"])
    if not shown:
        return f"must be {' or '.join(known)}"
    return f"{_short(given)} is not known here; {did_you_mean(given, known)}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
