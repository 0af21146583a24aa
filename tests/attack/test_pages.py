"""XSS-01 to XSS-13 (security.md 3.5): what other people write, on every page and in every document of a live node."""

import json
import re
from html.parser import HTMLParser
from typing import Final
from urllib.parse import quote, urlsplit

import pytest

from tests.attack import shots, world
from tests.attack.rig import Rig
from tests.live.peers import Json
from tests.live.signing import ACTIVITY
from tests.live.teachers import Page, Teacher, Upload, number_of

# What is shown is no matter of the database.
pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.parametrize("attacked_database", ["sqlite"], indirect=True, scope="module"),
]

FORBIDDEN: Final = frozenset(
    ("applet", "audio", "base", "embed", "frame", "frameset", "iframe", "math", "noscript", "object", "param")
) | frozenset(("picture", "portal", "source", "style", "template", "track", "video"))
ADDRESSES: Final = frozenset({"action", "cite", "data", "formaction", "href", "poster", "src", "srcset", "xlink:href"})
OURS: Final = re.compile(r"(?:/(?!/)|#|\?).*", re.DOTALL)


class Harm(HTMLParser):
    """Reads a page as a browser would, and notes what could run, load or lead astray."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self.images: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag in FORBIDDEN or (tag == "meta" and "http-equiv" in given):
            self.found.append(f"<{tag}>")
        if tag == "script" and given.get("type") != "application/ld+json" and not _is_ours(given.get("src", "")):
            self.found.append(f"<script {given}>")
        if tag == "img":
            self.images.append(given.get("src", ""))
        self.found += [f"{tag} {name}" for name in given if name.startswith("on") or name in {"style", "srcdoc"}]
        self.found += [
            f"{tag} {name}={value!r}" for name, value in given.items() if name in ADDRESSES and not _is_safe(tag, value)
        ]


def _is_ours(url: str) -> bool:
    return OURS.fullmatch(url) is not None


def _is_safe(tag: str, url: str) -> bool:
    if _is_ours(url):
        return True
    parts = urlsplit(url)
    is_web = parts.scheme in {"http", "https"} and bool(parts.hostname) and not parts.username
    # Only a link may lead elsewhere; what a page loads, and where a form goes, is ours.
    return is_web and (tag in {"a", "link"} or parts.hostname == "us.test")


def harm(html: str) -> list[str]:
    reader = Harm()
    reader.feed(html)
    return reader.found


SOUP: Final = {
    "XSS-01-img": '<img src=x onerror="alert(1)">',
    "XSS-01-svg": "<svg onload=alert(1)><script>alert(1)</script></svg>",
    "XSS-01-math": '<math><mtext><table><mglyph><style><img src=x onerror="alert(1)">',
    "XSS-01-noscript": '<noscript><p title="</noscript><img src=x onerror=alert(1)>">',
    "XSS-01-template": "<template><script>alert(1)</script></template>",
    "XSS-01-srcdoc": '<iframe srcdoc="<script>alert(1)</script>"></iframe>',
    "XSS-01-object": '<object data="https://evil.test/x"></object><embed src="https://evil.test/x">',
    "XSS-01-base": '<base href="https://evil.test/"><meta http-equiv=refresh content="0;url=https://evil.test/">',
    "XSS-01-style": '<style>*{background:url(https://evil.test/)}</style><p style="position:fixed">a</p>',
    "XSS-01-form": '<form action="https://evil.test/"><input name=a><button formaction=javascript:a()>a</button>',
    "XSS-01-comment": "<!--><script>alert(1)</script--><!-- --!><img src=x onerror=alert(1)>",
    "XSS-01-cdata": "<![CDATA[<script>alert(1)</script>]]>",
    "XSS-01-unclosed": '<a href="https://evil.test/"><p onclick=alert(1) class="',
    "XSS-02-script": '<a href="javascript:alert(1)">a</a>',
    "XSS-02-tab": '<a href="JaVa\tscript:alert(1)">a</a>',
    "XSS-02-entity": '<a href="&#106;avascript:alert(1)">a</a><a href="&#x6A&#x61vascript:alert(1)">a</a>',
    "XSS-02-data": '<a href="data:text/html,<script>alert(1)</script>">a</a><a href="vbscript:a">a</a>',
    "XSS-02-blob": '<a href="blob:https://us.test/1">a</a><a href="//evil.test/">a</a><a href="../sign-out">a</a>',
    "XSS-04-plain": "<script>alert(1)</script>",
    "XSS-04-quotes": "\"'><script>alert(1)</script>",
    "XSS-10-title": "</title></script><script>alert(1)</script>",
    "XSS-10-braces": "{{ 7 * 7 }}{% raw %}${7*7}<script>alert(1)</script>",
}
LINKS: Final = (
    "javascript:alert(1)",
    "JaVa\tscript:alert(1)",
    " javascript:alert(1)",
    "data:text/html,<script>alert(1)</script>",
    "vbscript:a",
    "blob:https://us.test/1",
    "//evil.test/a",
    "https://us.test@evil.test/",
    'https://evil.test/"><script>alert(1)</script>',
    "file:///etc/passwd",
)


def _everywhere(soup: str, link: str) -> list[Json]:
    """One wicked text and one wicked address in every field that a post can have."""
    common: Json = {
        "content": f"<p>soup</p>{soup}",
        "contentMap": {"en": f"<p>soup</p>{soup}", soup[:10]: soup},
        "url": link,
        "attachment": [
            {"type": "Image", "mediaType": "image/png", "url": link, "name": soup, "blurhash": soup},
            {"type": "Link", "href": link, "name": soup},
            {"type": "Document", "mediaType": soup, "url": f"https://evil.test/{quote(soup)}", "name": soup},
        ],
        "tag": [
            {"type": "Hashtag", "name": f"#{soup}", "href": link},
            {"type": "Mention", "name": f"@{soup}", "href": link},
            {"type": "Emoji", "name": f":{soup}:", "icon": {"type": "Image", "url": link}},
        ],
        "source": {"content": soup, "mediaType": "text/markdown"},
    }
    entity: Json = {
        "type": ["schema:LearningResource"],
        "schema:name": soup,
        "schema:description": soup,
        "schema:about": [{"schema:name": soup, "id": link}],
        "schema:educationalLevel": {"schema:name": soup},
        "schema:learningResourceType": {"schema:name": soup},
        "schema:license": link,
        "schema:typicalAgeRange": soup,
        "schema:encoding": [
            {
                "type": "schema:MediaObject",
                "schema:contentUrl": link,
                "schema:name": soup,
                "schema:encodingFormat": soup,
            }
        ],
    }
    return [
        common | {"type": "Note", "summary": soup},
        common | {"type": "Article", "name": soup, "summary": soup},
        common | {"type": "Event", "name": soup, "startTime": "2026-12-01T08:00:00Z", "location": {"name": soup}},
        common | {"type": "Question", "oneOf": [{"type": "Note", "name": soup}, {"type": "Note", "name": f"{soup}2"}]},
        common | {"type": "Note", "name": soup, "schema:mainEntity": entity},
    ]


async def _post(rig: Rig, fields: Json) -> str:
    """Fay writes this, with Anna named; the post's number here."""
    create = world.create(rig.fay, **fields)
    uri = create["object"]["id"]
    if "schema:mainEntity" in create["object"]:
        create["object"]["schema:mainEntity"]["id"] = uri
    create["object"]["tag"] = [
        *create["object"].get("tag", []),
        {"type": "Mention", "name": "@a", "href": rig.anna.uri},
    ]
    reply = await rig.fire(rig.signed(rig.fay, create))
    assert reply.status == 202
    number = await rig.node.one("SELECT id FROM post WHERE uri = :uri", uri=uri)
    return str(number or "")


async def _all_harm(reader: Teacher, *paths: str) -> dict[str, list[str]]:
    found = {}
    for path in paths:
        page = await reader.get(path)
        assert page.status == 200, f"{path} answers {page.status}"
        assert "script-src 'self'" in page.headers["Content-Security-Policy"]
        if harm(page.text):
            found[path] = harm(page.text)
    return found


@pytest.mark.usefixtures("rig")
async def test_the_reader_sees_harm() -> None:
    """Or an empty list would mean nothing."""
    seen = [harm(soup) for soup in SOUP.values() if "XSS-04" not in soup]

    assert harm('<p><a href="https://evil.test/">a</a><a href="/posts/1">b</a></p>') == []
    assert [found for found in seen if found][:3] == [
        ["img onerror", "img src='x'"],
        ["svg onload", "<script {}>"],
        ["<math>", "<style>"],
    ]
    assert harm('<a href="javascript:alert(1)">a</a>') == ["a href='javascript:alert(1)'"]


@pytest.mark.parametrize("name", SOUP)
async def test_nothing_that_somebody_writes_runs_on_a_page(rig: Rig, name: str) -> None:
    """XSS-01, 02, 04, 06 and 10: every field of a post, on every page that shows it."""
    numbers = [
        number for fields in _everywhere(SOUP[name], "https://evil.test/a") if (number := await _post(rig, fields))
    ]
    assert len(numbers) >= 4

    assert await _all_harm(rig.anna, *(f"/posts/{number}" for number in numbers)) == {}


@pytest.mark.parametrize("link", LINKS)
async def test_xss_03_an_address_that_is_none_is_no_link(rig: Rig, link: str) -> None:
    numbers = [number for fields in _everywhere("plain", link) if (number := await _post(rig, fields))]

    found = await _all_harm(rig.anna, *(f"/posts/{number}" for number in numbers))
    kept = await rig.node.rows("SELECT url FROM post UNION ALL SELECT url FROM attachment")

    assert found == {}
    assert [url for (url,) in kept if url and not url.startswith("https://")] == []


async def test_xss_03_a_picture_of_theirs_loads_nothing_of_ours(rig: Rig) -> None:
    """Or whoever looks at the post would ask our own pages for whatever its writer likes, signed in as they are."""
    target = f"{rig.node.url}/search?q=https://evil.test/users/nobody"
    number = await _post(rig, {"attachment": [{"type": "Image", "mediaType": "image/png", "url": target, "name": "a"}]})

    page = await rig.anna.get(f"/posts/{number}")
    reader = Harm()
    reader.feed(page.text)

    assert "evil.test/users/nobody" in page.text
    assert [image for image in reader.images if "search" in image] == []


async def test_xss_03_nor_does_a_face_of_theirs(rig: Rig) -> None:
    target = f"{rig.node.url}/search?q=https://evil.test/users/nobody"
    villain = rig.world.stranger(icon={"type": "Image", "url": target}, image={"type": "Image", "url": target})
    await rig.accepted(villain, world.activity("Follow", villain, rig.anna.uri))
    kept = await rig.node.one("SELECT icon_url FROM actor WHERE uri = :uri", uri=villain.uri)

    pages = [await rig.anna.get(path) for path in ("/@anna/followers", f"/@{villain.name}@{villain.host}")]
    reader = Harm()
    for page in pages:
        reader.feed(page.text)

    assert kept == target
    assert [image for image in reader.images if "search" in image] == []


@pytest.mark.parametrize("name", SOUP)
async def test_xss_04_a_profile_is_text(rig: Rig, name: str) -> None:
    soup, link = SOUP[name], LINKS[len(name) % len(LINKS)]
    villain = rig.world.stranger(
        name=soup,
        summary=f"<p>about</p>{soup}",
        url=link,
        icon={"type": "Image", "url": link},
        image={"type": "Image", "url": link},
        attachment=[{"type": "PropertyValue", "name": soup, "value": soup}],
        tag=[{"type": "Emoji", "name": f":{soup}:", "icon": {"type": "Image", "url": link}}],
    )
    handle = f"{villain.name}@{villain.host}"
    follow = world.activity("Follow", villain, rig.anna.uri)
    await rig.accepted(villain, follow)
    await rig.accepted(villain, world.activity("Flag", villain, [rig.anna.uri], content=soup))
    await rig.accepted(villain, world.activity("Announce", villain, rig.post))

    assert await _all_harm(rig.anna, f"/@{handle}", f"/search?q={quote(villain.host)}") == {}


async def test_xss_06_no_list_shows_harm_either(rig: Rig) -> None:
    """What the rows above have left behind, on all pages that list it."""
    lists = ("/", "/notices", "/@anna/followers", f"/@{rig.fay.name}@{rig.fay.host}", "/@anna", "/rooms")

    assert await _all_harm(rig.anna, *lists) == {}
    assert await _all_harm(rig.mo, "/reports", "/notices") == {}


@pytest.mark.parametrize("name", SOUP)
async def test_xss_06_what_our_own_people_write_is_safe_everywhere(rig: Rig, name: str) -> None:
    """A member may be the attacker: the page, the document for other servers, and what is derived of both."""
    soup = SOUP[name]
    talk = await rig.anna.write(f"soup {soup}", warning=soup)
    fields = {"kind": "resource", "title": f"A {soup}", "licence": "CC-BY-4.0", "subject": "", "level": "", "type": ""}
    wall = Upload("files", "wall.pdf", "application/pdf", b"%PDF-1.7\n" + b"A fraction wall. " * 20)
    resource = await rig.anna.upload(
        "/compose", fields | {"text": soup, "visibility": "public", "language": "en"}, [wall]
    )
    assert (talk.status, resource.status) == (200, 200), resource.text[:2000]

    search = f"/search?q={quote(soup[:200].replace(chr(9), ''))}"
    found = await _all_harm(rig.anna, talk.path, resource.path, search)
    documents = [await rig.anna.get(path, Accept=ACTIVITY) for path in (talk.path, resource.path)]
    said = [json.loads(document.body) for document in documents]

    assert found == {}
    assert [harm(one["content"]) for one in said] == [[], []]
    for block in re.findall(r'(?s)<script type="application/ld\+json">(.*?)</script>', resource.text):
        assert "<" not in block
        json.loads(block)


async def test_xss_07_nothing_is_shown_as_somebodys_own_site(rig: Rig) -> None:
    """No link is marked as verified; and the address behind one is the address that is opened (XSS-08)."""
    value = '<a href="https://evil.test/x" rel="me"><span class="invisible">https://evil.test/</span>good.test</a>'
    villain = rig.world.stranger(attachment=[{"type": "PropertyValue", "name": "Site", "value": value}])
    await rig.accepted(villain, shots.like(villain.uri, number=world.number()))

    page = await rig.anna.get(f"/@{villain.name}@{villain.host}")

    assert "https://evil.test/x" in page.text
    assert re.findall(r'rel="[^"]*\bme\b[^"]*"', page.text) == []
    assert "erified" not in page.text


HIDDEN: Final = "\u202e\u200b\u2066\u00ad\ufeff"


async def test_xss_09_what_cannot_be_seen_is_in_no_name(rig: Rig) -> None:
    villain = rig.world.stranger(name=f"Ann{HIDDEN}a")
    await rig.accepted(villain, shots.like(villain.uri, number=world.number()))
    await rig.accepted(villain, world.activity("Follow", villain, rig.anna.uri))

    page = await rig.anna.get("/@anna/followers")

    assert not set(HIDDEN) & set(page.text)
    assert "<bdi" in page.text


@pytest.mark.parametrize(
    "username", ["an\u202ena", "\u0430nna", "an na", "an/na", "anna\u200b", "<b>", "", "..", "a@b"]
)
async def test_xss_09_a_username_is_plain_letters(rig: Rig, username: str) -> None:
    villain = rig.world.stranger(preferredUsername=username)
    rig.world.handles[f"{username}@{villain.host}"] = villain.uri

    reply = await rig.fire(rig.signed(villain, shots.like(villain.uri, number=world.number())))

    assert reply.status == 401
    assert await rig.node.one("SELECT count(*) FROM actor WHERE uri = :uri", uri=villain.uri) == 0


async def test_xss_09_an_international_host_is_shown_as_it_is_written_in_ascii(rig: Rig) -> None:
    mixed = quote("@anna@ev\u0456l.test")

    page = await rig.anna.get(f"/search?q={mixed}")

    assert page.status == 200
    assert rig.town.asked[-1].startswith("xn--")
    assert await rig.node.one("SELECT count(*) FROM actor WHERE domain LIKE '%\u0456%'") == 0


FILES: Final[dict[str, tuple[str, bytes]]] = {
    "page.html": ("text/html", b"<html><script>alert(1)</script></html>"),
    "picture.svg": ("image/svg+xml", b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'),
    "feed.xml": ("text/xml", b'<?xml version="1.0"?><x:script xmlns:x="http://www.w3.org/1999/xhtml">a()</x:script>'),
    "film.swf": ("application/x-shockwave-flash", b"CWS\x0a" + b"\0" * 200),
    "lying.png": ("image/png", b"<html><script>alert(1)</script></html>"),
    "lying.pdf": ("application/pdf", b"<!doctype html><script>alert(1)</script>"),
    "post.json": (ACTIVITY, b'{"@context":"https://www.w3.org/ns/activitystreams","id":"https://us.test/users/anna"}'),
}


@pytest.mark.parametrize("name", FILES)
async def test_xss_13_an_upload_is_data_and_nothing_else(rig: Rig, name: str) -> None:
    """Nor is it ever an ActivityPub document of ours (ORG-14)."""
    media_type, body = FILES[name]
    fields = {"kind": "resource", "title": "A file", "licence": "CC-BY-4.0", "subject": "", "level": "", "type": ""}
    made = await rig.anna.upload(
        "/compose",
        fields | {"text": "a", "visibility": "public", "language": "en"},
        [
            Upload("files", name, media_type, body),
            Upload("files", "ok.pdf", "application/pdf", b"%PDF-1.7\n" + b"a" * 99),
        ],
    )
    if made.status == 422:  # Refused by its kind, which is as good.
        return
    number = number_of(made.path)
    address = f"/resources/{number}/files/{name}"
    spellings = (address, f"{address}?download=inline", f"{address}?type=text/html")

    for path in spellings:
        for accept in ("text/html", ACTIVITY, "image/svg+xml"):
            answer = await rig.anna.get(path, Accept=accept)
            _assert_inert(answer)
    for path in (f"{address}/..%2f", f"{address}%2f..%2f..", f"/resources/{number}/files/..%2f..%2fnode.db"):
        assert (await rig.anna.get(path)).status in {400, 404}


def _assert_inert(answer: Page) -> None:
    assert answer.status == 200
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    assert answer.headers["Cross-Origin-Resource-Policy"] in {"same-origin", "cross-origin"}
    assert not answer.headers["Content-Type"].startswith((ACTIVITY, "application/ld+json"))


async def test_xss_12_a_name_is_one_line(rig: Rig) -> None:
    """No letter is sent with it yet; it can be no second header when one is."""
    villain = rig.world.stranger(name="a\r\nBcc: victim@good.test")
    await rig.accepted(villain, shots.like(villain.uri, number=world.number()))

    name = await rig.node.one("SELECT name FROM actor WHERE uri = :uri", uri=villain.uri)

    assert "\n" not in name
    assert "\r" not in name
