"""From text to tree, and from text to tidier text."""
