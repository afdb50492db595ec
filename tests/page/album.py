"""Pictures of the page, taken on the way through a test where somebody wants them.

``make screenshots`` sets SCREENSHOTS to the folder; without it nothing is taken.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from tests.page.window import Window


@dataclass(frozen=True, slots=True)
class Album:
    """A folder of pictures, or none."""

    folder: Path | None

    @staticmethod
    def wanted() -> Album:
        """The album that the environment asks for."""
        folder = os.environ.get("SCREENSHOTS")
        return Album(Path(folder).absolute() if folder else None)

    async def take(self, name: str, window: Window) -> None:
        """Take a picture of what is to be seen now, without a blinking cursor or a motion."""
        if self.folder is None:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        await window.page.screenshot(
            path=self.folder / f"{name}.png", animations="disabled", caret="hide"
        )
