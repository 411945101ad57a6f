"""Lark's parse tree to moaql's nodes, by hand: one small function a rule.

In: a tree of `moaql.lark`. Out: nodes, and the mistakes that the grammar cannot see (bad numbers, bad escapes, reserved words
as names, a repeat of a repeat).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast
from typing import Literal as OneOf

from lark import Token, Tree

from moaql.diagnostics import Diagnostic
from moaql.language import literals
from moaql.language import nodes as n
from moaql.language.brackets import MAX_DEPTH
from moaql.language.grammar import RESERVED
from moaql.source import Source, Span

if TYPE_CHECKING:
    from collections.abc import Iterator


class TreeReader:
    """Reads the trees of one source and collects what is wrong with them in `diagnostics`."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.diagnostics: list[Diagnostic] = []

    def statements(self, tree: Tree[Token]) -> Iterator[n.Statement]:
        """The statements below `start`."""
        for child in _trees(tree):
            yield getattr(self, "_" + child.data)(child)

    def _error(self, code: str, message: str, span: Span, help: str = "", fix: str | None = None) -> None:
        self.diagnostics.append(Diagnostic(code, message, self.source, span, help, fix))

    # Statements

    def _import_statement(self, tree: Tree[Token]) -> n.ImportStatement:
        path = self._string(_token(tree, "STRING"))
        names = _tokens(tree, "NAME")
        return n.ImportStatement(_span(tree), path, self._new_name(names[0]) if names else None)

    def _model_statement(self, tree: Tree[Token]) -> n.ModelStatement:
        name = self._new_name(_token(tree, "KEY"))
        sources = tuple(self._model_source(each) for each in _trees(tree, "model_source"))
        return n.ModelStatement(_span(tree), name, sources, self._settings(tree))

    def _model_source(self, tree: Tree[Token]) -> n.Name | n.Literal:
        token = cast("Token", tree.children[0])
        return self._string(token) if token.type == "STRING" else self._name(token)

    def _prompt_statement(self, tree: Tree[Token]) -> n.PromptStatement:
        messages = tuple(
            n.Message(_span(each), self._name(_token(each, "NAME")), self._string(cast("Token", each.children[1])))
            for each in _trees(tree, "message")
        )
        return n.PromptStatement(_span(tree), self._new_name(_token(tree, "NAME")), messages)

    def _topology_statement(self, tree: Tree[Token]) -> n.TopologyStatement:
        name = self._new_name(_token(tree, "KEY"))
        return n.TopologyStatement(_span(tree), name, self._pipeline(_tree(tree, "pipeline")))

    def _bare_pipeline(self, tree: Tree[Token]) -> n.TopologyStatement:
        return n.TopologyStatement(_span(tree), None, self._pipeline(_tree(tree, "pipeline")))

    def _eval_statement(self, tree: Tree[Token]) -> n.EvalStatement:
        name = self._new_name(_token(tree, "KEY"))
        return n.EvalStatement(_span(tree), name, self._string(_token(tree, "STRING")), self._settings(tree))

    def _search_statement(self, tree: Tree[Token]) -> n.SearchStatement:
        goals = [goal for part in _trees(tree) if part.data in ("maximize", "minimize") for goal in self._goals(part)]
        limits = [self._limit(each) for part in _trees(tree, "where") for each in _trees(part, "limit")]
        return n.SearchStatement(
            _span(tree),
            self._new_name(_token(tree, "NAME")),
            tuple(self._pipeline(_tree(each, "pipeline")) for each in _trees(tree, "search_topology")),
            tuple(self._name(_token(each, "NAME")) for each in _trees(tree, "search_eval")),
            tuple(goals),
            tuple(limits),
            self._settings(tree),
        )

    def _goals(self, tree: Tree[Token]) -> Iterator[n.Goal]:
        for goal in _trees(tree, "goal"):
            measure, *per = [self._name(token) for token in _tokens(goal, "NAME")]
            direction: OneOf["maximize", "minimize"] = "maximize" if tree.data == "maximize" else "minimize"
            yield n.Goal(_span(goal), direction, measure, per[0] if per else None)

    def _limit(self, tree: Tree[Token]) -> n.Limit:
        value = self._literal(_tree(tree, "literal"))
        return n.Limit(_span(tree), self._name(_token(tree, "NAME")), str(_token(tree, "COMPARE")), value)

    # Pipelines

    def _pipeline(self, tree: Tree[Token]) -> n.Pipeline:
        return n.Pipeline(_span(tree), tuple(getattr(self, "_" + step.data)(step) for step in _trees(tree)))

    def _stage(self, tree: Tree[Token]) -> n.Stage:
        name = self._name(_token(tree, "NAME"))
        settings: list[n.Setting] = []
        repeat: n.Repeat | None = None
        for child in tree.children[1:]:
            child = cast("Tree[Token]", child)
            if child.data == "setting":
                settings.append(self._setting(child))
            elif child.data == "repeat":
                found = self._repeat(child)
                if settings and isinstance(settings[-1].value, n.ListValue):
                    last = settings[-1]
                    settings[-1] = n.Setting(last.span.to(found.span), last.name, last.value, found)
                elif repeat is None and (not settings or child is tree.children[-1]):
                    repeat = found
                else:
                    help = "put it at the end of the stage, or behind a list or a name"
                    self._error("E115", "this repeat repeats nothing", found.span, help)
        return n.Stage(_span(tree), name, self._operands(tree), tuple(settings), repeat)

    def _group(self, tree: Tree[Token]) -> n.Group:
        return n.Group(_span(tree), self._pipeline(_tree(tree, "pipeline")), self._optional_repeat(tree))

    def _when(self, tree: Tree[Token]) -> n.When:
        condition, then, *otherwise = _trees(tree)
        return n.When(
            _span(tree),
            self._condition(condition),
            self._block(then),
            self._block(otherwise[0]) if otherwise else None,
        )

    def _route(self, tree: Tree[Token]) -> n.Route:
        otherwise = _trees(tree, "block")
        return n.Route(
            _span(tree),
            self._operands(tree),
            self._settings(tree),
            tuple(self._case(each) for each in _trees(tree, "case")),
            self._block(otherwise[0]) if otherwise else None,
        )

    def _case(self, tree: Tree[Token]) -> n.Case:
        token = cast("Token", tree.children[1])
        label = str(self._string(token).value) if token.type == "STRING" else str(token)
        return n.Case(_span(tree), label, _span_of_token(token), self._block(_tree(tree, "block")))

    def _until(self, tree: Tree[Token]) -> n.Until:
        condition, limit, body = _trees(tree)
        bound = self._hole(limit) if limit.data == "hole" else self._literal(limit)
        return n.Until(_span(tree), self._condition(condition), bound, self._block(body))

    def _block(self, tree: Tree[Token]) -> n.Pipeline:
        inside = _trees(tree, "pipeline")
        return self._pipeline(inside[0]) if inside else n.Pipeline(_span(tree), ())

    def _hole_step(self, tree: Tree[Token]) -> n.HoleStep:
        return n.HoleStep(_span(tree), self._hole(_tree(tree, "hole")), self._optional_repeat(tree))

    def _skip(self, tree: Tree[Token]) -> n.Skip:
        return n.Skip(_span(tree))

    def _optional_repeat(self, tree: Tree[Token]) -> n.Repeat | None:
        found = _trees(tree, "repeat")
        return self._repeat(found[0]) if found else None

    def _repeat(self, tree: Tree[Token]) -> n.Repeat:
        token = cast("Token", tree.children[0])
        if token.type == "TIMES_HOLE":
            return n.Repeat(_span(tree), self._hole(_tree(tree, "hole")))
        digits = token[1:].strip()
        if len(digits) > 9:
            self._error("E302", f"`{token[:12]}…` repeats too often", _span(tree))
            return n.Repeat(_span(tree), 1)
        if int(digits) == 0:
            self._error(
                "E302", "`x0` asks nothing", _span(tree), "a repeat is x1 or more; use `skip` for no step at all"
            )
            return n.Repeat(_span(tree), 1)
        return n.Repeat(_span(tree), int(digits))

    # Values

    def _operands(self, tree: Tree[Token]) -> tuple[n.Item, ...]:
        items = [self._item(each) for each in _trees(tree, "operand")]
        return tuple(item for position, item in enumerate(items) if not (position and self._is_lost_repeat(item)))

    def _is_lost_repeat(self, item: n.Item) -> bool:
        """Whether a value looks like a repeat where none can stand: `[a]x2x3`, `[a] x2.5`."""
        text = item.value.text if isinstance(item.value, n.Name) else ""
        if not (text[:1] == "x" and text[1:2].isdigit()):
            return False
        message = f"`{text}` repeats nothing"
        self._error(
            "E115", message, item.span, "a repeat is one whole number behind a name, a list or a parenthesis: `x3`"
        )
        return True

    def _item(self, tree: Tree[Token]) -> n.Item:
        first = cast("Tree[Token]", tree.children[0])
        value = self._group(first) if first.data == "group" else self._value(first)
        return n.Item(_span(tree), value, self._optional_repeat(tree))

    def _settings(self, tree: Tree[Token]) -> tuple[n.Setting, ...]:
        return tuple(self._setting(each) for each in _trees(tree, "setting"))

    def _setting(self, tree: Tree[Token]) -> n.Setting:
        return n.Setting(_span(tree), self._name(_token(tree, "KEY")), self._value(_trees(tree)[0]))

    def _value(self, tree: Tree[Token]) -> n.Value:
        kind = tree.data
        if kind == "name":
            return self._name(cast("Token", tree.children[0]))
        if kind == "literal":
            return self._literal(tree)
        if kind == "list":
            return self._list(tree)
        if kind == "map":
            return n.MapValue(_span(tree), tuple(self._entry(each) for each in _trees(tree, "entry")))
        return self._hole(tree) if kind == "hole" else n.Fitted(_span(tree))

    def _list(self, tree: Tree[Token]) -> n.ListValue:
        return n.ListValue(_span(tree), tuple(self._item(each) for each in _trees(tree, "item")))

    def _entry(self, tree: Tree[Token]) -> n.Entry:
        token = cast("Token", tree.children[0])
        key = str(self._string(token).value) if token.type == "STRING" else str(token)
        return n.Entry(_span(tree), key, self._value(_trees(tree)[0]))

    def _literal(self, tree: Tree[Token]) -> n.Literal:
        token = cast("Token", tree.children[0])
        span, text = _span_of_token(token), str(token)
        if token.type == "NUMBER":
            found = literals.quantity(text, span)
            if isinstance(found, n.Literal):
                return found
            self._error("E113", found, span)
            return n.Literal(span, "number", 1, text)
        if token.type in ("TRUE", "FALSE"):
            return n.Literal(span, "boolean", token.type == "TRUE", text)
        return n.Literal(span, "none", None, text) if token.type == "NONE" else self._string(token)

    def _string(self, token: Token) -> n.Literal:
        span = _span_of_token(token)
        wrong = literals.bad_escape(str(token))
        if wrong is not None:
            at, escape = wrong
            self._error(
                "E117",
                f"`{escape}` is no escape",
                Span(span.start + at, span.start + at + len(escape)),
                r"write `\\` for a backslash",
                "\\" + escape,
            )
        return literals.string_literal(str(token), span)

    def _name(self, token: Token) -> n.Name:
        name = n.Name(_span_of_token(token), str(token))
        if token.type == "NAME":  # a KEY may be the name of a setting, such as `prompt=`
            self._refuse_reserved(name)
        return name

    def _new_name(self, token: Token) -> n.Name:
        name = n.Name(_span_of_token(token), str(token))
        self._refuse_reserved(name)
        return name

    def _refuse_reserved(self, name: n.Name) -> None:
        if name.text in RESERVED:
            before = self.source.text[: name.span.start].rstrip()
            wanted = "a step is missing before it" if before.endswith("->") else "choose another name"
            self._error("E114", f"`{name.text}` is a reserved word", name.span, wanted)

    # Holes

    def _hole(self, tree: Tree[Token]) -> n.Choice | n.Range | n.Subset:
        inside = _trees(tree)[0]
        if inside.data == "range":
            ends = [self._literal(each) for each in _trees(inside, "literal")]
            step = ends[2] if len(ends) > 2 else None
            return n.Range(_span(tree), ends[0], ends[1], step, bool(_tokens(inside, "LOG")))
        if inside.data == "subset":
            low, high = (self._literal(each) for each in _trees(inside, "literal"))
            return n.Subset(_span(tree), low, high, self._list(_tree(inside, "list")))
        return n.Choice(_span(tree), tuple(self._alternative(each) for each in _trees(inside, "choice")))

    def _alternative(self, tree: Tree[Token]) -> n.Pipeline | n.Item:
        first = cast("Tree[Token]", tree.children[0])
        return self._pipeline(first) if first.data == "pipeline" else self._item(tree)

    # Conditions

    def _condition(self, tree: Tree[Token]) -> n.Condition:
        negations = 0
        while tree.data == "negation":
            tree, negations = _trees(tree)[0], negations + 1
        if negations > MAX_DEPTH:
            self._error("E104", f"more than {MAX_DEPTH} `not` in a row", _span(tree), "two of them say nothing")
        if tree.data == "comparison":
            found: n.Condition = self._comparison(tree)
        else:
            parts = _trees(tree)
            if len(parts) == 1:
                found = self._condition(parts[0])
            else:
                operator: OneOf["and", "or"] = "or" if tree.data == "disjunction" else "and"
                found = n.Logic(_span(tree), operator, tuple(self._condition(each) for each in parts))
        return n.Negation(_span(tree), found) if negations % 2 else found

    def _comparison(self, tree: Tree[Token]) -> n.Comparison:
        value = cast("n.Name | n.Literal | n.Choice", self._value(_trees(tree)[-1]))
        settings = self._settings(tree)
        return n.Comparison(
            _span(tree), self._name(_token(tree, "NAME")), settings, str(_token(tree, "COMPARE")), value
        )


def _trees(tree: Tree[Token], kind: str | None = None) -> list[Tree[Token]]:
    return [child for child in tree.children if isinstance(child, Tree) and (kind is None or child.data == kind)]


def _tree(tree: Tree[Token], kind: str) -> Tree[Token]:
    return _trees(tree, kind)[0]


def _tokens(tree: Tree[Token], kind: str) -> list[Token]:
    return [child for child in tree.children if isinstance(child, Token) and child.type == kind]


def _token(tree: Tree[Token], kind: str) -> Token:
    return _tokens(tree, kind)[0]


def _span(tree: Tree[Token]) -> Span:
    meta: Any = tree.meta
    return Span(meta.start_pos, meta.end_pos) if not meta.empty else Span(0, 0)


def _span_of_token(token: Token) -> Span:
    return Span(token.start_pos or 0, token.end_pos or 0)
