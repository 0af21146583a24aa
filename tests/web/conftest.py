"""A whole node behind a small browser: forms, cookies, redirects, and the page as a tree."""

from collections.abc import Mapping
from functools import cache
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any, Final

import jinja2
import msgspec
import pytest
from aiohttp import FormData, web
from aiohttp.test_utils import TestClient
from pytest_aiohttp.plugin import AiohttpClient

from fedishare import app
from fedishare.core.here import Here
from fedishare.core.ids import Ids
from fedishare.core.uris import Uris
from fedishare.db.accounts import Account
from fedishare.db.engine import Database
from fedishare.domain.kinds import Kind
from fedishare.domain.permissions import Role
from fedishare.http import assets
from fedishare.http.keys import SETTINGS, STORAGE, TEMPLATES, TOOLS
from fedishare.net.storage import Storage
from fedishare.services import accounts
from fedishare.settings import Settings, load
from fedishare.worker import Worker
from tests.builders import FrozenClock, Made, a_person, add
from tests.strict import wire

COOKIE: Final = "__Host-fs"
VOID: Final = frozenset({"area", "br", "col", "hr", "img", "input", "link", "meta", "source", "use", "wbr"})


class Element:
    def __init__(self, tag: str, attributes: Mapping[str, str | None]) -> None:
        self.tag = tag
        self.attributes = attributes
        self.children: list[Element | str] = []

    def __getitem__(self, name: str) -> str:
        return self.attributes.get(name) or ""

    @property
    def text(self) -> str:
        return " ".join(self.raw.split())

    @property
    def raw(self) -> str:
        return "".join(child if isinstance(child, str) else child.raw for child in self.children)

    def all(self, tag: str, **wanted: str) -> list["Element"]:
        """Every element below of this kind whose attributes say so; `class_` looks for one class among several."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                if child.tag == tag and all(child.has(name, value) for name, value in wanted.items()):
                    found.append(child)
                found += child.all(tag, **wanted)
        return found

    def one(self, tag: str, **wanted: str) -> "Element":
        found = self.all(tag, **wanted)
        assert len(found) == 1, f"{len(found)} of <{tag} {wanted}>"
        return found[0]

    def has(self, name: str, value: str) -> bool:
        if name == "class_":
            return value in self["class"].split()
        return self[name.rstrip("_").replace("_", "-")] == value


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.root = Element("root", {})
        self.open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, dict(attrs))
        self.open[-1].children.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_endtag(self, tag: str) -> None:
        if tag in VOID:
            return
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, data: str) -> None:
        self.open[-1].children.append(data)


class Page:
    """An answer. Reading it as a page fails where a tag is not closed in its place."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes, cookies: SimpleCookie) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.cookies = cookies

    @property
    def html(self) -> str:
        return self.body.decode()

    @property
    def root(self) -> Element:
        reader = _Reader()
        reader.feed(self.html)
        assert reader.open == [reader.root], reader.open[-1].tag
        return reader.root

    @property
    def location(self) -> str:
        return self.headers["Location"]

    @property
    def errors(self) -> list[str]:
        """What stands beside the fields."""
        return [wrong.text.removeprefix("Mistake: ") for wrong in self.root.all("p", class_="wrong")]


class Browser:
    """Somebody's browser, signed in or not. It follows no redirect by itself."""

    def __init__(self, client: TestClient[web.Request, web.Application], secret: str | None = None) -> None:
        self._client = client
        self.secret = secret

    async def get(self, path: str, *, method: str = "GET", **headers: str) -> Page:
        return await self.ask(method, path, headers=headers)

    async def post(self, path: str, data: FormData | Mapping[str, Any] | None = None, **headers: str) -> Page:
        return await self.ask("POST", path, headers={"Sec_Fetch_Site": "same-origin"} | headers, data=data or {})

    async def ask(self, method: str, path: str, *, headers: Mapping[str, str], data: Any = None) -> Page:
        sent = {"Accept": "text/html", "Host": "alder.test"}
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        if self.secret is not None:
            sent["Cookie"] = f"{COOKIE}={self.secret}"
        request = self._client.request(method, path, headers=sent, data=data, allow_redirects=False)
        async with request as answer:
            return Page(answer.status, answer.headers, await answer.read(), answer.cookies)


class Node:
    """The node under test, its people, and what lies on its disk."""

    def __init__(self, client: TestClient[web.Request, web.Application], db: Database, here: Here) -> None:
        self._client = client
        self._db = db
        self._here = here

    @property
    def storage(self) -> Storage:
        return self._client.app[STORAGE]

    def change(self, **settings: Any) -> None:
        """As if the node had been started with other settings; nobody may change them while it runs."""
        changed = msgspec.structs.replace(self._client.app[SETTINGS], **settings)
        self._client.app._state[SETTINGS] = changed  # noqa: SLF001  # it is frozen by now

    @property
    def stored(self) -> list[Path]:
        """What lies in the folder of uploads."""
        folder = self._client.app[STORAGE].path("0" * 40).parents[2]
        return [path for path in folder.rglob("*") if path.is_file()]

    async def work(self) -> None:
        """Whatever is due is done, as the worker would."""
        await Worker(self._client.app[TOOLS]).drain()

    @property
    def stranger(self) -> Browser:
        return Browser(self._client)

    async def a_teacher(self, username: str = "", *, role: Role = Role.MEMBER, **over: Any) -> tuple[Made, Browser]:
        """A person of this node with an account, and their browser, signed in."""
        person = await a_person(self._db, self._here, **over | ({"username": username} if username else {}))
        secret = await self._db.write(_an_account, self._here, person, role=role)
        return person, Browser(self._client, secret)


def _an_account(tx: Any, here: Here, person: Made, *, role: Role) -> str:
    email = f"{person.id}@alder.test"
    values = {"email": email, "email_key": email, "password_hash": "none", "role": role, "created_at": here.now()}
    add(tx, Account, id=person.id, actor_id=person.id, **values)
    return accounts.open_session(tx, here, account_id=person.id)


@pytest.fixture
def here(clock: FrozenClock) -> Here:
    """As the node's own, but for its number: two that mint ids in one frozen moment must not be the same."""
    return Here(Uris("https://alder.test"), Ids(clock, worker=500), clock)


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return load(
        {
            "FEDISHARE_URL": "https://alder.test",
            "FEDISHARE_DATA": str(tmp_path),
            "FEDISHARE_DATABASE": database_url,
            "FEDISHARE_NAME": "Alder Primary",
            "FEDISHARE_MAX_UPLOAD": "1",
            "FEDISHARE_WORKER": "separate",
            "FEDISHARE_ALLOW_ADDRESSES": "127.0.0.0/8",
        }
    )


@pytest.fixture
async def node(settings: Settings, db: Database, here: Here, clock: FrozenClock, aiohttp_client: AiohttpClient) -> Node:
    # The node's own actor is there already, so that no test has to wait for new keys.
    await a_person(db, here, kind=Kind.NODE, username="alder.test", uri=here.uris.node, name="Alder Primary")
    built = wire.watch(app.build(settings, clock=clock))
    # Reading the templates takes longer than most tests; they are the same for every node of this name.
    built[TEMPLATES] = _templates(settings.url, settings.name)
    return Node(await aiohttp_client(built), db, here)


@cache
def _templates(url: str, name: str) -> jinja2.Environment:
    settings = load({"FEDISHARE_URL": url, "FEDISHARE_NAME": name})
    return assets.templates(settings, assets.Static())
