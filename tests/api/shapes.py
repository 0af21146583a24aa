"""What apps are promised: every answer held against the published description of the API."""

from functools import cache
from pathlib import Path
from typing import Any, Final

import jsonschema  # type: ignore[import-untyped]  # it ships no types
import pytest

from fedishare.core import json

DESCRIPTION: Final = Path(__file__).resolve().parents[2].parent / "shared" / "schemas" / "mastodon-openapi-4.7.json"


@cache
def _components() -> Any:
    if not DESCRIPTION.is_file():
        pytest.skip("The description of the API is not beside this checkout.")
    description: Any = json.loads(DESCRIPTION.read_bytes())
    return description["components"]


def assert_fits(entity: str, value: Any) -> None:
    """Fails where a value is not what the description calls `entity`."""
    schema = {"$ref": f"#/components/schemas/{entity}", "components": _components()}
    jsonschema.Draft202012Validator(schema).validate(value)
