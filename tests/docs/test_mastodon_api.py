"""The page about the Mastodon client API, held against the table of endpoints."""

import re
from typing import Final

from fedishare.api.endpoints import api_version, endpoints
from tests.docs.pages import ROOT

ROW: Final = re.compile(r"\| P\de? \| ([A-Z]+) `(/(?:api|oauth)[^`]*)` \| (yes|shape|no) \|")
# A page for people.
ELSEWHERE: Final = {("GET", "/oauth/authorize")}


def test_the_page_says_of_every_endpoint_whether_it_is_served() -> None:
    text = (ROOT / "docs" / "mastodon-api.md").read_text()
    served = {(each.method, re.sub(r"\{[^}]*\}", ":id", each.path)) for each in endpoints()} | ELSEWHERE

    said = {(method, path): answer for method, path, answer in ROW.findall(text)}

    assert len(said) > 240
    assert {key for key, answer in said.items() if (answer != "no") is not (key in served)} == set()
    assert f"(`api_versions.mastodon` is {api_version()})" in text
