"""The space of a search: its holes as dimensions, its points as topologies."""
