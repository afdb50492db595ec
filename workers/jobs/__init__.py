"""One file per verb: what a worker does for it."""
