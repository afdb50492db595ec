"""The stages of an operation's work."""

from enum import StrEnum


class Stage(StrEnum):
    """Which part of the work the next job does. Most verbs have one; a deploy has several."""

    WORK = "work"
    EXAMINE = "examine"
    """Resolve the tag, once, and order the scan."""
    PLAN = "plan"
    """Judge the scan, render the configuration and look at what runs: on the host."""
    APPLY = "apply"
    VERIFY = "look"
    """The scheduled check at the end of the bake window."""
    RECOVER = "recover"
    """The worker died: observe, settle, report."""
