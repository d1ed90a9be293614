"""Random ADQL that asks for what is hidden: what fails for a hidden row, or as soon as there is one.

All of the language is `tests.adql.generate`'s. Here is what it would seldom come to: conditions that leave
hidden rows alone, and beside them values that no row needs to be looked at for, but that are not computed
before there is one. Nothing here depends on chance when it runs.
"""

from __future__ import annotations

import random
from collections.abc import Iterable

from archive.declare.columns import Column as DeclaredColumn
from archive.declare.tables import Table
from archive.declare.uploads import UploadedColumn
from tests.access.twins import HIDDEN, ODD_NUMBERS, ODD_TEXTS
from tests.adql.generate import Generator, kind_of, respelled
from tests.adql.generate_values import Column

# These fail whenever they are computed.
FAILING = {
    "integer": (
        "( SELECT 1 / ( number - 1 ) FROM site.plain WHERE number = 1 )",
        "( SELECT TOP 1 1 / ( number - number ) FROM site.plain )",
    ),
    "number": (
        "SQRT( RAND() - 2 )",
        "LOG( 0 * RAND() )",
        "( SELECT SQRT( 0 - COUNT( * ) ) FROM site.plain )",
    ),
    "text": (
        "( SELECT CAST( 1 / ( number - 1 ) AS VARCHAR ) FROM site.plain WHERE number = 1 )",
        "CAST( SQRT( RAND() - 2 ) AS VARCHAR )",
    ),
    "time": (
        "CAST( ( SELECT MAX( label ) FROM site.plain ) AS TIMESTAMP )",
        "COALESCE( CAST( CAST( SQRT( RAND() - 2 ) AS VARCHAR ) AS TIMESTAMP ) , NULL )",
    ),
}
EXISTENCES = (
    "EXISTS ( SELECT 1 FROM site.plain WHERE 1 / ( number - 1 ) > 0 )",
    "NOT EXISTS ( SELECT 1 FROM site.plain WHERE SQRT( 0 - number ) > 0 )",
)
NUMBERS = [str(number) for number in HIDDEN]
FRACTIONS = [str(number) for number in ODD_NUMBERS.values() if number is not None and number == number]
TEXTS = ["'{}'".format(text.replace("'", "''")) for text in ODD_TEXTS.values() if text is not None]
COMPARED = ("integer", "number", "text", "time")


def probe(seed: int, tables: Iterable[Table]) -> str:
    """A query of those tables."""
    source = random.Random(seed)
    while True:
        text = Prober(source, tables).statement(source.choice((1, 2, 3, 3, 4)))
        if not _is_left_to_chance(text):
            return respelled(source, text)


def _is_left_to_chance(text: str) -> bool:
    for failing in ("SQRT( RAND() - 2 )", "LOG( 0 * RAND() )"):
        text = text.replace(failing, "")
    return "RAND()" in text or "normal_random" in text


class Prober(Generator):
    def __init__(self, source: random.Random, tables: Iterable[Table]) -> None:
        super().__init__(source, ())
        self.tables = list(tables)

    def statement(self, depth: int) -> str:
        return self.pointed() if self.chance(0.3) else super().statement(depth)

    def pointed(self) -> str:
        """One table, of which a hidden row or none is looked at."""
        table, columns = self.lone_table()
        asked = self.pick("*", "COUNT( * )", self.source.choice(columns).text)
        return f"SELECT {asked} FROM {table} WHERE {self.narrowed(columns)} AND {self.telling(columns, 1)}"

    def published(self, column: DeclaredColumn) -> Column:
        if isinstance(column, UploadedColumn):
            return Column(column.label, kind_of(column))
        return super().published(column)

    def top(self) -> str:
        return self.pick("", "", "", "", f" TOP {self.source.randrange(20)}")

    def offset(self) -> str:
        return self.pick("", "", "", "", "", f" OFFSET {self.source.randrange(5)}")

    def where(self, columns: list[Column], depth: int) -> str:
        if self.chance(0.35):
            return f" WHERE {self.narrowed(columns)} AND {self.telling(columns, depth)}"
        return super().where(columns, depth)

    def narrowed(self, columns: list[Column]) -> str:
        """What few rows fulfil, or hidden ones alone."""
        conditions = [self.equality(columns) for _ in range(self.source.choice((1, 1, 2)))]
        return " AND ".join(conditions)

    def equality(self, columns: list[Column]) -> str:
        column = self.some(columns)
        match column.kind if column else "":
            case "integer":
                return f"{column.text} = {self.pick(*NUMBERS)}"
            case "number":
                return f"{column.text} {self.pick('=', '>', '<')} {self.pick(*FRACTIONS)}"
            case "text":
                return f"{column.text} = {self.pick(*TEXTS)}"
            case "time":
                return f"{column.text} {self.pick('>', '<')} '2026-06-01'"
        return "1 = 1"

    def telling(self, columns: list[Column], depth: int) -> str:
        """What fails for some rows, or when it is computed at all."""
        column = self.some(columns)
        if column is None:
            return self.condition(columns, depth)
        kind, text = column.kind, column.text
        failing = self.pick(*FAILING[kind])
        unknown = self.pick(f"{text} IS NULL", f"{text} IS NOT NULL")
        return self.pick(
            f"{text} {self.comparator()} {failing}",
            f"COALESCE( {text} , {failing} ) IS {self.pick('', 'NOT ')}NULL",
            f"( {unknown} OR {failing} IS NULL )",
            f"( {unknown} {self.pick('AND', 'OR')} {self.pick(*EXISTENCES)} )",
            f"NOT ( {unknown} AND {self.pick(*EXISTENCES)} )",
            f"{self.breaking(columns)} {self.comparator()} {self.pick('0', '1')}",
            f"{text} IN ( {text} , {failing} )",
            self.condition(columns, depth),
        )

    def breaking(self, columns: list[Column]) -> str:
        """A number that many a hidden row has none for."""
        numbers, texts = self.columns_of("number", columns), self.columns_of("text", columns)
        options = ["1"]
        if numbers:
            n = self.source.choice(numbers).text
            options += [
                *(f"1 / ( {n} - {self.pick(*NUMBERS)} )", f"MOD( 7 , {n} )", f"7 / {n}"),
                *(f"{n} * 4611686018427387904", f"CAST( {n} AS SMALLINT )", f"CAST( {n} AS INTEGER )"),
                *(f"{name}( {n} )" for name in ("SQRT", "LOG", "LOG10", "ACOS", "ASIN", "EXP", "COT")),
                *(f"POWER( {n} , 0.5 )", f"POWER( 10 , {n} )"),
                f"AREA( CIRCLE( POINT( 1 , 1 ) , 1 / {n} ) )",
            ]
        if texts:
            t = self.source.choice(texts).text
            options += [f"CAST( {t} AS {kind} )" for kind in ("INTEGER", "BIGINT", "DOUBLE PRECISION")]
            options += [
                f"ivo_to_mjd( CAST( {t} AS TIMESTAMP ) )",
                f"gavo_match( {t} , '1' )",
                f"ivo_hms_to_degrees( {t} )",
                f"CAST( uraniborg_keyword( 'F.' || {t} , 'OBJECT' ) AS INTEGER )",
                f"uraniborg_keyword_number( {t} , 'EXPTIME' )",
                f"uraniborg_has_keyword( 'F.' || {t} , 'OBJECT' , '42' )",
            ]
        return self.pick(*options)

    def some(self, columns: list[Column]) -> Column | None:
        found = [column for column in columns if column.kind in COMPARED]
        return self.source.choice(found) if found else None

    def number(self, columns: list[Column], depth: int) -> str:
        return self.breaking(columns) if self.chance(0.1) else super().number(columns, depth)

    def predicate(self, columns: list[Column], depth: int) -> str:
        return self.equality(columns) if self.chance(0.2) else super().predicate(columns, depth)

    def named_join(self, depth: int) -> str:
        """Tables that may be of different kinds, joined by the columns whose names they share."""
        names = self.source.choices(("site.frames", "site.parts", "site.plain", "tap_upload.mine"), k=2)
        kind = self.pick("", "INNER", "LEFT", "RIGHT", "FULL OUTER")
        first, second = f"{names[0]} AS a", f"{names[1]} AS b"
        natural = self.chance(0.3)
        join = f"NATURAL {kind} JOIN {second}" if natural else f"{kind} JOIN {second} USING ( number )"
        number = [Column("number", "integer")]
        where = f" WHERE {self.condition(number, depth - 1)}" if self.chance(0.5) else ""
        asked = self.pick("*", "number", "COUNT( * )", "MAX( number )")
        return f"SELECT {asked} FROM {first} {join}{where}"
