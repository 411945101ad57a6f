"""Tuning: the instructions of one prompt, and the numbers of a program, fitted to an eval set."""
