"""Lists as apps read them."""

import msgspec

from fedishare.queries.lists import ListRow


class List(msgspec.Struct, frozen=True):
    """A list, or a staffroom that its reader is a member of."""

    id: str
    title: str
    replies_policy: str
    exclusive: bool


def of(row: ListRow) -> List:
    return List(str(row.id), row.title, row.replies_policy, row.exclusive)
