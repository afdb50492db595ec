"""Releases count only with their seal."""

from dataclasses import replace
from typing import Any

import pytest

from quaymaster.errors import Forged
from quaymaster.services import ServiceConfiguration, Variable
from quaymaster.store.releases import Release
from tests.samples import DIGEST, NOW, OTHER_DIGEST, SEALER, image

RELEASE = Release(
    7,
    "production",
    "web",
    image(digest=DIGEST),
    ServiceConfiguration(),
    "U0ALICE",
    ("U0BOB", "U0CAROL"),
    NOW,
).sealed(SEALER)


@pytest.mark.parametrize(
    "altered",
    [
        {"id": 8},
        {"environment": "staging"},
        {"service": "admin"},
        {"image": image(digest=OTHER_DIGEST)},
        {"configuration": ServiceConfiguration((Variable("DEBUG", value="1"),))},
        {"released_by": "U0EVE"},
        {"approved_by": ()},
        {"restores": 3},
        {"seal": "0" * 64},
    ],
)
def test_a_release_that_was_altered_is_refused(altered: dict[str, Any]) -> None:
    RELEASE.check(SEALER)
    with pytest.raises(Forged):
        replace(RELEASE, **altered).check(SEALER)
