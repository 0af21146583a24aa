"""The house rules that no other tool enforces: rooms, folders, licence, locks, and nothing of the maker's machine."""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
from importlib.metadata import version
from pathlib import Path
from typing import Final

import pytest
from aiohttp import http_parser

ROOT: Final = Path(__file__).parents[1]
FOLDERS: Final = {".ci", "docker", "docs", "fedishare", "migrations", "templates", "tests"}
LOCKS: Final = ("requirements.lock", "requirements-build.lock", "requirements-dev.lock")

# Put together from pieces, so that this file does not find itself.
REGISTRIES: Final = ("py" + "pi.org", "python" + "hosted.org", "registry.npm" + "js", "deb.deb" + "ian.org")
MACHINE: Final = ("/wo" + "rk/", "/tm" + "p/bash", "/ro" + "ot/", "/opt/py" + "pi", "/opt/wh" + "eels")
FOREIGN: Final = re.compile(
    "|".join([re.escape(host) for host in REGISTRIES] + [rf"(?<![\w.]){re.escape(path)}" for path in MACHINE]).encode()
)

PINNED: Final = re.compile(
    r"^(?P<name>[a-z0-9._-]+)==(?P<version>\S+)( ; [^\n\\]+?)?(?P<hashes>( \\\n    --hash=sha256:[0-9a-f]{64})*)$",
    re.MULTILINE,
)

# The text as the Free Software Foundation publishes it, to the byte.
AGPL_3: Final = "0d96a4ff68ad6d4b6f1f30f713b18d5184912ba8dd389f86aa7710db079abcb0"


def project_files() -> list[Path]:
    """Everything that git has or would take."""
    # A checkout may belong to somebody else than whoever runs the tests, and git would then refuse to look.
    git = ["git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(git, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in sorted(set(listed.split("\0"))) if name and (ROOT / name).is_file()]


def pinned(lock: str) -> dict[str, tuple[str, int]]:
    """Version and number of hashes of each requirement of a lock file."""
    found = PINNED.finditer((ROOT / lock).read_text())
    return {match["name"]: (match["version"], match["hashes"].count("--hash")) for match in found}


def test_rooms_import_only_what_lies_below_them() -> None:
    checker = Path(sys.executable).parent / "lint-imports"

    checked = subprocess.run([checker, "--no-cache"], cwd=ROOT, check=False, capture_output=True, text=True)

    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_web_framework_is_new_enough_and_parses_in_c() -> None:
    assert tuple(int(part) for part in version("aiohttp").split(".")[:3]) >= (3, 14, 5)
    assert http_parser.HttpRequestParser.__module__ == "aiohttp._http_parser"


def test_the_repository_has_the_agreed_folders_and_no_others() -> None:
    folders = {path.parts[0] for path in project_files() if len(path.parts) > 1}

    assert folders == FOLDERS


def test_nothing_names_a_package_registry_or_a_path_of_the_machine_it_was_made_on() -> None:
    named = {
        (str(path), found.decode()) for path in project_files() for found in FOREIGN.findall((ROOT / path).read_bytes())
    }

    assert named == set()


def test_the_licence_is_the_agpl_word_for_word() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    text = (ROOT / "LICENSE").read_bytes()

    assert project["license"] == "AGPL-3.0-or-later"
    assert hashlib.sha256(text).hexdigest() == AGPL_3


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_requirement_has_a_version_and_a_hash(lock: str) -> None:
    text = (ROOT / lock).read_text()

    requirements = pinned(lock)

    assert len(requirements) == len(re.findall(r"^[^\s#]", text, flags=re.MULTILINE))
    assert [name for name, (_, hashes) in requirements.items() if not hashes] == []


def test_the_locks_agree_with_each_other() -> None:
    server, build, dev = (pinned(lock) for lock in LOCKS)

    assert server.items() <= dev.items()
    assert {name for name in build.keys() & dev.keys() if build[name] != dev[name]} == set()


def test_what_is_locked_for_javascript_has_a_hash_and_names_no_place() -> None:
    folder = ROOT / "tests" / "clients" / "masto"
    asked = json.loads((folder / "package.json").read_text())["dependencies"]

    locked = json.loads((folder / "package-lock.json").read_text())["packages"]
    packages = {path.removeprefix("node_modules/"): each for path, each in locked.items() if path}

    assert {name: packages[name]["version"] for name in asked} == asked
    assert {each["integrity"].partition("-")[0] for each in packages.values()} == {"sha512"}
    assert [name for name, each in packages.items() if "resolved" in each] == []


def test_the_locks_hold_everything_that_the_project_asks_for() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]

    asked = {re.split(r"[\[<>=;]", wanted)[0] for wanted in project["dependencies"]}
    asked_of_dev = asked | {re.split(r"[\[<>=;]", wanted)[0] for wanted in project["optional-dependencies"]["dev"]}

    assert asked <= pinned(LOCKS[0]).keys()
    assert asked_of_dev <= pinned(LOCKS[2]).keys()
