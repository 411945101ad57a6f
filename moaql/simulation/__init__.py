"""Simulated models: they stand in for real ones where there is no key and no network.

They answer from the messages alone, as real models do. What they know, how their errors go together and how they read a prompt
are parameters of a world (`world.py`); the built-in one is fitted to recorded answers and published tables.
"""
