"""Reads the pages of the docs: their tables, code blocks and sections."""

import re
from pathlib import Path
from typing import Final

from tests.test_house import project_files

ROOT: Final = Path(__file__).parents[2]
PAGES: Final = [ROOT / path for path in project_files() if path.suffix == ".md"]
BLOCK: Final = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def blocks(text: str, language: str) -> list[str]:
    return [body for kind, body in BLOCK.findall(text) if kind == language]


def prose(text: str) -> str:
    """A page without its code blocks, in which a hash is no heading and a bracket no link."""
    return BLOCK.sub("", text)


def section(text: str, heading: str) -> str:
    """What stands under a heading, up to the next one."""
    found = re.search(rf"^#+ {re.escape(heading)}$\n(.*?)(?=^#+ |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found is not None, f"there is no heading {heading}"
    return found[1]


def table(text: str) -> list[tuple[str, ...]]:
    """The first table of a text without its headings, as cells of Markdown."""
    lines = text.splitlines()
    start = next(number for number, line in enumerate(lines) if line.startswith("|"))
    end = next((number for number, line in enumerate(lines) if number > start and not line.startswith("|")), len(lines))
    return [_cells(line) for line in lines[start + 2 : end]]


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


def _cells(line: str) -> tuple[str, ...]:
    parts = re.split(r"(?<!\\)\|", line)[1:-1]
    return tuple(part.strip().replace("\\|", "|") for part in parts)
