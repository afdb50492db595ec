"""What was left is marked, and never what serves instead."""

from quaymaster.image_ref import Digest
from quaymaster.plans import Resolved
from quaymaster.platforms import Member
from quaymaster.releases import BadDigest
from quaymaster.store.formats import BAD_DIGEST
from quaymaster.target import ServiceRef
from testing.keys import RING
from testing.samples import DIGEST, OTHER_DIGEST, deploy, pinned
from tests.workers.toolboxes import toolbox
from workers.jobs.deploy.marks import marks_on

INDEX, OTHER_INDEX, CONFIG = (Digest("sha256:" + pair * 32) for pair in ("11", "22", "33"))


def _of(digest: Digest, index: Digest | None) -> Resolved:
    return Resolved(pinned(digest), None, Member(CONFIG, index, "linux/amd64"))


def _marked(left: Resolved | None, instead: Resolved | None) -> list[BadDigest]:
    commands = marks_on(left, instead, ServiceRef("production", "web"), deploy(), toolbox())
    places = [("production", "web", str(one[2])) for one in commands]
    texts = [str(one[3]).encode() for one in commands]
    pairs = zip(texts, places, strict=True)
    return [BAD_DIGEST.read(text, place, RING).value for text, place in pairs]


def test_an_image_is_marked_with_the_index_that_its_name_meant() -> None:
    for instead in (None, _of(OTHER_DIGEST, OTHER_INDEX), _of(OTHER_DIGEST, None)):
        (mark,) = _marked(_of(DIGEST, INDEX), instead)
        assert (mark.digest, mark.index, mark.operation) == (DIGEST, INDEX, 1042)


def test_where_another_member_of_the_same_index_serves_instead_the_index_is_not_marked() -> None:
    (mark,) = _marked(_of(DIGEST, INDEX), _of(OTHER_DIGEST, INDEX))
    assert (mark.digest, mark.index) == (DIGEST, None)


def test_nothing_is_marked_where_the_same_image_serves_with_another_configuration() -> None:
    assert _marked(_of(DIGEST, INDEX), _of(DIGEST, OTHER_INDEX)) == []
    assert _marked(None, _of(DIGEST, INDEX)) == []


def test_what_is_no_member_of_an_index_is_marked_alone() -> None:
    (mark,) = _marked(Resolved(pinned(DIGEST), None), None)
    assert (mark.digest, mark.index) == (DIGEST, None)
