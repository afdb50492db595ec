"""``quaymaster keys``: the keys of an installation, for its administrator. No private key is
printed.

It works without the settings of any program, so it is there before they are.
"""

import os
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from programs.command_line import end_with
from quaymaster.configuration.configuration import Configuration
from quaymaster.errors import QuaymasterError
from quaymaster.key_files import PRIVATE_FILE, PrivateFile
from quaymaster.key_making import KeyMaker
from quaymaster.key_programs import program_of
from quaymaster.key_ring import PublicKey
from quaymaster.quantities import parse_duration
from quaymaster.settings import CONFIG, FINGERPRINT_KEY, REDIS_URL, SIGNING_KEY, ring_path_in
from quaymaster.signing_key import Keys, SigningKey
from quaymaster.spelling import listed
from quaymaster.store.connections import worker_connection
from quaymaster.store.format_key import expect
from quaymaster.store.revocation import Revocation, execute

keys_app = typer.Typer(help="Who signs with which key.", no_args_is_help=True)

_To = Annotated[
    Path | None,
    typer.Option(
        "--to",
        metavar="FILE",
        help="Where private keys are written, mode 0600. "
        f"By default {PRIVATE_FILE} beside the key ring.",
    ),
]


@keys_app.command("new")
def new(
    one_worker: Annotated[
        bool,
        typer.Option("--one-worker", help="One worker serves everything: one key for all queues."),
    ] = False,
    to: _To = None,
) -> None:
    """Make a key for each program, and the key ring. Existing keys stay as they are."""
    with _speaking():
        maker = _maker(to)
        configuration = Configuration.load(Path(CONFIG.value_in(os.environ)))
        made = maker.make(configuration, one_worker=one_worker)
    if not made:
        typer.echo(f"Every program already has its key in {maker.ring_path}; nothing was changed.")
        return
    typer.echo(f"Made keys: {listed(made)}.")
    typer.echo(
        f"1. Give every program {maker.ring_path} (it is not secret), and restart it.\n"
        f"2. Move the lines of {maker.private.path} to .env, and delete that file. A new worker of "
        f"a host needs the {FINGERPRINT_KEY.name} that the other workers of that host have."
    )


@keys_app.command("rotate")
def rotate(
    key: Annotated[
        str, typer.Argument(metavar="NAME-OR-ID", help="A program, a key, or “fingerprint”.")
    ],
    lasts: Annotated[
        str,
        typer.Option(
            "--lasts", metavar="DURATION", help="How long the old key still signs: 30m, 2h, 0s."
        ),
    ] = "1h",
    to: _To = None,
) -> None:
    """Make the next key of a program. What the old one signed before its end stays valid."""
    with _speaking():
        maker = _maker(to)
        if key == "fingerprint":
            maker.new_fingerprint_key()
            typer.echo(_about_fingerprints(maker))
            return
        old, new_key = maker.rotate(key, parse_duration(lasts))
    variable = program_of(old).variable
    typer.echo(
        f"{new_key.id} replaces {old.id}, which can sign until "
        f"{old.ends_at:%Y-%m-%d %H:%M:%S} UTC.\n"
        f"1. Give every program {maker.ring_path}, and restart it.\n"
        f"2. Then put the last line of {maker.private.path} into .env in place of {variable}, "
        f"restart that program, and delete the file."
    )


@keys_app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(metavar="ID", help="The key that somebody else has.")],
    to: _To = None,
) -> None:
    """Take a stolen key out of use. Stop every program first, and start them afterwards.

    What it signed and is still in use is signed again with its successor, and every operation that
    depends on it ends. REDIS_URL has to be that of the administrator of Redis.
    """
    with _speaking():
        maker = _maker(to)
        revoked, successor = maker.revoke(key)
        typer.echo(f"{revoked.id} is revoked in {maker.ring_path}; {successor.id} replaces it.")
        done = _carried_out(maker, revoked, successor)
    for line in _told(done):
        typer.echo(line)
    typer.echo(
        f"Give every program {maker.ring_path}, put the line of {successor.id} into .env in place "
        f"of {program_of(revoked).variable}, and start the programs."
    )
    if done.left:
        end_with("Not everything could be signed again.", status=1)


def _carried_out(maker: KeyMaker, revoked: PublicKey, successor: PublicKey) -> Revocation:
    text = os.environ.get(SIGNING_KEY.name)
    private = maker.private_of(successor, SigningKey.parse(text) if text else None)
    own = Keys.of(private, maker.ring, successor.role)
    with closing(worker_connection(REDIS_URL.value_in(os.environ))) as connection:
        expect(connection)
        return execute(connection, revoked, own)


def _told(done: Revocation) -> Iterator[str]:
    yield f"Signed again: {len(done.signed_anew)}. Check that you recognize all of them."
    yield from (f"  {one}" for one in done.signed_anew)
    numbers = listed([f"#{number}" for number in done.ended])
    yield f"Ended: {numbers}. Deleted scan reports: {done.reports}."
    if done.left:
        yield "Left unchanged, and ignored:"
        yield from (f"  {one}" for one in done.left)


def _about_fingerprints(maker: KeyMaker) -> str:
    return (
        f"Put the last line of {maker.private.path} into .env in place of "
        f"{FINGERPRINT_KEY.name}, restart the workers of all hosts, and delete the file. Waiting "
        "deploys are superseded; a rollback to an earlier release says that its secrets cannot "
        "be compared."
    )


def _maker(to: Path | None) -> KeyMaker:
    ring = ring_path_in(os.environ)
    private = PrivateFile(to or ring.parent / PRIVATE_FILE)
    return KeyMaker(ring, private, datetime.now(UTC))


@contextmanager
def _speaking() -> Iterator[None]:
    try:
        yield
    except QuaymasterError as error:
        end_with(str(error))
