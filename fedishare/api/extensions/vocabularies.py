"""What a resource may be described with. The lists belong to the software, and change with its versions alone."""

from typing import Final, TypeVar

import msgspec
from sqlalchemy import Connection

from fedishare.api.calls import Call
from fedishare.api.entities.vocabularies import Language, LevelChoice, LicenceChoice, Vocabularies
from fedishare.api.routes import PUBLIC, Routes, Token
from fedishare.domain import vocabularies
from fedishare.domain.languages import LANGUAGES

T = TypeVar("T", bound=msgspec.Struct)

HOUR: Final = 3600

routes: Final = Routes()


@routes.reads("GET", "/api/fedishare/v1/vocabularies", scope=PUBLIC, token=Token.NONE, seconds=HOUR)
def show(tx: Connection, call: Call) -> Vocabularies:  # noqa: ARG001 -- every endpoint has them
    """The subjects, levels, types, licences and languages to choose from."""
    return Vocabularies(
        licences=tuple(_part(LicenceChoice, each) for each in vocabularies.LICENCES),
        usual_licence=vocabularies.DEFAULT_LICENCE,
        subjects=vocabularies.SUBJECTS,
        schemes=vocabularies.SCHEMES,
        usual_scheme=call.settings.scheme,
        levels=tuple(_part(LevelChoice, each) for each in vocabularies.LEVELS),
        types=vocabularies.RESOURCE_TYPES,
        audiences=vocabularies.ROLES,
        features=vocabularies.FEATURES,
        languages=tuple(Language(*each) for each in LANGUAGES),
    )


def _part(kind: type[T], entry: msgspec.Struct) -> T:
    """What an app needs of an entry of a list."""
    return kind(**{name: getattr(entry, name) for name in kind.__struct_fields__})
