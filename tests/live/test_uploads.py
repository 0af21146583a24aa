"""A large file over a line that breaks again and again, to a node that is killed meanwhile: it arrives to the byte."""

import asyncio
import base64
import hashlib
import re
import socket
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Final, NamedTuple

import pytest

from fedishare.cli.browser import Browser, Upload
from tests.live.nodes import PASSWORD
from tests.live.processes import Process
from tests.live.town import LOOPBACK

SIZE: Final = 50 << 20
# Where the line breaks: bytes that get through each time, and whether the node is killed then.
BREAKS: Final = ((1 << 20, False), (9 << 20, True), (3_333_333, False), (1, False), (7 << 20, False), (11 << 20, True))
# A node holds 256 KB of an upload at a time. Python and the database take and give back some more meanwhile.
MOST_GROWTH: Final = 32 << 20
TUS: Final = "Tus-Resumable: 1.0.0\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n"


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]


class Line:
    """A teacher's line to the node, with her cookie, as plain bytes on a socket."""

    def __init__(self, process: Process, cookie: str) -> None:
        self._process = process
        self._head = f"Host: {process.url.removeprefix('http://')}\r\nCookie: {cookie}\r\n{TUS}"

    def ask(self, method: str, path: str, body: bytes | memoryview = b"", **headers: str) -> Answer:
        with closing(self._sent(method, path, body, len(body), headers)) as line:
            return _read(line)

    def break_off(self, path: str, body: memoryview, *, offset: int, after: int) -> None:
        """Announce all that is left, and hang up in the middle."""
        said = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
        self._sent("PATCH", path, body[offset : offset + after], len(body) - offset, said).close()

    def _sent(
        self, method: str, path: str, body: bytes | memoryview, length: int, headers: dict[str, str]
    ) -> socket.socket:
        line = socket.create_connection((LOOPBACK, self._process.port), timeout=60)
        said = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in headers.items())
        line.sendall(f"{method} {path} HTTP/1.1\r\n{self._head}{said}Content-Length: {length}\r\n\r\n".encode())
        line.sendall(body)
        return line

    def offset(self, path: str) -> int:
        return int(self.ask("HEAD", path).headers["upload-offset"])


def _read(line: socket.socket) -> Answer:
    held = b""
    while chunk := line.recv(1 << 16):
        held += chunk
    head = held.partition(b"\r\n\r\n")[0].decode().split("\r\n")
    return Answer(int(head[0].split()[1]), {n.lower(): v for n, _, v in (each.partition(": ") for each in head[1:])})


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    made = Process(tmp_path)
    made.run("account", "add", "anna", "--email", "anna@n.example", "--password", PASSWORD)
    await made.start()
    yield made
    made.kill()


def held_now(pid: int) -> int:
    """What the node holds; the most that it will have held is counted anew from here, for signing in takes 64 MB."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")
    return memory(pid, "VmRSS")


def memory(pid: int, name: str) -> int:
    """What the node holds (VmRSS), or the most it held lately (VmHWM), in bytes."""
    found = re.search(rf"^{name}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    assert found is not None
    return int(found[1]) << 10


def signed_in(process: Process) -> tuple[Browser, Line]:
    browser = Browser(process.url)
    assert browser.post("/sign-in", login="anna", password=PASSWORD, next="/settings").path == "/settings"
    # The first form with a file loads what is loaded once.
    browser.upload("/drafts", {"text": "x"}, [("files", Upload("a.pdf", "application/pdf", b"%PDF-1.7"))])
    return browser, Line(process, "; ".join(f"{name}={value}" for name, value in browser._cookies.items()))  # noqa: SLF001  # it has no other use for them


@pytest.mark.timeout(400)
async def test_a_large_file_survives_broken_lines_and_a_killed_node(process: Process) -> None:
    # Bytes that are not the same anywhere, so that none can take the place of another.
    body = memoryview(b"%PDF-1.7\n" + hashlib.shake_256(b"a film").digest(SIZE - 9))
    browser, line = await asyncio.to_thread(signed_in, process)
    name = base64.b64encode(b"film.pdf").decode()
    begun = await asyncio.to_thread(
        line.ask, "POST", "/uploads", Upload_Length=str(SIZE), Upload_Metadata=f"filename {name}"
    )
    path, offset = begun.headers["location"], 0

    for after, is_killed in BREAKS:
        await asyncio.to_thread(line.break_off, path, body, offset=offset, after=after)
        if is_killed:
            process.kill()
            await process.start()
            reached = await asyncio.to_thread(line.offset, path)
            assert reached <= offset + after
        else:
            # The node may still be reading what came before the line broke.
            reached = await _settled(line, path, offset)
        assert offset <= reached <= offset + after
        offset = reached
    before = held_now(process.pid)
    said = {"Upload-Offset": str(offset), "Content-Type": "application/offset+octet-stream"}
    done = await asyncio.to_thread(line.ask, "PATCH", path, body[offset:], **said)

    assert (done.status, done.headers["upload-offset"]) == (204, str(SIZE))
    assert memory(process.pid, "VmHWM") - before < MOST_GROWTH
    form = {"kind": "resource", "title": "Film", "text": "A film", "visibility": "public", "licence": "CC-BY-4.0"}
    page = await asyncio.to_thread(browser.upload, "/compose", form | {"upload": path.rpartition("/")[2]}, [])
    assert page.path.startswith("/resources/"), page.text
    got = await asyncio.to_thread(browser.get, f"{page.path}/files/film.pdf")
    assert got.sha256 == hashlib.sha256(body).hexdigest()


async def _settled(line: Line, path: str, offset: int) -> int:
    """How far it got: two answers that are the same, or more than there was."""
    for _ in range(100):
        reached = await asyncio.to_thread(line.offset, path)
        await asyncio.sleep(0.1)
        if reached > offset and reached == await asyncio.to_thread(line.offset, path):
            return reached
    return offset


@pytest.mark.timeout(200)
async def test_a_large_file_in_a_plain_form_is_never_in_memory(process: Process) -> None:
    browser, _ = await asyncio.to_thread(signed_in, process)
    body = b"%PDF-1.7\n" + hashlib.shake_256(b"another film").digest(SIZE)
    before = held_now(process.pid)
    form = {"kind": "resource", "title": "Film", "text": "A film", "visibility": "public", "licence": "CC-BY-4.0"}

    film = Upload("film.pdf", "application/pdf", body)
    page = await asyncio.to_thread(browser.upload, "/compose", form, [("files", film)])

    assert page.path.startswith("/resources/"), page.text
    assert memory(process.pid, "VmHWM") - before < MOST_GROWTH
