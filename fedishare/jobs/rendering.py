"""The process in which files are opened: it gives away what it may use, reads one file, and says what it made.

Started by `jobs.darkroom` as `python -m fedishare.jobs.rendering <path> <media type>`.
"""

import resource
import struct
import sys
from pathlib import Path
from typing import Final

import msgspec

MEMORY: Final = 1 << 30
PROCESSOR_SECONDS: Final = 30
LENGTH: Final = struct.Struct(">I")


def renounce() -> None:
    """From here on this process has little memory and time, and writes to the pipe and to nothing else."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (PROCESSOR_SECONDS, PROCESSOR_SECONDS))
    # Nor does it leave a picture of its memory behind.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """What was made, to standard output: the length of the facts, the facts as JSON, and the picture."""
    renounce()
    from fedishare.jobs import renditions  # noqa: PLC0415 -- what it loads counts against the limits

    made = renditions.make(Path(sys.argv[1]), sys.argv[2])
    facts = msgspec.json.encode(made.facts)
    sys.stdout.buffer.write(LENGTH.pack(len(facts)) + facts + made.picture)


if __name__ == "__main__":
    main()
