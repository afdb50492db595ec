"""Deliveries from Slack come in here, and an answer goes back in time."""
