"""How pictures are put before a reader: which stand where, what belongs together, how loops run."""
