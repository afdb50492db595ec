"""Runtimes that services run on, behind one protocol."""
