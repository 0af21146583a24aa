"""The API as an OpenAPI 3.1 document: made from the table of endpoints, and the structs that they ask for and answer.

Endpoints of our own are told of in full. Of the others, which are Mastodon's, their addresses, scopes and tokens are.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple, TypeAlias, get_args, get_origin, get_type_hints

import msgspec
from aiohttp import web

import fedishare
from fedishare.api.calls import Answer
from fedishare.api.routes import Door, Endpoint, Token
from fedishare.core import json
from fedishare.domain import scopes

OURS: Final = "/api/fedishare/v1/"
REF: Final = "#/components/schemas/{name}"
FORMS: Final = ("application/json", "application/x-www-form-urlencoded")
ID: Final = {"type": "string", "pattern": "^[0-9]{1,19}$", "examples": ["116203745102594049"]}
# What stands in the braces of an address of ours.
IN_PATHS: Final[Mapping[str, Mapping[str, object]]] = {
    "id": ID,
    "number": {"type": "string", "pattern": "^[0-9]{1,19}$", "examples": ["1"]},
    "key": {"type": "string", "minLength": 1, "examples": ["Hc0Jx1D3n0wU2kq9"]},
}
REFUSALS: Final[Mapping[int, str]] = {
    400: "It cannot be read.",
    401: "There is no token, or it is not good any more.",
    403: "The token lacks the scope, or whoever it belongs to may not do this.",
    404: "There is no such thing, or it is not for whoever asks: nobody can tell one from the other.",
    413: "It is more than this node takes.",
    415: "It is of a kind that this node does not take.",
    422: "What was asked for cannot be; the error says why.",
    429: "Too many requests; `Retry-After` says when to come back.",
    503: "Something that this needs is not there now; `Retry-After` says when to come back.",
}
_BRACES: Final = re.compile(r"{([^}]+)}")
Document: TypeAlias = dict[str, Any]


class Error(msgspec.Struct, frozen=True):
    """What is wrong, in words for a person."""

    error: str


class Nothing(msgspec.Struct, frozen=True):
    """There is nothing to say but that it is done."""


class Shape(NamedTuple):
    """An endpoint with the types of what it asks for and answers; `files` are the parts of its form that are some."""

    endpoint: Endpoint
    answers: Any
    files: tuple[str, ...]


class Told:
    """The document of one node. It is made when somebody asks for it, and kept."""

    def __init__(self, endpoints: Callable[[], Iterable[Endpoint]], *, origin: str) -> None:
        self._endpoints = endpoints
        self._origin = origin
        self._body = b""

    def body(self) -> bytes:
        if not self._body:
            self._body = json.dumps(document(self._endpoints(), origin=self._origin))
        return self._body


TOLD: Final = web.AppKey("TOLD", Told)


def document(endpoints: Iterable[Endpoint], *, origin: str) -> Document:
    """All endpoints; those that stream answer in another way, and are told of as the others are."""
    shapes = [_shape(each) for each in endpoints]
    ours = [shape for shape in shapes if shape.endpoint.path.startswith(OURS)]
    kinds = list(dict.fromkeys([Error, *_kinds(ours)]))
    refs, components = msgspec.json.schema_components(kinds, ref_template=REF)
    schemas = dict(zip(kinds, refs, strict=True))
    paths: dict[str, Document] = {}
    for shape in shapes:
        told = _operation(shape, schemas) if shape in ours else _in_short(shape.endpoint)
        paths.setdefault(shape.endpoint.path, {})[shape.endpoint.method.lower()] = told
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "FediShare",
            "version": fedishare.__version__,
            "description": "What a FediShare node has beyond Mastodon's API in full, and Mastodon's in short.",
        },
        "externalDocs": {"description": "Mastodon's API", "url": "https://docs.joinmastodon.org/api/"},
        "servers": [{"url": origin}],
        "paths": paths,
        "components": {"schemas": components, "securitySchemes": {"oauth2": _oauth(origin)}},
    }


def _oauth(origin: str) -> Document:
    said = {name: " ".join(scopes.in_words([name])) for name in scopes.ALL}
    token = f"{origin}/oauth/token"
    return {
        "type": "oauth2",
        "flows": {
            "authorizationCode": {
                "authorizationUrl": f"{origin}/oauth/authorize",
                "tokenUrl": token,
                "scopes": said,
            },
            "clientCredentials": {"tokenUrl": token, "scopes": said},
        },
    }


def _shape(endpoint: Endpoint) -> Shape:
    if not endpoint.path.startswith(OURS):
        return Shape(endpoint, None, ())
    answers = _said(endpoint)
    if get_origin(answers) is Annotated and get_args(answers)[0] in {Answer, web.Response, web.StreamResponse}:
        answers = get_args(answers)[1]
    return Shape(endpoint, Nothing if answers is type(None) else answers, ("file",) if endpoint.most_bytes else ())


def _said(endpoint: Endpoint) -> Any:
    """What the handler of an endpoint answers. Beside an Answer or a response it says what that holds."""
    return get_type_hints(endpoint.handler, include_extras=True)["return"]


def _kinds(shapes: Sequence[Shape]) -> list[Any]:
    asked = [shape.endpoint.asks for shape in shapes if shape.endpoint.asks is not None]
    return [*asked, *(shape.answers for shape in shapes if not isinstance(shape.answers, str))]


def _operation(shape: Shape, schemas: Mapping[Any, Any]) -> Document:
    endpoint = shape.endpoint
    found: Document = _in_short(endpoint) | {"tags": ["FediShare"]}
    said = (endpoint.handler.__doc__ or "").strip()
    found["summary"] = said.partition("\n")[0]
    parameters = [_in_path(name) for name in _BRACES.findall(endpoint.path)]
    if endpoint.asks is not None and endpoint.method in {"GET", "DELETE"}:
        parameters += _in_query(endpoint.asks)
    elif endpoint.asks is not None:
        found["requestBody"] = {
            "required": True,
            "content": {kind: {"schema": schemas[endpoint.asks]} for kind in FORMS},
        }
    if shape.files:
        found["requestBody"] = {"required": True, "content": {"multipart/form-data": {"schema": _form(shape.files)}}}
    if parameters:
        found["parameters"] = parameters
    found["responses"] = {"200": _answer(shape, schemas)} | {
        str(status): {"description": REFUSALS[status], "content": {FORMS[0]: {"schema": schemas[Error]}}}
        for status in refusals(shape)
    }
    return found


def refusals(shape: Shape) -> list[int]:
    """The errors that an endpoint of ours may answer with."""
    endpoint, found = shape.endpoint, [400, 429]
    if endpoint.token is not Token.NONE:
        found += [401, 403]
    if "{" in endpoint.path or endpoint.asks is not None:
        found += [404, 422]
    if endpoint.token is Token.USER:
        found.append(422)
    if endpoint.method != "GET":
        found.append(413)
    if shape.files:
        found.append(415)
    if endpoint.door is Door.ANY:
        found.append(503)
    return sorted(set(found))


def _in_short(endpoint: Endpoint) -> Document:
    """What is true of every endpoint, whoever thought of it."""
    name = _BRACES.sub(r"by_\1", endpoint.path).strip("/").replace("/", "_").replace("-", "_").replace(".", "_")
    found: Document = {
        "operationId": f"{endpoint.method.lower()}_{name}",
        "tags": ["Mastodon"],
        "security": _security(endpoint),
        "responses": {"default": {"description": "As Mastodon's documentation says."}},
    }
    parts = [
        {"name": part, "in": "path", "required": True, "schema": {"type": "string"}}
        for part in _BRACES.findall(endpoint.path)
    ]
    return found | {"parameters": parts} if parts else found


def _security(endpoint: Endpoint) -> list[dict[str, list[str]]]:
    """Any one of these will do; an empty one is no token at all."""
    if endpoint.token is Token.NONE:
        return []
    asked = [{"oauth2": [scope]} for scope in endpoint.scopes] or [{"oauth2": []}]
    return [{}, *asked] if endpoint.token is Token.MAYBE else asked


def _in_path(name: str) -> Document:
    return {"name": name, "in": "path", "required": True, "schema": IN_PATHS[name]}


def _in_query(kind: type[Any]) -> list[Document]:
    """Each field of a struct as a parameter. Lists are sent as `a=1&a=2`, or as `a[]=1&a[]=2`."""
    (ref,), components = msgspec.json.schema_components([kind], ref_template=REF)
    schema = components[ref["$ref"].rpartition("/")[2]]
    found = []
    for name, told in schema["properties"].items():
        shown = {key: value for key, value in told.items() if key != "description"}
        parameter = {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "schema": _bare(shown),
        }
        found.append(parameter | ({"description": told["description"]} if "description" in told else {}))
    return found


def _bare(schema: Document) -> Document:
    """A parameter that may be left out is never null."""
    kinds: list[Document] = [each for each in schema.get("anyOf", ()) if each != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    rest = {key: value for key, value in schema.items() if key not in {"anyOf", "default"}}
    return rest | kinds[0]


def _form(files: Sequence[str]) -> Document:
    parts = {name: {"type": "string", "contentMediaType": "application/octet-stream"} for name in files}
    return {"type": "object", "properties": parts, "required": list(files)}


def _answer(shape: Shape, schemas: Mapping[Any, Any]) -> Document:
    if isinstance(shape.answers, str):
        return {"description": "The bytes.", "content": {shape.answers: {}}}
    found: Document = {"description": "Done.", "content": {FORMS[0]: {"schema": schemas[shape.answers]}}}
    if Answer in get_args(_said(shape.endpoint)):
        found["headers"] = {
            "Link": {"description": "The next page, if there may be one.", "schema": {"type": "string"}}
        }
    return found
