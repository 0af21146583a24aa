"""NodeInfo of other servers, and the dialect that follows from it."""

from typing import Any

import msgspec
import pytest

from fedishare.core.errors import Unreachable
from fedishare.db.engine import Database
from fedishare.db.nodes import Node
from fedishare.domain.kinds import Dialect
from fedishare.inbox import nodes
from fedishare.jobs.tools import Tools
from fedishare.jobs.types import LookUpNode
from tests.inbox.elsewhere import Elsewhere, rows
from tests.net.peers import a_redirect, a_reply

WELL_KNOWN = "https://birch.test/.well-known/nodeinfo"
INFO = "https://birch.test/nodeinfo/2.1"
REL = "http://nodeinfo.diaspora.software/ns/schema/2."


def some_json(value: Any) -> bytes:
    return a_reply(msgspec.json.encode(value), headers=[("Content-Type", "application/json")])


def a_server(elsewhere: Elsewhere, software: Any, *, href: str = INFO) -> None:
    links = [{"rel": f"{REL}0", "href": "https://birch.test/nodeinfo/2.0"}, {"rel": f"{REL}1", "href": href}]
    elsewhere.say(WELL_KNOWN, some_json({"links": links}))
    elsewhere.say(href, some_json({"version": "2.1", "software": software}))


async def described(db: Database) -> list[tuple[Any, ...]]:
    return await rows(db, Node.host, Node.software, Node.version, Node.dialect)


@pytest.mark.parametrize(
    ("software", "dialect"),
    [
        pytest.param("mastodon", Dialect.MICROBLOG, id="mastodon"),
        pytest.param("Lemmy", Dialect.THREADIVERSE, id="lemmy-in-capitals"),
        pytest.param("fedishare", Dialect.THREADIVERSE, id="fedishare"),
        pytest.param("something-new", Dialect.BOTH, id="unknown"),
    ],
)
async def test_the_software_decides_the_dialect(
    tools: Tools, db: Database, *, elsewhere: Elsewhere, software: str, dialect: Dialect
) -> None:
    a_server(elsewhere, {"name": software, "version": "4.5.0"})

    await nodes.look_up(tools, LookUpNode("birch.test"))

    assert await described(db) == [("birch.test", software.lower(), "4.5.0", dialect)]
    assert elsewhere.asked == [WELL_KNOWN, INFO]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(a_reply(status=404), id="no-nodeinfo"),
        pytest.param(some_json({"links": [{"rel": f"{REL}0", "href": "https://cedar.test/x"}]}), id="SSRF-07"),
        pytest.param(some_json({"links": "none"}), id="nonsense"),
        pytest.param(a_redirect("https://cedar.test/.well-known/nodeinfo"), id="a-redirect-elsewhere"),
        pytest.param(a_reply(b"<html>"), id="a-page"),
    ],
)
async def test_a_server_that_does_not_say_gets_both(
    tools: Tools, db: Database, *, elsewhere: Elsewhere, answer: bytes
) -> None:
    elsewhere.say(WELL_KNOWN, answer)
    elsewhere.say("https://cedar.test/.well-known/nodeinfo", some_json({"links": []}))

    await nodes.look_up(tools, LookUpNode("birch.test"))

    assert await described(db) == [("birch.test", None, None, Dialect.BOTH)]


async def test_a_server_out_of_reach_is_asked_again_later(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    elsewhere.fail(WELL_KNOWN, 503)

    with pytest.raises(Unreachable):
        await nodes.look_up(tools, LookUpNode("birch.test"))

    assert await described(db) == []


async def test_what_changed_is_written_over(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    for version in ("4.4.0", "4.5.0"):
        a_server(elsewhere, {"name": "mastodon", "version": version})
        await nodes.look_up(tools, LookUpNode("birch.test"))

    assert await described(db) == [("birch.test", "mastodon", "4.5.0", Dialect.MICROBLOG)]


async def test_we_do_not_look_ourselves_up(tools: Tools, db: Database, elsewhere: Elsewhere) -> None:
    await nodes.look_up(tools, LookUpNode("alder.test"))

    assert (await described(db), elsewhere.asked) == ([], [])
