"""What an endpoint asks for, declared once, as a frozen struct: requests are read by it, and the document tells of it.

A handler has such a struct as its third parameter. Each field is read as any other of the API (fedishare.api.params),
in whatever spelling an app sends it, and then has to fit its type and its limits.
"""

from collections.abc import Callable
from inspect import signature
from typing import Annotated, Any, Final, TypeAlias, TypeVar

import msgspec
from msgspec import Meta
from msgspec.inspect import BoolType, IntType, Metadata, NoneType, StructType, Type, UnionType, VarTupleType

from fedishare.api.params import Params, is_id
from fedishare.core.errors import Invalid

T = TypeVar("T")

# How an id is written. What is longer than one can be is nobody's.
Id: TypeAlias = Annotated[str, Meta(pattern="^[0-9]{1,19}$", examples=["116203745102594049"])]
_BEFORE_WHERE: Final = " - at `$"


def asked_by(handler: Callable[..., object]) -> type[Any] | None:
    """The struct of what a handler asks for; None where it has no third parameter."""
    parameters = list(signature(handler).parameters.values())
    kind = parameters[2].annotation if len(parameters) == 3 else None  # noqa: PLR2004 -- after the call
    return kind if isinstance(kind, type) and issubclass(kind, msgspec.Struct) else None


def read(params: Params, kind: type[T]) -> T:
    """Raises Invalid, with the name of the field, for what is missing, of another type, or beyond its limits."""
    shape = msgspec.inspect.type_info(kind)
    try:
        return msgspec.convert(_tree(params, shape) if isinstance(shape, StructType) else {}, kind)
    except msgspec.ValidationError as error:
        what, _, where = str(error).partition(_BEFORE_WHERE)
        name = where.strip("`.")
        raise Invalid(f"{name}: {what}" if name else what) from error


def _tree(params: Params, shape: StructType) -> dict[str, Any]:
    """What was sent; a field without a value is one that was not sent."""
    found = {field.name: _value(params, field.encode_name, bare(field.type)) for field in shape.fields}
    return {name: value for name, value in found.items() if value is not None}


def _value(params: Params, name: str, shape: Type) -> Any:
    match shape:
        case BoolType():
            return params.flag(name)
        case IntType():
            return params.whole(name)
        case VarTupleType():
            return params.texts(name) if name in params else None
        case _:
            return params.text(name) if params.raw(name) is not None else None


def bare(shape: Type) -> Type:
    """A type without what is said about it, and without the null that it may be."""
    if isinstance(shape, Metadata):
        return bare(shape.type)
    if isinstance(shape, UnionType):
        return bare(next(one for one in shape.types if not isinstance(one, NoneType)))
    return shape


def number(said: str | None) -> int | None:
    """An id that was sent; None where there was none, and 0, which nobody has, for what is too long to be one."""
    if said is None:
        return None
    return int(said) if is_id(said) else 0
