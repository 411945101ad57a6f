"""JSON lines: one object a line. Recorded files are such files too."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from moaql.datasets.base import Row
from moaql.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from moaql.datasets.base import DataFile


def read(file: DataFile) -> Iterator[Row]:
    """The rows; blank lines are passed over."""
    with file.open_text() as lines:
        for number, line in enumerate(lines, 1):
            if not line.strip():
                continue
            try:
                fields = json.loads(line)
            except (ValueError, RecursionError) as error:
                raise UsageError(
                    f"{file.path}:{number}: this line is not JSON: {error}", "Write one JSON object a line."
                ) from None
            if not isinstance(fields, dict):
                raise UsageError(
                    f"{file.path}:{number}: this line is no JSON object",
                    'Write one object a line, such as {"input": "…"}.',
                )
            yield Row(file.path, number, fields)
