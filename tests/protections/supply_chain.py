"""G7: nothing is installed but what was looked at, and a host gives nobody more than it has to."""

from functools import partial

from tests.protections.protection import Protection

_row = partial(Protection, "G7")
_REQUIREMENTS = "tests/test_requirements.py"

SUPPLY_CHAIN = (
    *(
        _row(
            f"{what} is installed as it was pinned",
            file,
            old,
            new,
            (f"{_REQUIREMENTS}::test_nothing_is_installed_that_is_not_pinned",),
        )
        for what, file, old, new in (
            ("the image", "Dockerfile", "--require-hashes -r requirements/run.txt", "."),
            ("what builds the wheel", "Dockerfile", "--no-build-isolation", "--no-input"),
            (
                "what a developer has",
                "Makefile",
                "--require-hashes --requirement requirements/dev.txt",
                "--requirement requirements/dev.txt",
            ),
        )
    ),
    _row(
        "the digest of a base image is renewed",
        ".ci/pin-images",
        "($digest)?",
        "",
        (f"{_REQUIREMENTS}::test_pin_images_writes_the_digest_of_the_registry_beside_each_tag",),
    ),
)
