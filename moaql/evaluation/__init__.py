"""Measuring: scores, intervals, paired comparisons, diagnosis."""
