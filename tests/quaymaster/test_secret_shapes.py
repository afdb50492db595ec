"""What looks like a secret is found, ordinary words are not, and hostile text costs no more."""

import pytest

from quaymaster.redaction import MARK
from quaymaster.redaction import redact as without


@pytest.mark.parametrize(
    ("text", "secret"),
    [
        ("Authorization: Basic Y2k6aHVudGVyMg== rejected", "Y2k6aHVudGVyMg"),
        ("rejected Basic Y2k6aHVudGVyMg== of ci", "Y2k6aHVudGVyMg"),
        ("sent Bearer abc.def-ghi_jkl to it", "abc.def-ghi_jkl"),
        ("GET https://ci:hunter2@registry.test/v2/", "hunter2"),
        ("password=hunter2 was wrong", "hunter2"),
        ('{"password": "hun\\"ter2", "user": "ci"}', "ter2"),
        ("DB_PASSWORD='two words' in env", "two words"),
        ("DB_PASS=hunter2 in env", "hunter2"),
        ("ENV SMTP_AUTH=hunter2", "hunter2"),
        ("SESSION_COOKIE=hunter2", "hunter2"),
        ("APP_JWT=hunter2", "hunter2"),
        ("PASSWORD=ab,cd;ef&gh", "ef&gh"),
        ('PASSWORD=ab"cd ef"gh', 'cd ef"gh'),
        ('{\\"password\\":\\"hunter2\\"}', "hunter2"),
        ('{\\"password\\":\\"two words\\",\\"user\\":\\"ci\\"}', "words"),
        ("Cookie: session=abc; csrf=hunter2", "hunter2"),
        ("curl -H 'Authorization: Token hunter2' https://r.test", "hunter2"),
        ("RUN curl -u ci:hunter2 https://r.test/x", "hunter2"),
        ("RUN curl -sSfu ci:hunter2 https://r.test/x", "hunter2"),
        ("curl 'https://r.test/?a=1&b=2' --user ci:hunter2", "hunter2"),
        ("docker build . && curl -u ci:hunter2 https://r.test/x", "hunter2"),
        ("curl --proxy-user=ci:hunter2 https://r.test/x", "hunter2"),
        ("mysql -u root -phunter2 shop", "hunter2"),
        ("mysqldump --all -p'two words'", "two words"),
        ("sshpass -p hunter2 ssh web", "hunter2"),
        ("docker login -u ci -p hunter2 r.test", "hunter2"),
        ("redis-cli -a hunter2 ping", "hunter2"),
        ("https://hooks.slack.com/services/T0/B0/XyZ12345", "XyZ12345"),
        ("https://discord.com/api/webhooks/123/XyZ-12345", "XyZ-12345"),
        ("https://acme.webhook.office.com/webhookb2/a@b/IncomingWebhook/c1/d2", "c1/d2"),
        ("https://chat.test/hooks/xyz123abc456", "xyz123abc456"),
        ("https://x.test/f?sig=hunter2&b=1", "hunter2"),
        ("|1 NPM_TOKEN=abcdef123 /bin/sh -c npm ci", "abcdef123"),
        ("docker login --password hunter2 registry.test", "hunter2"),
        ("key AKIAIOSFODNN7EXAMPLE leaked", "AKIAIOSFODNN7EXAMPLE"),
        ("aws_secret_access_key = wJalrXUtnFEMI/K7MDENG", "wJalrXUtnFEMI"),
        ("ghp_" + "a1B2" * 9, "a1B2a1B2"),
        ("glpat-" + "x" * 20, "x" * 20),
        ("xoxb-" + "1234567890-abcdef", "1234567890"),
        ("ed25519-private:" + "bot-1a2b3c4d:" + "A" * 43 + "=", "A" * 43),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.c2lnbmF0dXJl", "eyJzdWIiOiIxMjM0In0"),
        (
            "-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKC\n-----END RSA PRIVATE KEY-----",
            "MIIEow",
        ),
        ("-----BEGIN PRIVATE KEY-----\nMIIEow and cut", "MIIEow"),
        ("MIIEow was cut\n-----END EC PRIVATE KEY-----", "MIIEow"),
        ("-----BEGIN PGP PRIVATE KEY BLOCK-----\nlQOYB", "lQOYB"),
    ],
)
def test_what_looks_like_a_secret_is_taken_out(text: str, secret: str) -> None:
    found = without(text)
    assert secret not in found
    assert MARK in found


@pytest.mark.parametrize(
    "text",
    [
        "unauthorized: authentication required",
        "basic authentication is needed, or bearer authentication",
        "password-reset:1.4",
        "ghcr.io/acme/password-reset:1.4 is not there",
        "shop/token:latest and shop/secret:v2 and token:1.4.2",
        "production/auth: the new container is not healthy",
        "staging/password-reset: deploy failed",
        "https://registry.test/v2/acme/webhooks/dispatcher-2/manifests/1.4.2",
        "curl https://r.test; docker run -u 1000:1000 shop/web",
        "docker run -u 1000:1000 -p 80:80 shop/web",
        "pip install pyjwt==2.8 tokenizers==0.15",
        "the token has expired",
        'Bearer realm="https://auth.test/token",service="registry.test"',
        "manifest unknown: sha256:" + "a" * 64,
        "pulled registry.test:5000/shop/web:1.4",
        "https://registry.test/v2/shop/web@sha256:" + "b" * 64,
    ],
)
def test_ordinary_words_stay(text: str) -> None:
    assert without(text) == text
