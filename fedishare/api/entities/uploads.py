"""A file on its way into a resource, as apps read it."""

import msgspec

from fedishare.api.calls import stamp, stamp_or_none
from fedishare.domain import contents
from fedishare.domain.kinds import FileState
from fedishare.domain.traces import Traces, sentence
from fedishare.services.uploads import Staged


class Upload(msgspec.Struct, frozen=True, kw_only=True):
    """`key` names it when a resource is published.

    `remarks` are what colleagues should know of it. `tells` is what the file says of people without showing it at once,
    such as who wrote it: show it to whoever is about to share the file, and name its key in `told` then.
    """

    key: str
    name: str
    media_type: str
    size: int
    received: int
    is_whole: bool
    sha256: str
    state: FileState
    remarks: tuple[str, ...]
    tells: str
    expires_at: str
    finished_at: str | None
    resource_id: str | None


def upload(staged: Staged, traces: Traces | None) -> Upload:
    remarks = contents.remarks(staged.name, staged.media_type, has_macros=staged.has_macros) if staged.is_whole else []
    return Upload(
        key=staged.key,
        name=staged.name,
        media_type=staged.media_type,
        size=staged.size,
        received=staged.received,
        is_whole=staged.is_whole,
        sha256=staged.sha256,
        state=staged.state,
        remarks=tuple(remarks),
        tells=sentence(traces) if traces is not None and traces.tells else "",
        expires_at=stamp(staged.expires_at),
        finished_at=stamp_or_none(staged.finished_at),
        resource_id=None if staged.post_id is None else str(staged.post_id),
    )
