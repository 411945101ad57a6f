"""Export targets: one file a target, named as the user types it, with `_` for `-`."""
