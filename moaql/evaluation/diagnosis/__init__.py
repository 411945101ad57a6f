"""Diagnosis: why a topology is as good as it is, from the answers that its calls gave to the items of an eval set."""
