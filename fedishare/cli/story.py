"""The demo: three nodes on this machine, and a teaching resource that travels between them over real HTTP."""

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import quote

import click

from fedishare import settings
from fedishare.cli import handouts, people
from fedishare.cli.browser import Browser, Upload
from fedishare.core.clock import SystemClock
from fedishare.core.errors import FediShareError, Invalid, Unreachable
from fedishare.settings import Settings

PASSWORD: Final = "staffroom-demo"  # noqa: S105 -- of a node that only this machine can reach
START_SECONDS: Final = 40.0
STOP_SECONDS: Final = 10.0
ROOM: Final = "primary-slt"
TOLD: Final = "story-told"


class Person(NamedTuple):
    username: str
    name: str
    role: str


class School(NamedTuple):
    letter: str
    name: str
    host: str
    people: tuple[Person, ...]


SCHOOLS: Final = (
    School("A", "Cornerstone CE Primary", "cornerstone", (Person("anna", "Anna Abbott", "admin"),)),
    School("B", "Hawes Side Academy", "hawesside", (Person("ben", "Ben Booth", "admin"),)),
    School("H", "Hampshire Alliance", "hampshire", (Person("hana", "Hana Hughes", "admin"),)),
)


class Node(NamedTuple):
    school: School
    address: str
    environment: dict[str, str]
    log: Path

    @property
    def settings(self) -> Settings:
        return settings.load(self.environment)


def tell(folder: Path, *, first_port: int, once: bool = False) -> int:
    """Start three nodes, tell the story unless it was told before, stay up until Ctrl-C. Answers the exit status."""
    nodes = [_node(folder, school, first_port + number) for number, school in enumerate(SCHOOLS)]
    is_new = not (folder / TOLD).exists()
    try:
        if is_new:
            _furnish(nodes)
        with ExitStack() as running, _interruptible():
            for node in nodes:
                running.enter_context(_serving(node))
            for node in nodes:
                _wait_until_up(node)
            if is_new:
                _resource_crosses_districts(nodes)
                (folder / TOLD).touch()
            _say_where(nodes, folder)
            if not once:
                signal.pause()
    except KeyboardInterrupt:
        click.echo("\nAll three nodes have stopped.")
    except FediShareError as error:
        click.echo(f"\nfedishare: {error}\nThe nodes' own words are in {folder}/*/node.log", err=True)
        return 1
    return 0


def _node(folder: Path, school: School, port: int) -> Node:
    address = f"http://{school.host}.localhost:{port}"
    data = folder / school.host
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FEDISHARE_")}
    environment |= {
        "FEDISHARE_URL": address,
        "FEDISHARE_LISTEN": f"127.0.0.1:{port}",
        "FEDISHARE_DATA": str(data),
        "FEDISHARE_NAME": school.name,
        "FEDISHARE_ALLOW_ADDRESSES": "127.0.0.0/8",
    }
    return Node(school, address, environment, data / "node.log")


def _furnish(nodes: list[Node]) -> None:
    for node in nodes:
        _step(f"{node.school.letter}: a database and files for {node.school.name}")
        for person in node.school.people:
            email = f"{person.username}@{node.school.host}.example"
            try:
                asyncio.run(
                    people.add(
                        node.settings,
                        SystemClock(),
                        name=person.username,
                        email=email,
                        password=PASSWORD,
                        role=person.role,
                        shown=person.name,
                    )
                )
            except Invalid:  # An earlier start was stopped half-way; the account is there.
                continue


@contextmanager
def _serving(node: Node) -> Iterator[None]:
    """The node's own process. It is told to stop, and waited for, whatever happens."""
    with node.log.open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "fedishare", "serve"],
            env=node.environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,  # Ctrl-C is for us; we pass it on in order.
        )
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGTERM ends the demo as Ctrl-C does."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _wait_until_up(node: Node) -> None:
    end = time.monotonic() + START_SECONDS
    while not Browser(node.address).is_up():
        if time.monotonic() > end:
            last = node.log.read_text(errors="replace").strip().splitlines()[-1:]
            raise Unreachable(f"{node.school.name} did not start: {' '.join(last) or 'it said nothing'}")
        time.sleep(0.05)


def _resource_crosses_districts(nodes: list[Node]) -> None:
    """The main job, once: every step through the pages a person would use."""
    a, b, h = nodes
    anna, ben, hana = (_signed_in(node) for node in nodes)
    host = h.address.removeprefix("http://")
    handle = f"{ROOM}@{host}"

    _step("H: Hana opens the staffroom Primary SLT")
    hana.post(
        "/rooms/new",
        name="Primary SLT",
        username=ROOM,
        description="Senior leaders of primary schools, wherever you are.",
    )
    for node, browser, name in ((a, anna, "Anna"), (b, ben, "Ben")):
        _step(f"{node.school.letter}: {name} finds @{handle} and joins")
        browser.get(f"/search?q={quote('@' + handle)}")
        page = browser.get(f"/@{handle}")
        browser.post("/follow", actor=page.find(r'name="actor" value="(\d+)"'), next=f"/@{handle}")
        browser.wait_for(f"/@{handle}", "Leave the room")

    _step("A: Anna shares a Word file and a PDF: Year 4, Maths, CC BY-SA, public and Primary SLT")
    files = [Upload("fraction-wall.docx", handouts.WORD_TYPE, handouts.word())]
    files.append(Upload("fraction-wall.pdf", "application/pdf", handouts.pdf()))
    shared = anna.upload("/compose", _resource_form(anna, handle), [("files", file) for file in files])
    if shared.status != 200 or handouts.TITLE not in shared.text:  # noqa: PLR2004 -- HTTP's "OK"
        raise Invalid(f"the resource could not be shared (status {shared.status})")
    on_a = shared.path

    _step("H: the staffroom passes it on")
    hana.wait_for(f"/@{ROOM}", handouts.TITLE)
    _step("B: Ben looks in the staffroom, filters Resources, Year 4, and finds it")
    room = ben.wait_for(f"/@{handle}?show=resources&level=england:year-4", handouts.TITLE)
    post = room.find(r'href="[^"]*/posts/(\d+)"')

    for file in files:
        fetched = ben.get(f"/resources/{post}/files/{file.name}")
        is_same = fetched.body == file.body
        _step(f"B: Ben downloads {file.name}: sha256 {fetched.sha256[:16]}… {'is' if is_same else 'IS NOT'} the same")
        if not is_same:
            raise Invalid(f"{file.name} came through damaged (status {fetched.status})")

    _step("B: Ben answers")
    answer = "Lovely. My Year 4s will cut the wall out on card."
    ben.upload("/compose", {"reply_to": post, "text": answer, "visibility": "public"}, [])
    _step("B: Ben marks it as used")
    line = "We found 21 equal fractions in an hour."
    ben.post(f"/posts/{post}/used", line=line, level="england:year-4")

    anna.wait_for(on_a, answer, line)
    _step("A: Anna sees Ben's answer under her resource, and that it was used")


def _resource_form(browser: Browser, handle: str) -> dict[str, str]:
    room = browser.get(f"/@{handle}").find(r"/compose\?room=(\d+)")
    return {
        "kind": "resource",
        "title": handouts.TITLE,
        "text": "A one-hour investigation with a printable fraction wall, differentiated three ways. #fractions",
        "subject": "mathematics",
        "level": "england:year-4",
        "type": "worksheet",
        "licence": "CC-BY-SA-4.0",
        "room": room,
        "visibility": "public",
        "language": "en",
    }


def _signed_in(node: Node) -> Browser:
    browser = Browser(node.address)
    person = node.school.people[0]
    page = browser.post("/sign-in", login=person.username, password=PASSWORD, next="/settings")
    if page.path != "/settings":
        raise Invalid(f"{person.name} could not sign in at {node.address} (status {page.status})")
    return browser


def _step(line: str) -> None:
    click.echo(f"  {line}")


def _say_where(nodes: list[Node], folder: Path) -> None:
    click.echo("\nThree nodes are up:\n")
    for node in nodes:
        person = node.school.people[0]
        click.echo(f"  {node.school.letter}  {node.school.name:<24} {node.address:<36} {person.username} / {PASSWORD}")
    click.echo(
        f"\nSign in with the name and the password shown. What they keep is in {folder}; `make clean` forgets it."
    )
    click.echo("Ctrl-C stops all three.\n")
