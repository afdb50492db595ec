"""Everything that drives Docker engines, registries and the scanner."""
