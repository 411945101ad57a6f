"""Running: a graph and a question to an answer, with every call paid once, counted and written down."""
