"""What is wrong with a registry's certificate is told, and not that somebody should trust it."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from quaymaster.errors import OutsideFailure
from workers.registry.auth import RegistryLogin
from workers.registry.client import Registry

TODAY = datetime.now(UTC)
DAY = timedelta(days=1)


def certificate(folder: Path, name: str, first: datetime, last: datetime) -> Path:
    """One that vouches for itself, for localhost under this name, with its key in the same file."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "registry")])
    names = x509.SubjectAlternativeName([x509.DNSName(name)])
    builder = x509.CertificateBuilder(
        subject, subject, key.public_key(), x509.random_serial_number()
    )
    builder = builder.not_valid_before(first).not_valid_after(last)
    built = builder.add_extension(names, critical=False).sign(key, hashes.SHA256())
    file = folder / "registry.pem"
    file.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + built.public_bytes(serialization.Encoding.PEM)
    )
    return file


@contextmanager
def presented(file: Path) -> Iterator[str]:
    """A server that shows this certificate, as an address of a registry."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def shake_hands() -> None:
            with contextlib.suppress(OSError):
                while True:
                    one, _ = listening.accept()
                    with one, contextlib.suppress(OSError):
                        context.wrap_socket(one, server_side=True).close()

        thread = threading.Thread(target=shake_hands, daemon=True)
        thread.start()
        yield f"localhost:{listening.getsockname()[1]}"
        listening.shutdown(socket.SHUT_RDWR)
        thread.join(10)


@pytest.mark.parametrize(
    ("name", "first", "last", "what", "way"),
    [
        ("localhost", -2 * DAY, -DAY, "is not valid now", "renew it"),
        ("localhost", DAY, 2 * DAY, "is not valid now", "clock"),
        ("registry.example.com", -DAY, DAY, "is for another name", "add this one"),
    ],
)
def test_a_certificate_is_told_for_what_it_is(
    tmp_path: Path, name: str, first: timedelta, last: timedelta, what: str, way: str
) -> None:
    file = certificate(tmp_path, name, TODAY + first, TODAY + last)
    with (
        presented(file) as host,
        Registry(RegistryLogin(host, "https", ca_file=file)) as client,
        pytest.raises(OutsideFailure, match=f"certificate of {host} {what}") as caught,
    ):
        client.ping()
    assert way in caught.value.problem.next_step
    assert "ca_file" not in caught.value.problem.next_step
