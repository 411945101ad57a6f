"""Optimizers of prompts: one file each, named as on the command line."""

from __future__ import annotations

from moaql.registry import Registry
from moaql.tuning.optimizers.base import Optimizer

OPTIMIZERS: Registry[Optimizer] = Registry("moaql.tuning.optimizers", "OPTIMIZER")
"""All optimizers by name."""
