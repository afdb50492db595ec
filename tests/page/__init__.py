"""The chat page in the system's Chromium."""
