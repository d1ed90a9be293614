"""Values and conditions at random, of a wanted kind, out of given columns."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

from tests.adql import generate_functions

ONE_NUMBER = (
    *("ABS", "CEILING", "DEGREES", "EXP", "FLOOR", "LOG", "LOG10", "RADIANS", "SQRT", "ROUND", "TRUNCATE"),
    *("ACOS", "ASIN", "ATAN", "COS", "COT", "SIN", "TAN"),
)
TEXTS = ("''", "'M 31'", "'it''s'", "'50%_\\'", "'é☃𝄞'", "'a:b $1 ? {} %s'", "'SELECT'", "'-- /* ]]>'")
TIMES = ("'2020-01-31T12:00:00'", "'2020-01-31'", "'2020-01-31 12:00:00.123'")
FRAMES = ("", "", "'ICRS' , ", "'' , ", "NULL , ")
INTEGER_TYPES = ("SMALLINT", "INTEGER", "BIGINT")
TEXT_TYPES = ("CHAR", "CHAR(5)", "VARCHAR", "VARCHAR(9)")
NUMERALS = ("'1.5'", "'2'", "'-3e2'")
REGIONS = (
    "'CIRCLE ICRS 10 20 3'",
    "'POLYGON ICRS 1 1 1 2 2 2'",
    "'circle 10 -20 0.5'",
    "'BOX ICRS 10 20 3 4'",
)
OTHER_UNITS = {
    "deg": ("rad", "arcsec", "mas", "arcmin"),
    "arcsec": ("deg", "mas"),
    "s": ("h", "min", "ms", "d"),
    "d": ("s", "h"),
    "m": ("nm", "km", "um", "Angstrom"),
    "Hz": ("GHz", "kHz"),
}


@dataclass(frozen=True)
class Column:
    """A column as a query writes it; kinds: integer, number, text, time, geometries, other."""

    text: str
    kind: str
    unit: str = ""
    qualified: bool = False


# Makes a query with columns of these kinds, of a depth, that may use an outer query's columns.
InnerQuery = Callable[[list[str], int, list[Column]], str]


class Values:
    def __init__(self, source: random.Random, inner_query: InnerQuery) -> None:
        self.source = source
        self.inner_query = inner_query
        self.names = 0
        self.subqueries = 0  # how many more may stand for values

    # ------------------------------------------------------------------------------------------------- tools

    def chance(self, probability: float) -> bool:
        return self.source.random() < probability

    def pick(self, *texts: str) -> str:
        return self.source.choice(texts)

    def one_of(self, *makers: Callable[[], str]) -> str:
        return self.source.choice(makers)()

    def cased(self, name: str) -> str:
        return self.pick(name, name, name.lower(), name.upper())

    def new_name(self) -> str:
        self.names += 1
        number = self.names
        return self.pick(
            f"n{number}", f"N_{number}x", f'"Name {number}"', f'"a ""b"" {number}"', f'"é☃{number}"'
        )

    def size(self) -> int:
        """How deep a value may be."""
        return self.source.choice((0, 1, 1, 2, 2, 3))

    def comparator(self) -> str:
        return self.pick("=", "<>", "!=", "<", ">", "<=", ">=")

    def columns_of(self, kind: str, columns: list[Column]) -> list[Column]:
        wanted = ("integer", "number") if kind == "number" else (kind,)
        return [column for column in columns if column.kind in wanted]

    # ------------------------------------------------------------------------------------------------ values

    def value(self, kind: str, columns: list[Column], depth: int) -> str:
        """A value of a kind; `other` is any column that nothing can be done with but selecting it."""
        found = self.columns_of(kind, columns)
        if found and (depth <= 0 or self.chance(0.5)):
            return self.source.choice(found).text
        match kind:
            case "integer":
                return self.integer(columns, depth)
            case "number":
                return self.number(columns, depth)
            case "text":
                return self.text(columns, depth)
            case "time":
                return self.time(columns, depth)
            case "other":
                return self.pick(
                    "NULL",
                    generate_functions.solution(self, columns),
                    *(column.text for column in columns),
                )
            case _:
                return self.geometry(kind, columns, depth)

    def literal(self) -> str:
        return self.pick(
            "0", "1", "42", "3.14", "1.", ".5", "1e3", "2.5E-3", "- 7", "+ 2", str(2**31), str(2**62)
        )

    def integer(self, columns: list[Column], depth: int) -> str:
        if depth <= 0:
            return self.pick("0", "1", "42", "- 7", str(2**40))

        def inner() -> str:
            return self.value("integer", columns, depth - 1)

        return self.one_of(
            lambda: f"( {inner()} {self.pick('+', '-', '*')} {inner()} )",
            lambda: f"- {inner()}",
            lambda: f"CAST( MOD( {self.number(columns, depth - 1)} , 9 ) AS {self.pick(*INTEGER_TYPES)} )",
            lambda: f"COALESCE( {inner()} , {inner()} )",
            lambda: self.indicator(columns, depth - 1),
            *[lambda: self.one_of(*generate_functions.integers(self, columns, depth - 1))] * 5,
            lambda: self.scalar_subquery("integer", columns, depth),
        )

    def number(self, columns: list[Column], depth: int) -> str:
        found = self.columns_of("number", columns)
        if depth <= 0 or self.chance(0.1):
            return self.source.choice(found).text if found and self.chance(0.6) else self.literal()
        with_units = [column for column in found if column.unit]
        if with_units and self.chance(0.05):
            return self.in_unit(self.source.choice(with_units))

        def inner() -> str:
            return self.value("number", columns, depth - 1)

        return self.one_of(
            lambda: f"{inner()} {self.pick('+', '-', '*', '/')} {inner()}",
            lambda: f"( {inner()} {self.pick('+', '-')} {inner()} ) {self.pick('*', '/')} {self.literal()}",
            lambda: f"{self.pick('+', '-', '+ -')} {inner()}",
            lambda: f"( {inner()} )",
            *[lambda: f"{self.pick(*ONE_NUMBER)}( {inner()} )"] * 5,
            lambda: f"{self.pick('ROUND', 'TRUNCATE')}( {inner()} , {self.pick('2', '- 1', '+ 3', '0')} )",
            lambda: f"{self.pick('MOD', 'POWER', 'ATAN2')}( {inner()} , {inner()} )",
            lambda: f"{self.value('integer', columns, 0)} % {self.value('integer', columns, 0)}",
            lambda: self.pick("PI()", "RAND()", "RAND( 42 )"),
            lambda: f"CAST( {inner()} AS {self.pick('REAL', 'DOUBLE PRECISION')} )",
            lambda: f"CAST( {self.pick(*NUMERALS)} AS DOUBLE PRECISION )",
            lambda: f"COALESCE( NULL , {inner()} , {inner()} , 0 )",
            lambda: f"DISTANCE( {self.position(columns, 0)} , {self.position(columns, 0)} )",
            lambda: f"DISTANCE( {self.geometry('point', columns, depth - 1)} , {self.point(columns)} )",
            lambda: f"AREA( {self.area(columns, depth - 1)} )",
            lambda: f"{self.pick('COORD1', 'COORD2')}( {self.geometry('point', columns, depth - 1)} )",
            *[lambda: self.one_of(*generate_functions.numbers(self, columns, depth - 1))] * 3,
            lambda: self.scalar_subquery("number", columns, depth),
        )

    def in_unit(self, column: Column) -> str:
        unit = self.pick(column.unit, *OTHER_UNITS.get(column.unit, ()))
        return f"IN_UNIT( {column.text} , '{unit}' )"

    def text(self, columns: list[Column], depth: int) -> str:
        found = self.columns_of("text", columns)
        if depth <= 0 or self.chance(0.2):
            return self.source.choice(found).text if found and self.chance(0.6) else self.pick(*TEXTS)

        def inner() -> str:
            return self.text(columns, depth - 1)

        return self.one_of(
            lambda: f"{inner()} || {inner()}",
            lambda: f"{self.pick('LOWER', 'UPPER')}( {inner()} )",
            lambda: f"COALESCE( {inner()} , {inner()} )",
            lambda: f"CAST( {self.number(columns, depth - 1)} AS {self.pick(*TEXT_TYPES)} )",
            lambda: f"CAST( {self.time(columns, depth - 1)} AS VARCHAR )",
            lambda: f"COORDSYS( {self.area(columns, depth - 1)} )",
            lambda: f"CAST( {inner()} AS VARCHAR( 3 ) )",
            lambda: self.one_of(*generate_functions.texts(self, columns, depth - 1)),
            lambda: self.scalar_subquery("text", columns, depth),
        )

    def time(self, columns: list[Column], depth: int) -> str:
        found = self.columns_of("time", columns)
        if found and (depth <= 0 or self.chance(0.6)):
            return self.source.choice(found).text
        if depth > 0 and self.chance(0.3):
            return f"COALESCE( {self.time(columns, depth - 1)} , {self.time(columns, depth - 1)} )"
        return f"CAST( {self.pick(*TIMES)} AS TIMESTAMP )"

    # ---------------------------------------------------------------------------------------------- geometry

    def position(self, columns: list[Column], depth: int) -> str:
        """A longitude and a latitude."""
        numbers = self.columns_of("number", columns)
        if numbers and self.chance(0.5):
            return f"{self.source.choice(numbers).text} , {self.source.choice(numbers).text}"
        if numbers and depth > 0:
            return f"{self.source.choice(numbers).text} * 15 , - {self.source.choice(numbers).text} / 2."
        return f"{self.pick('0', '359.9', '83.633', '- 10')} , {self.pick('90', '- 90', '22.0145', '+ 0.5')}"

    def point(self, columns: list[Column]) -> str:
        return f"POINT( {self.position(columns, 0)} )"

    def vertices(self, columns: list[Column]) -> list[str]:
        """Positions that make an outline; constant ones may not cross themselves."""
        numbers = self.columns_of("number", columns)
        if numbers and self.chance(0.5):
            return [
                f"{self.source.choice(numbers).text} , {self.source.choice(numbers).text}" for _ in range(3)
            ]
        return self.source.choice((["1 , 1", "1 , 2", "2 , 2"], ["10 , 10", "12 , 10", "12 , 12", "10 , 12"]))

    def geometry(self, kind: str, columns: list[Column], depth: int) -> str:
        found = self.columns_of(kind, columns)
        if found and self.chance(0.5):
            return self.source.choice(found).text
        if depth > 0 and kind != "region" and self.chance(0.1):
            return generate_functions.shape(self, kind, columns, depth - 1)
        frame, deeper = self.pick(*FRAMES), depth - 1
        point = f"POINT( {frame}{self.position(columns, deeper)} )"
        numbers = self.columns_of("number", columns)
        radius = self.pick("0.1", "10. / 3600", "2", *(each.text for each in numbers[:3]))
        circle = f"CIRCLE( {frame}{self.position(columns, deeper)} , {radius} )"
        if kind == "point":
            return self.one_of(
                *[lambda: point] * 2,
                lambda: "CAST( '10 -20' AS POINT )",
                lambda: f"ivo_healpix_center( 5 , {self.source.randrange(12 * 4**5)} )",
                lambda: f"CENTROID( {self.area(columns, deeper)} )" if depth > 0 else point,
                lambda: f"COALESCE( {point} , {self.point(columns)} )",
                lambda: generate_functions.point(self, columns),
            )
        if kind == "circle":
            return self.pick(circle, circle, f"CIRCLE( {point} , {radius} )", "CAST( '10 -20 1' AS CIRCLE )")
        if kind == "polygon":
            vertices = self.vertices(columns)
            return self.one_of(
                lambda: f"POLYGON( {frame}{' , '.join(vertices)} )",
                lambda: f"POLYGON( {' , '.join(f'POINT( {vertex} )' for vertex in vertices)} )",
                lambda: f"BOX( {frame}{self.position(columns, deeper)} , 2 , 3 )",
                lambda: f"BOX( {point} , 2 , 3 )",
                lambda: "CAST( '1 1 1 2 2 2' AS POLYGON )",
            )
        return f"REGION( {self.pick(*REGIONS)} )"

    def area(self, columns: list[Column], depth: int) -> str:
        return self.geometry(self.pick("circle", "polygon", "region"), columns, depth)

    def indicator(self, columns: list[Column], depth: int) -> str:
        """CONTAINS or INTERSECTS, an integer of 0 or 1."""
        any_kind = self.pick("point", "circle", "polygon", "region")
        first = self.geometry(any_kind, columns, depth)
        if any_kind != "point" and self.chance(0.5):
            return f"INTERSECTS( {first} , {self.area(columns, depth)} )"
        return f"CONTAINS( {first} , {self.area(columns, depth)} )"

    # ------------------------------------------------------------------------------------- subqueries, sums

    def scalar_subquery(self, kind: str, columns: list[Column], depth: int) -> str:
        if self.subqueries <= 0 or depth <= 0:
            return self.value(kind, columns, 0) if self.columns_of(kind, columns) else self.constant(kind)
        self.subqueries -= 1
        return f"( {self.inner_query([kind], self.source.randrange(2), columns)} )"

    def constant(self, kind: str) -> str:
        return {"integer": "1", "number": "1.5", "text": "'x'"}.get(kind, "CAST( '2020-01-31' AS TIMESTAMP )")

    def aggregate_value(self, kind: str, columns: list[Column], groups: list[Column], depth: int) -> str:
        """A value of a grouped query: of the columns grouped by, or an aggregate of others."""
        grouped = self.columns_of(kind, groups)
        if grouped and self.chance(0.5):
            return self.source.choice(grouped).text
        distinct = self.pick("", "", "DISTINCT ", "ALL ")
        if kind == "integer":
            anything = self.value(self.pick("number", "text", "time"), columns, min(depth, 2))
            return self.pick("COUNT( * )", f"COUNT( {distinct}{anything} )")
        argument = self.value(kind, columns, min(depth, 2))
        if kind == "number":
            return f"{self.pick('SUM', 'AVG', 'MIN', 'MAX')}( {distinct}{argument} )"
        if kind == "text" and self.chance(0.4):
            return f"ivo_string_agg( {argument} , {self.pick(*TEXTS)} )"
        return f"{self.pick('MIN', 'MAX')}( {argument} )"

    # -------------------------------------------------------------------------------------------- conditions

    def condition(self, columns: list[Column], depth: int) -> str:
        if depth <= 0 or self.chance(0.3):
            return self.predicate(columns, depth)

        def inner() -> str:
            return self.condition(columns, depth - 1)

        return self.one_of(
            lambda: f"{inner()} {self.pick('AND', 'OR')} {inner()}",
            lambda: f"( {inner()} ) {self.pick('AND', 'OR')} {inner()}",
            lambda: f"( {inner()} {self.pick('AND', 'OR')} {inner()} )",
            lambda: f"NOT ( {inner()} )",
            lambda: f"{self.predicate(columns, 0)} AND ( ( {inner()} ) )",
        )

    def predicate(self, columns: list[Column], depth: int) -> str:
        negation, like = self.pick("", "NOT "), self.pick("LIKE", "ILIKE")
        kind = self.pick("integer", "number", "number", "number", "text", "time")

        def value() -> str:
            return self.value(kind, columns, self.size())

        options = [
            lambda: f"{value()} {self.comparator()} {value()}",
            lambda: f"{value()} {negation}BETWEEN {value()} AND {value()}",
            lambda: f"{value()} {negation}IN ( {value()} )",
            lambda: f"{value()} {negation}IN ( {value()} , {value()} , NULL )",
            lambda: f"{self.text(columns, self.size())} {negation}{like} {self.pick(*TEXTS)}",
            lambda: f"{value()} IS {negation}NULL",
            lambda: f"{self.indicator(columns, self.size())} = {self.pick('0', '1')}",
            lambda: f"{self.pick('0', '1')} {self.pick('=', '<>')} {self.indicator(columns, self.size())}",
            lambda: self.nearby(columns),
        ]
        if self.columns_of("time", columns):
            options.append(lambda: f"{self.time(columns, 0)} {self.comparator()} {self.pick(*TIMES)}")
        if columns:
            options.append(lambda: f"{self.source.choice(columns).text} IS {negation}NULL")
        if depth > 1:
            options += [
                lambda: f"{negation}EXISTS ( {self.inner_query([kind], depth - 2, columns)} )",
                lambda: f"{value()} {negation}IN ( {self.inner_query([kind], depth - 2, columns)} )",
                lambda: f"{value()} {self.comparator()} ( {self.inner_query([kind], depth - 2, columns)} )",
            ]
        return self.one_of(*options)

    def nearby(self, columns: list[Column]) -> str:
        distance = f"DISTANCE( {self.point(columns)} , {self.point(columns)} )"
        return self.pick(
            f"{distance} {self.pick('<', '<=')} 1. / 3600", f"0.5 {self.pick('>', '>=')} {distance}"
        )
