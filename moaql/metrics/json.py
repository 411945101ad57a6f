"""`metric=json`: the answer is JSON, and its fields are the target's; or it fits the target, which is a JSON Schema.

Fields are the leaves of both values, named by their paths (`address.city`, `items[0]`), and the score is the share of them on which
the two agree: the accuracy by slot of dialogue state tracking and information extraction. Numbers are compared exactly, and the
order of an object's fields does not count.
"""

from __future__ import annotations

import json
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from moaql.errors import MissingPackage, UsageError
from moaql.metrics.base import Asker, Judged, Score, require_flags, short

if TYPE_CHECKING:
    from jsonschema.protocols import Validator

_FENCED = re.compile(r"```\w*\s*\n(.*?)```", re.DOTALL)
_BEGINS = re.compile(r"[{\[]")
_TRIED = 200
"""Places where JSON might begin that are looked at; a text of brackets must not take a quadratic time."""
_MISSING = object()


class Json:
    """The share of fields that agree with the target, 0 where the answer holds no JSON; with a schema, 1 where it is valid.

    A target is any JSON value or its text. A target with a field `$schema` is a JSON Schema, and needs the package `jsonschema`.

    Args:
        extra: Whether fields that the target does not have are allowed; by default each counts as a wrong one.
        ordered: Whether the order of lists counts.

    Raises:
        UsageError: if a setting is not true or false.
    """

    def __init__(self, extra: bool = False, ordered: bool = True) -> None:
        require_flags("json", extra=extra, ordered=ordered)
        self._extra, self._ordered = extra, ordered

    def check(self, item: Judged) -> None:
        """Refuse an item that cannot be scored, as `score` would.

        Raises:
            UsageError: if the target is missing, or is a text that is not JSON, or is no valid schema.
            MissingPackage: if it is a schema and `jsonschema` is not installed.
        """
        target = _target(item)
        if _is_schema(target):
            _validator(target, item)

    async def score(self, answer: str, item: Judged, asker: Asker | None = None) -> Score:  # noqa: ARG002
        """Compare the JSON in an answer with the target.

        Raises:
            UsageError: if the target is missing, or is a text that is not JSON, or is no valid schema.
            MissingPackage: if it is a schema and `jsonschema` is not installed.
        """
        target = _target(item)
        validator = _validator(target, item) if _is_schema(target) else None
        found = find_json(answer)
        if found is None:
            return Score(0.0, "The answer holds no JSON that can be read.")
        if validator is not None:
            return _by_schema(found, validator)
        return self._by_fields(_leaves(_exact(found), self._ordered), _leaves(target, self._ordered))

    def _by_fields(self, given: dict[str, Any], wanted: dict[str, Any]) -> Score:
        paths = list(wanted) if self._extra else list(dict.fromkeys([*wanted, *given]))
        wrong = [path for path in paths if not _same(given.get(path, _MISSING), wanted.get(path, _MISSING))]
        said = [_difference(path, given.get(path, _MISSING), wanted.get(path, _MISSING)) for path in wrong[:8]]
        more = [f"and {len(wrong) - 8} more"] if len(wrong) > 8 else []
        return Score(1 - len(wrong) / len(paths), "; ".join([*said, *more]) or "Right: all fields agree.")


def find_json(text: str) -> str | None:
    """The text of the JSON in an answer, None where there is none.

    Looked for as the whole text, then as the last fenced block that is JSON, then as the first object or list.
    """
    blocks = _FENCED.findall(text)
    for part in (text, *reversed(blocks)):
        if _parse(part) is not _MISSING:
            return str(part)
    decoder = json.JSONDecoder(parse_constant=_refuse)
    for begin in list(_BEGINS.finditer(text))[:_TRIED]:
        try:
            _, end = decoder.raw_decode(text, begin.start())
        except (ValueError, RecursionError):
            continue
        return text[begin.start() : end]
    return None


def _refuse(constant: str) -> Any:
    raise ValueError(f"{constant} is not JSON")


def _parse(text: str) -> Any:
    """The value with exact numbers, or `_MISSING`."""
    try:
        return json.loads(text, parse_float=Decimal, parse_int=Decimal, parse_constant=_refuse)
    except (ValueError, RecursionError, ArithmeticError):
        return _MISSING


def _exact(text: str) -> Any:
    value = _parse(text)
    return None if value is _MISSING else value


def _target(item: Judged) -> Any:
    if item.target is None:
        raise UsageError(
            f"{item.place} has no target", "Name the field that holds it in the eval statement: `target=…`."
        )
    # Written and read once more, so that numbers are exact on both sides: the float 0.1 is the text 0.1.
    text = item.target if isinstance(item.target, str) else json.dumps(item.target)
    value = _parse(text)
    if value is _MISSING:
        raise UsageError(
            f"{item.place} has the target {short(repr(item.target))}, which is not JSON",
            "Give an object, a list, or their text.",
        )
    return value


def _leaves(value: Any, ordered: bool) -> dict[str, Any]:
    """Paths to values; an empty object or list is a leaf. Without recursion: JSON of a model may be nested deeply."""
    found: dict[str, Any] = {}
    waiting = [("", value)]
    while waiting:
        path, each = waiting.pop()
        if isinstance(each, dict) and each:
            waiting += [(f"{path}.{_name(key)}" if path else _name(key), inner) for key, inner in each.items()]
        elif isinstance(each, list) and each:
            inner = each if ordered else sorted(each, key=_order)
            waiting += [(f"{path}[{place}]", one) for place, one in enumerate(inner)]
        else:
            found[path] = each
    return found


def _name(key: str) -> str:
    # A key with a dot must not look like a path.
    return key if re.fullmatch(r"[\w-]+", key) else json.dumps(key)


def _order(value: Any) -> str:
    leaves = _leaves(value, ordered=False)
    return repr(sorted((path, str(_spelled(leaf))) for path, leaf in leaves.items()))


def _spelled(value: Any) -> Any:
    return value.normalize() if isinstance(value, Decimal) else json.dumps(value)


def _same(one: Any, other: Any) -> bool:
    # true is not 1, though Python says so.
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _difference(path: str, given: Any, wanted: Any) -> str:
    place = f"`{path}`" if path else "the value"
    if wanted is _MISSING:
        return f"{place} is not expected"
    return f"{place} is {'missing' if given is _MISSING else _shown(given)}, expected {_shown(wanted)}"


def _shown(value: Any) -> str:
    return short(str(value) if isinstance(value, Decimal) else json.dumps(value, ensure_ascii=False))


def _is_schema(target: Any) -> bool:
    return isinstance(target, dict) and isinstance(target.get("$schema"), str)


def _validator(schema: dict[str, Any], item: Judged) -> Validator:
    """What compares with a schema, once the schema and its references are found to be good."""
    try:
        import jsonschema
        import referencing
    except ImportError:
        raise MissingPackage("jsonschema", "Comparing with a JSON Schema") from None
    schema = json.loads(json.dumps(schema, default=_plain_number))
    kind = jsonschema.validators.validator_for(schema)
    try:
        kind.check_schema(schema)
        _follow_references(schema)
    except jsonschema.SchemaError as error:
        raise UsageError(f"{item.place} has an invalid schema: {short(error.message, 200)}", "Correct it.") from None
    except referencing.exceptions.Unresolvable as error:
        raise UsageError(
            f"{item.place} has a schema that refers to {short(str(error.ref), 200)}, which is not in it",
            "References to other documents are not followed: put it under `$defs`.",
        ) from None
    # An empty registry: a schema must not make this machine fetch what it refers to.
    return kind(schema, registry=referencing.Registry())


def _follow_references(schema: dict[str, Any]) -> None:
    """Look all references up: the validator itself does so only where an answer leads it there."""
    import referencing
    from referencing.jsonschema import specification_with

    kind: referencing.Specification[Any] = specification_with(
        schema["$schema"], default=referencing.Specification.OPAQUE
    )
    whole = kind.create_resource(schema)
    place = whole.id() or ""
    waiting = [(whole, referencing.Registry[Any]().with_resource(place, whole).resolver(place))]
    while waiting:
        part, resolver = waiting.pop()
        if isinstance(part.contents, dict) and isinstance(part.contents.get("$ref"), str):
            resolver.lookup(part.contents["$ref"])
        waiting += [(each, resolver.in_subresource(each)) for each in part.subresources()]


def _by_schema(text: str, validator: Validator) -> Score:
    try:
        errors = list(validator.iter_errors(json.loads(text)))
    except (ValueError, RecursionError):
        return Score(0.0, "The answer's JSON is nested too deeply, or holds a number too long to be read.")
    said = [f"{each.json_path}: {short(each.message, 200)}" for each in errors[:3]]
    return Score(float(not errors), "; ".join(said) or "Right: it fits the schema.")


def _plain_number(value: Decimal) -> int | float:
    return int(value) if value == value.to_integral_value() else float(value)


METRIC = Json
