"""Programs from what other systems are configured with: one file a format.

What a format says and a program cannot say, or what the other system itself leaves unused, stands as a comment in the program.
"""

from moaql.importing.base import Format, Imported
from moaql.registry import Registry

FORMATS: Registry[Format] = Registry("moaql.importing", "FORMAT", frozenset({"base", "shell", "writing"}))
"""All formats by name, as the file is called; `moaql import` takes `-` for `_`."""

__all__ = ["FORMATS", "Format", "Imported"]
