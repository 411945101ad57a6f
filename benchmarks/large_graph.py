"""Lowering and fingerprinting a graph of 10,000 nodes.

    python benchmarks/large_graph.py

Prints seconds; at most 1 is promised. The peer is networkx, hashing the same graph by Weisfeiler and Lehman's method.
"""

from __future__ import annotations

import statistics
import sys
import time

import networkx

import moaql
from moaql.graph.build import build
from moaql.graph.fingerprint import fingerprint
from moaql.graph.interchange import to_networkx

PROMISED = 1.0
PROGRAM = 'model a = "sim/a"\nmodel b = "sim/b"\nmodel c = "sim/c"\n(layer [a x33, b x33, c x33] -> agg c)x100\n'


def main() -> int:
    """Measure, print, and fail if the promise is broken."""
    program = moaql.parse(PROGRAM)
    topology = program.topologies["main"]
    times = []
    for _ in range(5):
        began = time.perf_counter()
        graph, _ = build(topology)
        assert graph is not None
        fingerprint(graph)
        times.append(time.perf_counter() - began)
    ours = statistics.median(times)
    assert graph is not None
    flow = to_networkx(graph)
    began = time.perf_counter()
    networkx.weisfeiler_lehman_graph_hash(flow.to_undirected(), iterations=3)
    peer = time.perf_counter() - began
    print(f"nodes                         {len(graph.nodes):,}")
    print(f"lower and fingerprint         {ours:6.3f} s    (promised: at most {PROMISED})")
    print(f"networkx, hashing alone       {peer:6.3f} s")
    print(f"ratio                         {ours / peer:6.2f}")
    return 0 if ours <= PROMISED else 1


if __name__ == "__main__":
    sys.exit(main())
