"""MED-01 to MED-12 (security.md 3.6): pictures and files, in by forms and by other servers, on a live node."""

import hashlib
import io
import re
import zlib
from typing import Any, Final

import pytest
from PIL import Image

from fedishare.services import media
from tests.attack import world
from tests.attack.rig import Rig
from tests.attack.world import Answer
from tests.live.teachers import Page, Upload, number_of

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("attacked_database", ["sqlite"], indirect=True, scope="module"),
]

TALK: Final = {"kind": "talk", "text": "Look", "visibility": "public", "language": "en"}
RESOURCE: Final = {"kind": "resource", "title": "A", "text": "a", "visibility": "public", "language": "en"} | {
    "licence": "CC-BY-4.0",
    "subject": "",
    "level": "",
    "type": "",
}
SECRET: Final = b"51.5007,-0.1246 kept secret"


def a_picture(kind: str = "PNG", **options: Any) -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (40, 30), "green").save(held, kind, **options)
    return held.getvalue()


def a_bomb() -> bytes:
    """900 million points in some kilobytes."""
    size = (30_000).to_bytes(4) * 2

    def chunk(name: bytes, body: bytes) -> bytes:
        return len(body).to_bytes(4) + name + body + zlib.crc32(name + body).to_bytes(4)

    press = zlib.compressobj(9)
    row = bytes(30_001 // 8 + 1)
    body = b"".join(press.compress(row) for _ in range(30_000)) + press.flush()
    header = chunk(b"IHDR", size + b"\x01\x00\x00\x00\x00")
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", body) + chunk(b"IEND", b"")


async def with_picture(rig: Rig, body: bytes, *, name: str = "a.png", kind: str = "image/png") -> Page:
    return await rig.anna.upload("/compose", TALK | {"alt_1": "A"}, [Upload("picture_1", name, kind, body)])


async def key_of(rig: Rig, page: Page) -> str:
    return str(await rig.node.one("SELECT key FROM media WHERE post_id = :id", id=int(number_of(page.path))))


NAMES: Final = (
    "../../x.pdf", "/etc/passwd", "C:\\con.pdf", "CON", ".htaccess", "a\u202efdp.exe.pdf", "n" * 4_000 + ".pdf", "..",
    "a/b.pdf", "%2e%2e%2fx.pdf", 'a"; filename="b.html', "\u2025/x.pdf",
)  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
async def test_med_01_a_name_is_a_label_and_no_place(rig: Rig, name: str) -> None:
    made = await rig.anna.upload("/compose", RESOURCE, [Upload("files", name, "application/pdf", _pdf())])

    if made.status == 200:
        number = int(number_of(made.path))
        kept = "SELECT name, storage_key FROM resource_file WHERE post_id = :id"
        for shown, key in await rig.node.rows(kept, id=number):
            assert re.fullmatch(r"[0-9a-f/]{32,80}|[A-Za-z0-9_-]{20,80}", key)
            assert not set(shown) & set("/\\\0\r\n\u202e")
            assert len(shown.encode()) <= 255
            assert shown.strip(".") not in {"", "htaccess"} or not shown.startswith(".")
    assert made.status in {200, 400, 422}


def _pdf() -> bytes:
    return b"%PDF-1.7\n" + str(world.number()).encode() * 40


POLYGLOTS: Final[dict[str, bytes]] = {
    "gif-script": a_picture("GIF") + b"/*<script>alert(1)</script>*/=1;",
    "png-page": a_picture("PNG") + b"<html><script>alert(1)</script>",
    "jpeg-zip": a_picture("JPEG") + b"PK\x03\x04" + b"evil.html" * 9,
    "jpeg-comment": a_picture("JPEG", comment=b"<script>alert(1)</script>"),
}


@pytest.mark.parametrize("kind", POLYGLOTS)
async def test_med_02_a_picture_is_written_anew(rig: Rig, kind: str) -> None:
    page = await with_picture(rig, POLYGLOTS[kind])

    shown = await rig.anna.get(f"/media/{await key_of(rig, page)}")

    assert page.status == 200
    assert shown.headers["Content-Type"] in {"image/jpeg", "image/png"}
    assert not any(word in shown.body for word in (b"script", b"PK\x03\x04", b"evil"))
    assert Image.open(io.BytesIO(shown.body)).size == (40, 30)


@pytest.mark.parametrize(
    "body",
    [
        b"push graphic-context\nviewbox 0 0 640 480\nfill 'url(https://evil.test/|ls)'\npop graphic-context",
        b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>',
        b"%!PS-Adobe-3.0 EPSF-3.0\n(/etc/passwd) (r) file\n",
        b"%PDF-1.7\n1 0 obj<</JS(alert)>>",
        a_picture("BMP"),
        a_picture("TIFF"),
        a_picture("PPM"),
        b"#define x_width 8\n#define x_height 8\nstatic char x_bits[] = {0};",
        b"",
        a_picture()[:40],
    ],
)
async def test_med_03_only_four_kinds_of_pictures_are_ever_decoded(rig: Rig, body: bytes) -> None:
    page = await with_picture(rig, body, name="a.jpg", kind="image/jpeg")

    held = await rig.node.one("SELECT count(*) FROM media WHERE post_id = :id", id=_number(page))
    assert page.status in {200, 422}
    assert page.status == 422 or held == 0


def _number(page: Page) -> int:
    found = re.search(r"/(?:posts|resources)/(\d+)", page.path)
    return int(found[1]) if found else 0


async def test_med_04_a_bomb_of_points_is_refused_before_it_is_decoded(rig: Rig) -> None:
    bomb = a_bomb()
    assert len(bomb) < 1 << 20

    with rig.lean():
        page = await with_picture(rig, bomb)

    assert page.status in {413, 422}


REMOTE: Final[dict[str, Answer]] = {
    "lying-type": Answer(200, {"Content-Type": "image/png"}, b"<html>not the file</html>"),
    "nothing": Answer(200, {"Content-Type": "application/pdf"}, b""),
    "cut": Answer(cut=True),
    "missing": Answer(404),
    "broken": Answer(500),
    "elsewhere": Answer(302, {"Location": "https://127.0.0.2/"}),
    "compressed": Answer(200, {"Content-Type": "application/pdf", "Content-Encoding": "br"}, b"abc"),
    "endless": Answer(200, {"Content-Type": "application/pdf"}, b"x" * (3 << 20)),
}


@pytest.mark.parametrize("kind", REMOTE)
async def test_med_05_a_file_that_is_not_the_one_described_is_not_kept(rig: Rig, kind: str) -> None:
    uri, address = f"{rig.fay.origin}/notes/{world.number()}", f"https://evil.test/files/{world.number()}.pdf"
    said = hashlib.sha256(b"what was described").hexdigest()
    entity = {
        "id": uri,
        "type": ["schema:LearningResource"],
        "schema:name": "A",
        "schema:encoding": [
            {
                "type": "schema:MediaObject",
                "schema:contentUrl": address,
                "schema:encodingFormat": "application/pdf",
                "schema:name": "a.pdf",
                "schema:contentSize": "18",
                "schema:sha256": said,
            }
        ],
    }
    rig.world.pages[address] = REMOTE[kind]
    await rig.accepted(rig.fay, world.create(rig.fay, id=uri, name="A", **{"schema:mainEntity": entity}))
    number = await rig.node.one("SELECT id FROM post WHERE uri = :uri", uri=uri)

    async with rig.unmoved(fetches=lambda: [address]):
        answer = await rig.anna.get(f"/resources/{number}/files/a.pdf")

    assert answer.status in {400, 403, 503}
    assert await rig.node.one("SELECT storage_key FROM resource_file WHERE post_id = :id", id=number) is None


async def test_med_06_a_photo_forgets_where_it_was_taken(rig: Rig) -> None:
    exif = Image.Exif()
    exif[0x010E] = SECRET.decode()
    exif.get_ifd(0x8825)[1] = "N"
    page = await with_picture(rig, a_picture("JPEG", exif=exif, comment=SECRET), name="a.jpg", kind="image/jpeg")

    shown = await rig.anna.get(f"/media/{await key_of(rig, page)}")

    assert SECRET not in shown.body
    assert len(Image.open(io.BytesIO(shown.body)).getexif()) == 0


async def test_med_07_a_picture_is_used_once_and_by_its_owner(rig: Rig) -> None:
    hers = await key_of(rig, await with_picture(rig, a_picture()))
    form = TALK | {"picture_1": hers, "key_1": hers, "media_1": hers, "alt_1": "mine", "media": hers}

    async with rig.unmoved(tables=("media",)):
        pages = [await rig.ben.post("/compose", **form), await rig.anna.post("/compose", **form)]

    assert all(page.status < 500 for page in pages)


async def test_med_08_the_address_of_a_picture_cannot_be_guessed(rig: Rig) -> None:
    keys = {await key_of(rig, await with_picture(rig, a_picture())) for _ in range(4)}

    assert len(keys) == 4
    # Base64 or hexadecimal: 22 characters of the former are 132 random bits.
    assert all(len(key) >= 22 for key in keys)
    assert len({key[:6] for key in keys}) == 4


@pytest.mark.parametrize("visibility", ["followers", "mentioned"])
async def test_med_09_the_picture_of_a_private_post_is_private(rig: Rig, visibility: str) -> None:
    page = await rig.anna.upload(
        "/compose",
        TALK | {"visibility": visibility, "text": "@mo look", "alt_1": "A"},
        [Upload("picture_1", "a.png", "image/png", a_picture())],
    )
    path = f"/media/{await key_of(rig, page)}"

    async with rig.town.session() as stranger, stranger.get(rig.node.url + path) as answer:
        theirs = answer.status, await answer.read()
    nothing = await rig.ben.get("/media/" + "0" * 40)
    ben, anna = await rig.ben.get(path), await rig.anna.get(path)

    assert (theirs[0], ben.status, anna.status) == (404, 404, 200)
    assert ben.body == nothing.body
    assert anna.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize(
    "query", ["?width=1&format=svg", "?format=pdf&w=99999", "?size=original", "/original.svg", ".svg"]
)
async def test_med_12_nobody_chooses_how_a_picture_is_decoded(rig: Rig, query: str) -> None:
    path = f"/media/{await key_of(rig, await with_picture(rig, a_picture()))}"
    plain = await rig.anna.get(path)

    asked = await rig.anna.get(path + query, Accept="image/svg+xml")

    assert asked.status == 404 or asked.body == plain.body
    assert asked.status == 404 or asked.headers["Content-Type"] == plain.headers["Content-Type"]


async def test_med_11_a_program_is_not_shared(rig: Rig) -> None:
    assert media.__doc__
    for name, body in {
        "setup.exe": b"MZ" + b"\0" * 200,
        "shop.url": b"[InternetShortcut]\nURL=https://evil.test/\n",
        "a.lnk": b"L\x00\x00\x00\x01\x14\x02\x00" + b"\0" * 80,
        "disk.iso": bytes(0x8001) + b"CD001" + b"\0" * 200,
    }.items():
        page = await rig.anna.upload("/compose", RESOURCE, [Upload("files", name, "application/pdf", body)])

        assert page.status == 422, name
