"""Tree to text: what the parser reads, written down again.

In: a tree, read from a text or put together by a program. Out: a text that parses back to an equal tree, one statement a line;
how it is laid out is the formatter's business. A literal keeps the text that it was written as, as long as that still means
its value.

Two trees are written as another tree that means the same. A bare pipeline that follows other pipelines is moved before them,
because the grammar lets none stand behind a pipeline; and an empty pipeline outside braces becomes `skip`. What no text can say
raises a `ValueError`: such as a repeat behind a map, or a second bare pipeline without a model, prompt, eval or search
between the two.
"""

from __future__ import annotations

import math
import re
from decimal import Context, Decimal
from typing import TYPE_CHECKING

from moaql.language import literals
from moaql.language import nodes as n
from moaql.language.brackets import STRINGS_AND_COMMENTS
from moaql.language.grammar import RESERVED

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_STRING = re.compile(STRINGS_AND_COMMENTS)
_NAME = re.compile(r"[^\W\d]\w*(?:[.\-]\w+)*")
_REPEAT = re.compile(r"x[0-9]*")
_EXACT = Context(prec=1000)  # more digits than the language reads


# Statements


def print_module(module: n.Module) -> str:
    """The program, each statement on a line of its own."""
    return "".join(print_statement(statement) + "\n" for statement in _placed(module.statements))


def _placed(statements: Iterable[n.Statement]) -> list[n.Statement]:
    """The statements with each bare pipeline before the named ones that it follows."""
    placed: list[n.Statement] = []
    for statement in statements:
        at = len(placed)
        if _is_bare(statement):
            while at and isinstance(placed[at - 1], n.TopologyStatement):
                at -= 1
            if at < len(placed) and _is_bare(placed[at]):
                raise ValueError("two pipelines without a name have nothing between them")
        placed.insert(at, statement)
    return placed


def _is_bare(statement: n.Statement) -> bool:
    return isinstance(statement, n.TopologyStatement) and statement.name is None


def print_statement(statement: n.Statement) -> str:
    """One statement."""
    if isinstance(statement, n.ImportStatement):
        alias = f" as {statement.alias.text}" if statement.alias is not None else ""
        return f"import {_short_string(statement.path)}{alias}"
    if isinstance(statement, n.ModelStatement):
        sources = " or ".join(
            each.text if isinstance(each, n.Name) else _short_string(each) for each in statement.sources
        )
        return _words(f"model {statement.name.text} = {sources}", *_settings(statement.settings))
    if isinstance(statement, n.PromptStatement):
        messages = [f"{each.role.text} {print_literal(each.text)}" for each in statement.messages]
        return _words(f"prompt {statement.name.text} {{", *messages, "}")
    if isinstance(statement, n.TopologyStatement):
        name = f"topology {statement.name.text} = " if statement.name is not None else ""
        return name + print_pipeline(statement.body)
    if isinstance(statement, n.EvalStatement):
        head = f"eval {statement.name.text} = {_short_string(statement.path)}"
        return _words(head, *_settings(statement.settings))
    return _search(statement)


def _search(search: n.SearchStatement) -> str:
    """A search, its settings last where they cannot be taken for those of a stage."""
    parts = [f"topology {print_pipeline(each)}" for each in search.topologies]
    parts += [f"eval {name.text}" for name in search.evals]
    parts += [_goal(goal) for goal in search.goals]
    if search.limits:
        parts.append(
            "where "
            + ", ".join(f"{each.measure.text} {each.operator} {print_literal(each.value)}" for each in search.limits)
        )
    settings = list(_settings(search.settings))
    ends_in_stage = not (search.evals or search.goals or search.limits)
    inside = [*settings, *parts] if ends_in_stage else [*parts, *settings]
    return _words(f"search {search.name.text} {{", *inside, "}")


def _goal(goal: n.Goal) -> str:
    per = f" per {goal.per.text}" if goal.per is not None else ""
    return f"{goal.direction} {goal.measure.text}{per}"


# Pipelines


def print_pipeline(pipeline: n.Pipeline) -> str:
    """The steps with arrows between them."""
    return " -> ".join(print_step(step) for step in pipeline.steps) or "skip"


def print_step(step: n.Step) -> str:
    """One step."""
    if isinstance(step, n.Stage):
        return _stage(step)
    if isinstance(step, n.Group):
        return _group(step)
    if isinstance(step, n.When):
        return f"when {print_condition(step.condition)} {_block(step.then)}{_else(step.otherwise)}"
    if isinstance(step, n.Route):
        return _route(step)
    if isinstance(step, n.Until):
        return f"until {print_condition(step.condition)} max {print_value(step.limit)} {_block(step.body)}"
    return print_value(step.hole) + _repeat(step.repeat) if isinstance(step, n.HoleStep) else "skip"


def _stage(stage: n.Stage) -> str:
    """A stage: its repeat stands behind its name or, where values follow the name, behind its last setting."""
    name = stage.name.text
    settings = [_setting(each) + _repeat_of_list(each) for each in stage.settings]
    operands = [_operand(each) for each in stage.operands]
    if not operands:
        return _words(name + _repeat(stage.repeat), *settings)
    if stage.repeat is not None and (not settings or isinstance(stage.settings[-1].value, n.ListValue)):
        raise ValueError(f"a repeat of `{name}` would be one of its last value")
    return _words(name, *operands, *settings) + _repeat(stage.repeat)


def _repeat_of_list(setting: n.Setting) -> str:
    if setting.repeat is not None and not isinstance(setting.value, n.ListValue):
        raise ValueError(f"`{setting.name.text}=` holds no list, so that a repeat would be one of its stage")
    return _repeat(setting.repeat)


def _group(group: n.Group) -> str:
    return f"({print_pipeline(group.body)})" + _repeat(group.repeat)


def _route(route: n.Route) -> str:
    head = _words("route", *map(_operand, route.operands), *_settings(route.settings), "{")
    cases = [f"case {_label(each.label)} {_block(each.body)}" for each in route.cases]
    return _words(head, *cases) + _else(route.otherwise) + " }"


def _block(body: n.Pipeline) -> str:
    return f"{{ {print_pipeline(body)} }}" if body.steps else "{}"


def _else(body: n.Pipeline | None) -> str:
    return f" else {_block(body)}" if body is not None else ""


# Conditions


def print_condition(condition: n.Condition) -> str:
    """A condition, with the parentheses that its tree needs."""
    if isinstance(condition, n.Comparison):
        head = _words(condition.signal.text, *_settings(condition.settings))
        return f"{head} {condition.operator} {print_value(condition.value)}"
    if isinstance(condition, n.Negation):
        part = print_condition(condition.part)
        return f"not {part}" if isinstance(condition.part, n.Comparison) else f"not ({part})"
    return f" {condition.operator} ".join(_part(part, condition.operator) for part in condition.parts)


def _part(part: n.Condition, operator: str) -> str:
    """A part of an `and` or `or`: `and` binds closer, and a tree of two `or` is not one `or` of three."""
    text = print_condition(part)
    stands_alone = not isinstance(part, n.Logic) or (operator == "or" and part.operator == "and")
    return text if stands_alone else f"({text})"


# Values


def print_value(value: n.Value | n.Group) -> str:
    """A value, a hole, or a pipeline in parentheses."""
    if isinstance(value, n.Name):
        return value.text
    if isinstance(value, n.Literal):
        return print_literal(value)
    if isinstance(value, n.ListValue):
        return f"[{', '.join(_item(each) for each in value.items)}]"
    if isinstance(value, n.MapValue):
        return f"{{{', '.join(f'{_label(each.key)}: {print_value(each.value)}' for each in value.entries)}}}"
    if isinstance(value, n.Fitted):
        return "?"
    return _group(value) if isinstance(value, n.Group) else f"?({_inside(value)})"


def _inside(hole: n.Hole) -> str:
    if isinstance(hole, n.Choice):
        return " | ".join(_alternative(each) for each in hole.alternatives)
    ends = f"{print_literal(hole.low)}..{print_literal(hole.high)}"
    if isinstance(hole, n.Subset):
        return f"{ends} of {print_value(hole.items)}"
    if hole.log and hole.step is not None:
        raise ValueError("a range is logarithmic or has a step, not both")
    step = f" by {print_literal(hole.step)}" if hole.step is not None else ""
    return ends + step + (" log" if hole.log else "")


def _alternative(alternative: n.Pipeline | n.Item) -> str:
    if isinstance(alternative, n.Pipeline):
        return print_pipeline(alternative)
    if alternative.repeat is not None and isinstance(alternative.value, n.Literal):
        raise ValueError(f"no repeat can stand behind `{print_literal(alternative.value)}` in a hole")
    return _item(alternative)


def _operand(item: n.Item) -> str:
    if isinstance(item.value, n.Group):
        raise ValueError(f"`{_group(item.value)}` needs a list around it")
    return _item(item)


def _item(item: n.Item) -> str:
    if isinstance(item.value, n.MapValue | n.Fitted):
        raise ValueError(f"`{print_value(item.value)}` needs `NAME=` before it")
    if item.repeat is not None and isinstance(item.value, n.Group):
        raise ValueError(f"`{_group(item.value)}` has a repeat of its own")
    return print_value(item.value) + _repeat(item.repeat)


def _repeat(repeat: n.Repeat | None) -> str:
    if repeat is None:
        return ""
    return f" x{repeat.count if isinstance(repeat.count, int) else print_value(repeat.count)}"


def _settings(settings: Iterable[n.Setting]) -> Iterator[str]:
    """Settings of anything but a stage: none of them can be repeated."""
    for setting in settings:
        if setting.repeat is not None:
            raise ValueError(f"`{setting.name.text}=` can be repeated in a stage only")
        yield _setting(setting)


def _setting(setting: n.Setting) -> str:
    return f"{setting.name.text}={print_value(setting.value)}"


def _words(*parts: str) -> str:
    return " ".join(parts)


# Literals


def print_literal(literal: n.Literal) -> str:
    """A constant: as it was written where that means its value, or else from its value."""
    if _means(literal.text, literal):
        return literal.text
    if literal.kind == "string":
        return literals.quote(str(literal.value))
    if literal.kind in ("boolean", "none"):
        return "none" if literal.kind == "none" else "true" if literal.value else "false"
    for text in _quantities(literal):
        if _means(text, literal):
            return text
    raise ValueError(f"no {literal.kind} can be written that is {literal.value!r}")


def _short_string(literal: n.Literal) -> str:
    """A string where none of several lines may stand."""
    return literals.quote(str(literal.value)) if literal.text.startswith('"""') else print_literal(literal)


def _label(text: str) -> str:
    """A key of a map or a label of a route, in quotes where it is no plain name."""
    is_plain = _NAME.fullmatch(text) and not _REPEAT.fullmatch(text) and text not in RESERVED
    return text if is_plain else literals.quote(text)


def _means(text: str, literal: n.Literal) -> bool:
    """Whether a text is one token, and that token is the literal."""
    if literal.kind == "string":
        token = _STRING.match(text)
        is_token = text[:1] == '"' and token is not None and token.end() == len(text)
        return is_token and literals.bad_escape(text) is None and literals.string_value(text) == literal.value
    is_token = text.isascii() and not text.startswith("-$")
    return is_token and literals.quantity(text, literal.span) == literal


def _quantities(literal: n.Literal) -> Iterator[str]:
    """Texts that may mean a quantity, the best first: rounding decides which of them does."""
    number = literal.value
    if not isinstance(number, int | float) or (isinstance(number, float) and not math.isfinite(number)):
        return
    exact = Decimal(repr(number))
    if literal.kind == "number":
        yield from _decimals(exact)
    elif literal.kind == "money":
        yield from (f"${digits}" for digits in _decimals(exact))
    elif literal.kind == "duration":
        yield from (f"{digits}s" for digits in _decimals(exact))
    elif literal.kind == "size":
        yield from (f"{digits}k" for digits in _decimals(exact.scaleb(-3, _EXACT)))
        yield from (f"{digits}M" for digits in _decimals(exact.scaleb(-6, _EXACT)))
    else:
        percent = exact.scaleb(2, _EXACT)
        near = [Decimal(repr(math.nextafter(float(percent), limit))) for limit in (-math.inf, math.inf)]
        yield from (f"{digits}%" for each in (percent, *near) for digits in _decimals(each))


def _decimals(number: Decimal) -> Iterator[str]:
    """Digits and at most one point, since the language knows no exponents: whole if possible, or as a fraction."""
    text = format(number, "f")
    whole, _, part = text.partition(".")
    part = part.rstrip("0")
    yield f"{whole}.{part}" if part else whole
    yield f"{whole}.{part or '0'}"
