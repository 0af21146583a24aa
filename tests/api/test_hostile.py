"""Nonsense, sent to every endpoint of the table."""

from typing import Any, Final

import pytest

from fedishare.api.streaming.routes import HEALTH, Stream
from tests.api.conftest import School, on_the_stricter_database
from tests.api.test_table import ALL, address

# What the endpoints read; whoever adds one with other names adds them here.
NAMES: Final = (
    *("files", "title", "text", "licence", "subjects", "minutes", "told", "room", "media_ids", "link", "rules_version"),
    *("starts", "headline", "secretary_id", "line", "level", "show", "page", "in_reply_to_id", "visibility"),
    *("id", "q", "acct", "limit", "offset", "max_id", "min_id", "since_id", "resolve", "following", "timeline", "home"),
    *(
        "display_name",
        "note",
        "locked",
        "source",
        "fields_attributes",
        "comment",
        "name",
        "client_name",
        "redirect_uris",
    ),
    *(
        "scopes",
        "redirect_uris",
        "website",
        "grant_type",
        "client_id",
        "client_secret",
        "code",
        "token",
        "scope",
        "avatar",
    ),
    *("domain", "duration", "notifications", "reblogs", "notify", "languages", "with_dismissed"),
)
FORM: Final = {"Content-Type": "application/x-www-form-urlencoded"}
HOSTILE: Final[tuple[dict[str, Any], ...]] = (
    {"json": [[]]},
    {"json": {name: {"a": [{"b": None}]} for name in NAMES}},
    {"json": {name: [[1], {"x": "y"}] for name in NAMES}},
    {"json": dict.fromkeys(NAMES, "\u202e'\"<script>%00\\" + "9" * 400)},
    {"json": dict.fromkeys(NAMES, -(1 << 62))},
    {"data": "&".join(f"{name}[]={1 << 70}&{name}[]=x" for name in NAMES), "headers": FORM},
    {"data": "%FF=%FE&" + "a" * 5000, "headers": FORM},
    {"data": b"\xff\xfe{", "headers": {"Content-Type": "application/json"}},
    {"data": b'{"a":' * 200, "headers": {"Content-Type": "application/json"}},
)


@on_the_stricter_database
@pytest.mark.parametrize("sent", HOSTILE, ids=range(len(HOSTILE)))
async def test_nothing_that_is_sent_breaks_an_endpoint(school: School, sent: dict[str, Any]) -> None:
    """The same nonsense to every endpoint, in the body and, where it has pairs, in the address."""
    person, _ = await school.a_teacher()
    broken = {}
    for each in [each for each in ALL if not isinstance(each, Stream) and each.path not in HEALTH]:
        phone = await school.phone(person)
        query = {"params": dict.fromkeys(NAMES, "x' OR 1=1--")} if each.method == "GET" else sent
        reply = await phone.ask(each.method, address(each), **query)
        if reply.status >= 500 or (reply.status >= 400 and "error" not in reply.json):
            broken[each.method, each.path] = (reply.status, reply.json)

    assert broken == {}
