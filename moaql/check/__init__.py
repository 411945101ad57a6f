"""From trees to a program: names, imports, types, and lint."""
