"""Private means private over the API as well (J2): whoever is not in the room walks through all that can be read."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final, NamedTuple

import msgspec
import pytest

from fedishare.api.endpoints import endpoints
from fedishare.api.routes import Endpoint
from fedishare.api.streaming.routes import Stream
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import PostKind
from fedishare.domain.permissions import Role
from fedishare.services import follows, posts
from fedishare.services.drafts import Draft, PollDraft
from fedishare.settings import Settings
from tests.api.conftest import Phone, School
from tests.api.streams import a_socket
from tests.builders import Made, a_follow_row, a_room
from tests.web.builders import RESOURCE, docx, form, png
from tests.web.conftest import Browser

# Each stands in one place of what is in the room, so that a leak says where it comes from.
WORDS: Final = {
    "pangolin": "the text of a post",
    "bandicoot": "the title of a resource",
    "bilby": "the name of a file",
    "numbat": "the text for a picture",
    "echidna": "a hashtag",
    "dugong": "a warning",
    "platypus": "what a poll asks",
    "wombat": "an answer to a public post",
    "cassowary": "the name of a member",
    "kookaburra": "an answer in the room",
}
# Where somebody is shown to whoever asks for them by their number, as anybody else of the school.
OPEN_PROFILES: Final = (
    "/api/v1/admin/accounts",
    "/api/v2/admin/accounts",
    "/api/v1/accounts/search",
    "/api/v2/search",
    "/api/v1/search",
)
SEARCHES: Final = ("/api/v1/accounts/search", "/api/v2/search", "/api/v1/search")


NOBODY: Final[Mapping[str, int]] = {}


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """As at home, but that an app may ask as often as it likes."""
    return msgspec.structs.replace(settings, app_requests=None)


class Room(NamedTuple):
    """A private room of Nell's, in which Mona writes; Rita was in it. Ed runs the node, and is not in it."""

    school: School
    mona: Made
    mona_phone: Phone
    nell: Made
    ed: Phone
    ed_browser: Browser
    rita: Phone
    rita_browser: Browser
    rita_id: int
    id: int
    posts: tuple[int, ...]
    public: int
    media: tuple[str, ...]
    poll: str
    kept: Mapping[str, str]


async def write(
    school: School, by: Made, text: str, *, room: int | None = None, names: Mapping[str, int] = NOBODY, **over: Any
) -> int:
    audience = {"visibility": Visibility.ROOM, "room": room} if room is not None else {"visibility": Visibility.PUBLIC}
    draft = Draft(**{"text": text} | audience | over)
    return await school.db.write(posts.publish, school.here, author_id=by.id, draft=draft, people=names)


async def a_private_room(school: School, db: Database, here: Here) -> Room:
    nell, nell_phone = await school.a_teacher("cassowary", name="Nell Cassowary")
    mona, browser, mona_phone = await school.both("mona", name="Mona")
    rita, rita_browser, rita_phone = await school.both("rita", name="Rita")
    _, ed_browser, ed_phone = await school.both("ed", name="Ed", role=Role.ADMIN)
    room = await a_room(db, here, owner=nell, username="den", name="The den", locked=True, discoverable=False)
    for member in (nell, mona, rita):
        await a_follow_row(db, here, by=member, of=room)
    public = await write(school, mona, "Good morning, everybody.")
    files = [("files", "bilby.docx", docx())]
    shared = await browser.post(
        "/compose", form(RESOURCE | {"title": "Bandicoot", "visibility": "room", "room": str(room.id)}, files)
    )
    resource = int(re.findall(r"/(?:resources|posts)/(\d+)", shared.location)[0])
    picture = form(
        {"text": "Look.", "visibility": "room", "room": str(room.id), "alt_1": "A numbat"},
        [("picture_1", "a.png", png())],
    )
    shown = int(re.findall(r"/posts/(\d+)", (await browser.post("/compose", picture)).location)[0])
    asked = await write(
        school, mona, "The pangolin, @rita? #echidna", room=room.id, names={"rita": rita.id}, purpose=PostKind.QUESTION
    )
    poll = PollDraft(options=("A platypus", "None"), lasts=timedelta(days=1))
    polled = await write(school, mona, "Vote", room=room.id, warning="dugong", poll=poll)
    answered = await write(school, nell, "A kookaburra.", room=room.id, in_reply_to=asked)
    beside = await write(school, mona, "The wombat.", room=room.id, in_reply_to=public)
    private = (resource, shown, asked, polled, answered, beside)
    statuses = [(await mona_phone.get(f"/api/v1/statuses/{each}")).json for each in private]
    poll_id = statuses[3]["poll"]["id"]
    kept = await _keep(rita_phone, private, poll_id, mona, room)
    for each in private:
        await nell_phone.post(f"/api/v1/statuses/{each}/favourite")
    await school.node.work()
    await db.write(follows.reject, here, follower_id=rita.id, followee_id=room.id)
    await school.node.work()
    media = tuple(
        dict.fromkeys(re.findall(r'https://alder.test(/[^"\\ ]+)', str([s["media_attachments"] for s in statuses])))
    )
    return Room(
        school,
        mona,
        mona_phone,
        nell,
        ed_phone,
        ed_browser,
        rita_phone,
        rita_browser,
        rita.id,
        room.id,
        private,
        public,
        (*media, f"/resources/{resource}/files/bilby.docx", f"/resources/{resource}/files/bilby.docx/preview.webp"),
        poll_id,
        kept,
    )


async def _keep(rita: Phone, private: Sequence[int], poll: str, mona: Made, room: Made) -> dict[str, str]:
    """All that somebody can hold on to while she is in the room."""
    for each in private:
        for verb in ("bookmark", "favourite", "mute"):
            assert (await rita.post(f"/api/v1/statuses/{each}/{verb}")).status == 200, (each, verb)
    assert (await rita.post(f"/api/v1/polls/{poll}/votes", choices=[0])).status == 200
    await rita.post(f"/api/v1/accounts/{mona.id}/follow")
    kept = {"list": (await rita.post("/api/v1/lists", title="Kept")).json["id"]}
    await rita.post(f"/api/v1/lists/{kept['list']}/accounts", account_ids=[mona.id, room.id])
    made = (await rita.post("/api/v2/filters", title="Kept", context=["home"])).json
    kept["filter"] = made["id"]
    await rita.post(f"/api/v2/filters/{made['id']}/statuses", status_id=private[0])
    notices = (await rita.get("/api/v1/notifications")).json
    kept["notice"] = next(each["id"] for each in notices if each.get("status"))
    group = (await rita.get("/api/v2/notifications")).json["notification_groups"]
    kept["group"] = next(each["group_key"] for each in group if each.get("status_id"))
    return kept


def addresses(endpoint: Endpoint, room: Room) -> list[str]:
    """The endpoint with the numbers of everything private that it could be about."""
    names = re.findall(r"{([^}:]+)[^}]*}", endpoint.path)
    if not names:
        return [endpoint.path]
    values = {
        "name": ["echidna"],
        "key": [room.kept["group"]],
        "id": [str(each) for each in (*room.posts, room.public)],
    }
    for part, ids in (
        ("/accounts/", [str(room.id), str(room.nell.id), str(room.mona.id), str(room.rita_id)]),
        ("/lists/", [room.kept["list"]]),
        ("/list/", [room.kept["list"]]),
        ("/filters/", [room.kept["filter"]]),
        ("/notifications/", [room.kept["notice"]]),
        ("/polls/", [room.poll]),
        ("/tags/", ["echidna"]),
    ):
        if part in endpoint.path:
            values["id"] = ids
    return [re.sub(r"{[^}]+}", value, endpoint.path) for value in values[names[0]]]


def queries(endpoint: Endpoint, room: Room) -> list[dict[str, Any]]:
    """Everything that could be asked for at once; what is searched for, word by word."""
    rich: dict[str, Any] = {"id": [*room.posts, room.id], "acct": "den", "limit": 40, "grouped_types": ["favourite"]}
    rich["url"] = f"https://alder.test/posts/{room.posts[2]}"
    if endpoint.path in SEARCHES:
        return [{"q": word, "limit": 40} for word in (*WORDS, rich["url"])]
    return [rich, {"pinned": "true"}, {"only_media": "true"}] if endpoint.path.endswith("/statuses") else [rich]


def leaks(path: str, said: str, room: Room) -> list[str]:
    """What of the room is in an answer, where it should not be."""
    found = [what for word, what in WORDS.items() if word in said.lower()]
    is_profile = path.startswith(OPEN_PROFILES) or f"/{room.nell.id}" in path
    return [what for what in found if not (is_profile and what == WORDS["cassowary"])]


async def walk(phone: Phone, room: Room) -> dict[str, list[str]]:
    """All that can be read, and what of it is about the room."""
    found: dict[str, list[str]] = {}
    for endpoint in endpoints():
        if endpoint.method != "GET" or isinstance(endpoint, Stream) or endpoint.path.endswith("/health"):
            continue
        for path in addresses(endpoint, room):
            for query in queries(endpoint, room):
                reply = await phone.get(path, **query)
                assert reply.status != 429, (path, reply.error)
                said = reply.body.decode()
                # What was asked for is said back.
                for word in (*query.get("q", "").split(), *(["echidna"] if path.endswith("tags/echidna") else [])):
                    said = said.replace(word, "")
                if found_here := leaks(path, said, room):
                    found[f"{path} {query.get('q', '')}".strip()] = found_here
    return found


async def test_whoever_is_not_in_a_private_room_reads_nothing_of_it_in_any_app(
    school: School, db: Database, here: Here
) -> None:
    room = await a_private_room(school, db, here)

    for who, phone in (("a stranger", school.stranger), ("Ed, who runs the node", room.ed), ("Rita", room.rita)):
        assert await walk(phone, room) == {}, who
        tags = [(await phone.get(f"/api/v1/tags/{name}")).json["history"] for name in ("echidna", "unheard")]
        assert tags[0] == tags[1], who
    # The walk is worth the trouble: whoever is in the room finds all of it.
    assert {what for line in (await walk(room.mona_phone, room)).values() for what in line} == set(WORDS.values())


async def test_pictures_and_files_of_a_private_room_are_not_there_for_others(
    school: School, db: Database, here: Here
) -> None:
    room = await a_private_room(school, db, here)

    for path in room.media:
        for browser in (room.ed_browser, room.rita_browser, school.node.stranger):
            assert (await browser.get(path)).status in {303, 404}, path


async def test_no_stream_tells_whoever_is_not_in_a_private_room(school: School, db: Database, here: Here) -> None:
    room = await a_private_room(school, db, here)
    streams = ({"stream": "user"}, {"stream": "public"}, {"stream": "public:local"}, {"stream": "public:media"})
    named = {"rita": room.rita_id}
    lists = {"stream": "list", "list": room.kept["list"]}

    async with a_socket(school, room.ed) as ed, a_socket(school, room.rita) as rita:
        for ear in (ed, rita):
            for wish in (*streams, {"stream": "hashtag", "tag": "echidna"}, {"stream": "direct"}):
                await ear.ask(**wish)
        await rita.ask(**lists)
        await ed.ready()
        await rita.ready()
        await write(school, room.mona, "Another pangolin, @rita. #echidna", room=room.id, names=named)
        await school.db.write(posts.delete, school.here, by_id=room.mona.id, post_id=room.posts[3])
        heard = [await ear.rest() for ear in (ed, rita)]

    assert [[said for said in each if said.get("event") != "delete"] for each in heard] == [[], []]
    assert not any(word in str(heard).lower() for word in WORDS)
