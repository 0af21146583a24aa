"""Pages of lists from which something may have been left out after they were read."""

from collections.abc import Sequence

import msgspec

from fedishare.api.calls import Answer, Call, Page


def turned(call: Call, value: object, *, page: Page, keys: Sequence[int], is_full: bool | None = None) -> Answer:
    """The answer with the addresses of its neighbours, by what was read and not by what is shown of it.

    `keys` is what the list is paged by, the newest first. `is_full` says that there may be more; else their number
    does.
    """
    if not keys:
        return Answer(value)
    full = len(keys) >= page.limit if is_full is None else is_full
    read = range(page.limit if full else 0)
    return msgspec.structs.replace(call.listed(read, page=page, newest=keys[0], oldest=keys[-1]), value=value)
