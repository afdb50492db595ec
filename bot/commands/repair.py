"""What was probably meant by a line that is no command: another line, which is one.

Nothing is guessed that could be somebody's name for something else: a word is replaced where it is
another spelling, the beginning or an abbreviation of exactly one known name, and what cannot be
understood is not left out. Whoever typed the line decides whether this is what they meant.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from itertools import islice

from bot.commands.grammar import (
    COMMAND,
    SYNONYMS,
    VERBS,
    Verb,
    parse,
    sorted_out,
    without_command,
)
from bot.commands.normalizing import normalized, unformatted
from bot.commands.repaired_words import Spelling
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import UsageError
from quaymaster.rights import Right
from quaymaster.spelling import nearest

_LONGEST = 600
_MOST_WORDS = 16
_MOST_TRIES = 80
"""Each is a fraction of a millisecond, and an acknowledgement waits for them."""

_BEFORE = frozenset(
    {
        *("please", "pls", "plz", "kindly", "can", "could", "would", "will", "you", "we", "i"),
        *("hi", "hey", "hello", "ok", "let's", "lets", "docker", "quaymaster", "@quaymaster"),
        *("image", ">", "•"),
    }
)
_AFTERWARDS = frozenset(
    {"please", "pls", "plz", "now", "asap", "thanks", "thx", "ty", "thank", "you"}
)
_LOOKS = frozenset({"show", "list", "get", "see", "view", "display", "me", "the", "all"})
"""Before a command that looks they say nothing: list images. To show a rollback starts none."""
_NUMBERED = re.compile(r"-|\d{1,2}[.)]")
_SMALL_WORDS = frozenset({"to", "as", "on", "in", "from", "for", "of"})
_OTHER_SMALL_WORDS = {"into": "to", "onto": "on", "at": "in", "→": "to", "->": "to"}
_VERSION = re.compile(
    r"v?[0-9].*|[0-9a-f]{7,64}|latest|stable|main|master|dev|edge|nightly|(?:beta|alpha|rc)[0-9]*"
)
"""What stands apart from its repository and is a tag all the same; `not` and `again` are none."""
_WITHOUT_DIRECTION = frozenset({"on", "in", "of", "for"})
"""These may be left out where a verb has no use for them; to, from and as say which is which."""
_IMAGES = frozenset({"REF", "SOURCE", "NEW"})


def repaired(text: str, configuration: Configuration, command: str = COMMAND) -> str | None:
    """The line that the person probably meant, without the slash command; None if that is not
    clear.

    It is a command: ``parse`` reads it.
    """
    if len(text) > _LONGEST:
        return None
    words = _words(text, command)
    if not words or len(words) > _MOST_WORDS:
        return None
    places = {*configuration.hosts, *configuration.environments}
    tries = (
        _line(verb, arranged, configuration)
        for verb, rest in _verbs(words)
        for arranged in _arranged(verb, rest, places)
    )
    return next((line for line in islice(tries, _MOST_TRIES) if line is not None), None)


def _words(text: str, command: str) -> list[str]:
    """The words of a line, without polite phrases, quotes and punctuation around them."""
    line = unformatted(normalized(text)).replace('"', " ")
    words = [word.strip("*~()[]{}'").rstrip(",;!?") for word in line.split()]
    while words and (words[0].casefold() in _BEFORE or _NUMBERED.fullmatch(words[0])):
        words = words[1:]
    words = list(without_command(tuple(filter(None, words)), command))
    while len(words) > 1 and words[-1].rstrip(".").casefold() in _AFTERWARDS:
        words.pop()
    if words:
        words[-1] = words[-1].rstrip(".:")
    return [word for word in words if word]


def _verbs(words: Sequence[str]) -> Iterator[tuple[Verb, Sequence[str]]]:
    """The verbs that may be meant, each with what follows it; the likeliest first."""
    first, rest = words[0].casefold().rstrip(":"), words[1:]
    if first in _LOOKS and rest:
        yield from (one for one in _verbs(rest) if one[0].needs is Right.READ)
    second = rest[0].casefold() if rest else ""
    if (joined := first.replace("-", "").replace("_", "")) in VERBS:
        yield VERBS[joined], rest
    if first + second in VERBS:
        yield VERBS[first + second], rest[1:]
    for other in (f"{first}s", first.removesuffix("s")):  # tag of one, tags of many
        if other != first and other in VERBS:
            yield VERBS[other], rest
    if first in SYNONYMS:
        yield VERBS[SYNONYMS[first]], rest
    elif (meant := nearest(first, VERBS)) is not None and meant != first:
        yield VERBS[meant], rest


def _arranged(verb: Verb, words: Sequence[str], places: Collection[str]) -> Iterator[Sequence[str]]:
    """Ways to read the words: unchanged, joined to images or services, in the other order."""
    folded = [_folded(word) for word in words]
    names = [argument.name for argument in verb.arguments]
    has_image = not _IMAGES.isdisjoint(names)
    has_service = not has_image and any(name.startswith("ENVIRONMENT") for name in names)
    for joined in _joined(folded, places) if has_image else (folded,):
        for kept in (joined, _without_small_words(verb, joined)):
            yield kept
            if has_image and len(kept) == 2 and verb.name != "tag":  # there the order says which
                yield kept[::-1]
            if has_service and len(kept) == 2:
                yield ["/".join(kept)]
                yield ["/".join(kept[::-1])]


def _folded(word: str) -> str:
    small = word.casefold()
    small = _OTHER_SMALL_WORDS.get(small, small)
    return small if small in _SMALL_WORDS or word.startswith("--") else word


def _joined(words: Sequence[str], places: Collection[str]) -> Iterator[list[str]]:
    """With one place where a repository and its tag stand apart put together, the first such
    first. A host or an environment is no tag.
    """
    yield list(words)
    for at in range(len(words) - 1):
        name, tag = words[at], words[at + 1]
        rest = words[at + 2 :]
        has_colon = name.endswith(":") or tag.startswith(":")
        if tag == ":" and rest:
            tag, rest = rest[0], rest[1:]
        if name in _SMALL_WORDS or tag in _SMALL_WORDS or name.startswith("-"):
            continue
        if not has_colon and (nearest(tag, places) or not _VERSION.fullmatch(tag.casefold())):
            continue
        name, tag = name.removesuffix(":"), tag.removeprefix(":")
        if ":" not in name.rpartition("/")[2] and tag and "/" not in tag and ":" not in tag:
            yield [*words[:at], f"{name}:{tag}", *rest]


def _without_small_words(verb: Verb, words: Sequence[str]) -> list[str]:
    small_words = {small for argument in verb.arguments for small in argument.small_words}
    return [word for word in words if word in small_words or word not in _WITHOUT_DIRECTION]


def _line(verb: Verb, words: Sequence[str], configuration: Configuration) -> str | None:
    """The command of these words as it is written, if it is one."""
    try:
        arguments = sorted_out(verb, list(words))
        spelled = Spelling(configuration, verb.name, arguments).all()
        parts = [
            *(f"{one.usual} {spelled[one.name]}" for one in verb.arguments if one.name in spelled),
            *(f"{one.name} {spelled[one.name]}" for one in verb.options if one.name in spelled),
        ]
        line = " ".join((verb.name, *(part.strip() for part in parts)))
        parse(line, configuration)
    except UsageError:
        return None
    return line
