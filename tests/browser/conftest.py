"""One real node as a process, furnished as teachers would, and Debian's Chromium to look at it."""

import io
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import pytest
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, StorageState, ViewportSize, sync_playwright

from fedishare.cli import browser as small
from fedishare.cli import handouts
from tests.test_command_line import a_free_port, environment, fedishare, wait_until_up

CHROMIUM: Final = Path("/usr/bin/chromium")
NOT_FOUND: Final = f"Chromium: not found at {CHROMIUM} (install Debian's package chromium to run the browser tests)"
ARGUMENTS: Final = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)

PHONE: Final = ViewportSize(width=390, height=844)
DESKTOP: Final = ViewportSize(width=1280, height=900)

PASSWORD: Final = "alder-valley-staff"
# Longer than any screen is wide, as names, addresses and words in the world are.
NODE_NAME: Final = "Alder Valley Federation of Church of England Primary Schools"
LONG_WORD: Final = "Donaudampfschifffahrtselektrizitaetenhauptbetriebswerkbauunterbeamtengesellschaft"
LONG_NAME: Final = "Ben Wolfeschlegelsteinhausenbergerdorff"
LONG_LINK: Final = "https://resources.example/" + "fractions-decimals-percentages/" * 4
FILE: Final = small.Upload(
    "Fraction_wall_investigation_differentiated_v12_FINAL.pdf", "application/pdf", handouts.pdf()
)

# Opens a page in a context of its own, which is closed when the test is over; keywords are those of the context.
NewPage: TypeAlias = Callable[..., Page]


class Node(NamedTuple):
    """Where the furnished node is, and the paths of what is on it."""

    address: str
    room: str = "/@primary-slt"
    profile: str = "/@anna"
    thread: str = ""
    resource: str = ""
    collection: str = "/@year-4-fractions"
    desk: str = ""
    put_in: str = ""


@pytest.fixture(scope="package")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """One for all tests of this folder, because it takes seconds to make."""
    skip_without_chromium()
    folder, port = tmp_path_factory.mktemp("node"), a_free_port()
    address = f"http://alder.localhost:{port}"
    own = {"FEDISHARE_URL": address, "FEDISHARE_LISTEN": f"127.0.0.1:{port}", "FEDISHARE_NAME": NODE_NAME}
    for name, shown in (("anna", "Anna Abbott"), ("ben", LONG_NAME)):
        words = ("account", "add", name, "--email", f"{name}@alder.example", "--name", shown, "--password", PASSWORD)
        added = fedishare(folder, *words, **own)
        assert added.returncode == 0, added.stderr
    with serving(folder, own):
        wait_until_up(f"http://127.0.0.1:{port}")
        yield furnished(Node(address))


def skip_without_chromium() -> None:
    if not CHROMIUM.exists():
        pytest.skip(NOT_FOUND)


@contextmanager
def serving(folder: Path, own: dict[str, str]) -> Iterator[None]:
    """The node's process. What it says goes to a file, because nobody would empty a pipe."""
    with (folder / "node.log").open("wb") as log:
        command = [sys.executable, "-m", "fedishare", "serve"]
        process = subprocess.Popen(command, env=environment(folder, **own), cwd=folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


def furnished(node: Node) -> Node:
    """A room with two members, a conversation, a picture, and a resource that was answered, liked and collected."""
    anna, ben = (at_home(node, name) for name in ("anna", "ben"))
    anna.post("/rooms/new", name="Primary SLT", username="primary-slt", description=f"Senior leaders. {LONG_WORD}!")
    room = ben.get(node.room)
    ben.post("/follow", actor=room.find(r'name="actor" value="(\d+)"'), next=node.room)
    into = {"room": room.find(r'name="actor" value="(\d+)"'), "visibility": "public", "language": "en"}

    text = f"How do **you** teach it?\n\n- {LONG_WORD}\n- {LONG_LINK}\n\n```\n{LONG_WORD * 2}\n```\n\n#fractions"
    picture = {"alt_1": "Nine rows of boxes, each row cut into more pieces"}
    thread = anna.upload("/compose", into | picture | {"text": text}, [("picture_1", a_picture())]).path
    answer(ben, thread, f"{LONG_WORD}! We cut it out of card.")
    behind = into | {"text": "The head is ill.", "warning": "Staffing", "visibility": "followers"}
    ben.upload("/compose", behind, [])

    about = {
        "kind": "resource",
        "title": f"{handouts.TITLE}: {LONG_WORD}",
        "text": "One hour, three ways.",
        "subject": "mathematics",
    }
    about |= {"level": "england:year-4", "type": "worksheet", "licence": "CC-BY-SA-4.0"}
    resource = anna.upload("/compose", into | about, [("files", FILE)]).path
    answer(ben, resource, "Lovely.")
    post = resource.rpartition("/")[2]
    ben.post(f"/posts/{post}/used", line=f"21 equal fractions. {LONG_WORD}!", level="england:year-4")
    ben.post(f"/posts/{post}/like", next=resource)
    desk = anna.post("/curate/new", title="Year 4 fractions", about=f"For new colleagues. {LONG_WORD}!").path
    put_in = f"/posts/{post}/collect"
    anna.post(put_in, into=desk.rpartition("/")[2], line=f"Begin here. {LONG_WORD}!")
    return node._replace(thread=thread, resource=resource, desk=desk, put_in=put_in)


def at_home(node: Node, name: str) -> small.Browser:
    signed_in = small.Browser(node.address)
    page = signed_in.post("/sign-in", login=name, password=PASSWORD, next="/settings")
    assert (page.status, page.path) == (200, "/settings")
    return signed_in


def answer(who: small.Browser, path: str, text: str) -> None:
    form = {"reply_to": path.rpartition("/")[2], "text": text, "visibility": "public"}
    assert who.upload("/compose", form, []).status == 200


def a_picture() -> small.Upload:
    held = io.BytesIO()
    Image.new("RGB", (1600, 400), "#8a4b0f").save(held, "PNG")
    return small.Upload("wall.png", "image/png", held.getvalue())


@pytest.fixture(scope="package")
def chromium() -> Iterator[Browser]:
    """The browser, for this folder and not for the whole session: the event loop inside it is in the way of others."""
    skip_without_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def new_page(chromium: Browser, node: Node) -> Iterator[NewPage]:
    contexts: list[BrowserContext] = []

    def new(**over: object) -> Page:
        chosen: dict[str, object] = {"viewport": PHONE, "reduced_motion": "reduce", "base_url": node.address, **over}
        contexts.append(chromium.new_context(**chosen))  # type: ignore[arg-type]  # typed one by one in playwright
        return contexts[-1].new_page()

    yield new
    for context in contexts:
        context.close()


@pytest.fixture(scope="package")
def as_anna(chromium: Browser, node: Node) -> StorageState:
    """Anna's cookie, fetched through the form once."""
    context = chromium.new_context(base_url=node.address)
    sign_in(context.new_page(), "anna")
    state = context.storage_state()
    context.close()
    return state


def sign_in(page: Page, name: str) -> None:
    page.goto("/sign-in?next=/settings")
    page.get_by_label("Your name here, or your email address").fill(name)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in").click()
    page.wait_for_url("**/settings")
