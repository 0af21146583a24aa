import asyncio
import hashlib
import os
import shutil
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

import pytest

from fedishare.core.errors import FediShareError, Invalid, TooLarge, Unreachable
from fedishare.net.storage import BLOCK, Storage, Stored, _Draft


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[Storage]:
    store = Storage(tmp_path / "files", keep_free_bytes=0)
    yield store
    await store.close()


def files(tmp_path: Path) -> list[Path]:
    return [path for path in (tmp_path / "files").rglob("*") if path.is_file()]


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def test_a_file_is_kept_under_a_key_of_ours(store: Storage, tmp_path: Path) -> None:
    stored = await store.save(pieces(b"hel", b"", b"lo"), max_bytes=5)

    assert stored == Stored(key=stored.key, size=5, sha256=hashlib.sha256(b"hello").hexdigest())
    assert store.path(stored.key).read_bytes() == b"hello"
    assert files(tmp_path) == [store.path(stored.key)]
    assert store.path(stored.key).is_relative_to(tmp_path / "files")


async def test_a_large_file_is_kept_whole(store: Storage) -> None:
    body = os.urandom(3 * BLOCK + 1)

    stored = await store.save(pieces(*(body[i : i + 10_000] for i in range(0, len(body), 10_000))), max_bytes=len(body))

    assert (stored.size, stored.sha256) == (len(body), hashlib.sha256(body).hexdigest())
    assert store.path(stored.key).read_bytes() == body


@pytest.mark.parametrize("body", [b"", b"x"])
async def test_small_bodies_are_kept_too(store: Storage, body: bytes) -> None:
    stored = await store.save_bytes(body)

    assert (stored.size, store.path(stored.key).read_bytes()) == (len(body), body)


async def test_the_same_bytes_twice_are_two_files_nobody_can_guess(store: Storage) -> None:
    keys = {(await store.save_bytes(b"same")).key for _ in range(20)}

    assert len(keys) == 20
    # 40 hexadecimal digits are 160 bits.
    assert {len(key) for key in keys} == {40}


async def test_too_large_a_file_leaves_nothing_behind(store: Storage, tmp_path: Path) -> None:
    with pytest.raises(TooLarge):
        await store.save(pieces(bytes(BLOCK), bytes(BLOCK), b"x"), max_bytes=2 * BLOCK)

    assert files(tmp_path) == []


async def test_a_source_that_breaks_off_leaves_nothing_behind(store: Storage, tmp_path: Path) -> None:
    async def breaking() -> AsyncIterator[bytes]:
        yield bytes(BLOCK)
        raise Unreachable("the other server broke off")

    with pytest.raises(Unreachable, match="broke off"):
        await store.save(breaking(), max_bytes=10 * BLOCK)

    assert files(tmp_path) == []


@pytest.mark.parametrize("turns", range(0, 60, 4))
async def test_a_request_given_up_leaves_nothing_behind(store: Storage, tmp_path: Path, turns: int) -> None:
    saving = asyncio.create_task(store.save(pieces(bytes(BLOCK), bytes(BLOCK)), max_bytes=2 * BLOCK))

    # Wherever it is by then: before the file is opened, while it is written, or renamed.
    for _ in range(turns):
        await asyncio.sleep(0.0001)
    saving.cancel()
    ended = (await asyncio.gather(saving, return_exceptions=True))[0]

    await store.close()
    kept = [store.path(ended.key)] if isinstance(ended, Stored) else []
    assert files(tmp_path) == kept


def test_a_draft_given_up_takes_nothing_more(tmp_path: Path) -> None:
    # A thread may get to its step only after the request was given up, which no test can time.
    draft = _Draft(tmp_path / "files" / "draft", tmp_path / "files" / "target")
    draft.write(b"half")
    draft.drop()

    with pytest.raises(OSError, match="given up"):
        draft.write(b"half")
    with pytest.raises(OSError, match="given up"):
        draft.publish()

    assert files(tmp_path) == []


class Usage(NamedTuple):
    total: int
    used: int
    free: int


def disk_of(total: int, *, free: int) -> Callable[[object], Usage]:
    return lambda _: Usage(total, total - free, free)


async def test_the_free_space_to_keep_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Storage(tmp_path / "files", keep_free_bytes=1000)
    monkeypatch.setattr(shutil, "disk_usage", disk_of(10_000, free=1010))

    with pytest.raises(Unreachable, match="disk is full"):
        await store.save_bytes(bytes(11))
    left = files(tmp_path)
    stored = await store.save_bytes(bytes(10))
    await store.close()

    assert (left, stored.size) == ([], 10)


@pytest.mark.parametrize(
    ("total", "floor"), [pytest.param(1 << 40, 512 << 20, id="large disk"), pytest.param(1000, 50, id="small disk")]
)
async def test_by_default_a_twentieth_or_half_a_gigabyte_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, total: int, floor: int
) -> None:
    store = Storage(tmp_path / "files")

    monkeypatch.setattr(shutil, "disk_usage", disk_of(total, free=floor + 4))
    await store.save_bytes(b"four")
    with pytest.raises(Unreachable):
        await store.save_bytes(b"five!")
    await store.close()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no device that is always full")
async def test_a_disk_that_fills_up_is_told_in_plain_words(
    store: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened = Path.open

    def on_a_full_disk(path: Path, mode: str = "r") -> object:
        opened(path, mode).close()
        return opened(Path("/dev/full"), "wb")

    monkeypatch.setattr(Path, "open", on_a_full_disk)

    with pytest.raises(Unreachable, match="disk is full"):
        await store.save_bytes(bytes(10 * BLOCK))
    with pytest.raises(Unreachable, match="disk is full"):
        await store.save_bytes(b"small enough to wait for the flush")

    assert files(tmp_path) == []


async def test_a_folder_that_cannot_be_written_is_told_in_plain_words(tmp_path: Path) -> None:
    (tmp_path / "files").write_text("in the way")
    store = Storage(tmp_path / "files", keep_free_bytes=0)

    with pytest.raises(Unreachable, match="admin"):
        await store.save_bytes(b"x")
    await store.close()


async def test_a_file_is_deleted_once_and_for_all(store: Storage, tmp_path: Path) -> None:
    stored = await store.save_bytes(b"x")

    await store.delete(stored.key)
    await store.delete(stored.key)

    assert files(tmp_path) == []


@pytest.mark.parametrize(
    "key",
    [
        "",
        "x",
        "../../../etc/passwd",
        "/etc/passwd",
        "..",
        "CON",
        ".htaccess",
        "a" * 39,
        "a" * 41,
        "A" * 40,
        "g" * 40,
        "a" * 40 + "\n",
        "a" * 40 + "\x00",
        "aa/bb/" + "c" * 34,
        "../" + "a" * 37,
        "٣" * 40,
        "\u202e" + "a" * 39,
        "a" * 4096,
    ],
)
async def test_med_01_a_key_we_could_not_have_made_is_refused(store: Storage, key: str) -> None:
    with pytest.raises(Invalid):
        store.path(key)
    with pytest.raises(FediShareError):
        await store.delete(key)


async def test_what_a_crash_left_is_swept_up_but_nothing_else(store: Storage, tmp_path: Path) -> None:
    stored = await store.save_bytes(b"kept")
    incoming = tmp_path / "files" / "incoming"
    (incoming / "old").write_bytes(b"half")
    (incoming / "new").write_bytes(b"half")
    now = datetime.now(UTC)
    yesterday = (now - timedelta(days=1)).timestamp()
    os.utime(incoming / "old", (yesterday, yesterday))

    swept = await store.sweep(before=now - timedelta(hours=1))

    assert swept == 1
    assert sorted(files(tmp_path)) == sorted([store.path(stored.key), incoming / "new"])


async def test_many_files_at_once_stay_apart(store: Storage) -> None:
    bodies = [f"file {i}".encode() * 100 for i in range(40)]

    stored = await asyncio.gather(*(store.save_bytes(body) for body in bodies))

    assert [store.path(each.key).read_bytes() for each in stored] == bodies
