"""Filters over the API: both versions, their keywords and posts, and what they make of posts."""

from typing import Any

import pytest
from sqlalchemy import Connection

from fedishare.api import filtering
from fedishare.api.calls import Call, Who
from fedishare.api.entities.filters import FilterResult
from fedishare.api.kept import Kept, Moment
from fedishare.api.params import Params
from fedishare.core.here import Here
from fedishare.db.engine import Database
from fedishare.domain.filters import FilterContext
from fedishare.http.keys import DATABASE
from tests.api.conftest import School
from tests.api.shapes import assert_fits
from tests.builders import FrozenClock, a_post
from tests.queries.test_timelines import count_statements

SNAKES: dict[str, Any] = {
    "title": "Animals",
    "context": ["home", "thread"],
    "filter_action": "hide",
    "expires_in": 3600,
    "keywords_attributes": [{"keyword": "snake", "whole_word": True}, {"keyword": "#spider", "whole_word": False}],
}


class Reader:
    """The filters of this node as an endpoint that shows posts comes by them, in the very process that changes them."""

    def __init__(self, school: School) -> None:
        self._here = school.here
        self.db = school.client.app[DATABASE]
        self._kept = Kept(lambda: self.db.ledger, api_version=7)

    def call(self, viewer: int) -> Call:
        asked: Any = {"address": "", "static": None, "settings": None, "at": "/", "path": {}}
        moment = Moment(self._here.now(), self.db.ledger.commits)
        who = Who(actor_id=viewer)
        return Call(params=Params({}), here=self._here, kept=self._kept, moment=moment, who=who, **asked)

    def matching(self, viewer: int, texts: dict[int, str], context: FilterContext | None = None) -> Any:
        """What a read door takes."""
        call = self.call(viewer)

        def read(tx: Connection) -> dict[int, tuple[FilterResult, ...]]:
            return filtering.matches(tx, call, texts, texts.__getitem__, context=context)

        return read


async def test_a_filter_is_made_shown_changed_and_removed(school: School) -> None:
    _, phone = await school.a_teacher()

    made = await phone.post("/api/v2/filters", json=SNAKES)

    assert made.status == 200
    assert_fits("Filter", made.json)
    first, second = made.json["keywords"]
    assert made.json == {
        "id": made.json["id"],
        "title": "Animals",
        "context": ["home", "thread"],
        "expires_at": "2026-09-07T09:30:00.000Z",
        "filter_action": "hide",
        "keywords": [
            {"id": first["id"], "keyword": "snake", "whole_word": True},
            {"id": second["id"], "keyword": "#spider", "whole_word": False},
        ],
        "statuses": [],
    }
    path = f"/api/v2/filters/{made.json['id']}"
    assert (await phone.get(path)).json == made.json
    assert (await phone.get("/api/v2/filters")).json == [made.json]
    change = {
        "filter_action": "blur",
        "expires_in": "",
        "keywords_attributes": [
            {"id": first["id"], "_destroy": True},
            {"id": second["id"], "keyword": "#spiders"},
            {"keyword": "wasp"},
        ],
    }
    changed = (await phone.put(path, json=change)).json
    assert (changed["title"], changed["context"], changed["filter_action"]) == ("Animals", ["home", "thread"], "blur")
    assert changed["expires_at"] is None
    assert [(one["keyword"], one["whole_word"]) for one in changed["keywords"]] == [("#spiders", False), ("wasp", True)]
    assert (await phone.delete(path)).json == {}
    assert (await phone.get(path)).status == 404
    assert (await phone.get("/api/v2/filters")).json == []


async def test_a_form_with_numbered_keywords_is_read_like_json(school: School) -> None:
    _, phone = await school.a_teacher()
    form = {
        "title": "Noise",
        "context[]": "public",
        "keywords_attributes[0][keyword]": "lottery",
        "keywords_attributes[0][whole_word]": "False",
        "keywords_attributes[1][keyword]": "prize",
    }

    made = await phone.post("/api/v2/filters", **form)

    assert [(one["keyword"], one["whole_word"]) for one in made.json["keywords"]] == [
        ("lottery", False),
        ("prize", True),
    ]
    assert made.json["filter_action"] == "warn"


async def test_keywords_and_posts_of_a_filter_have_addresses_of_their_own(
    school: School, db: Database, here: Here
) -> None:
    person, phone = await school.a_teacher()
    post = await a_post(db, here, by=person)
    made = (await phone.post("/api/v2/filters", json=SNAKES | {"keywords_attributes": []})).json
    path = f"/api/v2/filters/{made['id']}"

    word = (await phone.post(f"{path}/keywords", keyword="adder", whole_word="false")).json
    named = (await phone.post(f"{path}/statuses", status_id=post.id)).json

    assert_fits("FilterKeyword", word)
    assert_fits("FilterStatus", named)
    assert named == {"id": named["id"], "status_id": str(post.id)}
    again = (await phone.post(f"{path}/statuses", status_id=post.id)).json
    assert again == named
    assert (await phone.get(f"{path}/keywords")).json == [word]
    assert (await phone.get(f"{path}/statuses")).json == [named]
    assert (await phone.get(f"/api/v2/filters/statuses/{named['id']}")).json == named
    changed = (await phone.put(f"/api/v2/filters/keywords/{word['id']}", json={"whole_word": True})).json
    assert changed == word | {"whole_word": True}
    assert (await phone.get(f"/api/v2/filters/keywords/{word['id']}")).json == changed
    assert (await phone.delete(f"/api/v2/filters/keywords/{word['id']}")).json == {}
    assert (await phone.delete(f"/api/v2/filters/statuses/{named['id']}")).json == named
    empty = (await phone.get(path)).json
    assert (empty["keywords"], empty["statuses"]) == ([], [])


async def test_the_first_version_shows_each_keyword_as_a_filter(school: School) -> None:
    _, phone = await school.a_teacher()
    await phone.post("/api/v2/filters", json=SNAKES)

    made = await phone.post("/api/v1/filters", phrase="Quiz", context=["home"], irreversible="true")

    assert_fits("V1Filter", made.json)
    assert made.json == {
        "id": made.json["id"],
        "phrase": "Quiz",
        "context": ["home"],
        "whole_word": False,
        "expires_at": None,
        "irreversible": True,
    }
    path = f"/api/v1/filters/{made.json['id']}"
    assert [one["phrase"] for one in (await phone.get("/api/v1/filters")).json] == ["snake", "#spider", "Quiz"]
    assert (await phone.get(path)).json == made.json
    form = {"phrase": "quizzes", "context": ["home", "public"], "whole_word": True}
    assert (await phone.put(path, json=form)).json == made.json | form | {"phrase": "quizzes"}
    assert (await phone.get("/api/v2/filters")).json[1]["title"] == "quizzes"
    assert (await phone.delete(path)).json == {}
    # Its filter went with it, as nothing was left in it.
    assert [one["title"] for one in (await phone.get("/api/v2/filters")).json] == ["Animals"]


async def test_the_first_version_cannot_change_what_several_keywords_share(school: School) -> None:
    _, phone = await school.a_teacher()
    made = (await phone.post("/api/v2/filters", json=SNAKES)).json
    path = f"/api/v1/filters/{made['keywords'][0]['id']}"

    refused = await phone.put(path, json={"context": ["public"]})
    reworded = await phone.put(path, json={"phrase": "viper"})
    removed = await phone.delete(path)

    assert (refused.status, reworded.json["phrase"], removed.json) == (422, "viper", {})
    assert [one["keyword"] for one in (await phone.get("/api/v2/filters")).json[0]["keywords"]] == ["#spider"]


async def test_a_filter_of_somebody_else_is_as_if_it_were_not(school: School, db: Database, here: Here) -> None:
    owner, phone = await school.a_teacher()
    post = await a_post(db, here, by=owner)
    made = (await phone.post("/api/v2/filters", json=SNAKES)).json
    named = (await phone.post(f"/api/v2/filters/{made['id']}/statuses", status_id=post.id)).json
    made = (await phone.get(f"/api/v2/filters/{made['id']}")).json
    _, other = await school.a_teacher()
    word, thing = made["keywords"][0]["id"], made["id"]
    asked = [
        ("GET", f"/api/v2/filters/{thing}"),
        ("PUT", f"/api/v2/filters/{thing}"),
        ("DELETE", f"/api/v2/filters/{thing}"),
        ("GET", f"/api/v2/filters/{thing}/keywords"),
        ("POST", f"/api/v2/filters/{thing}/keywords"),
        ("GET", f"/api/v2/filters/{thing}/statuses"),
        ("POST", f"/api/v2/filters/{thing}/statuses"),
        ("GET", f"/api/v2/filters/keywords/{word}"),
        ("PUT", f"/api/v2/filters/keywords/{word}"),
        ("DELETE", f"/api/v2/filters/keywords/{word}"),
        ("GET", f"/api/v2/filters/statuses/{named['id']}"),
        ("DELETE", f"/api/v2/filters/statuses/{named['id']}"),
        ("GET", f"/api/v1/filters/{word}"),
        ("PUT", f"/api/v1/filters/{word}"),
        ("DELETE", f"/api/v1/filters/{word}"),
    ]

    replies = [
        await other.ask(method, path, json={"keyword": "x", "status_id": str(post.id)}) for method, path in asked
    ]

    assert {(reply.status, reply.error) for reply in replies} == {(404, "Record not found")}
    assert (await phone.get(f"/api/v2/filters/{thing}")).json == made
    # A keyword of one's own cannot be moved out of a stranger's filter either.
    own = (await other.post("/api/v2/filters", json=SNAKES)).json
    stolen = {"keywords_attributes": [{"id": word, "_destroy": True}]}
    assert (await other.put(f"/api/v2/filters/{own['id']}", json=stolen)).status == 404
    assert (await phone.get(f"/api/v2/filters/{thing}")).json == made


@pytest.mark.parametrize(
    "body",
    [
        pytest.param({}, id="nothing"),
        pytest.param({"title": "x"}, id="no-context"),
        pytest.param({"title": " ", "context": ["home"]}, id="no-title"),
        pytest.param({"title": "x" * 257, "context": ["home"]}, id="a-long-title"),
        pytest.param({"title": "x", "context": ["kitchen"]}, id="an-unknown-context"),
        pytest.param({"title": "x", "context": [["home"]]}, id="a-context-in-a-context"),
        pytest.param({"title": "x", "context": ["home"], "filter_action": "shout"}, id="an-unknown-action"),
        pytest.param({"title": "x", "context": ["home"], "expires_in": -1}, id="over-already"),
        pytest.param({"title": "x", "context": ["home"], "expires_in": 10**18}, id="beyond-the-calendar"),
        pytest.param({"title": "x", "context": ["home"], "keywords_attributes": "snake"}, id="keywords-as-text"),
        pytest.param({"title": "x", "context": ["home"], "keywords_attributes": [{"keyword": ""}]}, id="no-keyword"),
        pytest.param(
            {"title": "x", "context": ["home"], "keywords_attributes": [{"keyword": "x" * 513}]}, id="a-long-keyword"
        ),
        pytest.param(
            {"title": "x", "context": ["home"], "keywords_attributes": [{"keyword": str(n)} for n in range(1001)]},
            id="a-thousand-and-one-keywords",
        ),
    ],
)
async def test_what_cannot_be_a_filter_is_refused_and_nothing_of_it_kept(school: School, body: dict[str, Any]) -> None:
    _, phone = await school.a_teacher()

    reply = await phone.post("/api/v2/filters", json=body)

    assert (reply.status, set(reply.json)) == (422, {"error"})
    assert (await phone.get("/api/v2/filters")).json == []


async def test_posts_meet_filters_by_words_and_by_name(
    school: School, db: Database, here: Here, clock: FrozenClock
) -> None:
    person, phone = await school.a_teacher()
    post = await a_post(db, here, by=person)
    made = (await phone.post("/api/v2/filters", json=SNAKES)).json
    await phone.post(f"/api/v2/filters/{made['id']}/statuses", status_id=post.id)
    texts = {1: "A SNAKE!", 2: "snakes and ladders", 3: "Two #Spiders", 4: "Grass", post.id: "Grass"}
    reader = Reader(school)

    async def look(context: FilterContext | None = None) -> dict[int, tuple[FilterResult, ...]]:
        found: dict[int, tuple[FilterResult, ...]] = await reader.db.read(reader.matching(person.id, texts, context))
        return found

    found = await look()

    assert {key: (met[0].keyword_matches, met[0].status_matches) for key, met in found.items()} == {
        1: (("snake",), ()),
        3: (("#spider",), ()),
        post.id: ((), (str(post.id),)),
    }
    assert {met[0].filter.title for met in found.values()} == {"Animals"}
    assert await look(FilterContext.PUBLIC) == {}
    assert set(await look(FilterContext.THREAD)) == {1, 3, post.id}
    # It is looked up anew when it has changed, and is over when its time is.
    await phone.post(f"/api/v2/filters/{made['id']}/keywords", keyword="grass")
    assert set(await look()) == {1, 3, 4, post.id}
    clock.tick(hours=1)
    assert await look() == {}


async def test_a_post_that_meets_a_filter_says_so_to_whose_filter_it_is(
    school: School, db: Database, here: Here
) -> None:
    _, phone = await school.a_teacher()
    _, other = await school.a_teacher()
    author, _ = await school.a_teacher()
    post = await a_post(db, here, by=author, content="<p>A <b>snake</b>!</p>", warning=None)
    path = f"/api/v1/statuses/{post.id}"
    assert (await phone.get(path)).json["filtered"] == []

    made = (await phone.post("/api/v2/filters", json=SNAKES)).json

    (met,) = (await phone.get(path)).json["filtered"]
    assert_fits("FilterResult", met)
    assert (met["keyword_matches"], met["status_matches"]) == (["snake"], [])
    assert met["filter"] == {key: value for key, value in made.items() if key not in {"keywords", "statuses"}}
    assert (await other.get(path)).json["filtered"] == []
    assert "filtered" not in (await school.stranger.get(path)).json


async def test_filters_are_made_ready_once(school: School) -> None:
    person, phone = await school.a_teacher()
    other, _ = await school.a_teacher()
    await phone.post("/api/v2/filters", json=SNAKES)
    reader, texts = Reader(school), {1: "snake"}

    async def asked(viewer: int) -> int:
        return await reader.db.read(count_statements, reader.matching(viewer, texts), {})

    first, second = await asked(person.id), await asked(person.id)
    texts.clear()
    of_nobody = [await asked(other.id), await asked(other.id)]

    assert (first, second, of_nobody) == (3, 0, [1, 0])
