"""A bare Debian, in which the README's commands are typed: ``python -m tests.bare``."""
