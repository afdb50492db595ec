"""Finds secrets that follow their names without a sign between them: in sentences, commands of
databases, elements of XML, lists of names and values, and what is piped into a program.

Each function yields places in the text, in time that is in proportion to it.
"""

import re
from collections.abc import Iterator

from quaymaster.redaction.secret_names import ends_as_secret, is_secret_name

_WORD = r"(?P<value>'[^'\n]*+'?|\"(?:[^\"\\\n]|\\.)*+\"?|[^\s\"',;<>\\]++)"
_QUOTED = r"(?P<value>'[^'\n]*+'?|\"(?:[^\"\\\n]|\\.)*+\"?)"

_STATED = (
    re.compile(rf"\b(?:password|passphrase|passwd)[ \t]{{1,3}}(?:is[ \t]{{1,3}})?{_QUOTED}", re.I),
    re.compile(rf"\bidentified[ \t](?:with[ \t]\S{{1,64}}[ \t])?(?:by|as)[ \t]{_QUOTED}", re.I),
    re.compile(rf"\bset[ \t]password[ \t][^\n=]{{0,80}}=[ \t]{{0,3}}{_QUOTED}", re.I),
    # ~/.netrc
    re.compile(rf"\blogin\s{{1,3}}\S{{1,128}}\s{{1,3}}password\s{{1,3}}{_WORD}"),
)
_NAMED = (
    re.compile(r"<(?P<name>[\w.:-]{1,80})>(?P<value>[^<\n]{1,4096}+)(?=</)"),
    re.compile(
        r"\b(?:name|key)[\\\"']{0,4}+[ \t]{0,3}[:=][ \t]{0,3}[\\\"']{0,4}+(?P<name>[\w.-]{1,80}+)"
        r"[\\\"']{0,4}+[,\s]{1,40}+[\\\"']{0,4}+value[\\\"']{0,4}+[ \t]{0,3}[:=][ \t]{0,3}"
        rf"(?:\\{{1,3}})?{_WORD}",
        re.I,
    ),
    # Of a Dockerfile, of csh, of ``aws configure``; in a sentence, no name has a low line.
    re.compile(
        rf"\b(?:ENV|ARG|setenv|set)[ \t]{{1,3}}(?P<name>\w{{1,64}}?_\w{{1,64}}+)[ \t]{{1,3}}{_WORD}"
    ),
)

_READS_SECRET = re.compile(r"--(?:password|token)-stdin\b|\bchpasswd\b")
_WRITES = re.compile(r"\b(?:echo|printf)\b")
_FAR = 512


def stated_secrets(text: str) -> Iterator[tuple[int, int]]:
    """The spans of a text that it calls a secret; they may overlap."""
    for pattern in _STATED:
        for match in pattern.finditer(text):
            yield match.span("value")
    for pattern in _NAMED:
        for match in pattern.finditer(text):
            name = match["name"]
            if ends_as_secret(name) or ("_" in name and is_secret_name(name)):
                yield match.span("value")
    yield from _piped(text)


def _piped(text: str) -> Iterator[tuple[int, int]]:
    """``echo … | docker login --password-stdin``: all that is written to the program."""
    for reader in _READS_SECRET.finditer(text):
        first = max(0, reader.start() - _FAR)
        bar = text.rfind("|", first, reader.start())
        if bar < 0:
            continue
        first = max(0, bar - _FAR)
        writers = [match.end() for match in _WRITES.finditer(text, first, bar)]
        if writers and text[writers[-1] : bar].strip():
            yield writers[-1] + 1, bar
