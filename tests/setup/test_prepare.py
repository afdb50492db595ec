"""What is missing is named and installed as root on Debian, after somebody agreed; else told."""

from pathlib import Path

import pytest

from tests.readme import ROOT
from tests.setup.machines import POLICY, Machine

PYTHON = ("python3", "python3-venv")
ENGINE = ("docker.io", "iptables", "iproute2")
SAMPLE = ("ca-certificates", "docker-registry", "busybox-static")


def listed(*needs: str) -> set[str]:
    """The packages that the list has for these."""
    text = (ROOT / ".ci" / "packages").read_text(encoding="utf-8")
    lines = [line.split() for line in text.splitlines() if not line.startswith("#")]
    return {package for package, _, *needed in lines if set(needs) & set(needed)}


def named(output: str) -> set[str]:
    """The packages that the question names."""
    line = next(line for line in output.splitlines() if "that are not installed here: " in line)
    return set(line.split(": ", 1)[1].rstrip(".").split())


def test_a_bare_machine_is_told_and_asked_and_gets_everything(tmp_path: Path) -> None:
    bare = Machine(tmp_path)
    status, output = bare.prepares("try", answer="y")
    assert status == 0, output
    assert named(output) == {*PYTHON, *ENGINE, *SAMPLE} == listed("try", "engine", "sample")
    assert output.index("that are not installed here") < output.index("[y/N]")
    assert bare.asked.splitlines()[0] == "-q update"
    assert set(bare.asked.splitlines()[1].split()[4:]) == {*PYTHON, *ENGINE, *SAMPLE}
    assert bare.prepares("try") == (0, "")


@pytest.mark.parametrize("answer", ["n", "", "yesterday", None])
def test_nothing_is_installed_that_nobody_agreed_to(tmp_path: Path, answer: str | None) -> None:
    bare = Machine(tmp_path)
    status, output = bare.prepares("try", answer=answer)
    assert status == 1
    assert named(output)
    assert bare.asked == ""
    assert ("`make try YES=1`" in output) == (answer is None)


@pytest.mark.parametrize("way", ["--yes", "YES"])
def test_who_says_yes_is_not_asked(tmp_path: Path, way: str) -> None:
    bare = Machine(tmp_path, environment={"YES": "1"} if way == "YES" else {})
    status, output = bare.prepares("try", *(["--yes"] if way == "--yes" else []))
    assert status == 0, output
    assert "[y/N]" not in output
    assert named(output)


@pytest.mark.parametrize("word", ["0", "no", "false", ""])
def test_who_sets_yes_to_no_has_not_agreed(tmp_path: Path, word: str) -> None:
    bare = Machine(tmp_path, environment={"YES": word})
    assert bare.prepares("try")[0] == 1
    assert bare.asked == ""


def test_no_service_of_a_package_is_started(tmp_path: Path) -> None:
    """The machine's apt-get refuses to install while one could be."""
    bare = Machine(tmp_path)
    assert bare.prepares("try", "--yes")[0] == 0
    assert not (bare.root / POLICY).exists()


def test_a_policy_of_the_machines_own_stays(tmp_path: Path) -> None:
    bare = Machine(tmp_path)
    policy = bare.root / POLICY
    policy.write_text("#!/bin/sh\nexit 101\n")
    policy.chmod(0o755)
    assert bare.prepares("try", "--yes")[0] == 0
    assert policy.read_text() == "#!/bin/sh\nexit 101\n"


def test_what_keeps_services_from_starting_goes_after_a_run_that_was_killed(tmp_path: Path) -> None:
    """Else nothing that is installed later starts on that machine, and nobody knows why."""
    bare = Machine(tmp_path)
    killed = bare.kill_when_it_installs()
    assert bare.prepares("try", "--yes")[0] == -9
    assert (bare.root / POLICY).exists()
    killed.unlink()
    assert bare.prepares("try", "--yes")[0] == 0
    assert not (bare.root / POLICY).exists()


def test_where_an_engine_answers_only_python_is_needed(tmp_path: Path) -> None:
    machine = Machine(tmp_path, engine="exit 0").has("python3")
    status, output = machine.prepares("try", answer="n")
    assert status == 1
    assert named(output) == {"python3-venv"}
    assert machine.has("python3-venv").prepares("try") == (0, "")


def test_what_removes_everything_needs_no_engine(tmp_path: Path) -> None:
    machine = Machine(tmp_path).has(*PYTHON)
    assert machine.prepares("try", "--remove") == (0, "")


def test_the_tests_need_the_whole_list(tmp_path: Path) -> None:
    bare = Machine(tmp_path)
    status, output = bare.prepares("test", "--yes")
    assert status == 0, output
    assert named(output) == listed("test") == listed("try", "engine", "sample", "test")
    assert "docker-cli" not in bare.asked  # which Debian 12 has not: docker.io brings the client


def test_an_engine_that_was_named_and_does_not_answer_ends_it_before_anything_else(
    tmp_path: Path,
) -> None:
    reason = "echo 'No Docker engine answers at unix:///no.sock.' >&2; exit 2"
    machine = Machine(tmp_path, engine=reason).has(*PYTHON)
    status, output = machine.prepares("try", "--yes", "--docker", "unix:///no.sock")
    assert (status, output) == (1, "No Docker engine answers at unix:///no.sock.\n")
    assert machine.asked == ""


def test_what_the_sources_do_not_have_is_named(tmp_path: Path) -> None:
    """Ubuntu's Chromium is no Debian package."""
    machine = Machine(tmp_path, system="ubuntu", lacks=("docker-cli", "chromium"))
    status, output = machine.prepares("test", "--yes")
    assert status == 1
    assert "do not bring chromium in a form that does" in output
    machine.environment["CHROMIUM"] = "/opt/chrome"
    assert machine.prepares("test") == (0, "")


def test_a_busybox_that_needs_libraries_is_none(tmp_path: Path) -> None:
    machine = Machine(tmp_path).has(*PYTHON, *ENGINE, *SAMPLE)
    assert machine.prepares("try") == (0, "")
    (machine.root / "usr/bin/busybox").write_bytes(b"\x7fELF /lib64/ld-linux-x86-64.so.2")
    assert named(machine.prepares("try", answer="n")[1]) == {"busybox-static"}


@pytest.mark.parametrize(
    ("system", "command"),
    [
        ("debian", "`sudo make try`"),
        ("ubuntu", "`sudo make try`"),
        ("fedora", "`sudo dnf install python3 moby-engine && sudo systemctl start docker"),
        ("manjaro", "`sudo pacman -S python docker && sudo systemctl start docker"),
        ("nixos", "on Fedora `sudo dnf install"),
    ],
)
def test_who_is_not_root_is_told_what_to_type(tmp_path: Path, system: str, command: str) -> None:
    machine = Machine(tmp_path, system=system, user=1000)
    status, output = machine.prepares("try", "--yes")
    assert status == 1
    assert command in output
    assert len(output.splitlines()) == 1
    assert all(package in output for package in (*PYTHON, *ENGINE))
    assert machine.asked == ""


def test_root_of_another_system_is_told_too(tmp_path: Path) -> None:
    fedora = Machine(tmp_path, system="fedora")
    status, output = fedora.prepares("try", "--yes")
    assert status == 1
    assert "dnf install" in output
    assert "apt" not in output
    assert "busybox" not in output  # which comes from Docker Hub there
    assert fedora.has(*PYTHON, *ENGINE).prepares("try") == (0, "")


def test_with_docker_desktop_it_is_the_application_that_is_opened(tmp_path: Path) -> None:
    mac = Machine(tmp_path, system="", user=501, kernel="Darwin").has(*PYTHON)
    status, output = mac.prepares("try")
    assert status == 1
    assert "a Docker engine that answers" in output
    assert "open -a Docker" in output


@pytest.mark.parametrize("system", ["fedora", "nixos"])
def test_the_tests_are_run_on_debian(tmp_path: Path, system: str) -> None:
    status, output = Machine(tmp_path, system=system).prepares("test")
    assert status == 1
    assert "docker run --rm -it --privileged" in output
    assert "make -C /srv/quaymaster test YES=1" in output
