"""Why an engine cannot reach a registry: the proxy, the certificate, the network."""

from quaymaster.errors import OutsideFailure
from workers.outside.foreign_words import ForeignWords

_UNREACHED = (
    "connection refused",
    "no such host",
    "i/o timeout",
    "network is unreachable",
    "no route to host",
    "connection reset",
    "connection reset by peer",
    "tls handshake timeout",
    "request canceled while waiting for connection",
    "context deadline exceeded",
    "unexpected eof",
    "eof",
    "server misbehaving",
    "temporary failure in name resolution",
)
_PLAIN_HTTP = (
    "server gave http response to https client",
    "first record does not look like a tls handshake",
)
_CERTIFICATE = ("x509", "certificate", "bad certificate")
# https://github.com/golang/go/blob/master/src/crypto/x509/verify.go and crypto/tls/alert.go
_OUTDATED = ("certificate has expired",)
_OTHER_NAME = (
    *("certificate is valid for", "cannot validate certificate for"),
    *("certificate is not valid for any names", "certificate relies on legacy common name field"),
)
_WANTS_OURS = ("tls: certificate required", "remote error: tls: bad certificate")
_BY_PROXY = ("proxyconnect", "proxy authentication required")


def kept_apart(words: ForeignWords, why: str, subject: str, host: str) -> OutsideFailure | None:
    """The error where a proxy or a certificate is in the way. Their texts may hold the words of a
    registry's refusals, so they are asked after first.
    """
    if words.has(*_BY_PROXY):
        return _not_let_through(words, why, subject, host)
    if words.has(*_PLAIN_HTTP) or words.has(*_CERTIFICATE):
        return _untrusted(words, why, subject, host)
    return None


def not_reached(words: ForeignWords, why: str, subject: str, host: str) -> OutsideFailure | None:
    """The error where nothing answers."""
    if not words.has(*_UNREACHED):
        return None
    return OutsideFailure(
        f"{host} cannot reach the registry of {subject}.",
        why=why,
        next_step="Check the registry's name, and that it runs; then try again.",
        trying_again_can_help=True,
    )


def _not_let_through(words: ForeignWords, why: str, subject: str, host: str) -> OutsideFailure:
    return OutsideFailure(
        f"The proxy of {host} does not let its engine through to the registry of {subject}.",
        why=why,
        next_step="Check HTTPS_PROXY and NO_PROXY of the Docker engine there (`docker info` shows "
        "them): the proxy's address and login, and whether this registry is behind it at all.",
        trying_again_can_help=words.has(*_UNREACHED),
    )


def _untrusted(words: ForeignWords, why: str, subject: str, host: str) -> OutsideFailure:
    what, way = (
        "has a certificate that the engine does not trust",
        f"On {host}: put its CA into /etc/docker/certs.d/REGISTRY/ca.crt.",
    )
    if words.has(*_PLAIN_HTTP):
        what = "speaks plain HTTP"
        way = f"On {host}: list it under insecure-registries in daemon.json."
    elif words.has(*_OUTDATED):
        what = "has a certificate that is not valid now"
        way = (
            "The registry's administrator has to renew it. "
            f"If it is in date, set the clock of {host}."
        )
    elif words.has(*_OTHER_NAME):
        what = "has a certificate that is for another name"
        way = (
            "Use one of the names that the certificate is for, "
            "or ask the registry's administrator to add this one."
        )
    elif words.has(*_WANTS_OURS):
        what = "wants a certificate from the engine, and does not get one that it accepts"
        way = f"On {host}: put client.cert and client.key into /etc/docker/certs.d/REGISTRY/."
    return OutsideFailure(f"The registry of {subject} {what}.", why=why, next_step=way)
