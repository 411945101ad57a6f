"""The Python API: the same verbs as the command line, brought by `import moaql` when each is first used."""
