"""Writes a topology as a pipeline of Haystack: its components, how they are connected, and the YAML that says so."""
