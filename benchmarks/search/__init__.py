"""The search, its parts left out, and rival methods, on worlds whose truth is known: `python -m benchmarks.search --help`."""
