"""The command line: the top layer, the only one that wires bot and workers together."""
