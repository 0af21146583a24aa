"""One node, with two teachers who have passwords, for the whole walk of a stock client."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from PIL import Image

from tests.api.open_node import OpenNode, open_node


@pytest.fixture
async def alder(empty_sqlite: Path, tmp_path: Path) -> AsyncIterator[OpenNode]:
    shutil.copy(empty_sqlite, tmp_path / "node.db")
    async with open_node(f"sqlite+aiosqlite:///{tmp_path / 'node.db'}", tmp_path) as node:
        await node.enrol("ada", name="Ada")
        await node.enrol("ben", name="Ben")
        yield node


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "wall.png"
    Image.new("RGB", (32, 16), "teal").save(path)
    return path
