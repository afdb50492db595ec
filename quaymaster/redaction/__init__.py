"""Secrets are found in text, by value and by shape."""
