"""What is read from a model's text: its answer, its reasoning, its verdicts. Pure functions of text."""
