"""WWW-Authenticate is read by its grammar: RFC 9110, 11.6.1."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quaymaster.limits import HEADER_CHARACTERS
from workers.registry.auth import Challenge
from workers.registry.challenges import HttpChallenge, challenges_in

BEARER = HttpChallenge("bearer", {"realm": "https://auth.test/token", "service": "r"})
BASIC = HttpChallenge("basic", {"realm": "x"})
BEARER_TEXT = 'Bearer realm="https://auth.test/token",service="r"'
BASIC_TEXT = 'Basic realm="x"'


@pytest.mark.parametrize(
    ("headers", "found"),
    [
        ([f"{BEARER_TEXT}, {BASIC_TEXT}"], (BEARER, BASIC)),
        ([f"{BASIC_TEXT}, {BEARER_TEXT}"], (BASIC, BEARER)),
        ([f"{BASIC_TEXT},{BEARER_TEXT}"], (BASIC, BEARER)),
        ([BASIC_TEXT, BEARER_TEXT], (BASIC, BEARER)),
        ([f" ,, {BASIC_TEXT} ,\t, {BEARER_TEXT},"], (BASIC, BEARER)),
        ([BEARER_TEXT.replace(",", " , ").replace("=", " = ", 1)], (BEARER,)),
        (["BEARER realm=https://auth.test/token, SERVICE=r"], (BEARER,)),
        ([BEARER_TEXT.replace(",", " ")], (BEARER,)),
        (
            ["Negotiate, NTLM abc+/==, Basic realm=x"],
            (HttpChallenge("negotiate"), HttpChallenge("ntlm", {}, "abc+/=="), BASIC),
        ),
        (
            [r'Basic realm="a, \"Bearer realm=\\evil\"", Basic realm=x'],
            (HttpChallenge("basic", {"realm": 'a, "Bearer realm=\\evil"'}), BASIC),
        ),
        (
            ['Bearer realm="u", scope="repository:shop/web:pull,push", error="invalid_token"'],
            (
                HttpChallenge(
                    "bearer",
                    {
                        "realm": "u",
                        "scope": "repository:shop/web:pull,push",
                        "error": "invalid_token",
                    },
                ),
            ),
        ),
        (['Bearer realm="a", realm="b"'], (HttpChallenge("bearer", {"realm": "a"}),)),
        (
            ['Newauth realm="apps", type=1, title="Login to \\"apps\\"", Basic realm="simple"'],
            (
                HttpChallenge(
                    "newauth", {"realm": "apps", "type": "1", "title": 'Login to "apps"'}
                ),
                HttpChallenge("basic", {"realm": "simple"}),
            ),
        ),
        (
            ["Bearer , ,realm=x,, service=y"],
            (HttpChallenge("bearer", {"realm": "x", "service": "y"}),),
        ),
        (["Negotiate , ,Basic realm=x"], (HttpChallenge("negotiate"), BASIC)),
        (["Basic"], (HttpChallenge("basic"),)),
        (['= "a, b", Basic realm=x'], (BASIC,)),
        (['Digest realm="unterminated, Basic realm=x'], (HttpChallenge("digest"),)),
        ([], ()),
        (["", " , "], ()),
    ],
)
def test_every_challenge_is_found(headers: list[str], found: tuple[HttpChallenge, ...]) -> None:
    assert challenges_in(headers) == found


WORD = st.text("abcdefghijklmnopqrstuvwxyz0123456789-_.!#$%&'*+^`|~", min_size=1, max_size=12)
TOKEN68 = st.from_regex(r"[A-Za-z0-9._~+/-]{1,20}={0,2}", fullmatch=True)
VALUE = st.text(string.printable.replace("\x0b", "").replace("\x0c", ""), max_size=30).map(
    lambda text: " ".join(text.split("\n"))
)
PARAMETERS = st.dictionaries(WORD, VALUE, max_size=4)
CHALLENGE = st.one_of(
    st.builds(HttpChallenge, WORD, PARAMETERS), st.builds(HttpChallenge, WORD, st.just({}), TOKEN68)
)


@st.composite
def written(draw: st.DrawFn, challenge: HttpChallenge) -> str:
    """A challenge in one of its forms."""
    scheme = draw(st.sampled_from([challenge.scheme, challenge.scheme.upper()]))
    if challenge.token68:
        return f"{scheme}{draw(BLANKS)}{challenge.token68}"
    parameters = []
    for name, value in challenge.parameters.items():
        can_be_bare = value and not set(value) & set(' \t\r",\\')
        quoted = '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
        is_bare = can_be_bare and "=" not in value and draw(st.booleans())
        blanks = draw(st.sampled_from(["", " ", "\t"]))
        parameters.append(f"{name}{blanks}={blanks}{value if is_bare else quoted}")
    return scheme + (draw(BLANKS) if parameters else "") + draw(COMMAS).join(parameters)


BLANKS = st.sampled_from([" ", "  ", " \t"])
COMMAS = st.sampled_from([",", ", ", " , ", ",,", ", ,\t"])


@given(st.data(), st.lists(CHALLENGE, max_size=5))
def test_what_is_written_by_the_grammar_is_read_as_it_was_meant(
    data: st.DataObject, challenges: list[HttpChallenge]
) -> None:
    texts = [data.draw(written(one)) for one in challenges]
    in_one = data.draw(COMMAS).join(texts)
    assert challenges_in([in_one]) == tuple(challenges)
    assert challenges_in(texts) == tuple(challenges)


@given(st.lists(st.text() | st.text('Bearbsic =",\\ \t', max_size=60), max_size=4))
def test_whatever_a_header_says_is_read_or_passed_over(headers: list[str]) -> None:
    for one in challenges_in(headers):
        assert one.scheme == one.scheme.lower()
        assert not one.token68 or not one.parameters


def test_of_many_and_long_headers_only_the_beginning_is_read() -> None:
    assert challenges_in(["a"] * 10_000) == (HttpChallenge("a"),) * 16
    assert challenges_in([" " * HEADER_CHARACTERS + BASIC_TEXT]) == ()


class TestWhichIsAnswered:
    @pytest.mark.parametrize(
        "headers",
        [
            [f"{BEARER_TEXT}, {BASIC_TEXT}"],
            [f"{BASIC_TEXT}, {BEARER_TEXT}"],
            [BASIC_TEXT, BEARER_TEXT],
            [f"Negotiate, {BASIC_TEXT}", f"NTLM abc=, {BEARER_TEXT}"],
            [f'Bearer error="x", {BEARER_TEXT}'],
        ],
    )
    def test_a_token_where_both_are_offered(self, headers: list[str]) -> None:
        assert Challenge.parse(headers) == Challenge("bearer", "https://auth.test/token", "r")

    @pytest.mark.parametrize(
        "headers",
        [
            ['Basic realm="Bearer realm=https://evil.test/"'],
            ['Basic realm="a, Bearer realm=https://evil.test/"'],
            ['Bearer error="invalid_token", Basic realm="x"'],
            ["Negotiate, basic"],
        ],
    )
    def test_basic_where_nobody_says_where_to_get_a_token(self, headers: list[str]) -> None:
        assert Challenge.parse(headers) == Challenge("basic")

    def test_nothing_where_neither_is_offered(self) -> None:
        assert Challenge.parse(['Digest realm="bearer basic"', "Negotiate"]) is None
