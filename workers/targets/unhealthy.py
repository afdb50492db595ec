"""What there is to say of a version that is not healthy, whatever the runtime is."""

LOG_LINES = 20
"""Of its output, to be shown with it."""


def way_out(tail: tuple[str, ...]) -> str:
    """What to do about a version that is not healthy; a card shows the end of its log, if known."""
    return f"{'Check its last log lines, fix it' if tail else 'Fix it'} and deploy again."
