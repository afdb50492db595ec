"""What a host holds is exactly the image that was examined."""

import pytest

from quaymaster.errors import OutsideFailure
from quaymaster.image_ref import Digest, ImageRef
from quaymaster.platforms import Member
from testing.engines.kinds import chosen_kind
from workers.docker.engine import Engine
from workers.targets.docker_host.held_image import refuse_another

DIGESTS = [Digest(f"sha256:{number:064x}") for number in range(3)]
IMAGE = ImageRef.parse("shop/web:1", "localhost:5000")


@pytest.mark.engine
@pytest.mark.every_engine
@pytest.mark.parametrize("is_containerds", [False, True])
def test_an_id_is_the_digest_of_what_the_store_goes_by(host: Engine, is_containerds: bool) -> None:
    """The configuration in the classic store, the manifest in containerd's."""
    kind = chosen_kind()
    if kind.features:
        assert host.has_containerds_store is kind.has_containerds_store
    image = IMAGE.pinned(DIGESTS[1])
    host.__dict__["has_containerds_store"] = is_containerds
    held, other = (DIGESTS[1], DIGESTS[2]) if is_containerds else (DIGESTS[2], DIGESTS[1])
    refuse_another(host, image, Member(DIGESTS[2]), held)
    with pytest.raises(OutsideFailure, match="is not the image"):
        refuse_another(host, image, Member(DIGESTS[2]), other)
