"""Model statements to models: derivation, fallbacks, settings."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from moaql.check.program import Model
from moaql.check.scope import ARTICLES, Definition, Unit
from moaql.check.tables import CONNECTION, MODEL
from moaql.diagnostics import Diagnostic
from moaql.language import nodes as n
from moaql.records import replace
from moaql.source import Source

if TYPE_CHECKING:
    from moaql.check.values import Values

UNKNOWN = Model("?", "unknown/unknown")
"""Stands for a model whose definition is broken, so that one mistake is reported once."""
MAX_DERIVATION = 50


class Models:
    """Resolves model definitions, each once; mistakes are reported in the unit of the definition."""

    def __init__(self, values: Values) -> None:
        self.values = values
        self._done: dict[Definition, Model] = {}
        self._under_way: list[Definition] = []

    def named(self, name: n.Name, unit: Unit) -> Model:
        """The model that a name means, with E204 or E209 reported where it means none."""
        found = unit.find(name.text)
        if found is None:
            if not unit.is_lost(name.text):
                help = unit.suggestion(name.text, ["model"]) or f'define it: `model {name.text} = "provider/model-id"`'
                unit.report("E204", f"unknown model `{name.text}`", name.span, help)
            return UNKNOWN
        if found.kind != "model":
            unit.report("E209", f"`{name.text}` is {ARTICLES[found.kind]}, not a model", name.span)
            return UNKNOWN
        return self.defined(found, name, unit)

    def by_id(self, literal: n.Literal, unit: Unit) -> Model:
        """The model of a string such as "openai/gpt-4o"."""
        id = str(literal.value)
        provider, slash, rest = id.partition("/")
        if not (slash and provider and rest) or any(character.isspace() for character in id):
            unit.report("E303", f"`{id}` is not a model id", literal.span, 'a model id has the form "provider/model"')
            return UNKNOWN
        return Model(id, id)

    def defined(self, definition: Definition, asked: n.Name | None = None, unit: Unit | None = None) -> Model:
        """The model of a definition."""
        if definition in self._done:
            return self._done[definition]
        if definition in self._under_way or len(self._under_way) > MAX_DERIVATION:
            names = [each.name for each in self._under_way]
            names = [*names[names.index(definition.name) :], definition.name] if definition.name in names else names
            place = (unit or definition.unit, asked.span if asked is not None else definition.span)
            place[0].report("E213", f"models derive from each other: {' → '.join(names[:8])}", place[1])
            return UNKNOWN
        self._under_way.append(definition)
        model = self._build(definition)
        self._under_way.pop()
        self._done[definition] = model
        return model

    def _build(self, definition: Definition) -> Model:
        statement, unit = definition.statement, definition.unit
        assert isinstance(statement, n.ModelStatement)
        sources = [
            self.named(source, unit) if isinstance(source, n.Name) else self.by_id(source, unit)
            for source in statement.sources
        ]
        given = self.values.settings(MODEL, statement.settings, unit, f"model `{definition.name}`", holes=False)
        first = self._derive(sources[0], given, definition.name, unit)
        others = [self._derive(source, _sampling(given), source.name, unit) for source in sources[1:]]
        alternatives = tuple(each for other in (*first.alternatives, *others) for each in _flat(other))
        if UNKNOWN.id in (source.id for source in sources):
            return UNKNOWN
        self._check_endpoint(first, statement, unit)
        return Model(
            definition.name,
            first.id,
            first.settings,
            first.connection,
            first.price_in,
            first.price_out,
            first.context,
            alternatives,
            first.folder,
        )

    def _derive(self, source: Model, given: dict[str, Any], name: str, unit: Unit) -> Model:
        sampling = _sampling(given)
        connection = {key: given[key] for key in CONNECTION if key in given}
        return Model(
            name,
            source.id,
            tuple(sorted({**dict(source.settings), **sampling}.items())),
            tuple(sorted({**dict(source.connection), **connection}.items())),
            given.get("price_in", source.price_in),
            given.get("price_out", source.price_out),
            given.get("context", source.context),
            source.alternatives,
            _folder(unit) if "file" in given or "prices" in given else source.folder,
        )

    @staticmethod
    def _check_key_name(statement: n.ModelStatement, unit: Unit) -> None:
        """What is written there may be the key itself: it is shown to nobody."""
        for setting in statement.settings:
            value = setting.value
            if setting.name.text == "api_key_env" and isinstance(value, n.Literal) and value.kind == "string":
                name = str(value.value)
                if not (name.isascii() and name.isidentifier()):
                    text, span = unit.source.text, value.span
                    hidden = text[: span.start] + "*" * (span.end - span.start) + text[span.end :]
                    help = "a key stays in the environment: name the variable that holds it, such as MY_HOST_KEY"
                    source = Source(hidden, unit.source.name, unit.source.path)
                    message = "`api_key_env` is not the name of a variable"
                    unit.diagnostics.append(Diagnostic("E303", message, source, span, help))

    def _check_endpoint(self, model: Model, statement: n.ModelStatement, unit: Unit) -> None:
        """A key must not go to an address that it was not made for."""
        connection = dict(model.connection)
        self._check_key_name(statement, unit)
        url = next((each for each in statement.settings if each.name.text == "base_url"), None)
        if url is None or not isinstance(connection.get("base_url"), str):
            return
        from urllib.parse import parse_qsl, urlsplit

        try:
            parts = urlsplit(connection["base_url"])
            host = parts.hostname
        except ValueError:
            parts, host = urlsplit(""), None
        if parts.scheme not in ("http", "https") or not host:
            unit.report("E303", f"`{connection['base_url']}` is not an http(s) address", url.value.span)
        elif parts.username or parts.password:
            unit.report(
                "E303", "an address must hold no user name or password", url.value.span, "name its key by `api_key_env`"
            )
        elif any(_is_key(name) for name, _ in parse_qsl(parts.query, keep_blank_values=True)):
            unit.report(
                "E303", "an address must hold no key", url.value.span, "name the variable of its key by `api_key_env`"
            )
        elif "api_key_env" not in connection and host not in ("localhost", "127.0.0.1", "::1"):
            help = 'write `api_key_env="MY_HOST_KEY"`, or `api_key_env=none` if it needs no key'
            unit.report("E407", f"`{statement.name.text}` has an endpoint of its own and no key for it", url.span, help)


def _is_key(parameter: str) -> bool:
    return any(word in parameter.lower() for word in ("key", "token", "secret", "password", "signature"))


def _sampling(given: dict[str, Any]) -> dict[str, Any]:
    """The settings that a call sends. What a model costs and where it is are its own: a fallback keeps them."""
    return {key: value for key, value in given.items() if key not in ("price_in", "price_out", "context", *CONNECTION)}


def _flat(model: Model) -> list[Model]:
    return [replace(model, alternatives=()), *model.alternatives]


def _folder(unit: Unit) -> str:
    return os.path.dirname(unit.source.path or "")
