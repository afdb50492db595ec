"""The chat page, without a browser."""
