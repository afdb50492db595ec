"""A registry: its API, its logins, its manifests, and why it refuses."""
