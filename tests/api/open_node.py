"""A node that listens on this machine under the address it says it has, for clients that open sockets themselves."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlencode
from urllib.request import Request, urlopen

import aiohttp
from aiohttp import web
from yarl import URL

from fedishare import app, settings
from fedishare.domain.permissions import Role
from fedishare.http import keys
from fedishare.services import accounts
from tests.builders import an_ed25519_pair, an_rsa_pair
from tests.test_command_line import a_free_port

PASSWORD: Final = "chalk-and-cheese"
HERE: Final = "127.0.0.1"


def register(address: str, name: str, back: str, scopes: str) -> dict[str, Any]:
    """An app at a node that runs elsewhere."""
    sent = urlencode({"client_name": name, "redirect_uris": back, "scopes": scopes}).encode()
    with urlopen(f"{address.replace('alder.localhost', HERE)}/api/v1/apps", sent) as answer:  # noqa: S310 -- loopback
        app: dict[str, Any] = json.loads(answer.read())
    return app


def exchange(address: str, app: dict[str, Any], code: str, back: str) -> str:
    """The token for a code."""
    said = {"grant_type": "authorization_code", "code": code, "redirect_uri": back}
    sent = urlencode(said | {name: app[name] for name in ("client_id", "client_secret")}).encode()
    with urlopen(f"{address.replace('alder.localhost', HERE)}/oauth/token", sent) as answer:  # noqa: S310 -- loopback
        return str(json.loads(answer.read())["access_token"])


def who_is(address: str, token: str) -> dict[str, Any]:
    """As whom a token acts."""
    path = "/api/v1/accounts/verify_credentials"
    request = Request(  # noqa: S310 -- loopback
        f"{address.replace('alder.localhost', HERE)}{path}", headers={"Authorization": f"Bearer {token}"}
    )
    with urlopen(request) as answer:  # noqa: S310 -- loopback
        account: dict[str, Any] = json.loads(answer.read())
    return account


class OpenNode:
    def __init__(self, url: str, application: web.Application) -> None:
        self.url = url
        self.app = application

    async def enrol(self, username: str, *, name: str) -> None:
        """Somebody with a password."""
        tools = self.app[keys.TOOLS]
        await tools.db.write(
            accounts.add,
            tools.here,
            username=username,
            email=f"{username}@alder.example",
            password_hash=accounts.hash_password(PASSWORD),
            role=Role.MEMBER,
            name=name,
            rsa=an_rsa_pair(),
            ed25519=an_ed25519_pair(),
        )

    async def allow(self, address: str, username: str) -> dict[str, str]:
        """Somebody opens an address in a browser, signs in, and presses Allow. What the app is told then."""
        jar = aiohttp.CookieJar(unsafe=True)
        async with aiohttp.ClientSession(cookie_jar=jar, headers={"Origin": self.url}) as browser:
            form = {"login": username, "password": PASSWORD, "next": URL(address).raw_path_qs}
            async with browser.post(f"{self.url}/sign-in", data=form) as page:
                assert page.status == 200, await page.text()
                asked = dict(page.url.query)
            sent = asked | {"answer": "allow"}
            async with browser.post(f"{self.url}/oauth/authorize", data=sent, allow_redirects=False) as answer:
                assert answer.status == 303, await answer.text()
                return dict(URL(answer.headers["Location"]).query)


@asynccontextmanager
async def open_node(database: str, folder: Path, **more: str) -> AsyncIterator[OpenNode]:
    port = a_free_port()
    url = f"http://{HERE}:{port}"
    chosen = settings.load(
        {
            "FEDISHARE_URL": url,
            "FEDISHARE_DATA": str(folder),
            "FEDISHARE_DATABASE": database,
            "FEDISHARE_NAME": "Alder Primary",
            "FEDISHARE_WORKER": "separate",
        }
        | more
    )
    application = app.build(chosen)
    runner = web.AppRunner(application)
    await runner.setup()
    await web.TCPSite(runner, HERE, port).start()
    try:
        yield OpenNode(url, application)
    finally:
        await runner.cleanup()
