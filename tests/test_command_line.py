"""The command line, run as people and scripts run it: a process, its output, its exit status."""

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest


def environment(folder: Path, **over: str) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("FEDISHARE_")}
    return clean | {
        "FEDISHARE_URL": "http://alder.localhost:8000",
        "FEDISHARE_DATA": str(folder / "data"),
        "PYTHONPATH": str(Path(__file__).parents[1]),
        **over,
    }


def fedishare(folder: Path, *words: str, stdin: str = "", **over: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "fedishare", *words],
        env=environment(folder, **over),
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


ANNA = ("account", "add", "anna", "--email", "anna@cornerstone.example")


def test_wrong_settings_are_one_line_and_status_2_and_write_nothing(tmp_path: Path) -> None:
    for command in (
        ("serve",),
        ("work",),
        ("migrate",),
        (*ANNA, "--password", "long enough"),
        ("token", "create", "a"),
    ):
        done = fedishare(tmp_path, *command, FEDISHARE_URL="http://public.example")

        assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
        assert "FEDISHARE_URL" in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_an_account_and_a_token(tmp_path: Path) -> None:
    added = fedishare(tmp_path, *ANNA, "--role", "admin", stdin="a long password\n")
    again = fedishare(tmp_path, *ANNA, "--password", "a long password")
    made = fedishare(tmp_path, "token", "create", "anna", "--scopes", "read write follow push")

    assert (added.returncode, again.returncode, made.returncode) == (0, 1, 0)
    assert again.stderr.count("\n") == 1
    assert made.stdout.strip().isprintable()
    assert len(made.stdout.split()) == 1


def test_an_admin_says_how_to_speak_to_a_server_and_takes_it_back(tmp_path: Path) -> None:
    told = [
        fedishare(tmp_path, "server", "dialect", *words).stdout.strip()
        for words in (("New.Example", "microblog"), ("https://new.example/", "default"))
    ]

    assert told == [
        "Rooms here speak to new.example as to microblog.",
        "Rooms here speak to new.example as to both.",
    ]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ((*ANNA, "--password", "short"), "password"),
        (("account", "add", "an na", "--email", "a@b.example", "--password", "long enough"), "an na"),
        (("account", "add", "anna", "--email", "nowhere", "--password", "long enough"), "nowhere"),
        (("token", "create", "nobody"), "nobody"),
        (("token", "create", "nobody", "--scopes", "fly"), "fly"),
        (("server", "dialect", "no host", "both"), "no host"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = fedishare(tmp_path, *words)

    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def a_free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def answer(url: str, **headers: str) -> tuple[int, bytes]:
    request = urllib.request.Request(url, headers=headers)  # noqa: S310 -- a node of this test
    with urllib.request.urlopen(request, timeout=5) as got:  # noqa: S310 -- as above
        return got.status, got.read()


def wait_until_up(url: str) -> None:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        try:
            answer(f"{url}/healthz")
        except OSError:
            time.sleep(0.05)
        else:
            return
    pytest.fail("the node did not start")


def serving(folder: Path, port: int, **over: str) -> subprocess.Popen[bytes]:
    address = {"FEDISHARE_URL": f"http://alder.localhost:{port}", "FEDISHARE_LISTEN": f"127.0.0.1:{port}"}
    command: Any = [sys.executable, "-m", "fedishare", "serve"]
    return subprocess.Popen(command, env=environment(folder, **address, **over), cwd=folder, stderr=subprocess.PIPE)


def test_a_node_serves_stops_cleanly_and_keeps_its_address_for_life(tmp_path: Path) -> None:
    port, other = a_free_port(), a_free_port()
    node = serving(tmp_path, port)
    try:
        wait_until_up(f"http://127.0.0.1:{port}")
        taken = fedishare(
            tmp_path, "serve", FEDISHARE_URL=f"http://alder.localhost:{port}", FEDISHARE_LISTEN=f"127.0.0.1:{port}"
        )
    finally:
        node.send_signal(signal.SIGTERM)
        _, said = node.communicate(timeout=20)
    moved = fedishare(
        tmp_path, "serve", FEDISHARE_URL=f"http://alder.localhost:{other}", FEDISHARE_LISTEN=f"127.0.0.1:{other}"
    )

    assert node.returncode == 0, said.decode()
    assert (taken.returncode, "FEDISHARE_LISTEN" in taken.stderr) == (1, True)
    assert (moved.returncode, "cannot change its address" in moved.stderr) == (1, True)


def children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def listens(pid: int) -> bool:
    """Whether the process has a listening socket of its own."""
    try:
        own = {str(link.readlink())[8:-1] for link in Path(f"/proc/{pid}/fd").iterdir() if link.exists()}
        rows = [line.split() for line in Path(f"/proc/{pid}/net/tcp").read_text().splitlines()[1:]]
    except OSError:
        return False
    return any(row[3] == "0A" and row[9] in own for row in rows)


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(condition: Callable[[], bool], *, within: float = 30) -> bool:
    end = time.monotonic() + within
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.05)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_several_processes_share_an_address_and_end_together(tmp_path: Path, number: signal.Signals) -> None:
    port = a_free_port()
    node = serving(tmp_path, port, FEDISHARE_PROCESSES="3")
    try:
        wait_until_up(f"http://127.0.0.1:{port}")
        assert until(lambda: len(children(node.pid)) == 2)
        others = children(node.pid)
        assert until(lambda: all(map(listens, others)))
        assert {answer(f"http://127.0.0.1:{port}/healthz")[0] for _ in range(30)} == {200}
    finally:
        node.send_signal(number)
        _, said = node.communicate(timeout=30)

    assert until(lambda: not any(map(is_alive, others))), said.decode()


def test_a_process_that_ends_by_itself_is_no_secret(tmp_path: Path) -> None:
    port = a_free_port()
    node = serving(tmp_path, port, FEDISHARE_PROCESSES="2")
    wait_until_up(f"http://127.0.0.1:{port}")
    assert until(lambda: bool(children(node.pid)))
    os.kill(children(node.pid)[0], signal.SIGKILL)

    _, said = node.communicate(timeout=30)

    assert (node.returncode, "a process beside this one has ended by itself" in said.decode()) == (1, True)


def test_what_does_not_go_out_is_listed_retried_and_dropped(tmp_path: Path) -> None:
    fedishare(tmp_path, *ANNA, "--password", "a long password")
    with closing(sqlite3.connect(tmp_path / "data" / "fedishare.db")) as database, database:
        job = ("PublishPost", b"{}", "2026-01-01 00:00:00.000000", 5, "2026-01-02 00:00:00.000000", "KeyError: 'id'")
        database.execute("INSERT INTO job (kind, payload, due_at, tries, failed_at, error) VALUES (?,?,?,?,?,?)", job)

    listed = fedishare(tmp_path, "deliveries", "list")
    retried = fedishare(tmp_path, "deliveries", "retry")
    nothing = fedishare(tmp_path, "deliveries", "drop", "--jobs", "PublishPost")
    with closing(sqlite3.connect(tmp_path / "data" / "fedishare.db")) as database, database:
        database.execute("UPDATE job SET failed_at = due_at WHERE kind = 'PublishPost'")
    refused = fedishare(tmp_path, "deliveries", "drop", "--jobs", "PublishPost", stdin="n\n")
    dropped = fedishare(tmp_path, "deliveries", "drop", "--jobs", "PublishPost", "--yes")
    unnamed = fedishare(tmp_path, "deliveries", "drop")

    assert listed.stdout.splitlines() == [
        "deliveries on their way: 0",
        "job PublishPost\t\t1 parked\tsince 2026-01-02 00:00\tKeyError: 'id'",
        "ever dropped: 0 deliveries, 0 jobs",
    ]
    assert (retried.returncode, retried.stdout) == (0, "Due now: 1\n")
    assert (nothing.returncode, nothing.stderr) == (1, "fedishare: nothing is parked for PublishPost\n")
    assert refused.returncode == 130
    assert (dropped.returncode, dropped.stdout.splitlines()[-1]) == (0, "Dropped: 1")
    assert unnamed.returncode == 2


def test_the_library_is_read_into_its_index_anew(tmp_path: Path) -> None:
    done = fedishare(tmp_path, "reindex")

    assert (done.returncode, done.stdout) == (0, "Resources in the library: 0\n")
