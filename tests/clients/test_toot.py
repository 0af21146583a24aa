"""toot, the client for the command line, goes about a live node."""

import asyncio
import json
import os
import sys
from asyncio.subprocess import PIPE, STDOUT, Process
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from tests.api.open_node import OpenNode

PATIENCE: Final = 120.0
# To start it takes longer than anything it does, so one process is given all command lines.
LINES: Final = """
import json, sys
from click.testing import CliRunner
from toot.cli import cli
for line in sys.stdin:
    done = CliRunner().invoke(cli, json.loads(line), prog_name="toot")
    print(json.dumps([done.exit_code, done.output, repr(done.exception)]), flush=True)
"""


class Toot:
    """Both teachers on one machine. What is said is said by Ada, unless `--as` says otherwise."""

    def __init__(self, process: Process) -> None:
        self._process = process

    async def __call__(self, *words: str) -> str:
        """What it prints for a person, who has a very long screen."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(words)}\n".encode())
        code, said, error = json.loads(await self._process.stdout.readline())
        assert code == 0, (words, said, error)
        return str(said)

    async def told(self, *words: str) -> Any:
        """The same as JSON."""
        return json.loads(await self(*words, "--json"))


def environment(home: Path) -> dict[str, str]:
    return os.environ | {"XDG_CONFIG_HOME": str(home), "XDG_CACHE_HOME": str(home), "LINES": "1000", "COLUMNS": "100"}


async def log_in(node: OpenNode, home: Path, name: str) -> None:
    """It says where to go, and takes the code that the page there shows."""
    command = [sys.executable, "-m", "toot", "login", "--instance", node.url]
    process = await asyncio.create_subprocess_exec(
        *command, env=environment(home), stdin=PIPE, stdout=PIPE, stderr=STDOUT
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"n\n")
    async for line in process.stdout:
        if line.startswith(node.url.encode()):
            told = await node.allow(line.decode().strip(), name)
            process.stdin.write(f"{told['code']}\n".encode())
            break
    rest, _ = await process.communicate()
    assert "Successfully logged in" in rest.decode(), rest


@pytest.fixture
async def toot(alder: OpenNode, tmp_path: Path) -> AsyncIterator[Toot]:
    # Ada last: whoever came last speaks.
    for name in ("ben", "ada"):
        await log_in(alder, tmp_path, name)
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", LINES, env=environment(tmp_path), stdin=PIPE, stdout=PIPE, limit=1 << 20
    )
    yield Toot(process)
    process.terminate()
    await process.communicate()


async def test_toot_goes_about_a_node(alder: OpenNode, toot: Toot, picture: Path) -> None:
    ben = ("--as", f"ben@{alder.url.removeprefix('http://')}")
    async with asyncio.timeout(PATIENCE):
        await _is_itself(toot)
        await _posts(toot, ben, picture)
        await _asks(toot, ben)
        await _reacts(toot, ben)
        await _keeps_lists(toot, ben)
        await _searches(toot, ben)
        await _turns_pages(toot)
        await _goes(alder, toot)


async def _is_itself(toot: Toot) -> None:
    assert "ada@127.0.0.1" in await toot("auth")
    assert "Alder Primary" in await toot("instance")
    await toot("update-account", "--display-name", "Ada L.", "--note", "Maths", "--language", "en")
    assert "Ada L." in await toot("whoami")
    assert "@ben" in await toot("whois", "ben")


async def _posts(toot: Toot, ben: tuple[str, str], picture: Path) -> None:
    post = await toot.told("post", "Hello @ben #fractions", "-v", "unlisted", "-p", "Maths", "-l", "en")
    assert (post["visibility"], post["spoiler_text"], post["language"]) == ("unlisted", "Maths", "en")
    assert post["application"]["name"].startswith("toot")
    answer = await toot.told(*ben, "post", "@ada Hello back", "--reply-to", post["id"])
    assert answer["in_reply_to_id"] == post["id"]
    thread = await toot("thread", post["id"])
    assert thread.index("Hello @ben") < thread.index("Hello back")
    look = await toot.told("post", "Look", "-m", str(picture), "-d", "A wall")
    assert [(each["type"], each["description"]) for each in look["media_attachments"]] == [("image", "A wall")]
    assert look["media_attachments"][0]["url"] in await toot("status", look["id"])
    assert "Toot scheduled for" in await toot("post", "Later", "--scheduled-in", "2h")
    notices = await toot("notifications")
    assert "mentioned you" in notices
    assert "Hello back" in notices
    assert [each["type"] for each in await toot.told("notifications", "--type", "mention")] == ["mention"]
    await toot("notifications", "--clear")
    assert "You have no notifications" in await toot("notifications")
    await toot("delete", post["id"])


async def _asks(toot: Toot, ben: tuple[str, str]) -> None:
    words = ("--poll-option", "Tea", "--poll-option", "Coffee", "--poll-expires-in", "1h")
    asked = await toot.told("post", "What shall we have?", *words)
    poll = asked["poll"]["id"]
    assert "You voted!" in await toot(*ben, "polls", "vote", poll, "1")
    assert [each["votes_count"] for each in (await toot.told("polls", "show", poll))["options"]] == [0, 1]
    assert "Coffee" in await toot("polls", "show", poll)


async def _reacts(toot: Toot, ben: tuple[str, str]) -> None:
    post = await toot.told("post", "Worth it", "-v", "public")
    for word in ("favourite", "bookmark", "reblog"):
        await toot(*ben, word, post["id"])
    assert "ben" in await toot("reblogged-by", post["id"])
    assert "Worth it" in await toot(*ben, "bookmarks")
    assert sorted(each["type"] for each in await toot.told("notifications")) == ["favourite", "reblog"]
    for word in ("unfavourite", "unbookmark", "unreblog"):
        await toot(*ben, word, post["id"])
    await toot("pin", post["id"])
    await toot("unpin", post["id"])


async def _keeps_lists(toot: Toot, ben: tuple[str, str]) -> None:
    assert "following" in await toot("follow", "ben")
    assert "ben" in await toot("following")
    assert "ada" in await toot(*ben, "followers")
    await toot("lists", "create", "Friends")
    assert "Friends" in await toot("lists", "list")
    await toot("lists", "add", "Friends", "ben")
    assert "ben" in await toot("lists", "accounts", "Friends")
    await toot(*ben, "post", "For my friends", "-v", "private")
    assert "For my friends" in await toot("timelines", "list", "Friends", "--no-pager")
    await toot("lists", "remove", "Friends", "ben")
    assert "ben" not in await toot("lists", "accounts", "Friends")
    await toot("lists", "delete", "Friends")
    assert "no lists" in await toot("lists", "list")
    for word, undone, listed in (("mute", "unmute", "muted"), ("block", "unblock", "blocked")):
        await toot(word, "ben")
        assert "ben" in await toot(listed)
        await toot(undone, "ben")
        assert "ben" not in await toot(listed)


async def _searches(toot: Toot, ben: tuple[str, str]) -> None:
    post = await toot.told(*ben, "post", "A post on #volcanoes")
    found = await toot("search", "volcanoes", "--resolve")
    assert "#volcanoes" in found
    assert [each["id"] for each in (await toot.told("search", post["url"], "--resolve"))["statuses"]] == [post["id"]]
    assert "ben" in await toot("search", "ben", "--type", "accounts")
    assert "following #volcanoes" in await toot("tags", "follow", "volcanoes")
    assert "volcanoes" in await toot("tags", "followed")
    assert "Followed" in await toot("tags", "info", "volcanoes")
    await toot("tags", "unfollow", "volcanoes")
    await toot("tags", "feature", "fractions")
    assert "fractions" in await toot("tags", "featured")
    await toot("tags", "unfeature", "fractions")
    assert "fractions" not in await toot("tags", "featured")


async def _turns_pages(toot: Toot) -> None:
    for number in range(5):
        await toot("post", f"Lesson {number} #series")
    lessons = [f"Lesson {number}" for number in range(4, -1, -1)]

    for words in (("home",), ("public", "--local"), ("tag", "series"), ("account", "ada")):
        shown = await toot("timelines", *words, "--limit", "2", "--no-clear")
        places = [shown.find(lesson) for lesson in lessons]
        assert places == sorted(places), shown
        assert places[0] >= 0, shown
    newest = await toot.told("timelines", "tag", "series", "--limit", "2")
    older = await toot.told("timelines", "tag", "series", "--limit", "2", "--max-id", newest[-1]["id"])
    newer = await toot.told("timelines", "tag", "series", "--limit", "2", "--min-id", older[-1]["id"])
    assert [each["id"] for each in newer] == [newest[-1]["id"], older[0]["id"]]


async def _goes(alder: OpenNode, toot: Toot) -> None:
    await toot("logout", f"ada@{alder.url.removeprefix('http://')}")
    assert "ada@" not in await toot("auth")
