"""A harvester that sends its questions as a form, which OAI-PMH wants to be answered just the same."""

from xml.etree import ElementTree as ET

import pytest

from fedishare.core.here import Here
from fedishare.db.engine import Database
from tests.builders import a_person, a_resource
from tests.web.conftest import Node

OAI = "{http://www.openarchives.org/OAI/2.0/}"


async def test_a_form_is_answered_as_a_link_is(node: Node, db: Database, here: Here) -> None:
    uri = here.uris.resource(here.ids.new())
    await a_resource(db, here, by=await a_person(db, here), uri=uri, url=uri)
    asked = {"verb": "GetRecord", "metadataPrefix": "oai_dc", "identifier": uri}

    by_form = await node.stranger.ask("POST", "/oai", headers={}, data=asked)
    by_link = await node.stranger.get(f"/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier={uri}")

    assert (by_form.status, by_form.body) == (200, by_link.body)
    assert [each.text for each in ET.fromstring(by_form.body).iter(f"{OAI}identifier")] == [uri]  # noqa: S314 -- ours


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_form_on_another_site_is_turned_away(node: Node, site: str) -> None:
    answer = await node.stranger.ask("POST", "/oai", headers={"Sec-Fetch-Site": site}, data={"verb": "Identify"})

    assert answer.status == 403
