"""Frozen records: what frozen dataclasses are, without the code that those generate and compile for each class.

`moaql check` defines some sixty of them before it reads a program. As dataclasses they took a third of its time
(`docs/decisions.md` has the figures). Type checkers see dataclasses (PEP 681).
"""

from __future__ import annotations

from typing import Any, ClassVar, TypeVar, dataclass_transform

R = TypeVar("R", bound="Record")


@dataclass_transform(frozen_default=True)
class Record:
    """Base of records. Annotated names are its fields, in order; a class attribute of that name is the default.

    Two records are equal when they have one class and equal fields; the fields named by `apart` take no part in it.
    """

    _fields: ClassVar[tuple[str, ...]] = ()
    _required: ClassVar[tuple[str, ...]] = ()
    _compared: ClassVar[tuple[str, ...]] = ()
    _count: ClassVar[int] = 0

    def __init_subclass__(cls, *, apart: tuple[str, ...] = (), **more: Any) -> None:
        super().__init_subclass__(**more)
        own = tuple(name for name, kind in cls.__annotations__.items() if not str(kind).startswith("ClassVar"))
        cls._fields = (*cls._fields, *(name for name in own if name not in cls._fields))
        cls._count = len(cls._fields)
        cls._required = tuple(name for name in cls._fields if not hasattr(cls, name))
        left = {name for name in cls._fields if name in apart or (name not in own and name not in cls._compared)}
        cls._compared = tuple(name for name in cls._fields if name not in left)

    def __init__(self, *values: Any, **named: Any) -> None:
        self.__dict__.update(zip(self._fields, values))  # noqa: B905 - checked below, and this line is hot
        if named or len(values) != self._count:
            self._check(values, named)
            self.__dict__.update(named)

    def _check(self, values: tuple[Any, ...], named: dict[str, Any]) -> None:
        taken = self._fields[: len(values)]
        wrong = [name for name in named if name not in self._fields or name in taken]
        missing = [name for name in self._required if name not in taken and name not in named]
        if wrong or missing or len(values) > len(self._fields):
            raise TypeError(f"{type(self).__name__} takes {self._fields}; missing: {missing}, not understood: {wrong}")

    def _key(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self._compared])

    def __eq__(self, other: object) -> bool:
        return other.__class__ is self.__class__ and self._key() == other._key()

    def __hash__(self) -> int:
        return hash((self.__class__, self._key()))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({', '.join(f'{name}={getattr(self, name)!r}' for name in self._compared)})"

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be set")

    def __delattr__(self, name: str) -> None:
        raise AttributeError(f"{type(self).__name__} is frozen: {name} cannot be deleted")


class Entity(Record):
    """A record that is equal to itself alone."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__


def replace(record: R, **changes: Any) -> R:
    """The record with some fields changed."""
    values = {name: getattr(record, name) for name in record._fields}
    return type(record)(**(values | changes))
