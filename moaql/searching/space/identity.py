"""What a topology does, as a key: points of a space with one identity are one topology.

The fingerprint of the graph is that already, for whatever calls are made and whatever reads them: proposers are a multiset, and
samples have no number. So `[qwen, llama]x2`, `[llama, qwen]x2` and `[llama, qwen, llama, qwen]` are one. Where the order of
proposers decides something all the same, this is how it is treated:

- Ties (`vote tie=first`) and the order in which a prompt shows candidates take no part in the identity. What is run is the
  first point met, and points list members in the order of the program: that order is the canonical one.
- Where several candidates are left at the end, the first is the answer, so which one stands first is part of the identity.
- Stages that treat places differently (`take`, `seq`, `shuffle`) have graphs that differ, and so have their identities.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from moaql.graph.fingerprint import fingerprint, node_fingerprints

if TYPE_CHECKING:
    from moaql.graph.nodes import Graph


def identity(graph: Graph) -> str:
    """The key of a topology: 64 hexadecimal digits.

    Args:
        graph: Of a filled topology.
    """
    whole = fingerprint(graph)
    if len(graph.outputs) < 2:
        return whole
    first = graph.outputs[0]
    answer = f"{node_fingerprints(graph)[first.node]}:{first.slot}"
    return hashlib.sha256(f"{whole} {answer}".encode()).hexdigest()
