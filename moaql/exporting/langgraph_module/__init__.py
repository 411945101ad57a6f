"""Topologies as graphs of other runtimes: what waits for what, and the texts that are written for them."""
