"""What a node has in memory before anybody has asked it for anything: half of its start is loading modules."""

import subprocess
import sys
from typing import Final

# Each of these is megabytes, and for something that many a node does not do for hours, if ever.
LATER: Final = (
    "PIL",
    "alembic",
    "asyncpg",
    "markdown_it",
    "pypdfium2",
    "sqlalchemy.dialects.postgresql",
    "sqlalchemy.ext.asyncio",
    "sqlalchemy.orm",
)
PROGRAM: Final = f"""
import sys
import fedishare.cli.processes
print(*[name for name in {LATER!r} if name in sys.modules])
"""


def test_what_is_not_needed_for_the_first_answer_is_not_loaded() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert done.stdout.split() == []
