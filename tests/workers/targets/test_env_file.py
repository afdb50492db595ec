"""A file of variables means what it means to ``docker run --env-file``."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

import docker
import pytest

from quaymaster.errors import ConfigurationError
from testing.images.catalogue import LocalImages
from workers.targets.env_file import read_env_file

ENVIRON = {"FROM_OUTSIDE": "of the worker", "EMPTY_OUTSIDE": ""}


@dataclass(frozen=True, slots=True)
class Case:
    """Lines of a file and the variables that they make. Each has names of its own."""

    text: str
    values: dict[str, str]


CASES = (
    Case("\ufeffA_BOM=1\n", {"A_BOM": "1"}),
    Case("PLAIN=info\n", {"PLAIN": "info"}),
    Case("# COMMENT=1\n  # INDENTED=1\n\n \t\n", {}),
    Case("NO_COMMENT=1 # all of it\n", {"NO_COMMENT": "1 # all of it"}),
    Case("spring.datasource.url=jdbc:x\n", {"spring.datasource.url": "jdbc:x"}),
    Case("my-app.some_flag-1=on\n", {"my-app.some_flag-1": "on"}),
    Case("1ST=a digit\n", {"1ST": "a digit"}),
    Case("BEHIND=two blanks  \n", {"BEHIND": "two blanks  "}),
    Case("TAB=a tab\t\n", {"TAB": "a tab\t"}),
    Case("BEFORE=  two blanks\n", {"BEFORE": "  two blanks"}),
    Case(" \t\u00a0\u0085INDENT=1\n", {"INDENT": "1"}),
    Case('QUOTED="so it stands"\n', {"QUOTED": '"so it stands"'}),
    Case("SINGLE='so'\n", {"SINGLE": "'so'"}),
    Case("EQUALS=a=b==\n", {"EQUALS": "a=b=="}),
    Case("DOLLAR=${PLAIN} $$ $(x)\n", {"DOLLAR": "${PLAIN} $$ $(x)"}),
    Case("BACKSLASH=a\\nb\\\n", {"BACKSLASH": "a\\nb\\"}),
    Case("NOTHING=\n", {"NOTHING": ""}),
    Case("WINDOWS=1\r\n", {"WINDOWS": "1"}),
    Case("TWO_RETURNS=1\r\r\n", {"TWO_RETURNS": "1\r"}),
    Case("RETURN=a\rNO_LINE=b\n", {"RETURN": "a\rNO_LINE=b"}),
    Case("NEXT_LINE=a\u0085NO_LINE=b\n", {"NEXT_LINE": "a\u0085NO_LINE=b"}),
    Case(
        "SEPARATORS=a\u2028b\u2029c\x0bd\x0ce\x1cf\n",
        {"SEPARATORS": "a\u2028b\u2029c\x0bd\x0ce\x1cf"},
    ),
    Case("BOM_INSIDE=a\ufeffb\n", {"BOM_INSIDE": "a\ufeffb"}),
    Case("ÜBER=ä 🚀\n", {"ÜBER": "ä 🚀"}),
    Case("SIGNS!*?[]{}'=1\n", {"SIGNS!*?[]{}'": "1"}),
    Case("TWICE=first\nTWICE=last\n", {"TWICE": "last"}),
    Case("FROM_OUTSIDE\n", {"FROM_OUTSIDE": "of the worker"}),
    Case("EMPTY_OUTSIDE\n", {"EMPTY_OUTSIDE": ""}),
    Case("NOT_OUTSIDE\n", {}),
    Case("LAST=without an end", {"LAST": "without an end"}),
)
REFUSED = ("=x", "A NAME=x", "A =x", "export A=x", "A\tB=x", "A B", "=")


def read(path: Path, text: str) -> dict[str, str]:
    path.write_bytes(text.encode())
    return dict(read_env_file(path, ENVIRON).values)


@pytest.mark.parametrize("case", CASES, ids=lambda case: repr(case.text)[1:20])
def test_each_line_makes_its_variables(tmp_path: Path, case: Case) -> None:
    assert read(tmp_path / "web.env", case.text) == case.values


@pytest.mark.parametrize("text", [*REFUSED, "A=\0", "A\0=1"])
def test_what_is_no_variable_is_refused_by_its_line(tmp_path: Path, text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"Line 2 of web\.env is not NAME=value"):
        read(tmp_path / "web.env", f"A_LINE=1\n{text}\n")


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "web.env"
    path.write_bytes(b"A=\xff\n")
    with pytest.raises(ConfigurationError, match="UTF-8"):
        read_env_file(path, {})


@pytest.mark.engine
def test_docker_reads_the_same(
    tmp_path: Path, docker_host: str, engine: docker.DockerClient, images: LocalImages
) -> None:
    """One container has them all; what is refused never comes to one."""
    file = tmp_path / "all.env"
    file.write_bytes("".join(case.text for case in CASES).encode())
    run = ["docker", "--host", docker_host, "run", "--rm", "--network", "none"]
    ours = {name: value for case in CASES for name, value in case.values.items()}
    assert dict(read_env_file(file, ENVIRON).values) == ours

    def ran(path: Path, *command: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*run, "--env-file", str(path), images.web_v1, *command],
            env={"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": str(tmp_path), **ENVIRON},
            capture_output=True,
            timeout=60,
            check=False,
        )

    answer = ran(file, "cat", "/proc/self/environ")
    assert answer.returncode == 0, answer.stderr
    pairs = (pair.partition("=") for pair in answer.stdout.decode().split("\0") if pair)
    theirs = {name: value for name, _, value in pairs}
    assert {name: theirs.get(name) for name in ours} == ours
    assert set(theirs) - set(ours) <= {
        "PATH",
        "HOME",
        "HOSTNAME",
        *theirs_of(engine, images.web_v1),
    }
    for text in REFUSED:
        file.write_text(f"A_LINE=1\n{text}\n")
        assert ran(file, "true").returncode != 0, text


def theirs_of(engine: docker.DockerClient, image: str) -> set[str]:
    """The names of the image's own variables."""
    return {pair.partition("=")[0] for pair in engine.images.get(image).attrs["Config"]["Env"]}
