"""What a trial keeps between two starts, and what another version left."""

import json
from dataclasses import asdict
from pathlib import Path

import pytest

from quaymaster.errors import ConfigurationError
from trial.choices import Choices, kept_choices


def test_the_choices_stay_and_only_their_owner_can_read_them(tmp_path: Path) -> None:
    path = tmp_path / "choices.json"
    assert kept_choices(path) == kept_choices(path)
    assert path.stat().st_mode & 0o777 == 0o600


def test_secrets_are_long_and_not_shown() -> None:
    choices = Choices.made()
    assert len(choices.page_token) >= 43  # 32 bytes
    assert choices.page_token not in repr(choices)


@pytest.mark.parametrize("missing", ["page_token", "slack_port"])
def test_those_of_another_version_are_refused_with_the_way_out(
    tmp_path: Path, missing: str
) -> None:
    path = tmp_path / "choices.json"
    old = asdict(Choices.made())
    del old[missing]
    path.write_text(json.dumps(old))
    with pytest.raises(ConfigurationError, match="Start over with `quaymaster try --reset`"):
        kept_choices(path)


def test_those_of_a_format_before_are_refused_with_the_way_out(tmp_path: Path) -> None:
    path = tmp_path / "choices.json"
    path.write_text(json.dumps({**asdict(Choices.made()), "secret_key": "made-up"}))
    with pytest.raises(ConfigurationError, match="Start over with `quaymaster try --reset`"):
        kept_choices(path)
