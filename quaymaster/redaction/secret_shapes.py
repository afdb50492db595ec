"""Finds what looks like a secret in any text: tokens, keys, passwords next to their names.

Each function yields places in the text, from and to. Each takes time in proportion to the text,
whatever the text is: every unbounded repetition is possessive, and none can begin again inside of
what it has walked over in vain.
"""

import base64
import binascii
import re
from collections.abc import Iterator

from quaymaster.redaction.secret_names import ends_as_secret, is_secret_name, takes_secret
from quaymaster.redaction.stated_secrets import stated_secrets

Span = tuple[int, int]

# The shapes are those that the issuers document, so that secret scanners can find them:
# https://docs.github.com/en/code-security/secret-scanning/introduction/supported-secret-scanning-patterns
_TOKENS = (
    re.compile(r"\bed25519-private:[a-z0-9.-]{1,64}:([A-Za-z0-9+/=]++)"),
    re.compile(r"(?<![\w-])(eyJ[A-Za-z0-9_-]{8,}+\.[A-Za-z0-9_-]{8,}+(?:\.[A-Za-z0-9_-]*+)?)"),
    re.compile(r"\b((?:AKIA|ASIA)[0-9A-Z]{16})\b"),
    re.compile(r"(?<!\w)((?:gh[pousr]_[A-Za-z0-9]{16,}+|github_pat_\w{20,}+))"),
    re.compile(r"(?<![\w-])(glpat-[\w.-]{16,}+)"),
    re.compile(r"(?<![\w-])(xox[a-z]-[A-Za-z0-9-]{8,}+|xapp-[A-Za-z0-9-]{8,}+)"),
    re.compile(
        r"(?<![\w-])((?:dckr_[a-z]{2,4}_|npm_|pypi-AgE|sk_live_|rk_live_|AIza|hf_|hvs\.|dop_v1_"
        r"|shpat_|SG\.|AGE-SECRET-KEY-|sk-(?:proj|ant|svcacct|or)-|ya29\.|whsec_"
        r"|gl(?:rt|dt|ptt|cbt|ft|imt|soat|agent)-"
        r"|lin_api_|ATATT3|sq0[a-z]{3}-|PMAK-|do[or]_v1_|tskey-[a-z]{1,12}-|sntrys_|nfp_)"
        r"[\w.-]{16,}+)"
    ),
)
# What stands before the name of a host, which has no slash in it; a password can have one, and @.
_ADDRESS = re.compile(r"://(?P<login>(?:[^\s/\"'<>])++)(?P<rest>(?:/(?!/)[^\s/\"'<>]++){0,8}+)")
_PORT = re.compile(r":\d{0,5}$")

_BASIC = re.compile(r"\bbasic ([A-Za-z0-9+/=_-]{6,}+)", re.IGNORECASE)
_BEARER = re.compile(r"\bbearer ([A-Za-z0-9._~+/=-]{8,}+)", re.IGNORECASE)

_HOOK = re.compile(
    r"(?:hooks\.slack(?:-gov)?\.com/(?:services|workflows|triggers)"
    r"|discord(?:app)?\.com/api/webhooks"
    r"|\.webhook\.office\.com/webhookb2"
    r"|\.logic\.azure\.com(?::443)?/workflows"
    r"|chat\.googleapis\.com/v1/spaces"
    r"|hooks\.zapier\.com/hooks/catch"
    r"|api\.telegram\.org/bot"
    r"|events\.pagerduty\.com/(?:integration|x-ere)"
    r"|hc-ping\.com"
    r"|maker\.ifttt\.com/trigger)/?([^\s\"'<>\\]++)",
    re.IGNORECASE,
)
# Of a server of one's own (Mattermost, Rocket.Chat, GitLab): not a repository's name.
_OWN_HOOK = re.compile(
    r"https?://(?![^\s/\"'<>]{1,256}+/v2/)[^\s/\"'<>]{1,256}+/(?:[\w.-]{1,64}/){0,4}"
    r"(?:web)?hooks?/([^\s\"'<>\\]++)",
    re.IGNORECASE,
)
_SHORTEST_HOOK = 8

_EDGE_OF_KEY = re.compile(
    r"-----(BEGIN|END)[ +][A-Z0-9 +]{0,40}?PRIVATE[ +]KEY(?:[ +]BLOCK)?-----"
    r"|---- (BEGIN|END) SSH2 ENCRYPTED PRIVATE KEY ----"
)
_FIRST_LINE = 76
_FOR_URLS = str.maketrans("-_", "+/")
# “-----BEGIN” in base64, with the lines of it: a Kubernetes secret, a variable of a CI.
_ENCODED_KEY = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/=_-]{8,}+(?:\s{1,8}[A-Za-z0-9+/=_-]{16,}+)*+")
# Of PuTTY: https://the.earth.li/~sgtatham/putty/0.83/htmldoc/AppendixC.html
_PUTTY = re.compile(r"\bPrivate-Lines: \d{1,4}((?:\s{1,8}[A-Za-z0-9+/=]{1,80}+(?![\w:-]))++)")

_ASSIGNMENT = re.compile(
    r"(?<![\w.-])(?:(?P<option>-{1,2}[A-Za-z][\w-]*+)[ \t\x1f]++(?![-=])"
    r"|(?P<name>[\w.-]++)(?P<index>\[[^\]\n]{0,40}\])?(?P<quote>\\{0,3}[\"'])?\]?"
    r"[ \t]*+(?P<sign>(?<![=!<>:])=>?(?!=)|:=|:(?!//))(?P<space>[ \t]*+))"
)
# JSON in JSON: what begins with an escaped quote ends with one. Without a group for the quote,
# which CPython 3.11 cannot have inside of a possessive repetition (python/cpython#101955).
_ESCAPED = "|".join(
    rf"{quote}(?:(?!{quote}).)*+(?:{quote})?"
    for quote in (backslashes * r"\\" + kind for backslashes in (3, 2, 1) for kind in "\"'")
)
_VALUE = re.compile(
    rf"(?:{_ESCAPED}"
    r"|\"(?:[^\"\\\n]|\\.)*+\"?|'[^'\n]*+'?"
    r"|[^\s\"',;&|\\]|\\.|[,;&|](?![\w.-]{1,40}=|\s|$))++"
)
# Of YAML: the lines below that are indented.
_BLOCK = re.compile(r"[|>][-+]?[ \t]*+(?:\r?\n[ \t]++[^\n]++)++")
_TO_THE_END = re.compile(r"[^\n\r\"'\x1f]++")
_WHOLE_HEADERS = frozenset({"authorization", "proxy-authorization", "cookie", "set-cookie"})
_VERSION = re.compile(
    r"(?:latest|stable|edge|v?\d{1,4}(?:\.\d{1,6}){1,3})(?:[-+.]\w{1,40}){0,4}"
    r"(?=[\])}>`.,:;|]{0,3}(?:\s|$))"
)

_LOGINS = r"docker|podman|nerdctl|buildah|skopeo|crane|helm|oc|az"
_COMMAND = re.compile(
    rf"(?<![\w.-])(curl|mysql(?:dump|admin)?|mariadb(?:-dump|-admin)?|sshpass|redis-cli|valkey-cli"
    rf"|mongo(?:sh|dump|restore)?|ldap(?:search|add|modify)|smbclient|https?"
    rf"|{_LOGINS})(?:\.exe)?(?=[ \t\x1f])"
)
_OPTIONS = {
    "curl": re.compile(
        r"(?<!\S)(?:-[a-zA-Z]{0,8}[uU][ \t\x1f]{0,3}|--(?:proxy-)?user[= \x1f]\s{0,3})"
    ),
    "mysql": re.compile(r"(?<!\S)-p(?=\S)"),
    "sshpass": re.compile(r"(?<!\S)-p\s{0,3}"),
    "redis": re.compile(r"(?<!\S)-a\s{1,3}"),
    "mongo": re.compile(r"(?<!\S)-p\s{1,3}"),
    "ldap": re.compile(r"(?<!\S)-w\s{1,3}"),
    "smbclient": re.compile(r"(?<!\S)-U\s{0,3}(?=[^\s%]{1,64}%)"),
    "http": re.compile(r"(?<!\S)-a\s{1,3}"),
    "login": re.compile(r"(?<!\S)-p\s{0,3}"),
}
_END_OF_COMMAND = re.compile(r"(?<!\\)(?<!\\\r)\n")
# The option of a program behind curl: the numbers of a user and a group.
_IDS = re.compile(r"[\"']?\d{1,10}:\d{1,10}[\"']?")


def shapes(text: str) -> Iterator[Span]:
    """Every place of the text that looks like a secret; they may overlap."""
    yield from _private_keys(text)
    yield from _tokens(text)
    yield from _hooks(text)
    yield from _assignments(text)
    yield from _options(text)
    yield from stated_secrets(text)


def _private_keys(text: str) -> Iterator[Span]:
    """Whole blocks. What has no beginning goes back to the text's own, and so with the end."""
    since, is_open = 0, False
    for edge in _EDGE_OF_KEY.finditer(text):
        if "END" in edge.groups():
            yield since, edge.end()
            since, is_open = edge.end(), False
        elif not is_open:
            since, is_open = edge.start(), True
    if is_open:
        yield since, len(text)
    for key in _PUTTY.finditer(text):
        yield key.span(1)
    for encoded in _ENCODED_KEY.finditer(text):
        if _is_key(encoded[0]):
            yield encoded.span()


def _is_key(encoded: str) -> bool:
    """And not a certificate; its first line decides."""
    start = "".join(encoded[:_FIRST_LINE].split()).translate(_FOR_URLS)
    try:
        return b"PRIVATE KEY" in base64.b64decode(start[: len(start) // 4 * 4])
    except binascii.Error:
        return True


def _tokens(text: str) -> Iterator[Span]:
    for pattern in _TOKENS:
        for match in pattern.finditer(text):
            yield match.span(1)
    yield from _logins(text)
    for match in _BASIC.finditer(text):
        if _is_login(match[1]):
            yield match.span(1)
    for match in _BEARER.finditer(text):
        if any(not letter.isalpha() for letter in match[1].rstrip(".=")):
            yield match.span(1)


def _logins(text: str) -> Iterator[Span]:
    """The name and password in a URL, up to the last @ that can end them."""
    for match in _ADDRESS.finditer(text):
        start, stop = match.span("login")
        at = text.rfind("@", start, stop)
        is_host = text[start] == "[" or ":" not in match["login"] or _PORT.search(match["login"])
        if at < 0 and not is_host:
            at = text.rfind("@", *match.span("rest"))
        is_name = text.endswith("ssh", max(0, match.start() - 3), match.start())
        if at > start and not (is_name and text.find(":", start, at) < 0):
            yield start, at


def _is_login(word: str) -> bool:
    """Base64 of ``name:password``, maybe cut; and not “basic authentication”."""
    usable = word.rstrip("=").translate(_FOR_URLS)
    try:
        return b":" in base64.b64decode(usable[: len(usable) // 4 * 4])
    except binascii.Error:
        return False


def _hooks(text: str) -> Iterator[Span]:
    for match in _HOOK.finditer(text):
        if len(match[1]) >= _SHORTEST_HOOK:
            yield match.span(1)
    for match in _OWN_HOOK.finditer(text):
        if len(match[1]) >= _SHORTEST_HOOK and any(letter.isdigit() for letter in match[1]):
            yield match.span(1)


def _assignments(text: str) -> Iterator[Span]:
    at = 0
    while match := _ASSIGNMENT.search(text, at):
        value = _value_of(text, match)
        at = match.end()
        if value is not None:
            yield value
            at = value[1]


def _value_of(text: str, match: re.Match[str]) -> Span | None:
    """The span of an assigned value whose name says that it is a secret."""
    if option := match["option"]:
        return _value_at(text, match.end()) if takes_secret(option) else None
    name = match["name"]
    is_tag = not match["space"] and not match["quote"] and _VERSION.match(text, match.end())
    if name.lower() in _WHOLE_HEADERS and ":" in match["sign"] and not is_tag:
        return _rest_at(text, match.end())
    if match["quote"] or ":" not in match["sign"] or "=" in match["sign"]:
        is_secret = is_secret_name(name + (match["index"] or "")) or _is_pwd(text, match)
        return _value_at(text, match.end()) if is_secret else None
    if is_tag or not ends_as_secret(name):
        return None
    before = text[max(match.start() - 1, 0) : match.start()]
    if before in ("/", "@") and not match["space"]:
        return None
    return _value_at(text, match.end())


def _is_pwd(text: str, match: re.Match[str]) -> bool:
    """The password of a connection string, and not the directory that a shell is in."""
    return match["name"].lower() == "pwd" and text[match.end() : match.end() + 1] not in "/~\"'$"


def _value_at(text: str, at: int) -> Span | None:
    match = _BLOCK.match(text, at) or _VALUE.match(text, at)
    return match.span() if match else None


def _rest_at(text: str, at: int) -> Span | None:
    start = at + 1 if text[at : at + 1] in ('"', "'") else at
    match = _TO_THE_END.match(text, start)
    return match.span() if match else None


def _options(text: str) -> Iterator[Span]:
    """Passwords that are given to well-known programs by a short option.

    Anything after a program on its line may be its option, even after another program.
    """
    end, seen = 0, set[str]()
    for command in _COMMAND.finditer(text):
        if command.start() >= end:
            match = _END_OF_COMMAND.search(text, command.end())
            end, seen = match.start() if match else len(text), set()
        kind = _kind(command[1])
        if kind not in seen:
            seen.add(kind)
            yield from _options_of(kind, text, command.end(), end)


def _options_of(kind: str, text: str, at: int, end: int) -> Iterator[Span]:
    if kind == "login" and text.find("login", at, end) < 0:
        return
    while option := _OPTIONS[kind].search(text, at, end):
        value = _value_at(text, option.end())
        if value is not None and (kind != "curl" or _is_name_and_password(text, value)):
            yield value
        at = max(option.end(), value[1] if value else 0)


def _is_name_and_password(text: str, value: Span) -> bool:
    return text.find(":", *value) >= 0 and not _IDS.fullmatch(text, *value)


def _kind(program: str) -> str:
    if program.startswith(("mysql", "mariadb")):
        return "mysql"
    for kind in ("mongo", "ldap", "http", "curl", "sshpass", "smbclient"):
        if program.startswith(kind):
            return kind
    return "redis" if program.endswith("-cli") else "login"
