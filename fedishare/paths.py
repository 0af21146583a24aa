"""Where the files that are not code lie: inside the installed package, or beside it in a checkout."""

from pathlib import Path
from typing import Final

PACKAGE: Final = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder `name` (templates, migrations): the wheel carries it inside, a checkout beside the package."""
    inside = PACKAGE / name
    return inside if inside.is_dir() else PACKAGE.parent / name


STATIC: Final = PACKAGE / "static"
