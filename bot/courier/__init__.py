"""Brings Slack in line with the records, and keeps to its limits."""
