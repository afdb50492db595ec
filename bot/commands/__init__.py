"""Command text in, requests out."""
