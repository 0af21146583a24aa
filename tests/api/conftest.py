"""A whole node, and apps that speak to it as anybody's would: over a socket, with a token."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any, Final

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from sqlalchemy import Connection, event

from fedishare.core import ids
from fedishare.core.here import Here
from fedishare.db.accounts import Token
from fedishare.db.engine import Database
from fedishare.domain.permissions import Role
from fedishare.http.keys import DATABASE
from fedishare.services import accounts
from tests import postgres
from tests.builders import Made, add
from tests.web.conftest import Browser, Node, here, node, settings

__all__ = ["here", "node", "settings"]

# For a test of every endpoint that is about something else than statements.
on_one_database: Final = pytest.mark.parametrize("database_kind", ["sqlite"])
# For nonsense: what SQLite minds, PostgreSQL minds as well.
on_the_stricter_database: Final = pytest.mark.parametrize(
    "database_kind", ["postgresql" if postgres.find_programs() else "sqlite"]
)
EVERYTHING: Final = "read write follow push profile admin:read admin:write"


class Reply:
    """An answer of the API, which has to be JSON, or a file to keep."""

    def __init__(self, status: int, headers: Mapping[str, str], body: bytes, json: Any) -> None:
        self.status = status
        self.headers = headers
        self.body = body
        self.json = json

    @property
    def error(self) -> str:
        assert set(self.json) >= {"error"}, self.json
        return str(self.json["error"])

    @property
    def links(self) -> dict[str, str]:
        """The addresses of the Link header by their relation, without the origin."""
        found = (each.split(">; rel=") for each in self.headers.get("Link", "").split(", ") if each)
        return {rel.strip('"'): address.removeprefix("<https://alder.test") for address, rel in found}


class Phone:
    """An app on somebody's phone."""

    def __init__(self, client: TestClient[web.Request, web.Application], token: str | None = None) -> None:
        self._client = client
        self.token = token

    async def get(self, path: str, **query: Any) -> Reply:
        return await self.ask("GET", path, params=_pairs(query))

    async def post(self, path: str, json: Any = None, **form: Any) -> Reply:
        return await self.ask("POST", path, **({"json": json} if json is not None else {"data": _pairs(form)}))

    async def put(self, path: str, json: Any = None) -> Reply:
        return await self.ask("PUT", path, json=json)

    async def patch(self, path: str, json: Any = None, **form: Any) -> Reply:
        return await self.ask("PATCH", path, **({"json": json} if json is not None else {"data": _pairs(form)}))

    async def delete(self, path: str, **query: Any) -> Reply:
        return await self.ask("DELETE", path, params=_pairs(query))

    async def ask(self, method: str, path: str, *, headers: Mapping[str, str] | None = None, **more: Any) -> Reply:
        sent = {"Host": "alder.test", "User-Agent": "Phone/1.0"} | dict(headers or {})
        if self.token is not None:
            sent.setdefault("Authorization", f"Bearer {self.token}")
        async with self._client.request(method, path, headers=sent, allow_redirects=False, **more) as answer:
            body = await answer.read()
            if answer.headers.get("Content-Disposition", "").startswith("attachment"):
                return Reply(answer.status, answer.headers, body, None)
            assert answer.content_type == "application/json", (method, path, answer.status, body)
            return Reply(answer.status, answer.headers, body, await answer.json() if body else None)


def _pairs(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Lists as `name[]`, as most apps write them."""
    found = []
    for name, value in values.items():
        if isinstance(value, list):
            found += [(f"{name}[]", str(one)) for one in value]
        else:
            found.append((name, str(value)))
    return found


class School:
    """The node, and how its teachers come by their apps."""

    def __init__(self, node: Node, db: Database, here: Here) -> None:
        self.node = node
        self.db = db
        self.here = here
        self.client = node._client  # noqa: SLF001 -- the same node, asked by apps

    @property
    def own_db(self) -> Database:
        """The node's own doors: what passes them, this process knows of."""
        return self.client.app[DATABASE]

    @contextmanager
    def counting(self) -> Iterator[list[str]]:
        """The statements that the node says to its database in reads meanwhile, whose door is left as it was."""
        db, said = self.own_db, list[str]()

        def note(_c: Any, _cursor: Any, statement: str, _p: Any, _context: Any, _many: Any) -> None:
            said.append(statement)

        def heard(tx: Connection, function: Any, *args: Any, **kwargs: Any) -> Any:
            event.listen(tx, "before_cursor_execute", note)
            try:
                return function(tx, *args, **kwargs)
            finally:
                event.remove(tx, "before_cursor_execute", note)

        plain: Any = db.read
        db.read = partial(plain, heard)  # type: ignore[method-assign]  # the same door, with an ear to it
        yield said
        del db.read

    @property
    def stranger(self) -> Phone:
        return Phone(self.client)

    async def a_teacher(
        self, username: str = "", *, scopes: str = EVERYTHING, role: Role = Role.MEMBER, **over: Any
    ) -> tuple[Made, Phone]:
        person, _, phone = await self.both(username, scopes=scopes, role=role, **over)
        return person, phone

    async def both(
        self, username: str = "", *, scopes: str = EVERYTHING, role: Role = Role.MEMBER, **over: Any
    ) -> tuple[Made, Browser, Phone]:
        person, browser = await self.node.a_teacher(username, role=role, **over)
        return person, browser, await self.phone(person, scopes=scopes)

    async def phone(self, person: Made | None, *, scopes: str = EVERYTHING, acts_as: Made | None = None) -> Phone:
        """A phone with a token, as signing in would have given it; for an app by itself without a person."""
        actor = acts_as or person
        account_id = person.id if person else None
        token = await self.db.write(
            _issue, self.here, account_id=account_id, actor_id=actor.id if actor else None, scopes=scopes
        )
        return Phone(self.client, token)


def _issue(tx: Connection, here: Here, *, account_id: int | None, actor_id: int | None, scopes: str) -> str:
    secret = ids.secret()
    row = {"secret_hash": accounts.digest(secret), "account_id": account_id, "actor_id": actor_id, "scopes": scopes}
    add(tx, Token, **row, created_at=here.now())
    return secret


@pytest.fixture
def school(node: Node, db: Database, here: Here) -> School:
    return School(node, db, here)
