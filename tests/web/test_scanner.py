"""A node with a virus scanner: no file is given out before it has answered. The scanner speaks as clamd does."""

import asyncio
import struct
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import msgspec
import pytest

from fedishare.core.errors import Unreachable
from fedishare.domain.permissions import Role
from fedishare.net import clamd
from fedishare.settings import Settings
from tests.builders import FrozenClock
from tests.web.builders import PDF, RESOURCE, form
from tests.web.conftest import Browser, Node

# The string that every scanner takes for a virus is not written here whole, or it would take this file for one.
EICAR: Final = b"X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-" + b"ANTIVIRUS-TEST-FILE!$H+H*"


class Scanner:
    """Reads streams over a socket of its own. `is_down` hangs up, as a daemon does that loads its database."""

    def __init__(self) -> None:
        self.is_down = False
        self.seen: list[int] = []

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if not self.is_down and await reader.readexactly(10) == b"zINSTREAM\0":
            body = b""
            while length := struct.unpack(">I", await reader.readexactly(4))[0]:
                body += await reader.readexactly(length)
            self.seen.append(len(body))
            found = b"Eicar-Test-Signature FOUND" if EICAR in body else b"OK"
            writer.write(b"stream: " + found + b"\0")
        writer.close()
        await writer.wait_closed()


@pytest.fixture
async def scanner(tmp_path: Path) -> AsyncIterator[Scanner]:
    found = Scanner()
    server = await asyncio.start_unix_server(found.answer, tmp_path / "clamd.sock")
    async with server:
        yield found


@pytest.fixture
def settings(settings: Settings, tmp_path: Path) -> Settings:
    return msgspec.structs.replace(settings, clamd=str(tmp_path / "clamd.sock"))


async def share(teacher: Browser, body: bytes) -> str:
    answer = await teacher.post("/compose", form(RESOURCE, [("files", "plan.pdf", body)]))
    assert answer.status == 303, answer.errors
    return answer.location


async def test_med_10_a_file_is_given_to_nobody_until_the_scanner_has_answered(node: Node, scanner: Scanner) -> None:
    _, teacher = await node.a_teacher()
    path = await share(teacher, PDF)
    before = [await browser.get(f"{path}/files/plan.pdf") for browser in (teacher, node.stranger)]
    page = await node.stranger.get(path)

    await node.work()

    assert [answer.status for answer in before] == [503, 503]
    assert "It is being checked and can be downloaded in a moment." in page.html
    after = await node.stranger.get(f"{path}/files/plan.pdf")
    assert (after.status, after.body, scanner.seen) == (200, PDF, [len(PDF)])


async def test_med_10_what_the_scanner_finds_is_given_to_nobody(node: Node, scanner: Scanner) -> None:
    _, teacher = await node.a_teacher("ada")
    _, admin = await node.a_teacher(role=Role.ADMIN)
    path = await share(teacher, PDF + EICAR)

    await node.work()

    found = [await browser.get(f"{path}/files/plan.pdf") for browser in (teacher, node.stranger, admin)]
    assert [answer.status for answer in found] == [410, 410, 410]
    assert "It was found to be damaged or harmful, and is not given out." in (await teacher.get(path)).html
    refused = (await admin.get("/storage")).root.one("section", aria_labelledby="refused")
    assert refused.one("li").text == "plan.pdf · @ada"
    assert scanner.seen == [len(PDF + EICAR)]


async def test_whoever_sent_a_harmful_file_is_told_what_to_do_and_once(node: Node, scanner: Scanner) -> None:
    _, teacher = await node.a_teacher()
    _, other = await node.a_teacher()
    path = await share(teacher, PDF + EICAR)

    await node.work()
    await node.work()
    told = (await teacher.get("/notices")).root.one("li", class_="notice")

    assert told.one("p", class_="said-what").text == (
        "The virus scanner found something harmful in plan.pdf, so nobody can download it. Take it out of what you "
        "share, have your computer looked at, and add the file again from a copy that you trust."
    )
    assert told.one("a", class_="said-what")["href"].endswith(path)
    assert told.all("p")[0].text.startswith("A file of yours is not given out · ")
    assert (await other.get("/notices")).root.all("li", class_="notice") == []
    assert scanner.seen == [len(PDF + EICAR)]


async def test_whoever_sent_a_harmful_file_is_told_also_before_it_is_shared(node: Node, scanner: Scanner) -> None:
    _, teacher = await node.a_teacher()
    await teacher.post("/drafts", form(RESOURCE, [("files", "plan.pdf", PDF + EICAR)]))

    await node.work()

    assert "harmful in plan.pdf" in (await teacher.get("/notices")).root.one("li", class_="notice").text
    assert scanner.seen == [len(PDF + EICAR)]


async def test_med_10_a_file_waits_for_a_scanner_that_is_down(node: Node, scanner: Scanner, clock: FrozenClock) -> None:
    scanner.is_down = True
    _, teacher = await node.a_teacher()
    _, admin = await node.a_teacher(role=Role.ADMIN)
    path = await share(teacher, PDF)
    await node.work()
    while_down = await teacher.get(f"{path}/files/plan.pdf")
    told = await admin.get("/storage")

    scanner.is_down = False
    clock.tick(minutes=5)
    await node.work()

    assert while_down.status == 503
    assert "1 file waits for the virus scanner." in told.html
    assert (await teacher.get(f"{path}/files/plan.pdf")).status == 200
    assert "virus scanner" not in (await admin.get("/storage")).html


async def test_a_scanner_is_reached_by_host_and_port_too(tmp_path: Path) -> None:
    scanner, path = Scanner(), tmp_path / "file"
    path.write_bytes(EICAR)
    server = await asyncio.start_server(scanner.answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server:
        assert await clamd.scan(f"127.0.0.1:{port}", path) == "Eicar-Test-Signature"

    with pytest.raises(Unreachable):
        await clamd.scan(f"127.0.0.1:{port}", path)
