"""Operations of `Reduce` nodes: one file an operation, named as in the graph. None of them makes a call.

`choose`, `fallback` and `quorum` are not here: they decide what is asked at all, which is the executor's work.
"""

from moaql.operations.base import Operation
from moaql.registry import Registry

OPERATIONS: Registry[Operation] = Registry("moaql.operations", "OPERATION")
"""All operations by name."""
