"""Shapes that several tests read."""

from typing import Any, Final

YEAR_4: Final = "https://w3id.org/uk/oak/curriculum/nationalcurriculum/year-group-4"


def a_main_entity() -> dict[str, Any]:
    """What makes a post a teaching resource, as resources.md 3.7 has it."""
    return {
        "id": "https://birch.test/notes/1",
        "type": ["schema:LearningResource"],
        "schema:description": "A one-hour investigation.",
        "schema:license": {"id": "https://creativecommons.org/licenses/by-sa/4.0/"},
        "schema:about": [
            {
                "type": "skos:Concept",
                "id": "http://w3id.org/kim/schulfaecher/s1017",
                "skos:prefLabel": {"de": "Mathematik", "en": "Mathematics"},
            }
        ],
        "schema:educationalAlignment": [
            {
                "type": "schema:AlignmentObject",
                "schema:alignmentType": "educationalLevel",
                "schema:educationalFramework": "National Curriculum for England",
                "schema:targetName": "Year 4",
                "schema:targetUrl": YEAR_4,
            }
        ],
        "schema:typicalAgeRange": "8-9",
        "schema:version": "2",
        "schema:encoding": [
            {
                "type": "schema:MediaObject",
                "schema:contentUrl": "https://birch.test/files/fraction%20wall.pdf",
                "schema:encodingFormat": "application/pdf",
                "schema:contentSize": "96211",
                "schema:sha256": "B" * 64,
            }
        ],
    }
