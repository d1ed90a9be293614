"""What arguments the language's own functions take (ADQL 2.1, 2.3 and 4): how many, and which literals.

Types are the resolver's business, user-defined functions those of the catalogue of functions.
"""

from __future__ import annotations

from . import syntax
from .syntax import Function, ShapeKind, Value

__all__ = ["FUNCTIONS", "SHAPES", "argument_fault", "shape_fault", "split_frame"]

FUNCTIONS = {function.value: function for function in Function}
SHAPES = {kind.value: kind for kind in ShapeKind}

_USAGE = {
    Function.MOD: "MOD(x, y)",
    Function.PI: "PI()",
    Function.POWER: "POWER(x, y)",
    Function.RAND: "RAND() or RAND(seed)",
    Function.ROUND: "ROUND(x) or ROUND(x, decimals)",
    Function.TRUNCATE: "TRUNCATE(x) or TRUNCATE(x, decimals)",
    Function.ATAN2: "ATAN2(y, x)",
    Function.COALESCE: "COALESCE(value, ...)",
    Function.CONTAINS: "CONTAINS(inner, outer)",
    Function.DISTANCE: "DISTANCE(point, point) or DISTANCE(lon, lat, lon, lat)",
    Function.INTERSECTS: "INTERSECTS(geometry, geometry)",
    Function.REGION: "REGION('STC-S or DALI text')",
}
_COUNTS: dict[Function, tuple[int, ...]] = {
    Function.MOD: (2,),
    Function.PI: (0,),
    Function.POWER: (2,),
    Function.RAND: (0, 1),
    Function.ROUND: (1, 2),
    Function.TRUNCATE: (1, 2),
    Function.ATAN2: (2,),
    Function.CONTAINS: (2,),
    Function.DISTANCE: (2, 4),
    Function.INTERSECTS: (2,),
}
_SHAPE_USAGE = {
    ShapeKind.POINT: "POINT(lon, lat)",
    ShapeKind.CIRCLE: "CIRCLE(lon, lat, radius) or CIRCLE(point, radius)",
    ShapeKind.BOX: "BOX(lon, lat, width, height) or BOX(point, width, height)",
    ShapeKind.POLYGON: "POLYGON(lon, lat, lon, lat, lon, lat, ...) or POLYGON(point, point, point, ...)",
}
_SHAPE_COUNTS: dict[ShapeKind, tuple[int, ...]] = {
    ShapeKind.POINT: (2,),
    ShapeKind.CIRCLE: (2, 3),
    ShapeKind.BOX: (3, 4),
}


def argument_fault(function: Function, arguments: tuple[Value, ...]) -> tuple[str, str] | None:
    """What is wrong with a call, and how it should look; None when nothing is."""
    usage = _USAGE.get(function, f"{function.value}(x)")
    counts = _COUNTS.get(function, (1,))
    if function is Function.COALESCE:
        return None if arguments else ("COALESCE takes one argument or more", usage)
    if len(arguments) not in counts:
        return _wrong_number(function.value, counts, len(arguments)), usage
    match function:
        case Function.ROUND | Function.TRUNCATE if len(arguments) == 2 and not _is_integer(arguments[1]):
            return f"the decimals of {function.value} have to be an integer", usage
        case Function.RAND if arguments and not _is_unsigned(arguments[0]):
            return "the seed of RAND has to be an unsigned integer", usage
        case Function.DISTANCE if len(arguments) == 2 and any(_is_number(each) for each in arguments):
            return "DISTANCE of two arguments takes points", usage
        case Function.REGION if not isinstance(arguments[0], syntax.StringLiteral):
            return "REGION takes a string in single quotes", usage
        case _:
            return None


def split_frame(
    kind: ShapeKind, arguments: tuple[Value, ...]
) -> tuple[syntax.StringLiteral | None, tuple[Value, ...]]:
    """The deprecated coordinate system argument, a string or NULL, and the rest.

    NULL is a coordinate where the rest alone would not make the shape.
    """
    match arguments:
        case (syntax.StringLiteral() as frame, *_):
            return frame, arguments[1:]
        case (syntax.Null(), *_) if shape_fault(kind, arguments[1:]) is None:
            return None, arguments[1:]
        case _:
            return None, arguments


def shape_fault(kind: ShapeKind, arguments: tuple[Value, ...]) -> tuple[str, str] | None:
    """As `argument_fault`, for the arguments after the coordinate system."""
    usage = _SHAPE_USAGE[kind]
    if any(isinstance(argument, syntax.StringLiteral) for argument in arguments):
        return f"{kind.value} takes no string but the coordinate system", usage
    if kind is not ShapeKind.POLYGON:
        counts = _SHAPE_COUNTS[kind]
        # The shorter form of CIRCLE and BOX begins with a point.
        short = len(counts) == 2 and len(arguments) == counts[0]
        if len(arguments) not in counts or (short and _is_number(arguments[0])):
            return _wrong_number(kind.value, counts[-1:] if short else counts, len(arguments)), usage
        return None
    if len(arguments) < 3:
        return f"POLYGON takes three points or more, not {len(arguments)}", usage
    if any(_is_number(argument) for argument in arguments):
        if len(arguments) % 2:
            return f"POLYGON got an odd number of coordinates, {len(arguments)}", usage
        if len(arguments) < 6:
            return f"POLYGON takes six coordinates or more, not {len(arguments)}", usage
    return None


def _wrong_number(name: str, counts: tuple[int, ...], given: int) -> str:
    wanted = " or ".join(str(count) if count else "no" for count in counts)
    return f"{name} takes {wanted} argument{'s' if counts != (1,) else ''}, not {given}"


def _is_unsigned(value: Value) -> bool:
    return isinstance(value, syntax.NumberLiteral) and value.integer


def _is_integer(value: Value) -> bool:
    return _is_unsigned(value.operand if isinstance(value, syntax.Signed) else value)


def _is_number(value: Value) -> bool:
    """True for what cannot be a point, whatever the columns are."""
    return isinstance(value, syntax.NumberLiteral | syntax.Signed | syntax.Arithmetic)
