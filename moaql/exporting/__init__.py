"""Leaving moaql: a topology as the program, the configuration or the drawing of something else. One file a target.

A target says what it cannot express before anything is written. No key is ever in what it writes: only the names of the environment
variables that hold keys.
"""

from moaql.exporting.base import Loss, Target
from moaql.registry import Registry

TARGETS: Registry[Target] = Registry("moaql.exporting.targets", "TARGET")
"""All targets by name, as the file is called; `moaql export` takes `-` for `_`."""

__all__ = ["TARGETS", "Loss", "Target"]
