"""Files that arrive in pieces: the tus protocol, as its clients speak it, and what is refused."""

import asyncio
import base64
import hashlib
import re
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import Connection, select

from fedishare import worker
from fedishare.core.errors import Unreachable
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.db.resources import ResourceFile
from fedishare.db.uploads import Upload
from fedishare.domain.kinds import FileState
from fedishare.domain.permissions import Role
from fedishare.jobs import types
from fedishare.jobs.tools import Tools
from fedishare.services import housekeeping, uploads
from tests.builders import FrozenClock
from tests.web.builders import PDF, RESOURCE, form
from tests.web.conftest import Browser, Node, Page

SIZE = len(PDF)
TUS = {"Tus_Resumable": "1.0.0", "Sec_Fetch_Site": "same-origin", "Accept": "*/*"}
PIECE = {"Content_Type": "application/offset+octet-stream"}


async def tus(who: Browser, method: str, path: str, body: Any = None, **headers: str) -> Page:
    return await who.ask(method, path, headers=TUS | headers, data=body)


async def begin(who: Browser, *, name: str = "wall.pdf", size: Any = SIZE, body: Any = None, **headers: str) -> Page:
    said = {"Upload_Length": str(size), "Upload_Metadata": f"filename {base64.b64encode(name.encode()).decode()},x"}
    return await tus(who, "POST", "/uploads", body, **said | headers)


async def send(who: Browser, path: str, body: Any, *, at: int, **headers: str) -> Page:
    return await tus(who, "PATCH", path, body, **PIECE | {"Upload_Offset": str(at)} | headers)


async def offset(who: Browser, path: str) -> int:
    return int((await tus(who, "HEAD", path)).headers["Upload-Offset"])


async def upload(who: Browser, name: str = "wall.pdf", body: bytes = PDF) -> str:
    """A whole file; answers with its key."""
    begun = await begin(who, name=name, size=len(body))
    assert begun.status == 201, begun.body
    sent = await send(who, begun.location, body, at=0)
    assert sent.status == 204, sent.body
    return begun.location.rpartition("/")[2]


def rows(tx: Connection, *columns: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in tx.execute(select(*columns))]


async def test_the_address_says_what_it_speaks(node: Node) -> None:
    answer = await node.stranger.ask("OPTIONS", "/uploads", headers={})

    told = {name: value for name, value in answer.headers.items() if name.startswith("Tus-")}
    assert (answer.status, told) == (
        204,
        {
            "Tus-Resumable": "1.0.0",
            "Tus-Version": "1.0.0",
            "Tus-Extension": "creation,creation-with-upload,expiration,checksum,termination",
            "Tus-Max-Size": str(1 << 20),
            "Tus-Checksum-Algorithm": "sha1,sha256",
        },
    )


async def test_a_file_in_three_pieces_is_shared_to_the_byte(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()

    begun = await begin(teacher)
    answers = [await send(teacher, begun.location, PDF[a:b], at=a) for a, b in ((0, 100), (100, 101), (101, None))]
    key = begun.location.rpartition("/")[2]
    shared = await teacher.post("/compose", form(RESOURCE | {"upload": key}))

    assert [(each.status, each.headers["Upload-Offset"]) for each in answers] == [
        (204, "100"),
        (204, "101"),
        (204, str(len(PDF))),
    ]
    assert all(each.headers["Tus-Resumable"] == "1.0.0" for each in (begun, *answers))
    assert shared.status == 303, shared.errors
    assert (await node.stranger.get(f"{shared.location}/files/wall.pdf")).body == PDF
    digest = hashlib.sha256(PDF).hexdigest()
    assert await db.read(rows, ResourceFile.name, ResourceFile.sha256, ResourceFile.state) == [
        ("wall.pdf", digest, FileState.CLEAN)
    ]


async def test_the_first_piece_may_come_with_the_announcement(node: Node) -> None:
    _, teacher = await node.a_teacher()

    begun = await begin(teacher, body=PDF[:50], **PIECE)

    assert (begun.status, begun.headers["Upload-Offset"]) == (201, "50")
    assert re.fullmatch(r"\w{3}, \d\d \w{3} 2026 \d\d:\d\d:\d\d GMT", begun.headers["Upload-Expires"])
    asked = await tus(teacher, "HEAD", begun.location)
    told = {name: asked.headers[name] for name in ("Upload-Offset", "Upload-Length", "Cache-Control")}
    assert told == {"Upload-Offset": "50", "Upload-Length": str(len(PDF)), "Cache-Control": "no-store"}


async def test_a_piece_for_another_place_is_refused_and_changes_nothing(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = (await begin(teacher, body=PDF[:50], **PIECE)).location

    answers = [await send(teacher, path, PDF[at:], at=at) for at in (0, 49, 51)]

    assert [answer.status for answer in answers] == [409, 409, 409]
    assert b"50 bytes of this file are here" in answers[0].body
    assert await offset(teacher, path) == 50


async def test_more_than_was_announced_is_refused(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = (await begin(teacher, size=60, body=PDF[:50], **PIECE)).location

    async def endless() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield PDF

    said = await send(teacher, path, PDF[50:61], at=50)
    unsaid = await send(teacher, path, endless(), at=50)

    assert [said.status, unsaid.status] == [413, 413]
    assert await offset(teacher, path) == 50
    assert (await send(teacher, path, PDF[50:60], at=50)).status == 204


@pytest.mark.parametrize("name", ["sha1", "sha256"])
async def test_a_piece_with_a_wrong_checksum_is_thrown_away(node: Node, name: str) -> None:
    _, teacher = await node.a_teacher()
    path = (await begin(teacher)).location
    right = f"{name} {base64.b64encode(hashlib.new(name, PDF[:99]).digest()).decode()}"

    wrong = await send(teacher, path, PDF[1:100], at=0, Upload_Checksum=right)
    unread = await send(teacher, path, PDF[:99], at=0, Upload_Checksum="crc32 AAAA")
    between = await offset(teacher, path)
    good = await send(teacher, path, PDF[:99], at=0, Upload_Checksum=right)

    assert [wrong.status, unread.status, between, good.status] == [460, 400, 0, 204]
    assert await offset(teacher, path) == 99


async def test_one_version_of_the_protocol_is_spoken(node: Node) -> None:
    _, teacher = await node.a_teacher()

    answer = await begin(teacher, Tus_Resumable="0.2.2")

    assert (answer.status, answer.headers["Tus-Version"]) == (412, "1.0.0")


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Upload_Length": "x"}, 400),
        ({"Upload_Length": "-1"}, 400),
        ({"Upload_Length": "0"}, 400),
        ({"Upload_Length": str((1 << 20) + 1)}, 413),
        ({"Upload_Metadata": "filename ???"}, 400),
        ({"Upload_Metadata": f"filename {base64.b64encode(b'setup.exe').decode()}"}, 415),
        ({"Sec_Fetch_Site": "cross-site"}, 403),
    ],
)
async def test_what_cannot_become_a_file_is_refused_at_once(
    node: Node, db: Database, headers: dict[str, str], status: int
) -> None:
    _, teacher = await node.a_teacher()

    answer = await begin(teacher, **headers)

    assert answer.status == status
    assert await db.read(rows, Upload.key) == []
    assert node.stored == []


async def test_other_peoples_uploads_are_not_there(node: Node) -> None:
    _, teacher = await node.a_teacher()
    _, other = await node.a_teacher()
    path = (await begin(teacher, body=PDF[:50], **PIECE)).location

    answers = [
        await tus(other, "HEAD", path),
        await tus(other, "GET", path),
        await send(other, path, PDF[50:], at=50),
        await tus(other, "DELETE", path),
    ]
    strangers = await send(node.stranger, path, PDF[50:], at=50)

    assert [answer.status for answer in answers] == [404] * 4
    assert strangers.status == 401
    assert await offset(teacher, path) == 50


async def test_an_upload_can_be_given_up(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = (await begin(teacher, body=PDF[:50], **PIECE)).location
    disguised = (await begin(teacher, body=PDF[:50], **PIECE)).location

    ended = await tus(teacher, "DELETE", path)
    also = await tus(teacher, "POST", disguised, X_HTTP_Method_Override="DELETE")

    assert (ended.status, also.status) == (204, 204)
    assert (await tus(teacher, "HEAD", path)).status == 404
    assert node.stored == []


async def test_a_network_that_lets_no_patch_through_does_no_harm(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = (await begin(teacher)).location

    override = {"X_HTTP_Method_Override": "PATCH", "Upload_Offset": "0"} | PIECE
    answer = await tus(teacher, "POST", path, PDF, **override)

    assert (answer.status, answer.headers["Upload-Offset"]) == (204, str(len(PDF)))


async def test_a_program_is_refused_by_its_first_bytes(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    path = (await begin(teacher, name="plan.pdf", size=500_000)).location

    answer = await send(teacher, path, b"MZ\x90\x00\x03" + bytes(300_000), at=0)

    assert answer.status == 415
    assert b"plan.pdf was left out: programs and shortcuts cannot be shared" in answer.body
    assert await db.read(rows, Upload.key) == []
    assert node.stored == []


async def test_what_shows_only_at_the_end_is_refused_there(node: Node) -> None:
    """A disk image has its sign in its last 512 bytes."""
    _, teacher = await node.a_teacher()
    body = bytes(300_000) + b"koly" + bytes(508)

    begun = await begin(teacher, name="slides.key", size=len(body))
    answer = await send(teacher, begun.location, body, at=0)

    assert answer.status == 415
    assert node.stored == []


async def test_two_who_add_at_once_do_not_mix(node: Node) -> None:
    """The one who came first goes on; the other is told how far it is."""
    _, teacher = await node.a_teacher()
    path = (await begin(teacher)).location
    answers = await asyncio.gather(*(send(teacher, path, PDF, at=0) for _ in range(4)))

    assert sorted(answer.status for answer in answers) in ([204, 204, 204, 204], [204, 409, 409, 409])
    key = path.rpartition("/")[2]
    shared = await teacher.post("/compose", form(RESOURCE | {"upload": key}))
    assert (await node.stranger.get(f"{shared.location}/files/wall.pdf")).body == PDF


async def test_over_quota_is_a_plain_sentence_and_nothing_is_kept(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    node.change(max_person_bytes=5_000)
    await upload(teacher, body=PDF)

    over = await begin(teacher)
    in_form = await teacher.post("/compose", form(RESOURCE, [("files", "wall.pdf", PDF)]))

    sentence = "wall.pdf was left out: it has 3 KB, and you have 2 KB left of 5 KB."
    assert over.status == 413
    assert sentence in over.body.decode()
    assert in_form.status == 413
    assert in_form.errors[0].startswith(sentence)
    assert in_form.root.one("textarea", name="text").text == RESOURCE["text"]
    assert "You have 2 KB of your 5 KB left." in in_form.root.one("p", id="files-hint").text
    assert "3 KB of your 5 KB" in (await teacher.get("/settings")).root.text
    assert len(await db.read(rows, Upload.key)) == 1
    assert len(node.stored) == 1


async def test_the_whole_node_may_be_full(node: Node) -> None:
    _, teacher = await node.a_teacher()
    _, other = await node.a_teacher()
    node.change(max_node_bytes=5_000)
    await upload(other)

    answer = await begin(teacher)

    assert answer.status == 413
    assert b"all the room that this node has for files is used up" in answer.body


async def test_a_full_disk_is_said_and_what_arrived_stays(node: Node, monkeypatch: pytest.MonkeyPatch) -> None:
    _, teacher = await node.a_teacher()
    path = (await begin(teacher, size=2 * len(PDF), body=PDF, **PIECE)).location

    def full(_: int) -> None:
        raise Unreachable("The disk is full. The admin of this server has to make room.", retry_after=600)

    with monkeypatch.context() as patch:
        patch.setattr(node.storage.parts, "_require_room", full)
        during = await send(teacher, path, PDF, at=len(PDF))
    between = await offset(teacher, path)
    after = await send(teacher, path, PDF, at=len(PDF))

    assert (during.status, during.headers["Retry-After"], between, after.status) == (503, "600", len(PDF), 204)


async def test_what_nobody_goes_on_with_is_given_up_and_what_a_draft_holds_is_not(
    node: Node, db: Database, here: Here, clock: FrozenClock
) -> None:
    _, teacher = await node.a_teacher()
    kept = await upload(teacher, "kept.pdf")
    await teacher.post("/drafts", form(RESOURCE | {"upload": kept}))
    await upload(teacher, "loose.pdf")
    partial = (await begin(teacher, name="part.pdf", body=PDF[:9], **PIECE)).location
    clock.tick(days=2)
    await db.write(housekeeping.sweep, here)
    after_two_days = await db.read(rows, Upload.name)
    clock.tick(days=6)

    gone = await tus(teacher, "HEAD", partial)
    await db.write(housekeeping.sweep, here)

    assert sorted(after_two_days) == [("kept.pdf",), ("part.pdf",)]
    assert gone.status == 404
    assert await db.read(rows, Upload.name) == [("kept.pdf",)]


async def test_what_is_looked_at_is_not_given_out_yet(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    shared = (await teacher.post("/compose", form(RESOURCE | {"upload": await upload(teacher)}))).location
    stored = (await db.read(rows, ResourceFile.storage_key))[0][0]

    found = []
    for state in (FileState.PENDING, FileState.REFUSED, FileState.CLEAN):
        await db.write(uploads.settle, storage_key=stored, state=state)
        found.append(((await teacher.get(f"{shared}/files/wall.pdf")).status, (await teacher.get(shared)).status))

    assert found == [(503, 200), (410, 200), (200, 200)]


async def test_a_file_that_the_disk_did_not_keep_as_it_was_is_given_to_nobody(
    node: Node, db: Database, here: Here
) -> None:
    _, teacher = await node.a_teacher()
    shared = [
        (await teacher.post("/compose", form(RESOURCE | {"upload": await upload(teacher, body=PDF + tail)}))).location
        for tail in (b"1", b"2")
    ]
    stored = dict(await db.read(rows, ResourceFile.post_id, ResourceFile.storage_key))
    spoilt = node.storage.path(stored[int(shared[0].rpartition("/")[2])])
    spoilt.write_bytes(b"%PDF-1.7 something else")
    tools = Tools(db, None, here, node.storage)  # type: ignore[arg-type]  # these jobs ask nobody

    for key in stored.values():
        await worker.inspect(tools, types.Inspect(key))

    found = [(await teacher.get(f"{path}/files/wall.pdf")).status for path in shared]
    assert found == [410, 200]
    assert "damaged or harmful" in (await teacher.get(shared[0])).root.text


async def test_administrators_see_who_has_how_much(node: Node) -> None:
    _, teacher = await node.a_teacher("ada", name="Ada Okafor")
    _, other = await node.a_teacher("bea", name="Bea")
    _, admin = await node.a_teacher(role=Role.ADMIN)
    await teacher.post("/compose", form(RESOURCE | {"upload": await upload(teacher)}))
    await begin(teacher, size=9_000)
    await upload(other)

    page = (await admin.get("/storage")).root

    lines = [line.text for line in page.one("ul", class_="lines").all("li")]
    assert [re.sub(r".*?((Ada|Bea).*)", r"\1", line) for line in lines] == [
        "Ada Okafor @ada@alder.test 12 KB · 2 files",
        "Bea @bea@alder.test 3 KB · 1 file",
    ]
    assert "16 KB" in page.one("dl").text
    assert (await teacher.get("/storage")).status == 403


async def test_the_form_shows_what_was_found_out_about_a_file(node: Node) -> None:
    _, teacher = await node.a_teacher()

    shown = await tus(teacher, "GET", f"/uploads/{await upload(teacher, 'wall <1>.docx')}")

    line = shown.root.one("li", class_="upload")
    assert line.one("bdi").text == "wall _1_.docx"
    assert line.one("span", class_="remark").text == "Its name says Word, but what is inside is PDF."
    assert shown.headers["Content-Type"].startswith("text/html")


async def test_files_are_put_in_the_order_their_author_gives(node: Node, db: Database) -> None:
    _, teacher = await node.a_teacher()
    keys = [await upload(teacher, f"{name}.pdf") for name in "abcd"]
    data = form(RESOURCE | {f"place_{keys[2]}": "1", f"place_{keys[0]}": "3", "drop_upload": keys[1]})
    for key in keys:
        data.add_field("upload", key)

    await teacher.post("/compose", data)

    names = [
        name for name, _ in sorted(await db.read(rows, ResourceFile.name, ResourceFile.position), key=lambda r: r[1])
    ]
    assert names == ["c.pdf", "a.pdf", "d.pdf"]


async def test_a_half_arrived_file_is_not_shared_and_nothing_is_lost(node: Node) -> None:
    _, teacher = await node.a_teacher()
    begun = await begin(teacher, body=PDF[:50], **PIECE)

    answer = await teacher.post("/compose", form(RESOURCE | {"upload": begun.location.rpartition("/")[2]}))

    assert answer.errors == [
        "wall.pdf has not arrived whole yet: choose it once more and it goes on where it stopped, or leave it out."
    ]
    assert answer.root.one("input", name="upload")["value"] in begun.location


async def test_files_of_a_resource_are_exchanged_later(node: Node) -> None:
    _, teacher = await node.a_teacher()
    two = [("files", "old.pdf", PDF), ("files", "stays.pdf", PDF + b"2")]
    path = (await teacher.post("/compose", form(RESOURCE, two))).location
    edit = path.replace("resources", "posts") + "/edit"
    old, stays = [each["value"] for each in (await teacher.get(edit)).root.all("input", name="upload") if each["value"]]
    data = form({"title": RESOURCE["title"], "text": RESOURCE["text"], "drop_upload": old})
    for key in ("", old, stays, await upload(teacher, "new.pdf", PDF + b"3")):
        data.add_field("upload", key)

    answer = await teacher.post(edit, data)

    assert answer.status == 303, answer.errors
    page = (await node.stranger.get(path)).root
    assert [each.one("bdi").text for each in page.all("a", class_="file")] == ["stays.pdf", "new.pdf"]
    assert "version 2" in page.text
    assert (await node.stranger.get(f"{path}/files/new.pdf")).body == PDF + b"3"
    assert (await node.stranger.get(f"{path}/files/old.pdf")).status == 404


async def test_a_resource_keeps_a_file_when_it_is_edited(node: Node) -> None:
    _, teacher = await node.a_teacher()
    path = (await teacher.post("/compose", form(RESOURCE, [("files", "old.pdf", PDF)]))).location
    edit = path.replace("resources", "posts") + "/edit"
    old = next(each["value"] for each in (await teacher.get(edit)).root.all("input", name="upload") if each["value"])

    answer = await teacher.post(edit, form({"title": "T", "text": "New words", "upload": old, "drop_upload": old}))
    foreign = await teacher.post(edit, form({"title": "T", "text": "New words", "upload": "file:999"}))

    assert (answer.status, answer.errors) == (422, ["A resource needs at least one file."])
    assert foreign.status == 422
    assert answer.root.one("textarea", name="text").text == "New words"
    assert (await node.stranger.get(f"{path}/files/old.pdf")).body == PDF
