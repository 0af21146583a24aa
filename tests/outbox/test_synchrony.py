"""With what only followers get goes word of who they are (FEP-8fcf)."""

import pytest

from fedishare.core.here import Here
from fedishare.domain.audience import Visibility
from fedishare.domain.digests import digest
from fedishare.domain.kinds import FollowState
from fedishare.jobs import types
from fedishare.jobs.tools import Tools
from fedishare.net import keys, signatures
from fedishare.net.signatures import Request
from fedishare.outbox import publish
from fedishare.outbox.deliver import Courier
from tests.builders import a_follow_row, a_person, a_post, an_rsa_pair
from tests.net.peers import Asked, a_reply
from tests.outbox.town import Town

HEADER = "collection-synchronization"


async def published(tools: Tools, here: Here, visibility: Visibility) -> str:
    """Anna has two followers on one server and one on another, and writes; one more has only asked."""
    db = tools.db
    anna = await a_person(db, here, username="anna")
    for name, domain in (("bea", "birch.test"), ("ben", "birch.test"), ("cleo", "cedar.test"), ("ida", "birch.test")):
        at = {"uri": f"http://{domain}/users/{name}", "shared_inbox": f"http://{domain}/inbox"}
        somebody = await a_person(db, here, local=False, username=name, domain=domain, **at)
        state = FollowState.REQUESTED if name == "ida" else FollowState.ACCEPTED
        await a_follow_row(db, here, by=somebody, of=anna, state=state)
    post = await a_post(db, here, by=anna, visibility=visibility, addressed_to=[f"{anna.uri}/followers"])
    await publish.publish_post(tools, types.PublishPost(post.id))
    return anna.uri


def asked_by(town: Town, host: str) -> Asked:
    return next(asked for asked in reversed(town.asked) if asked.host == host)


def expected(anna: str, *followers: str) -> str:
    url = f"{anna}/followers_synchronization"
    return f'collectionId="{anna}/followers", digest="{digest(followers)}", url="{url}"'


async def test_each_server_is_told_of_its_own_people_alone(tools: Tools, town: Town, here: Here) -> None:
    anna = await published(tools, here, Visibility.FOLLOWERS)

    await Courier(tools).drain()

    birch = ("http://birch.test/users/bea", "http://birch.test/users/ben")
    assert asked_by(town, "birch.test").headers[HEADER] == expected(anna, *birch)
    assert asked_by(town, "cedar.test").headers[HEADER] == expected(anna, "http://cedar.test/users/cleo")


@pytest.mark.parametrize("visibility", [Visibility.PUBLIC, Visibility.QUIET])
async def test_what_everybody_may_read_tells_nothing_of_followers(
    tools: Tools, town: Town, here: Here, *, visibility: Visibility
) -> None:
    await published(tools, here, visibility)

    await Courier(tools).drain()

    assert [asked.host for asked in town.asked if HEADER in asked.headers] == []
    assert len(town.asked) == 2


@pytest.mark.parametrize("knocks", [1, 2], ids=["cavage", "rfc9421"])
async def test_the_header_is_signed(tools: Tools, town: Town, here: Here, *, knocks: int) -> None:
    answers = iter([401] * (knocks - 1) + [202])
    town.says["cedar.test"] = lambda _: a_reply(status=next(answers))
    await published(tools, here, Visibility.FOLLOWERS)

    await Courier(tools).drain()

    asked = asked_by(town, "cedar.test")
    request = Request("POST", asked.target, tuple(asked.headers.items()), asked.body, "http://cedar.test")
    claim = signatures.read(request, now=here.now())
    assert signatures.verify(claim, keys.public_rsa(an_rsa_pair().public))
    assert all(HEADER.encode() in base for base in claim.bases)
