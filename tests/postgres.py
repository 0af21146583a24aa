"""A private PostgreSQL server for one run of the tests, shared by all its processes and gone when the run is over.

The process that a person starts owns the server and names its folder in the environment, where the processes that
pytest-xdist starts find it. It gets ready while the tests are being collected; whoever needs it first waits for it.
"""

import os
import pwd
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pytest

FOLDER: Final = "FEDISHARE_TEST_POSTGRES"
USER: Final = "fedishare"
PROGRAMS: Final = ("initdb", "pg_isready", "postgres", "psql")
NOT_FOUND: Final = "PostgreSQL: not found (install the server's programs to run the suite on it); SQLite only"
SECONDS: Final = 60
OWNED: Final = pytest.StashKey["Server"]()

# This shell keeps the server for as long as its own input is open. The input ends when the test run says so and also
# when the test run is killed, so no end of the tests leaves a server behind. The locale C sorts text as SQLite does.
KEEPER: Final = """
exec 3<&0 </dev/null >server.log 2>&1
"$1/initdb" -D data -U "$2" -A trust -E UTF8 --locale=C --wal-segsize=1 --no-sync --no-instructions &&
  cat settings.conf >>data/postgresql.conf
"$1/postgres" -D data & server=$!
until "$1/pg_isready" -q -h "$3" -U "$2" -d postgres || ! kill -0 $server; do sleep 0.05; done
kill -0 $server && touch ready || touch failed
cat <&3
kill -QUIT $server
wait $server
cd / && rm -rf "$3"
"""

SETTINGS: Final = """
listen_addresses = ''
unix_socket_directories = '{folder}'
max_connections = 200
# A test's database need not survive a power cut.
fsync = off
full_page_writes = off
synchronous_commit = off
wal_level = minimal
max_wal_senders = 0
"""


def find_programs() -> Path | None:
    """The folder of the server's programs: where PATH leads to, else the newest that Debian's packages hold."""
    on_path = [Path(found).resolve().parent for found in [shutil.which("initdb")] if found]
    of_debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_major, reverse=True)
    return next((bin_ for bin_ in [*on_path, *of_debian] if all((bin_ / name).exists() for name in PROGRAMS)), None)


def _major(bin_: Path) -> int:
    name = bin_.parent.name
    return int(name) if name.isdecimal() else 0


class Server:
    """One server behind a socket in `folder`; `keeper` is there in the process that owns it."""

    def __init__(self, folder: Path, programs: Path, keeper: subprocess.Popen[bytes] | None = None) -> None:
        self.folder = folder
        self.programs = programs
        self._keeper = keeper

    @property
    def version(self) -> str:
        said = subprocess.run([self.programs / "postgres", "--version"], check=True, capture_output=True, text=True)
        found = re.search(r"\d+[.\d]*", said.stdout)
        return found[0] if found else "of unknown version"

    def url(self, database: str) -> str:
        return f"postgresql+asyncpg://{USER}@/{quote(database)}?host={quote(str(self.folder))}"

    def create(self, database: str, *, template: str | None = None) -> None:
        """Make `database`, empty or as a copy of `template`, to which nobody may be connected meanwhile."""
        self._say(
            'CREATE DATABASE :"database" TEMPLATE :"template"', database=database, template=template or "template0"
        )

    def drop(self, database: str) -> None:
        """Forget `database`, whoever may still be connected to it."""
        self._say('DROP DATABASE IF EXISTS :"database" WITH (FORCE)', database=database)

    def stop(self) -> None:
        """End the server and remove its folder. Does nothing where the server is only borrowed."""
        if self._keeper and self._keeper.stdin:
            self._keeper.stdin.close()
            self._keeper.wait(SECONDS)
            shutil.rmtree(self.folder, ignore_errors=True)

    def wait(self) -> None:
        """Come back when the server answers. Raises RuntimeError with what it said if it never will."""
        give_up = time.monotonic() + SECONDS
        while not (self.folder / "ready").exists():
            if (self.folder / "failed").exists() or not self.folder.exists() or time.monotonic() > give_up:
                log = self.folder / "server.log"
                said = log.read_text(errors="replace") if log.exists() else "nothing"
                raise RuntimeError(f"the private PostgreSQL server did not start; it said: {said}")
            time.sleep(0.02)

    def _say(self, statement: str, **names: str) -> None:
        self.wait()
        variables = [f"--set={key}={name}" for key, name in {**names, "ON_ERROR_STOP": "1"}.items()]
        subprocess.run(
            [self.programs / "psql", "-X", "-q", "-h", self.folder, "-U", USER, "-d", "postgres", *variables],
            check=True,
            env={"PATH": os.defpath, "PGOPTIONS": "-c client_min_messages=warning"},
            input=statement.encode(),
        )


def start(folder: Path) -> Server:
    """A new server, ready to be used. `folder` is made if need be, is the server's own, and goes when it stops.

    For root the server runs as somebody else, to whom the folders above must be open: tmp_path, for one, is not.
    """
    server = _launch(folder)
    try:
        server.wait()
    except RuntimeError:
        server.stop()
        raise
    return server


def running() -> Server | None:
    """The server of this test run, or None where its programs were not found. Its methods wait until it is ready."""
    folder, programs = os.environ.get(FOLDER), find_programs()
    return Server(Path(folder), programs) if folder and programs else None


def _launch(folder: Path) -> Server:
    programs = find_programs()
    if programs is None:
        raise RuntimeError(NOT_FOUND)
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o700)
    (folder / "settings.conf").write_text(SETTINGS.format(folder=folder))
    # The locale and PG* variables of whoever runs the tests are no business of this server's.
    keeper = subprocess.Popen(
        ["/bin/sh", "-c", KEEPER, "keeper", programs, USER, folder],
        cwd=folder,
        env={"PATH": os.defpath},
        stdin=subprocess.PIPE,
        # Ctrl-C in the terminal is for the tests; they then end the server in their own time.
        start_new_session=True,
        **_unprivileged(folder),
    )
    return Server(folder, programs, keeper)


def _unprivileged(folder: Path) -> dict[str, Any]:
    """How to start a program as somebody else when we are root, whom PostgreSQL refuses; hands them `folder`."""
    if os.geteuid() != 0:
        return {}
    names = {account.pw_name for account in pwd.getpwall()}
    account = pwd.getpwnam("postgres" if "postgres" in names else "nobody")
    for path in [folder, *folder.iterdir()]:
        os.chown(path, account.pw_uid, account.pw_gid)
    return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}


def pytest_configure(config: pytest.Config) -> None:
    if _is_worker(config) or config.option.help or config.option.collectonly or find_programs() is None:
        return
    server = _launch(Path(tempfile.mkdtemp(prefix="fedishare-postgres-")))
    config.stash[OWNED] = server
    os.environ[FOLDER] = str(server.folder)


def pytest_report_header(config: pytest.Config) -> str | None:
    server = config.stash.get(OWNED, None)
    if server:
        return f"PostgreSQL: private server {server.version}"
    return NOT_FOUND if find_programs() is None else None


def pytest_unconfigure(config: pytest.Config) -> None:
    server = config.stash.get(OWNED, None)
    if server:
        os.environ.pop(FOLDER, None)
        server.stop()


def _is_worker(config: pytest.Config) -> bool:
    return hasattr(config, "workerinput")
