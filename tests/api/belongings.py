"""One of everything that has an id in an address: somebody else's, or hidden; and what nobody has."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from aiohttp import FormData
from sqlalchemy import Connection, select

from fedishare.core import ids
from fedishare.core.here import Here
from fedishare.db.accounts import Account, Token
from fedishare.db.engine import Database
from fedishare.domain.audience import Visibility
from fedishare.domain.kinds import NoticeKind
from fedishare.domain.permissions import Role
from fedishare.services import accounts, announcements, meetings, posts, reports
from fedishare.services.drafts import Draft
from fedishare.services.meetings import Call
from tests.api.conftest import Phone, School
from tests.api.test_media import a_picture, upload
from tests.api.test_notifications import Told
from tests.builders import Made, a_follow_row, a_person, a_post, a_room, add
from tests.web.builders import PDF

NOBODYS: Final = "999"


class Kind(NamedTuple):
    """Ids of one kind that the asker may not know of, and one that there is not."""

    hidden: Sequence[str]
    unknown: str = NOBODYS


class Belongings(NamedTuple):
    """`owner` has all of it; `asker` is a colleague, and has a list and a post of their own, as `own` says."""

    owner: Phone
    asker: Phone
    stranger: Phone
    kinds: dict[str, Kind]
    open_post: str
    own: dict[str, str]


async def make(school: School, db: Database, here: Here) -> Belongings:
    ada, owner = await school.a_teacher("ada", role=Role.ADMIN)
    ben, asker = await school.a_teacher("ben")
    carl, _ = await school.a_teacher("carl")
    await a_follow_row(db, here, by=ben, of=carl)
    await a_follow_row(db, here, by=ada, of=carl)
    for_one = {"visibility": Visibility.MENTIONED, "addressed_to": [carl.uri], "addressed_cc": []}
    private, open_post = await a_post(db, here, by=ada, **for_one), await a_post(db, here, by=ada)
    own_post = await a_post(db, here, by=ben)
    suspended = await a_person(db, here, suspended_at=here.now())
    kinds = {
        "status": Kind([str(private.id)]),
        "account": Kind([str(suspended.id)]),
        "asker": Kind([str(ada.id), str(suspended.id)]),
        "poll": Kind([await _poll(owner)]),
        "media": Kind([(await upload(owner, a_picture())).json["id"]]),
        "scheduled": Kind([await _scheduled(owner)]),
        "list": Kind([await _list(owner, carl)]),
        "tag_shown": Kind([(await owner.post("/api/v1/featured_tags", name="maths")).json["id"]]),
        "conversation": Kind([await _conversation(db, here, owner, ada, carl)]),
        "reported": Kind([str(await _report(db, here, of=carl, by=ben))]),
        "server_blocked": Kind([await _block(owner)]),
        "server_allowed": Kind([NOBODYS], "998"),
        "announcement": Kind([await _withdrawn(db, here, by=ada)]),
    }
    kinds |= await _filters(owner, open_post)
    kinds |= await _notices(owner, Told(db, here, ada), friend=carl, other=await a_person(db, here), post=open_post)
    kinds |= await _in_private(db, here, ada) | await _resource(owner)
    kinds["upload"] = Kind([await _upload(owner)])
    own = {"list": await _list(asker, carl), "status": str(own_post.id), "person": str(carl.id)}
    return Belongings(owner, asker, school.stranger, kinds, str(open_post.id), own)


async def _in_private(db: Database, here: Here, ada: Made) -> dict[str, Kind]:
    """A private room with a meeting."""
    room = await a_room(db, here, owner=ada, locked=True, discoverable=False)
    await a_follow_row(db, here, by=ada, of=room)
    asked = Call(title="Spring meeting", starts="2026-09-14T16:00")
    meeting = await db.write(meetings.call, here, author_id=ada.id, room_id=room.id, asked=asked)
    return {"room": Kind([str(room.id)]), "event": Kind([str(meeting)])}


async def _resource(phone: Phone) -> dict[str, Kind]:
    """For one colleague, with an earlier version."""
    said = {"text": "For you, @carl", "visibility": "mentioned", "licence": "CC0-1.0", "files": [await _upload(phone)]}
    made = await _made(phone, "/api/fedishare/v1/resources", **said)
    changed = await phone.put(f"/api/fedishare/v1/resources/{made['id']}", json={"text": "For you alone, @carl"})
    assert changed.status == 200, changed.json
    return {
        "resource": Kind([made["id"]]),
        "version": Kind(["1"]),
        "resource_file": Kind([made["files"][0]["key"]], f"file:{NOBODYS}"),
    }


async def _upload(phone: Phone) -> str:
    form = FormData()
    form.add_field("file", PDF, filename="wall.pdf", content_type="application/pdf")
    return str((await phone.ask("POST", "/api/fedishare/v1/uploads", data=form)).json["key"])


async def _made(phone: Phone, path: str, **sent: Any) -> dict[str, Any]:
    reply = await phone.post(path, json=sent)
    assert reply.status == 200, reply.json
    made: dict[str, Any] = reply.json
    return made


async def _poll(phone: Phone) -> str:
    poll = {"options": ["Yes", "No"], "expires_in": 3600}
    made = await _made(phone, "/api/v1/statuses", status="Who comes, @carl?", visibility="direct", poll=poll)
    return str(made["poll"]["id"])


async def _scheduled(phone: Phone) -> str:
    return str((await _made(phone, "/api/v1/statuses", status="Later", scheduled_at="2026-09-10T08:00:00Z"))["id"])


async def _list(phone: Phone, member: Made) -> str:
    found = str((await _made(phone, "/api/v1/lists", title="Maths"))["id"])
    await _made(phone, f"/api/v1/lists/{found}/accounts", account_ids=[str(member.id)])
    return found


async def _filters(phone: Phone, post: Made) -> dict[str, Kind]:
    words = [{"keyword": "gossip"}]
    made = await _made(phone, "/api/v2/filters", title="Gossip", context=["home"], keywords_attributes=words)
    about = await _made(phone, f"/api/v2/filters/{made['id']}/statuses", status_id=str(post.id))
    return {
        "filter": Kind([made["id"]]),
        "keyword": Kind([made["keywords"][0]["id"]]),
        "status_filtered": Kind([about["id"]]),
    }


async def _conversation(db: Database, here: Here, phone: Phone, by: Made, to: Made) -> str:
    draft = Draft(text="Hello @carl", visibility=Visibility.MENTIONED)
    await db.write(posts.publish, here, author_id=by.id, draft=draft, people={"carl": to.id})
    return str((await phone.get("/api/v1/conversations")).json[0]["id"])


async def _report(db: Database, here: Here, *, of: Made, by: Made) -> int:
    return await db.write(reports.file, here, reporter_id=by.id, target_id=of.id, posts=(), comment="Rude")


async def _withdrawn(db: Database, here: Here, *, by: Made) -> str:
    found = await db.write(announcements.announce, here, by_id=by.id, source="Closed on Friday", ends_at=None)
    await db.write(announcements.withdraw, announcement_id=found)
    return str(found)


async def _block(phone: Phone) -> str:
    return str((await _made(phone, "/api/v1/admin/domain_blocks", domain="rude.test", severity="suspend"))["id"])


async def _notices(phone: Phone, told: Told, *, friend: Made, other: Made, post: Made) -> dict[str, Kind]:
    await told(NoticeKind.LIKE, by=friend, post=post)
    await told(NoticeKind.FOLLOW, by=other)
    notice = str((await phone.get("/api/v1/notifications")).json[0]["id"])
    groups = (await phone.get("/api/v2/notifications")).json["notification_groups"]
    liked = next(each["group_key"] for each in groups if each["type"] == "favourite")
    await phone.patch("/api/v2/notifications/policy", json={"for_not_following": "filter"})
    return {
        "notice": Kind([notice]),
        "notice_group": Kind([f"ungrouped-{notice}", liked], f"ungrouped-{NOBODYS}"),
        "held_back": Kind([str(other.id)]),
    }


async def a_token(db: Database, here: Here, person: Made) -> str:
    """As signing in would have given it, with every scope but those for moderators."""
    secret = ids.secret()

    def issue(tx: Connection) -> None:
        account_id = tx.execute(select(Account.id).where(Account.actor_id == person.id)).scalar_one()
        row = {"account_id": account_id, "actor_id": person.id, "scopes": "read write follow push profile"}
        add(tx, Token, secret_hash=accounts.digest(secret), **row, created_at=here.now())

    await db.write(issue)
    return secret
