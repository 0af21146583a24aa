"""The process in which a clean copy of an office file is made: it reads one file, and says the copy, or fails.

Started by `jobs.darkroom` as `python -m fedishare.jobs.cleaning <path> <media type>`.
"""

import sys
from pathlib import Path

from fedishare.core.errors import Invalid
from fedishare.jobs import rendering


def main() -> None:
    """The copy goes to standard output; it is worth something only if the process ends as one should."""
    rendering.renounce()
    from fedishare.domain import hidden  # noqa: PLC0415 -- what it loads counts against the limits

    path = Path(sys.argv[1])
    with path.open("rb") as file:

        def read(start: int, length: int) -> bytes:
            file.seek(start)
            return file.read(max(0, length))

        try:
            for block in hidden.clean(read, path.stat().st_size, sys.argv[2]):
                sys.stdout.buffer.write(block)
        except Invalid:
            sys.exit(1)
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
