"""Drawings of a graph: one file a format, named as `moaql graph --format` names it."""

from collections.abc import Callable

from moaql.graph.nodes import Graph
from moaql.registry import Registry

FORMATS: Registry[Callable[[Graph], str]] = Registry("moaql.graph.draw", "draw", frozenset({"words"}))
"""All formats by name: a function from a graph to text."""
