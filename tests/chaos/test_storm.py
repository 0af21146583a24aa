"""A storm of farewells from strangers: one look into the database each, nothing kept, nobody asked."""

from fedishare.core.here import Here
from fedishare.jobs.tools import Tools
from tests.chaos.peers import Chaos
from tests.chaos.storm import Counting, farewells, rows, weather

SOME = 300


async def test_a_farewell_of_a_stranger_costs_one_look_and_leaves_nothing(
    tools: Tools, chaos: Chaos, here: Here
) -> None:
    before = await tools.db.read(rows)
    counting = Counting(tools.db)
    storm = list(farewells(here, count=SOME))

    await weather(tools._replace(db=counting), storm)
    # Every server sends it to every inbox it knows, and tries again where it was not heard.
    await weather(tools._replace(db=counting), storm)

    assert (counting.reads, counting.writes) == (2 * SOME, 0)
    assert await tools.db.read(rows) == before
    assert dict(chaos.asked) == {}
