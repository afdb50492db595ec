"""A Docker engine: its connection, its images, and why it refuses."""
