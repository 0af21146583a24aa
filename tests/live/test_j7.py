"""J7, find, adapt, credit (mission.md), with the address in place of a search: two nodes, and a chain between them."""

from typing import Final
from urllib.parse import quote

from fedishare.cli import handouts
from tests.live.conftest import OpenNode
from tests.live.teachers import Upload, number_of

TITLE: Final = "Fraction wall investigation"
FILE: Final = Upload("files", "fraction-wall.pdf", "application/pdf", handouts.pdf())
DESCRIBED: Final = {"kind": "resource", "subject": "mathematics", "level": "england:year-4", "type": "worksheet"}


async def test_an_adaptation_is_credited_and_its_author_hears_of_new_versions(open_node: OpenNode) -> None:
    a = await open_node("cornerstone.test", "Cornerstone")
    b = await open_node("hawesside.test", "Hawes Side")
    anna = await a.enrol("anna", "Anna Abbott")
    ben = await b.enrol("ben", "Ben Booth")
    on_a = await anna.write("A wall to cut out.", [FILE], title=TITLE, licence="CC-BY-SA-4.0", **DESCRIBED)
    closed = await anna.write("To look at.", [FILE], title="Mine", licence="all-rights-reserved", **DESCRIBED)
    resource = f"{a.url}{on_a.path}"

    # Ben finds it by its address, and begins from it.
    on_b = number_of((await ben.get(f"/search?q={quote(resource, safe='')}")).path)
    draft = await ben.post(f"/posts/{on_b}/adapt")
    assert (draft.status, draft.path.partition("?")[0].rpartition("/")[0]) == (200, "/drafts")
    credit = draft.find(r'name="credit"[^>]*value="([^"]*)"')
    assert credit == f"Ben Booth, adapted from {TITLE} by Anna Abbott, CC BY-SA 4.0"
    fields = {"title": "A wall for mixed classes", "licence": "CC-BY-SA-4.0", "based_on": resource, "credit": credit}
    fields |= {"draft": draft.path.partition("?")[0].rpartition("/")[2], "draft_version": "1"}
    fields["upload"] = draft.find(r'name="upload" value="([^"]+)"')
    made = await ben.write("Three sizes.", [], **DESCRIBED, **fields)
    copy = await ben.get(f"{made.path}/files/{FILE.name}")
    assert copy.body == FILE.body
    assert TITLE in made.text

    # Anna sees what became of it.
    await anna.wait_for(on_a.path, "A wall for mixed classes", "ben@hawesside.test")
    await anna.wait_for("/notices", "adapted your resource")

    # What may not be changed is not.
    mine = number_of((await ben.get(f"/search?q={quote(a.url + closed.path, safe='')}")).path)
    refused = await ben.post(f"/posts/{mine}/adapt")
    assert (refused.status, "may not be changed" in refused.text) == (403, True)

    # Version 2 and version 3 reach Ben, who follows nobody.
    change = {"text": "A wall to cut out.", "title": TITLE, "licence": "CC-BY-SA-4.0", "language": "en"}
    for version, news in ((2, "Clearer pictures"), (3, "A page for Year 5")):
        edit = f"/posts/{number_of(on_a.path)}/edit"
        edited = await anna.upload(edit, change | {"text": f"Version {version}.", "changed": news}, [])
        assert edited.status == 200
        await ben.wait_for("/notices", "There is a new version", news)
    await ben.wait_for(f"/posts/{on_b}", "Version 3", "Version 2", "Version 1", "A page for Year 5")
