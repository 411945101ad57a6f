"""Writes a graph as Python: which nodes are one stage, what the stages are called, and what of the library they need."""
