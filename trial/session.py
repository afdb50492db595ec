"""The conversation: lines are read and done, and what changes is shown, until the end."""

import asyncio
from typing import assert_never

from quaymaster.errors import QuaymasterError
from trial.desk import Desk
from trial.keyboard import Lines, Terminal
from trial.paper import Paper
from trial.parts import Parts
from trial.words import (
    HELP,
    Be,
    Channels,
    Click,
    Enter,
    Help,
    Line,
    Nothing,
    People,
    Quit,
    Show,
    ShowFile,
    Typed,
    Wait,
    read_line,
)


class Session:
    """One conversation."""

    def __init__(self, parts: Parts, lines: Lines, paper: Paper) -> None:
        self._parts = parts
        self._lines = lines
        self._paper = paper
        self._is_typed = isinstance(lines, Terminal)
        self._went_wrong = False

    async def run(self) -> bool:
        """Until the lines end or a part does; whether everything that was typed went right.

        Raises OutsideFailure when a part ended by itself.
        """
        async with self._parts.workspace() as workspace:
            desk = Desk(workspace, self._paper, await workspace.info())
            watching = asyncio.create_task(desk.watch())
            talking = asyncio.create_task(self._talk(desk))
            try:
                await self._until_one_ends(talking, watching)
            finally:
                talking.cancel()
                watching.cancel()
        return not self._went_wrong

    async def _until_one_ends(self, *tasks: "asyncio.Task[None]") -> None:
        while not any(task.done() for task in tasks):
            await asyncio.wait(tasks, timeout=0.5, return_when=asyncio.FIRST_COMPLETED)
            ended = self._parts.ended()
            if ended is not None:
                raise ended.failure()
        for task in tasks:
            if task.done():
                task.result()

    async def _talk(self, desk: Desk) -> None:
        while not (self._went_wrong and not self._is_typed):  # a script ends where it goes wrong
            prompt = f"{desk.where}> "
            text = await self._lines.next(prompt)
            if text is None:
                return
            self._paper.typed()
            if not self._is_typed and text.strip():
                self._paper.say("", prompt + text)
            try:
                line = read_line(text)
                if isinstance(line, Quit):
                    return
                await self._do(line, desk)
            except QuaymasterError as error:
                self._went_wrong = True
                self._paper.say(str(error))

    async def _do(self, line: Line, desk: Desk) -> None:
        match line:
            case Nothing() | Quit():
                return
            case Help() | People() | Channels():
                self._paper.say(*_told(line, desk))
            case Be(name):
                desk.become(name)
            case Enter(channel):
                await desk.enter(channel)
                await desk.show(3)
            case Show() | ShowFile():
                await _shown(line, desk)
            case Click(button, operation):
                await desk.click(button, operation)
            case Wait(words, within):
                await desk.wait_for(words, within)
            case Typed(text):
                await desk.type(text)
            case _:
                assert_never(line)


def _told(line: Help | People | Channels, desk: Desk) -> tuple[str, ...]:
    match line:
        case Help():
            return tuple(HELP.split("\n"))
        case People():
            return (", ".join(desk.people()),)
        case Channels():
            return (", ".join((*(f"#{name}" for name in desk.channels()), desk.bot)),)
        case _:
            assert_never(line)


async def _shown(line: Show | ShowFile, desk: Desk) -> None:
    match line:
        case Show(count):
            await desk.show(count)
        case ShowFile(name):
            await desk.file(name)
        case _:
            assert_never(line)
