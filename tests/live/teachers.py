"""A teacher at a browser: signs in, fills in forms, uploads files and reads pages of one node."""

import hashlib
import re
from collections.abc import Sequence
from typing import NamedTuple

import aiohttp
from yarl import URL

from tests.live.town import Town, eventually


class Page(NamedTuple):
    """What came back, and the path it came from after redirects."""

    status: int
    path: str
    body: bytes
    headers: dict[str, str]

    @property
    def text(self) -> str:
        return self.body.decode(errors="replace")

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    def find(self, pattern: str) -> str:
        """The first group of `pattern` on the page, which has to be there."""
        found = re.search(pattern, self.text)
        assert found is not None, f"{self.path} ({self.status}) does not show {pattern}:\n{_words(self.text)}"
        return found[1]


class Upload(NamedTuple):
    field: str
    name: str
    media_type: str
    body: bytes


class Teacher:
    """One person with one browser. `handle` is what others call them."""

    def __init__(self, town: Town, url: str, *, username: str, password: str, actor_id: int) -> None:
        self.url = url
        self.username = username
        self.id = actor_id
        self.uri = f"{url}/users/{username}"
        self.handle = f"{username}@{url.removeprefix('https://')}"
        self._password = password
        self._session = town.session(cookies=True)

    async def close(self) -> None:
        await self._session.close()

    async def sign_in(self) -> None:
        page = await self.post("/sign-in", login=self.username, password=self._password, next="/")
        assert 'href="/settings"' in page.text, f"{self.handle} could not sign in ({page.status}): {_words(page.text)}"

    async def get(self, path: str, **headers: str) -> Page:
        return await self._ask("GET", path, headers=headers)

    async def post(self, path: str, **fields: str) -> Page:
        return await self._ask("POST", path, data=fields)

    async def upload(self, path: str, fields: dict[str, str], files: Sequence[Upload]) -> Page:
        form = aiohttp.FormData(default_to_multipart=True)
        for name, value in fields.items():
            form.add_field(name, value)
        for file in files:
            form.add_field(file.field, file.body, filename=file.name, content_type=file.media_type)
        return await self._ask("POST", path, data=form)

    async def _ask(self, method: str, path: str, *, data: object = None, headers: dict[str, str] | None = None) -> Page:
        sent = {"Accept": "text/html", "Origin": self.url} | (headers or {})
        url = URL(self.url + path, encoded=True)
        async with self._session.request(method, url, data=data, headers=sent) as answer:
            where = str(answer.url).removeprefix(self.url)
            return Page(answer.status, where, await answer.read(), dict(answer.headers))

    async def wait_for(self, path: str, *wanted: str, without: Sequence[str] = ()) -> Page:
        """Look at a page again and again until it shows everything wanted and nothing unwanted."""
        last: list[Page] = []

        async def look() -> Page | None:
            page = await self.get(path)
            last[:] = [page]
            is_there = all(words in page.text for words in wanted)
            return page if is_there and not any(words in page.text for words in without) else None

        try:
            return await eventually(look, what=f"{self.url}{path} shows {wanted} without {list(without)}")
        except AssertionError as error:
            raise AssertionError(f"{error}\nIt shows ({last[0].status}): {_words(last[0].text)}") from error

    async def look_up(self, handle: str) -> str:
        """Search for somebody elsewhere; the number under which this node knows them."""
        await self.get(f"/search?q=@{handle}")
        page = await self.get(f"/@{handle}")
        assert page.status == 200, f"{handle} was not found ({page.status}): {_words(page.text)}"
        return page.find(r'name="actor" value="(\d+)"')

    async def follow(self, handle: str) -> str:
        """Follow a person or join a room; the number under which this node knows them."""
        actor = await self.look_up(handle)
        page = await self.post("/follow", actor=actor, next=f"/@{handle}")
        assert page.status == 200, f"{handle} could not be followed ({page.status}): {_words(page.text)}"
        return actor

    async def write(self, text: str, files: Sequence[Upload] = (), **fields: str) -> Page:
        """Publish a post, or with `kind="resource"` a resource; its page."""
        form = {"kind": "talk", "text": text, "visibility": "public", "language": "en"} | fields
        page = await self.upload("/compose", form, files)
        assert page.status == 200, f"this could not be published ({page.status}): {_words(page.text)}"
        return page


def number_of(path: str) -> str:
    """The number of a post in its path."""
    found = re.search(r"/(?:posts|resources)/(\d+)", path)
    assert found is not None, f"{path} is not the address of a post"
    return found[1]


def _words(page: str) -> str:
    """What a person would read on the page."""
    body = re.sub(r"(?s)<(script|style|svg|head)\b.*?</\1>", " ", page)
    return " ".join(re.sub(r"<[^>]+>", " ", body).split())[:1500]
