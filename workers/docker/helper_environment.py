"""The environment of programs that are not ours: what they need, and none of our secrets."""

from collections.abc import Mapping

_NEEDED = frozenset(
    {
        *("PATH", "HOME", "USER", "LOGNAME", "SHELL", "TMPDIR", "TZ", "LANG", "LANGUAGE"),
        # The agent of ssh, and Kerberos.
        *("SSH_AUTH_SOCK", "SSH_AGENT_PID", "KRB5CCNAME", "XDG_RUNTIME_DIR"),
    }
)


def for_helpers(environ: Mapping[str, str]) -> dict[str, str]:
    """The part of this environment that a helper program such as ``ssh`` gets."""
    return {
        name: value for name, value in environ.items() if name in _NEEDED or name.startswith("LC_")
    }
