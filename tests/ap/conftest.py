"""The faces for other servers, served on their own: no pages, no worker."""

from pathlib import Path
from typing import Any, Final

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient
from multidict import CIMultiDict
from pytest_aiohttp.plugin import AiohttpClient

from fedishare.ap import routes
from fedishare.core.here import Here
from fedishare.core.json import loads
from fedishare.db.engine import Database
from fedishare.domain.kinds import Kind
from fedishare.http.kept import keep_ready
from fedishare.http.keys import CLOCK, DATABASE, SETTINGS, SHELF, TOOLS
from fedishare.http.middleware import say_what_went_wrong
from fedishare.http.shelf import Shelf
from fedishare.jobs.tools import Tools
from fedishare.net import signatures
from fedishare.net.addresses import Allowed
from fedishare.net.client import Client
from fedishare.net.signatures import Scheme, Signer
from fedishare.net.storage import Storage
from fedishare.settings import Settings, load
from tests.builders import Made, a_person, an_rsa_pair
from tests.strict import wire

ACTIVITY: Final = "application/activity+json"
ORIGIN: Final = "https://alder.test"


class Peer:
    """Another server, asking us; `by` signs the request."""

    def __init__(self, client: TestClient[web.Request, web.Application], here: Here) -> None:
        self._client = client
        self._here = here

    @property
    def address(self) -> str:
        """Where the node is to be found by those who speak plain http."""
        return str(self._client.make_url("")).rstrip("/")

    async def get(
        self,
        path: str,
        *,
        by: Made | None = None,
        method: str = "GET",
        accept: str = ACTIVITY,
        scheme: Scheme = Scheme.CAVAGE,
        **headers: str,
    ) -> "Answer":
        sent = {"Accept": accept, "Host": "alder.test"}
        if by is not None:
            signer = Signer(f"{by.uri}#main-key", an_rsa_pair().private_pem)
            url = f"{ORIGIN}{path}"
            sent |= signatures.sign(signer, scheme=scheme, method=method, url=url, body=None, now=self._here.now())
        sent |= {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._client.request(method, path, headers=sent, allow_redirects=False) as answer:
            kept = CIMultiDict(answer.headers)
            kept.popall("Date")
            return Answer(answer.status, kept, await answer.read())


class Answer:
    def __init__(self, status: int, headers: CIMultiDict[str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def all(self) -> tuple[int, CIMultiDict[str], bytes]:
        return self.status, self.headers, self.body

    @property
    def json(self) -> Any:
        return loads(self.body)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return load({"FEDISHARE_URL": ORIGIN, "FEDISHARE_DATA": str(tmp_path), "FEDISHARE_NAME": "Alder Primary"})


async def a_peer_of(tools: Tools, settings: Settings, aiohttp_client: AiohttpClient) -> Peer:
    """Somebody who asks a node with these settings, which keeps its public documents ready."""
    app = wire.watch(web.Application(middlewares=[keep_ready, say_what_went_wrong]))
    app[TOOLS], app[SETTINGS], app[DATABASE] = tools, settings, tools.db
    app[SHELF], app[CLOCK] = Shelf(), tools.here.clock
    for entry in (entry for one in routes.ALL for entry in one):
        if entry.method == "GET":
            app.router.add_get(entry.path, entry.guarded())
        elif entry.path == "/oai":  # Harvesters ask by POST as well.
            app.router.add_post(entry.path, entry.guarded())
    return Peer(await aiohttp_client(app), tools.here)


@pytest.fixture
def own_tools(db: Database, here: Here, storage: Storage) -> Tools:
    outside = Client(allowed=Allowed(), clock=here.clock, own_origin=ORIGIN, user_agent="test")
    return Tools(db, outside, here, storage)


@pytest.fixture
async def peer(own_tools: Tools, settings: Settings, aiohttp_client: AiohttpClient) -> Peer:
    return await a_peer_of(own_tools, settings, aiohttp_client)


@pytest.fixture
async def node(db: Database, here: Here) -> Made:
    return await a_person(
        db, here, kind=Kind.NODE, username="alder.test", uri=here.uris.node, url=here.uris.profile("alder.test")
    )
