"""JSON lines: one object a line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from moaql.datasets.base import Row
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


def read(lines: Iterable[str], file: str) -> Iterator[Row]:
    """The rows; blank lines are passed over."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            fields = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise UsageError(
                f"{file}:{number}: this line is not JSON: {error}", "Write one JSON object a line."
            ) from None
        if not isinstance(fields, dict):
            raise UsageError(
                f"{file}:{number}: this line is no JSON object", 'Write one object a line, such as {"input": "…"}.'
            )
        yield Row(file, number, fields)
