"""What is installed from the wheel works without the checkout: files, migrations, and a page served from it."""

import http.client
import os
import re
import socket
import subprocess
import sys
import sysconfig
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parents[2]
CARRIED: Final = {
    "templates": ROOT / "templates",
    "migrations": ROOT / "migrations",
    "static": ROOT / "fedishare/static",
}
START_SECONDS: Final = 30


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that holds the installed wheel and nothing else."""
    built, target = tmp_path_factory.mktemp("built"), tmp_path_factory.mktemp("installed")
    subprocess.run([sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", built], cwd=ROOT, check=True)
    (wheel,) = built.glob("*.whl")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    subprocess.run([*pip, "--no-deps", "--no-index", "--no-compile", "--target", target, wheel], check=True)
    return target


def command(*arguments: str) -> Sequence[str]:
    # -S and -P keep the checkout out: no .pth file of an editable installation is read, nor the current folder.
    return [sys.executable, "-S", "-P", *arguments]


def environment(installed: Path, **settings: str) -> dict[str, str]:
    paths = [str(installed), *dict.fromkeys(sysconfig.get_path(name) for name in ("purelib", "platlib"))]
    return {"PATH": os.defpath, "PYTHONPATH": os.pathsep.join(paths), "PYTHONDONTWRITEBYTECODE": "1"} | settings


@pytest.fixture
def address(installed: Path, tmp_path: Path) -> Iterator[str]:
    """Host and port of a node that runs from the wheel."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    env = environment(
        installed,
        FEDISHARE_URL=f"http://wheel.localhost:{port}",
        FEDISHARE_LISTEN=f"127.0.0.1:{port}",
        FEDISHARE_DATA=str(tmp_path / "data"),
    )
    subprocess.run(command("-m", "fedishare", "migrate"), cwd=tmp_path, env=env, check=True)
    with subprocess.Popen(command("-m", "fedishare", "serve"), cwd=tmp_path, env=env) as node:
        try:
            wait_until_it_listens(port, node)
            yield f"127.0.0.1:{port}"
        finally:
            node.terminate()
    assert node.returncode == 0


def wait_until_it_listens(port: int, node: subprocess.Popen[bytes]) -> None:
    give_up = time.monotonic() + START_SECONDS
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except ConnectionRefusedError:
            assert node.poll() is None, "the node ended instead of listening"
            assert time.monotonic() < give_up, "the node does not listen"
            time.sleep(0.05)
        else:
            return


def get(address: str, path: str) -> tuple[int, str, str]:
    """Status, content type and text."""
    connection = http.client.HTTPConnection(address, timeout=10)
    try:
        port = address.rpartition(":")[2]
        connection.request("GET", path, headers={"Host": f"wheel.localhost:{port}", "Accept": "text/html,*/*;q=0.1"})
        answer = connection.getresponse()
        return answer.status, answer.getheader("Content-Type", ""), answer.read().decode()
    finally:
        connection.close()


def files(folder: Path) -> set[str]:
    found = {path.relative_to(folder) for path in folder.rglob("*") if path.is_file()}
    return {str(path) for path in found if "__pycache__" not in path.parts}


def test_the_package_is_the_installed_one_and_the_checkout_is_out_of_sight(installed: Path, tmp_path: Path) -> None:
    asked = "import fedishare, sys; print(fedishare.__file__, *sys.path, sep='\\n')"

    said = subprocess.run(
        command("-c", asked), cwd=tmp_path, env=environment(installed), check=True, capture_output=True, text=True
    )

    found, *paths = said.stdout.splitlines()
    assert found == str(installed / "fedishare" / "__init__.py")
    assert str(ROOT) not in paths


@pytest.mark.parametrize("name", CARRIED)
def test_the_wheel_carries_every_file_that_is_not_code(installed: Path, name: str) -> None:
    in_checkout = files(CARRIED[name])

    in_wheel = files(installed / "fedishare" / name)

    assert in_checkout
    assert in_wheel == in_checkout


def test_the_wheel_carries_no_compiled_code_and_no_tests(installed: Path) -> None:
    packages = {path.name for path in installed.iterdir() if not path.name.endswith(".dist-info")}

    compiled = list(installed.rglob("*.py[co]"))

    assert compiled == []
    assert packages == {"bin", "fedishare"}


def test_a_node_installed_from_the_wheel_serves_a_page_with_its_style_sheet(address: str) -> None:
    status, kind, page = get(address, "/")

    linked = re.search(r'<link\b[^>]*\brel="stylesheet"[^>]*>', page)
    assert (status, kind.partition(";")[0]) == (200, "text/html")
    assert linked is not None
    style = re.search(r'\bhref="([^"]+)"', linked[0])
    assert style is not None
    status, kind, css = get(address, re.sub(r"^https?://[^/]+", "", style[1]))
    assert (status, kind.partition(";")[0]) == (200, "text/css")
    assert css.strip()
