"""The containers of a service on one Docker engine."""
