from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from quaymaster import image_ref
from quaymaster.errors import UsageError
from quaymaster.image_ref import Digest, ImageRef, PinnedImage, Repository, shown
from tests.quaymaster.counted_regex import assert_fits_in_proportion

DEFAULT = "registry.staging:5000"
SOME = Digest("sha256:" + "ab" * 32)
PIECES = ("a", "a-", "a.", "-", "/", ":", "@", "a/", "__", "a_", "A.")
ENDS = ("", "!", "/", ":")

# The grammar: https://github.com/distribution/reference/blob/main/reference.go
ALPHANUMERIC = st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=1, max_size=8)
SEPARATOR = st.sampled_from([".", "_", "__", "-", "--", "---"])


@st.composite
def components(draw: st.DrawFn) -> str:
    parts = [draw(ALPHANUMERIC)]
    for _ in range(draw(st.integers(0, 2))):
        parts += [draw(SEPARATOR), draw(ALPHANUMERIC)]
    return "".join(parts)


LABEL = st.from_regex(r"[a-zA-Z0-9]([a-zA-Z0-9-]{0,6}[a-zA-Z0-9])?", fullmatch=True)
PORT = st.integers(1, 65_535)
HOST = st.one_of(
    st.builds("{}.{}".format, LABEL, LABEL),
    st.builds("{}:{}".format, LABEL, PORT),
    st.builds("{}.{}:{}".format, LABEL, LABEL, PORT),
    st.builds("[{:x}::{:x}]:{}".format, st.integers(0, 65_535), st.integers(0, 65_535), PORT),
    st.sampled_from(["localhost", "localhost:5000", "127.0.0.1:5000", "[::1]:5000"]),
)
PATH = st.lists(components(), min_size=1, max_size=4).map("/".join)
TAG = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", fullmatch=True)
DIGEST = st.text("0123456789abcdef", min_size=64, max_size=64).map("sha256:{}".format)
SUFFIX = st.one_of(
    st.just((None, None)),
    st.tuples(TAG, st.none()),
    st.tuples(st.none(), DIGEST),
    st.tuples(TAG, DIGEST),
)


def written(registry: str, path: str, tag: str | None, digest: str | None) -> str:
    return f"{registry}/{path}" + (f":{tag}" if tag else "") + (f"@{digest}" if digest else "")


class TestGrammar:
    @given(HOST, PATH, SUFFIX)
    def test_what_the_grammar_allows_is_read_and_written_with_its_host_in_lower_case(
        self, host: str, path: str, suffix: tuple[str | None, str | None]
    ) -> None:
        text = written(host, path, *suffix)
        image = ImageRef.parse(text, DEFAULT)
        assert image.repository == Repository(host, path)
        assert image.tag == suffix[0]
        assert (image.digest and image.digest.value) == suffix[1]
        assert str(image) == written(host.lower(), path, *suffix)
        assert ImageRef.parse(str(image), "other.example.com") == image

    @given(PATH.filter(lambda path: not any(c in path.split("/")[0] for c in ".:")), TAG)
    def test_a_name_without_a_registry_is_in_the_default_one(self, path: str, tag: str) -> None:
        if path.startswith("localhost/"):
            return
        image = ImageRef.parse(f"{path}:{tag}", DEFAULT)
        assert image.repository == Repository(DEFAULT, path)
        assert ImageRef.parse(str(image), "other.example.com") == image

    @given(st.text() | st.text("ab:/@.-_[]5", max_size=40))
    @settings(max_examples=500)
    def test_any_text_is_a_reference_that_reads_back_or_a_usage_error(self, text: str) -> None:
        with suppress(UsageError):
            image = ImageRef.parse(text, DEFAULT)
            assert ImageRef.parse(str(image), DEFAULT) == image
            assert str(image).isascii()
            assert str(image).isprintable()
            assert " " not in str(image)

    @pytest.mark.parametrize(
        ("text", "why"),
        [
            ("", "It is empty"),
            ("Web:1", "lower case"),
            ("shop/Web:1", "lower case"),
            ("shop//web", "There is a slash"),
            ("/shop/web", "There is a slash"),
            ("shop/web/", "There is a slash"),
            ("shop/web:", "is not a tag"),
            ("shop/web:.1", "is not a tag"),
            ("shop/web:" + "1" * 129, "is not a tag"),
            ("shop/web:1\n", "is not a tag"),
            ("shop/web:１", "is not a tag"),
            ("shop/web@", "is not a digest"),
            ("shop/web@sha256:abc", "is not a digest"),
            ("shop/web@sha256:" + "A" * 64, "64 lower-case hex digits"),
            ("shop/web@sha512:" + "a" * 128, "is not a digest"),
            ("shop/web@sha256:" + "a" * 64 + "@sha256:" + "a" * 64, "is not a digest"),
            ("a" * 256, "at most 255"),
            ("shop/-web", "joined by"),
            ("shop/web-", "joined by"),
            ("shop/we___b", "joined by"),
            ("shop/w..b", "joined by"),
            ("shop/wéb", "joined by"),
            ("reg.example.com:x/web", "host or host:port"),
            ("-reg.example.com/web", "host or host:port"),
            ("reg.example.com:123456/web", "host or host:port"),
            ("../../etc/passwd", "host or host:port"),
            ("🚀", "joined by"),
        ],
    )
    def test_anything_else_is_refused_with_the_reason(self, text: str, why: str) -> None:
        with pytest.raises(UsageError) as raised:
            ImageRef.parse(text, DEFAULT)
        assert why in str(raised.value)

    @pytest.mark.parametrize("piece", PIECES)
    @pytest.mark.parametrize("end", ENDS)
    def test_long_text_is_refused(self, piece: str, end: str) -> None:
        text = (piece * 10_000)[:10_000] + end
        with pytest.raises(UsageError):
            ImageRef.parse(text, DEFAULT)
        with pytest.raises(UsageError):
            ImageRef.parse(f"{text}/web", DEFAULT)

    @pytest.mark.parametrize("piece", PIECES)
    @pytest.mark.parametrize("end", ENDS)
    @pytest.mark.parametrize("name", ["_DOMAIN", "_PATH", "_TAG", "_DIGEST"])
    def test_twice_the_text_takes_twice_the_steps(self, name: str, piece: str, end: str) -> None:
        assert_fits_in_proportion(getattr(image_ref, name), piece, end)


class TestNames:
    def test_no_tag_is_made_up(self) -> None:
        image = ImageRef.parse("shop/web", DEFAULT)
        assert image.tag is None
        with pytest.raises(UsageError, match="names no tag"):
            _ = image.selector

    def test_docker_hub_is_never_meant_by_accident(self) -> None:
        assert ImageRef.parse("busybox:1", DEFAULT).repository.registry == DEFAULT
        assert ImageRef.parse("library/busybox:1", DEFAULT).repository.registry == DEFAULT

    def test_a_registry_is_told_from_a_path_as_docker_does(self) -> None:
        assert Repository.parse("localhost/web", DEFAULT) == Repository("localhost", "web")
        assert Repository.parse("reg.io/web", DEFAULT) == Repository("reg.io", "web")
        assert Repository.parse("reg:5000/web", DEFAULT) == Repository("reg:5000", "web")
        assert Repository.parse("Reg.io/web", DEFAULT) == Repository("reg.io", "web")
        with pytest.raises(UsageError, match="written in lower case"):
            Repository.parse("Shop/web", DEFAULT)
        assert Repository.parse("reg/web", DEFAULT) == Repository(DEFAULT, "reg/web")

    def test_the_digest_counts_before_the_tag(self) -> None:
        digest = Digest("sha256:" + "ab" * 32)
        image = ImageRef.parse("shop/web:1.4", DEFAULT).pinned(digest)
        assert image.selector == str(digest)
        assert image.by_digest == f"{DEFAULT}/shop/web@{digest}"
        assert digest.short == "abababababab"

    def test_without_a_digest_there_is_nothing_to_act_upon(self) -> None:
        assert ImageRef.parse("shop/web:1.4", DEFAULT).if_pinned is None
        assert not hasattr(ImageRef, "by_digest")

    def test_a_reference_that_names_a_digest_can_be_acted_upon(self) -> None:
        named = ImageRef.parse(f"shop/web:1.4@{SOME}", DEFAULT)
        assert named.if_pinned == PinnedImage(named.repository, "1.4", SOME)
        assert named.unpinned == ImageRef(named.repository, "1.4")

    def test_a_pinned_image_is_stored_as_the_reference_that_it_is(self) -> None:
        image = ImageRef.parse("shop/web:1.4", DEFAULT).pinned(SOME)
        references, images = TypeAdapter(ImageRef), TypeAdapter(PinnedImage)
        assert images.json_schema() == references.json_schema()
        assert images.dump_json(image) == references.dump_json(image)
        document = images.validate_json(references.dump_json(image))
        assert (type(document), document) == (PinnedImage, image)

    def test_what_is_stored_without_a_digest_is_no_pinned_image(self) -> None:
        text = TypeAdapter(ImageRef).dump_json(ImageRef.parse("shop/web:1.4", DEFAULT))
        with pytest.raises(ValidationError, match="no digest"):
            TypeAdapter(PinnedImage).validate_json(text)

    def test_the_familiar_name_is_as_short_as_people_write_it(self) -> None:
        digest = Digest("sha256:" + "ab" * 32)
        image = ImageRef.parse("shop/web:1.4", DEFAULT)
        assert image.pinned(digest).familiar(DEFAULT) == "shop/web:1.4"
        assert ImageRef(image.repository, digest=digest).familiar(DEFAULT) == (
            "shop/web@abababababab"
        )
        assert image.familiar("other.example.com") == f"{DEFAULT}/shop/web:1.4"


class TestOneName:
    """https://github.com/distribution/reference/blob/main/normalize_test.go"""

    @pytest.mark.parametrize(
        "text",
        [
            *("docker.io/redis", "docker.io/library/redis", "index.docker.io/redis"),
            *("index.docker.io/library/redis", "registry-1.docker.io/library/redis"),
            *("Docker.IO/redis", "INDEX.docker.io/library/redis"),
        ],
    )
    @pytest.mark.parametrize("default", [DEFAULT, "docker.io", "index.docker.io"])
    def test_docker_hub_has_one_however_it_is_written(self, text: str, default: str) -> None:
        one = Repository.parse(text, default)
        assert one == Repository("docker.io", "library/redis")
        assert hash(one) == hash(Repository("docker.io", "redis"))
        assert str(one) == "docker.io/library/redis"

    @pytest.mark.parametrize("default", ["docker.io", "index.docker.io", "Docker.io"])
    def test_a_name_without_a_registry_is_docker_hubs_where_that_is_the_default(
        self, default: str
    ) -> None:
        for text in ("redis:7", "library/redis:7", "docker.io/redis:7"):
            image = ImageRef.parse(text, default)
            assert str(image) == "docker.io/library/redis:7"
            assert image.familiar(default) == "redis:7"
        assert ImageRef.parse("shop/web", default).familiar(default) == "shop/web"

    def test_library_is_docker_hubs_alone(self) -> None:
        assert str(Repository.parse("quay.io/redis", DEFAULT)) == "quay.io/redis"
        assert str(Repository.parse("docker.io/library/a/b", DEFAULT)) == "docker.io/library/a/b"
        assert Repository("docker.io", "library/a/b").familiar("docker.io") == "library/a/b"
        assert Repository(DEFAULT, "library/redis").familiar(DEFAULT) == "library/redis"

    def test_a_host_in_capitals_is_the_same_registry(self) -> None:
        for text in ("REG.example.com:5000/shop/web", "reg.Example.COM:5000/shop/web"):
            assert str(Repository.parse(text, DEFAULT)) == "reg.example.com:5000/shop/web"
        assert str(Repository.parse("LOCALHOST/web", DEFAULT)) == "localhost/web"
        assert str(Repository.parse("[FD00::A]:5000/web", DEFAULT)) == "[fd00::a]:5000/web"
        assert Repository("Reg.io", "web").familiar("rEG.io") == "web"

    def test_a_port_is_part_of_the_name_as_it_is_for_engines(self) -> None:
        assert Repository("reg.io:443", "web") != Repository("reg.io", "web")

    @given(HOST | st.sampled_from(["docker.io", "index.docker.io"]), PATH, SUFFIX)
    def test_what_is_shown_reads_back_as_the_same(
        self, host: str, path: str, suffix: tuple[str | None, str | None]
    ) -> None:
        image = ImageRef.parse(written(host, path, *suffix), DEFAULT)
        for default in (host, DEFAULT, "docker.io"):
            shown_as = image.repository.familiar(default)
            assert Repository.parse(shown_as, default) == image.repository

    def test_a_path_that_begins_like_a_host_keeps_its_registry(self) -> None:
        assert Repository(DEFAULT, "my.app/web").familiar(DEFAULT) == f"{DEFAULT}/my.app/web"
        assert Repository(DEFAULT, "my.app").familiar(DEFAULT) == "my.app"


class TestShown:
    @given(st.text())
    def test_text_from_outside_is_short_and_printable(self, text: str) -> None:
        inside = shown(text)
        assert inside.isprintable()
        assert len(inside) <= 62
