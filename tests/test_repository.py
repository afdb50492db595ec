"""The repository speaks of the product alone, and declares what it uses."""

import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
DISTRIBUTIONS = {
    ".": ("programs", "bot", "workers", "quaymaster"),
    "try": ("local_slack", "trial"),
}
"""The packages of each, by the folder of its pyproject.toml."""
PRODUCT = tuple(package for packages in DISTRIBUTIONS.values() for package in packages)
COMES_WITH = {"pydantic_core": "pydantic", "websockets": "uvicorn"}
"""Packages whose version is the business of another one, which is declared."""


SHELLS = {"os.system", "os.popen", "subprocess.getoutput", "subprocess.getstatusoutput"} | {
    "asyncio.create_subprocess_shell"
}
STARTERS = {f"subprocess.{name}" for name in ("Popen", "run", "call", "check_call", "check_output")}
PICKLES = {"pickle", "cPickle", "marshal", "shelve", "dill"}

CLOCKS = {"monotonic", "perf_counter", "process_time", "thread_time"}
MAY_WATCH_A_CLOCK = {
    "tests/deadlines.py": "what the guarantees promise",
    "testing/engines/waiting.py": "the pauses between two questions, and the limit of all of them",
    "tests/protections/__main__.py": "says how long it took",
    "tests/bare/__main__.py": "says how long it took",
    "tests/bare/terminal.py": "gives up a shell that says nothing more",
    "testing/system.py": "asks until a record is as expected",
    "tests/end_to_end/burglar.py": "is content with what it stole by then",
    "tests/page/test_speed.py": "measures, and asserts nothing about it",
    "tests/workers/docker/test_images.py": (
        "counts reports in proportion to the time that was taken"
    ),
    "tests/workers/test_run.py": "asserts that a pause was made, however long it became",
    "tests/quaymaster/test_signs_of_life.py": "sets the clock",
    "tests/quaymaster/configuration/test_reloading.py": "dates an answer",
}
MAY_PAUSE = {
    "testing/engines/waiting.py": "between two questions",
    "testing/system.py": "between two questions",
    "tests/local_slack/apps.py": "an app that answers late",
    "tests/bot/wire.py": "a wire that delivers late",
    "tests/workers/work/test_lease_keeper.py": "holds a lease; a busy Redis answers nothing",
}
MAY_RUN_OUT = {
    "tests/bot/database/test_attempts.py": "nothing answers",
    "tests/quaymaster/test_checks.py": "nothing answers",
    "tests/quaymaster/configuration/test_reloading.py": "nothing answers",
    "tests/quaymaster/store/test_records.py": "a killed Redis",
    "tests/testing/engines/test_valkey.py": "a frozen Redis",
    "tests/workers/docker/test_engine.py": "an engine that hangs",
    "tests/workers/checks/test_redis_checks.py": "a frozen Redis",
    "tests/workers/scanner/test_scanner.py": "a scanner that hangs",
    "tests/local_slack/test_feed.py": "nothing happens",
    "tests/stored/values.py": "how long a scan took, in a value that is stored",
}
"""Tests of limits that pass: what is waited for never comes, so none can be too short."""
LIMITS = ("within", "timeout", "wait", "seconds")


@cache
def files() -> tuple[Path, ...]:
    """Every file that belongs to the repository, with text in it."""
    if (ROOT / ".git").exists():
        command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
        done = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
        found = [ROOT / name for name in done.stdout.split("\0") if name]
    else:
        folders = [ROOT / name for name in (*PRODUCT, "testing", "tests", "docs", "bench", ".ci")]
        found = [path for folder in folders for path in folder.rglob("*")]
        found = [*found, *ROOT.glob("*")]
    texts = (path for path in found if path.is_file() and "__pycache__" not in path.parts)
    return tuple(path for path in texts if b"\0" not in path.read_bytes())


def places_with(pattern: str) -> list[str]:
    wanted = re.compile(pattern)
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()[:100]}"
        for path in files()
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if wanted.search(line)
    ]


def test_files_are_found() -> None:
    assert ROOT / "README.md" in files()
    assert Path(__file__) in files()


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="this is no checkout of git")
@pytest.mark.parametrize(
    "name",
    [
        *(".env", ".env.keys", ".env.registries", ".env.scanner", "web.staging.env", "a/b.env"),
        *("quaymaster.yml", "quaymaster.keys.yml", "users.acl", "shop.pem", "tls.key"),
    ],
)
def test_what_an_installation_holds_is_not_committed(name: str) -> None:
    """And nothing that is committed hides behind the same rules."""
    asked = ["git", "check-ignore", "--quiet", "--no-index", name]
    assert subprocess.run(asked, cwd=ROOT, check=False).returncode == 0
    hidden = ["git", "ls-files", "--cached", "--ignored", "--exclude-standard"]
    assert subprocess.run(hidden, cwd=ROOT, check=True, capture_output=True).stdout == b""


def test_no_path_of_somebodys_machine_is_in_it() -> None:
    homes = r"(?<![\w.*~{}-])/(?:work|workspace|builds|Users|home/\w+|root)/"
    own = [path for path in (ROOT, Path(sys.prefix)) if len(path.parts) > 2]
    places = "|".join([homes, *(re.escape(str(path)) + r"\b" for path in own)])
    assert places_with(places) == []


def test_no_package_registry_is_named() -> None:
    hosts = (
        *("pypi[.]org", "python[h]osted", "npm[j]s", "crates[.]io", "ruby[g]ems"),
        *("proxy[.]golang[.]org", "deb[.]debian[.]org", "archive[.]ubuntu[.]com"),
    )
    assert places_with("|".join(hosts)) == []


@pytest.mark.parametrize("package", PRODUCT)
def test_a_file_is_short_and_a_function_fits_a_screen(package: str) -> None:
    for path in files():
        if path.suffix != ".py" or path.relative_to(ROOT).parts[0] != package:
            continue
        text = path.read_text(encoding="utf-8")
        assert len(text.splitlines()) < 450, path
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert (node.end_lineno or 0) - node.lineno < 50, f"{path}: {node.name}"


def test_a_name_of_a_type_means_one_thing_in_the_whole_product() -> None:
    places: dict[str, list[str]] = {}
    for package in DISTRIBUTIONS["."]:
        for path in sorted((ROOT / package).rglob("*.py")):
            for node in ast.parse(path.read_text()).body:
                if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                    places.setdefault(node.name, []).append(str(path.relative_to(ROOT)))
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


def imported(distribution: str) -> Iterator[str]:
    """The packages that it imports, by the names under which they are imported."""
    for path in files():
        own = DISTRIBUTIONS[distribution]
        if path.suffix != ".py" or path.relative_to(ROOT).parts[0] not in own:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Import(names):
                    yield from (alias.name.split(".")[0] for alias in names)
                case ast.ImportFrom(module=str(module), level=0):
                    yield module.split(".")[0]


def declared(distribution: str) -> tuple[set[str], set[str]]:
    """The packages that it needs, and those that its extras add, normalized."""
    text = (ROOT / distribution / "pyproject.toml").read_text(encoding="utf-8")
    project = tomllib.loads(text)["project"]
    groups = project.get("optional-dependencies", {}).values()
    extras = {normalized(one) for group in groups for one in group}
    return {normalized(one) for one in project["dependencies"]}, extras


def normalized(requirement: str) -> str:
    """https://packaging.python.org/en/latest/specifications/name-normalization/"""
    name = re.match(r"[\w.-]+", requirement)
    assert name is not None
    return re.sub(r"[-_.]+", "-", name[0]).lower()


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_what_is_imported_is_declared_and_what_is_declared_is_imported(distribution: str) -> None:
    distributions = packages_distributions()
    names = set(imported(distribution)) - set(sys.stdlib_module_names) - set(PRODUCT)
    used = {
        normalized(COMES_WITH.get(name) or distributions.get(name, [name])[0]) for name in names
    }
    needed, optional = declared(distribution)
    assert used - needed - optional == set()
    assert needed - used - {"quaymaster"} == set()


def called(node: ast.Call) -> str:
    """The name of what is called, as it is written."""
    return ast.unparse(node.func)


@pytest.mark.parametrize("package", DISTRIBUTIONS["."])
def test_every_program_that_is_started_gets_an_environment_of_its_own(package: str) -> None:
    """What gets none inherits every secret of ours."""
    for path in files():
        if path.suffix != ".py" or path.relative_to(ROOT).parts[0] != package:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and called(node) in STARTERS:
                assert any(one.arg == "env" for one in node.keywords), f"{path}:{node.lineno}"


@pytest.mark.parametrize("package", PRODUCT)
def test_nothing_starts_a_shell_or_opens_a_pickle(package: str) -> None:
    """Linters know the usual spellings; this one knows that there are none at all."""
    for path in files():
        if path.suffix != ".py" or path.relative_to(ROOT).parts[0] != package:
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            match node:
                case ast.Call():
                    name = called(node)
                    assert name not in SHELLS, f"{path}:{node.lineno}: {name}"
                    assert all(one.arg != "shell" for one in node.keywords), path
                case ast.Import(names):
                    assert not {alias.name for alias in names} & PICKLES, path
                case ast.ImportFrom(module=str(module)):
                    assert module not in PICKLES, path
                case ast.Constant(value=str(text)):
                    assert text not in PICKLES, f"{path}:{node.lineno}: {text}"


def test_no_test_depends_on_how_fast_a_machine_is() -> None:
    """None pauses and hopes, asks a clock how long something took, or gives something less than a
    second. Tests wait for conditions (`testing/engines/waiting.py`), and assert what happens.
    """
    watching, pausing, running_out = set[str](), set[str](), set[str]()
    for path in files():
        name = str(path.relative_to(ROOT))
        if path.suffix != ".py" or not name.startswith(("tests/", "testing/")):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                watching |= {name} if watches_a_clock(node) else set()
                pausing |= {name} if pauses(node) else set()
                running_out |= {name} if runs_out_soon(node) else set()
    assert watching == set(MAY_WATCH_A_CLOCK)
    assert pausing == set(MAY_PAUSE)
    assert running_out == set(MAY_RUN_OUT)


def watches_a_clock(node: ast.Call) -> bool:
    """Whether it asks a clock that only tells how long something takes, an event loop's too."""
    name = called(node)
    return name.rpartition(".")[2] in CLOCKS or name.endswith(("loop.time", "loop().time"))


def pauses(node: ast.Call) -> bool:
    """Whether it sleeps; ``asyncio.sleep(0)`` lets others go on."""
    is_sleep = called(node) in ("time.sleep", "asyncio.sleep", "sleep")
    return is_sleep and not (node.args and ast.unparse(node.args[0]) == "0")


def runs_out_soon(node: ast.Call) -> bool:
    """Whether it gives something less than a second, and more than none."""
    limits = [one.value for one in node.keywords if one.arg and one.arg.endswith(LIMITS)]
    if called(node) in ("asyncio.timeout", "asyncio.wait_for"):
        limits += node.args[-1:]
    values = [one.value for one in limits if isinstance(one, ast.Constant)]
    return any(isinstance(value, int | float) and 0 < value < 1 for value in values)


@pytest.mark.parametrize(
    "text",
    [
        "time.monotonic()",
        "perf_counter()",
        "asyncio.get_running_loop().time()",
        "time.sleep(0.1)",
        "await asyncio.sleep(seconds)",
        "until(done, within=0.5)",
        "asyncio.timeout(0.5)",
        "Settings(ack_within=0.5)",
    ],
)
def test_the_rule_about_clocks_sees_what_depends_on_them(text: str) -> None:
    (node,) = [one for one in ast.walk(ast.parse(text)) if isinstance(one, ast.Call)][:1]
    assert watches_a_clock(node) or pauses(node) or runs_out_soon(node)
