"""Opens the chat page in the person's browser without revealing its address to other users.

The address holds a secret, and every user of a machine can read the command lines of all programs.
So the browser opens a file that only this user can read, which redirects to the address.
"""

import getpass
import shutil
import socket
import subprocess
import sys
import webbrowser
from collections.abc import Mapping
from html import escape
from pathlib import Path
from urllib.parse import urlsplit

_FAILS_WITHIN = 3.0
"""How long a program that opens files may take to say that it cannot."""

_NO_BROWSER = "No browser could be opened here. Open the address above."
_OPENED = "It opens in your browser; if it does not, open the address above."

# https://html.spec.whatwg.org/multipage/semantics.html#attr-meta-http-equiv-refresh
_PAGE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="referrer" content="no-referrer">
<meta http-equiv="refresh" content="0; url={address}">
<title>Quaymaster</title>
<p><a href="{address}">To the chat page</a></p>
</html>
"""


def shown_in_browser(
    address: str, folder: Path, environment: Mapping[str, str], *, is_terminal: bool
) -> str:
    """Open the page if there is a screen; returns the sentence to print about it. ``folder`` is a
    directory that only this user can read.
    """
    if why := _why_not(environment, is_terminal=is_terminal):
        tunnel = _tunnel(address, environment)
        return f"{why} From another machine:\n\n  {tunnel}\n\nthen open the address there."
    leading_on = folder / "open.html"
    leading_on.touch(mode=0o600)
    leading_on.write_text(_PAGE.format(address=escape(address)), encoding="utf-8")
    return _OPENED if _opened(leading_on.as_uri(), environment) else _NO_BROWSER


def _why_not(environment: Mapping[str, str], *, is_terminal: bool) -> str:
    """Why a browser opened here would not be visible; empty if it would be."""
    if environment.get("SSH_CONNECTION"):
        return "You are here over SSH, so no browser is opened."
    has_screen = environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")
    if sys.platform.startswith("linux") and not has_screen:
        return "There is no screen here, so no browser is opened."
    return "" if is_terminal else "The output is not a terminal, so no browser is opened."


def _tunnel(address: str, environment: Mapping[str, str]) -> str:
    """How to have the page's port on another machine: https://man.openbsd.org/ssh#L"""
    port = urlsplit(address).port
    # The client's address and port, then this machine's, as the client reached it.
    connection = environment.get("SSH_CONNECTION", "").split()
    host = connection[2] if len(connection) == 4 else socket.gethostname()
    return f"ssh -L {port}:127.0.0.1:{port} {getpass.getuser()}@{host}"


def _opened(uri: str, environment: Mapping[str, str]) -> bool:
    opener = shutil.which("xdg-open", path=environment.get("PATH"))
    if opener is None:
        return webbrowser.open(uri)
    # Python's own module takes it for a success that this program could be started.
    process = subprocess.Popen(
        [opener, uri],
        env=dict(environment),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        return process.wait(_FAILS_WITHIN) == 0
    except subprocess.TimeoutExpired:  # it stays for as long as the browser does
        return True
