"""Stages: one file a stage, named as the user types it. `base` says what a stage declares."""

from moaql.registry import Registry
from moaql.stages.base import Stage

STAGES: Registry[Stage] = Registry("moaql.stages", "STAGE")
"""All stages by name."""
