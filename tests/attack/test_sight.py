"""VIS-01 to VIS-13 (security.md 3.7): what is not for everybody, looked for by everybody, on a live node."""

import json
import re
from typing import Any, Final, NamedTuple
from urllib.parse import quote

import pytest
import pytest_asyncio

from fedishare.app import entries
from tests.attack import shots, world
from tests.attack.rig import Rig
from tests.attack.shots import Reply
from tests.attack.world import Villain
from tests.live.peers import PUBLIC, Json
from tests.live.signing import ACTIVITY

pytestmark = pytest.mark.asyncio(loop_scope="module")

SECRET: Final = "marzipan"
NOWHERE: Final = 900_000_000_000_000_001
# Words that were sent along come back, on an address that is asked for anything: they are no news to the asker.
ECHOES: Final = frozenset({"/search", "/authorize_interaction", "/sign-in"})
GETS: Final = sorted({entry.path for entry in entries() if entry.method == "GET"})
# What lies at these is no post.
OTHERS: Final = ("/accounts", "/activities", "/threads")
OF_POSTS: Final = [path for path in GETS if "{id}" in path and not path.startswith(OTHERS)]


class Hidden(NamedTuple):
    """Things of Anna's that are for some: the number of each, by who may see it; and the root, which is for all."""

    numbers: dict[str, int]
    root: int
    room: str


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hidden(rig: Rig) -> Hidden:
    await rig.anna.post("/rooms/new", name="Cake", username="cake", description="")
    root = int((await rig.anna.write("Everybody may read this #cake")).path.rsplit("/", 1)[1])
    numbers = {}
    more: dict[str, str]
    for visibility, more in (
        ("followers", {}),
        ("mentioned", {"text": f"@mo {SECRET}"}),
        ("followers-reply", {"reply_to": str(root)}),
    ):
        said = {"text": f"{SECRET} #cake"} | more | {"warning": SECRET}
        page = await rig.anna.write(said.pop("text"), (), visibility=visibility.partition("-")[0], **said)
        numbers[visibility] = int(page.path.partition("#")[0].rsplit("/", 1)[1])
    await rig.quiet()
    return Hidden(numbers, root, f"{rig.node.url}/groups/cake")


async def ask(rig: Rig, path: str, *, by: Villain | None, accept: str = ACTIVITY, method: str = "GET") -> Reply:
    """By a server, signed or not."""
    if by is None:
        shot = shots.Shot(path, (("Host", "us.test"), ("Accept", accept)), b"", method)
    else:
        names = "(request-target) host date"
        headers: dict[str, str | None] = {"Digest": None, "Content-Type": None, "Accept": accept}
        shot = shots.cavage(
            by.key, body=b"", at=rig.clock.now(), target=path, method=method, names=names, headers=headers
        )
    return await rig.fire(shot)


def _shown(reply: Reply) -> tuple[Any, ...]:
    headers = {name: value for name, value in reply.headers.items() if name != "date"}
    return reply.status, headers, reply.body


@pytest.mark.parametrize("path", OF_POSTS)
async def test_vis_01_what_is_hidden_is_to_the_byte_what_is_not_there(rig: Rig, hidden: Hidden, path: str) -> None:
    """Every address with a post's number in it, for a stranger, a stranger who signs, and a member of the node."""
    for number in hidden.numbers.values():
        for accept in (ACTIVITY, "text/html"):
            for by in (None, rig.mallory):
                here = await ask(rig, _filled(path, number), by=by, accept=accept)
                nowhere = await ask(rig, _filled(path, NOWHERE), by=by, accept=accept)
                assert _plain(_shown(here), number) == _plain(_shown(nowhere), NOWHERE)
                assert here.status in {303, 401, 404}, "401 says to sign in, and nothing about what is there"
        shown, absent = await rig.ben.get(_filled(path, number)), await rig.ben.get(_filled(path, NOWHERE))
        assert _plain((shown.status, shown.path, shown.body), number) == _plain(
            (absent.status, absent.path, absent.body), NOWHERE
        )
        assert shown.status == 404


def _filled(path: str, number: int) -> str:
    path = path.replace("{id}", str(number))
    return re.sub(r"{[^}]+}", "a.pdf", path)


def _plain(shown: tuple[Any, ...], number: int) -> str:
    return repr(shown).replace(str(number), "N")


GAMES: Final = (ACTIVITY, "application/ld+json", "application/json", "text/html", "*/*", "x" * 200)
TRICKS: Final = (
    "{}.json", "{}/", "{}?format=json", "{}/activity", "{}/activity/", "/./posts/../{}", "{}%00", "{};a", "{}/embed",
    "{}%2e", "{}?_method=GET", "/api/oembed?url=https://us.test{}", "/users/anna/statuses/{}",
)  # fmt: skip


@pytest.mark.parametrize("trick", TRICKS)
async def test_vis_03_no_spelling_shows_what_is_hidden(rig: Rig, hidden: Hidden, trick: str) -> None:
    for number in hidden.numbers.values():
        path = trick.format(f"/posts/{number}")
        replies = [await ask(rig, path, by=None, accept=accept) for accept in GAMES]
        async with rig.town.session() as session, session.head(rig.node.url + path, allow_redirects=False) as head:
            statuses = {head.status, *(reply.status for reply in replies)}

        assert statuses <= {303, 400, 404}
        assert [reply.body for reply in replies if SECRET.encode() in reply.body] == []


async def test_vis_02_what_a_follower_may_read_stays_in_no_cache(rig: Rig, hidden: Hidden) -> None:
    await rig.accepted(rig.vera, world.activity("Follow", rig.vera, rig.anna.uri))
    path = f"/posts/{hidden.numbers['followers']}"

    entitled = await ask(rig, path, by=rig.vera)
    nobody = await ask(rig, path, by=None)
    again = await ask(rig, path, by=rig.mallory)

    assert (entitled.status, nobody.status, again.status) == (200, 404, 404)
    assert SECRET.encode() in entitled.body
    for reply in (entitled, nobody, again):
        assert reply.headers["cache-control"] == "private, no-store"
        assert "Signature" in reply.headers["vary"]


async def test_vis_04_no_list_holds_or_counts_what_is_hidden(rig: Rig, hidden: Hidden) -> None:
    """Every address of the node that is not about a hidden thing itself, asked by those who may not see it."""
    seen = {}
    for path in GETS:
        for filled in _public(path, hidden):
            replies = [await ask(rig, filled, by=by, accept=accept) for by in (None, rig.mallory) for accept in ACCEPTS]
            told = [reply.body for reply in replies] + [(await rig.ben.get(filled)).body]
            if path not in ECHOES and any(SECRET.encode() in body for body in told):
                seen[filled] = "shows it"
    replies = json.loads((await ask(rig, f"/posts/{hidden.root}/replies", by=None)).body)
    found = [(await rig.ben.get(f"/search?{where}q={SECRET}")).text for where in ("", "in=library&")]

    assert seen == {}
    assert replies["totalItems"] == 0
    echo = r'value="[^"]*"|href="/search[^"]*"|<title>.*?</title>|<h\d.*?</h\d>|<p.*?</p>'
    assert [SECRET in re.sub(echo, "", page) for page in found] == [False, False]


ACCEPTS: Final = (ACTIVITY, "text/html")


FIRST_PAGES: Final = {"/outbox": "?page=true", "/replies": "?page=1", "/followers": "?page=1", "/following": "?page=1"}


def _public(path: str, hidden: Hidden) -> list[str]:
    """The address with everything in its place that everybody may know of."""
    query = {"/search": f"?q={SECRET}", "/.well-known/webfinger": "?resource=acct:anna@us.test"}
    values = {"{id}": [str(hidden.root)], "{name:.+}": ["app.css"], "{version}": ["2.1"], "{key}": ["x"]}
    values |= {"{handle}": ["anna", "cake"], "{name}": ["anna", "cake"]}
    filled = [path]
    for mark, some in values.items():
        filled = [one.replace(mark, value) for one in filled for value in (some if mark in one else [""])]
    pages = [one + first for one in filled for below, first in FIRST_PAGES.items() if one.endswith(below)]
    return [one + query.get(path, "") for one in filled] + pages


async def test_vis_05_what_followers_may_read_they_may_not_boost(rig: Rig, hidden: Hidden) -> None:
    uri = f"{rig.node.url}/posts/{hidden.numbers['followers']}"

    async with rig.unmoved(tables=("reaction", "home", "notice")):
        reply = await rig.fire(rig.signed(rig.vera, world.activity("Announce", rig.vera, uri)))
        mine = await rig.anna.post(f"/posts/{hidden.numbers['followers']}/boost")

    assert reply.status in {202, 403}
    assert mine.status in {403, 404}


async def test_vis_06_the_posts_of_somebody_locked_are_for_those_they_let_in(rig: Rig) -> None:
    shy = rig.world.enrol("shy", f"s{world.number()}.evil.test", manuallyApprovesFollowers=True)
    number = await rig.anna.follow(f"{shy.name}@{shy.host}")
    await rig.quiet()
    asked = next(sent for sent in rig.world.posted if sent["type"] == "Follow" and sent["object"] == shy.uri)
    create = world.create(shy, content=f"<p>{SECRET} of the shy</p>", to=[f"{shy.uri}/followers"], cc=[])

    async def sees(who: Any) -> bool:
        await rig.fire(rig.signed(shy, create))
        post = await rig.node.one("SELECT id FROM post WHERE uri = :uri", uri=create["object"]["id"])
        page = await who.get(f"/posts/{post or NOWHERE}")
        return f"{SECRET} of the shy" in page.text

    pending = await sees(rig.anna)
    await rig.accepted(shy, world.activity("Accept", shy, asked))
    create = world.create(shy, content=f"<p>{SECRET} of the shy</p>", to=[f"{shy.uri}/followers"], cc=[])
    let_in = await sees(rig.anna), await sees(rig.ben)
    await rig.accepted(shy, world.activity("Reject", shy, asked))
    put_out = await sees(rig.anna)

    assert (pending, let_in, put_out) == (False, (True, False), False), number


async def test_vis_07_blind_copies_are_told_to_nobody(rig: Rig, hidden: Hidden) -> None:
    blind = "https://good.test/users/blind"
    member = rig.world.stranger()
    for one in (member, rig.fay):
        await rig.accepted(one, world.activity("Follow", one, hidden.room))
    create = world.create(rig.fay, bto=[blind], bcc=blind, to=[PUBLIC], cc=[hidden.room], audience=hidden.room)

    await rig.accepted(rig.fay, create | {"bto": [blind], "bcc": [blind]})
    await rig.quiet()

    passed_on = [json.dumps(sent) for sent in rig.world.posted if create["object"]["id"] in json.dumps(sent)]
    bodies = [
        bytes(body) for (body,) in await rig.node.rows("SELECT body FROM received UNION SELECT body FROM activity")
    ]
    assert passed_on
    assert [one for one in passed_on if blind in one] == []
    assert [body for body in bodies if blind.encode() in body] == []


@pytest.mark.parametrize(
    ("to", "cc", "visibility"),
    [
        ([PUBLIC], [], "public"),
        (PUBLIC, [], "public"),
        (["as:Public"], [], "public"),
        ("Public", [], "public"),
        (["https://evil.test/users/fay/followers"], ["as:Public"], "quiet"),
        (["https://evil.test/users/fay/followers"], [], "followers"),
        (["https://us.test/users/anna", "https://www.w3.org/ns/activitystreams#public"], [], "mentioned"),
        (["https://us.test/users/anna", "PUBLIC"], [], "mentioned"),
        (["https://us.test/users/anna", f"{PUBLIC}/"], ["https://evil.test/#Public"], "mentioned"),
        (["https://us.test/users/anna", "https://good.test/users/vera/followers"], [], "mentioned"),
        ([{"id": "https://us.test/users/anna"}], [], "mentioned"),
    ],
)
async def test_vis_08_public_is_public_in_three_spellings_and_all_else_is_not(
    rig: Rig, to: Any, cc: Any, visibility: str
) -> None:
    create = world.create(rig.fay, to=to, cc=cc)

    await rig.accepted(rig.fay, create | {"to": to, "cc": cc})

    found = await rig.node.rows("SELECT visibility FROM post WHERE uri = :uri", uri=create["object"]["id"])
    assert found == [(visibility,)]


async def test_vis_08_the_field_audience_opens_nothing(rig: Rig) -> None:
    create = world.create(rig.fay, to=[rig.anna.uri], cc=[], audience=[PUBLIC])

    await rig.accepted(rig.fay, create | {"to": [rig.anna.uri], "cc": [], "audience": PUBLIC})

    found = await rig.node.rows("SELECT visibility FROM post WHERE uri = :uri", uri=create["object"]["id"])
    assert found == [("mentioned",)]


async def test_vis_13_an_edit_shows_a_private_post_to_nobody_new(rig: Rig) -> None:
    """A name that is written into it later is a word, and no recipient."""
    page = await rig.anna.write(f"@{rig.vera.name}@{rig.vera.host} between us, {SECRET}", visibility="mentioned")
    number, heard = page.path.rsplit("/", 1)[1], len(rig.world.posted)
    await rig.quiet()

    text = f"@{rig.vera.name}@{rig.vera.host} @{rig.fay.name}@{rig.fay.host} @ben between us, {SECRET} still"
    await rig.anna.post(f"/posts/{number}/edit", text=text, language="en")
    await rig.quiet()

    inboxes = [line for line in rig.world.log if line.startswith("POST ")][-2:]
    assert all("good.test" in line for line in inboxes), inboxes
    assert len(rig.world.posted) > heard
    assert (await rig.ben.get(f"/posts/{number}")).status == 404
    assert (await ask(rig, f"/posts/{number}", by=rig.fay)).status == 404
    assert (await ask(rig, f"/posts/{number}", by=rig.vera)).status == 200


async def test_vis_13_an_edit_from_elsewhere_opens_nothing(rig: Rig) -> None:
    create = world.create(rig.fay, to=[rig.anna.uri], cc=[], content="<p>quietly</p>", published="2026-01-01T00:00:00Z")
    await rig.accepted(rig.fay, create | {"to": [rig.anna.uri], "cc": []})
    wide: Json = create["object"] | {"to": [PUBLIC], "tag": [{"type": "Mention", "name": "@b", "href": rig.ben.uri}]}
    edit = wide | {"content": "<p>loudly</p>", "updated": "2026-02-01T00:00:00Z"}

    await rig.accepted(rig.fay, world.activity("Update", rig.fay, edit))

    found = await rig.node.rows("SELECT id, visibility FROM post WHERE uri = :uri", uri=create["object"]["id"])
    assert found[0][1] == "mentioned"
    assert (await rig.ben.get(f"/posts/{found[0][0]}")).status == 404


async def test_vis_13_an_answer_is_offered_no_wider_than_what_it_answers(rig: Rig) -> None:
    create = world.create(
        rig.fay, to=[rig.anna.uri], cc=[], tag=[{"type": "Mention", "href": rig.anna.uri, "name": "@a"}]
    )
    await rig.accepted(rig.fay, create | {"to": [rig.anna.uri], "cc": []})
    number = await rig.node.one("SELECT id FROM post WHERE uri = :uri", uri=create["object"]["id"])

    form = await rig.anna.get(f"/compose?reply_to={number}")

    checked = re.findall(r'name="visibility" value="(\w+)"[^>]*\bchecked|value="(\w+)"[^>]*\bselected', form.text)
    assert "mentioned" in {one for pair in checked for one in pair}
    assert quote(SECRET) not in form.path
