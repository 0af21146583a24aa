"""How a file that is on its way into a resource, or in one, stands in a form."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final, NamedTuple

from fedishare.domain import contents
from fedishare.domain.traces import Kind, Traces, mention, sentence
from fedishare.http import staging
from fedishare.queries.resources import FileLine
from fedishare.services.uploads import Staged

# Why a file stays as it is, and what its owner can do.
OBSTACLES: Final[Mapping[str, str]] = MappingProxyType(
    {
        Kind.SIGNED: (
            "It is signed, and a clean copy would not be. Save one without a signature to have that taken out here."
        ),
        Kind.PAPER: (
            "This cannot be taken out of a PDF here. Save it anew from where it was made, without comments and with an "
            "empty author in its properties."
        ),
        Kind.OLD: (
            "Old Office files name whoever wrote them, and this cannot be taken out here. Save it as .docx, .pptx or "
            ".xlsx to have that done."
        ),
        Kind.UNREAD: "We could not look into this file. It may name people in its properties or comments.",
    }
)


class Line(NamedTuple):
    """A file in a form. `key` is what the form says of it when it is sent.

    `told` is what it tells of people, and `mentioned` what it does not show at once; `is_copy` whether it was made
    of another so as not to.
    """

    key: str
    name: str
    media_type: str
    size: int
    received: int
    is_whole: bool
    remarks: list[str]
    told: str = ""
    mentioned: str = ""
    obstacle: str = ""
    can_clean: bool = False
    as_it_is: bool = False
    is_copy: bool = False


def line(staged: Staged, traces: Traces | None = None, *, as_it_is: bool = False) -> Line:
    said = contents.remarks(staged.name, staged.media_type, has_macros=staged.has_macros) if staged.is_whole else []
    return Line(
        staged.key,
        staged.name,
        staged.media_type,
        staged.size,
        staged.received,
        staged.is_whole,
        said,
        told=sentence(traces) if traces is not None else "",
        mentioned=mention(traces) if traces is not None else "",
        obstacle=OBSTACLES.get(traces.obstacle or "", "") if traces is not None else "",
        can_clean=traces is not None and traces.can_clean,
        as_it_is=as_it_is,
        is_copy=staged.original_key is not None,
    )


def line_of(file: FileLine) -> Line:
    """A file that a resource holds already."""
    said = contents.remarks(file.name, file.media_type, has_macros=file.has_macros)
    return Line(staging.kept(file.id), file.name, file.media_type, file.size, file.size, is_whole=True, remarks=said)
