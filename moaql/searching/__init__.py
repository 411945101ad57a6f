"""Searching: a space of topologies, and the way to the best of them for a stated number of dollars."""
