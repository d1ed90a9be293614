"""A small sky for the tests of queries: stars, a few targets, footprints, shapes; and how to ask about it."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from archive.database import Database
from archive.database.bulk import copy_records
from archive.declare import types
from archive.declare.columns import Column
from archive.declare.semantics import ICRS, MJD_UTC
from archive.declare.tables import Record, Schema, Table
from archive.query import compile
from tap.adql.resolve import translate

STARS = Table(
    "sky.stars",
    (
        Column("id", types.INTEGER, ucd="meta.id;meta.main", description="Number"),
        Column("ra", types.DOUBLE, "deg", "pos.eq.ra;meta.main", description="Right ascension", coosys=ICRS),
        Column("dec", types.DOUBLE, "deg", "pos.eq.dec;meta.main", description="Declination", coosys=ICRS),
        Column("ra4", types.FLOAT, "deg", "pos.eq.ra", description="Right ascension, rounded"),
        Column("dec4", types.FLOAT, "deg", "pos.eq.dec", description="Declination, rounded"),
        Column("mag", types.FLOAT, "mag", "phot.mag;em.opt.V", description="Magnitude"),
        Column("radius", types.DOUBLE, "deg", "phys.angSize", description="Error circle"),
    ),
    "Stars all over the sky",
    positions=(("ra", "dec"), ("ra4", "dec4")),
)
TARGETS = Table(
    "sky.targets",
    (
        Column("id", types.INTEGER, ucd="meta.id;meta.main", description="Number"),
        Column("name", types.TEXT, ucd="meta.id", description="Name"),
        Column("code", types.char(4), description="Short name"),
        Column("lon", types.DOUBLE, "deg", "pos.eq.ra;meta.main", description="Right ascension", coosys=ICRS),
        Column("lat", types.DOUBLE, "deg", "pos.eq.dec;meta.main", description="Declination", coosys=ICRS),
        Column("radius", types.DOUBLE, "deg", "phys.angSize", description="Radius"),
        Column("seen", types.TIMESTAMP, "", "time.epoch", description="When it was seen"),
        Column("t_min", types.DOUBLE, "d", "time.start", "char:Start", "Start", timesys=MJD_UTC),
        Column("good", types.BOOLEAN, description="Whether it is good"),
        Column("n", types.SHORT, description="Small number"),
        Column("big", types.LONG, description="Large number"),
        Column("flux", types.FLOAT, "Jy", "phot.flux", description="Flux"),
        Column("size", types.DOUBLE, "arcsec", "phys.angSize", description="Has a reserved word's name"),
        Column("Odd name", types.INTEGER, description="Has a blank in its name"),
        Column("xmin", types.INTEGER, description="Has a name that PostgreSQL keeps for itself"),
    ),
    "A few targets",
    positions=(("lon", "lat"),),
)
FIELDS = Table(
    "sky.Fields",
    (
        Column("name", types.TEXT, description="Name"),
        Column("s_region", types.REGION, "", "pos.outline;obs.field", description="Footprint"),
    ),
    "Footprints of all sorts",
)
SHAPES = Table(
    "sky.shapes",
    (
        Column("name", types.TEXT, description="Name"),
        Column("p", types.POINT, "deg", "pos.eq", description="A point"),
        Column("c", types.CIRCLE, "deg", "pos.outline", description="A circle"),
        Column("o", types.POLYGON, "deg", "pos.outline", description="A polygon"),
        Column("span", types.INTERVAL, "m", "em.wl", description="An interval"),
        Column("text", types.TEXT, description="A polygon as DALI writes it"),
    ),
    "Shapes as DALI's arrays",
)
SKY = Schema("sky", (STARS, TARGETS, FIELDS, SHAPES), "The sky of the tests")

STAR_COUNT = 20_000
MAS = 1 / 3_600_000

# Places where longitudes mean little, or jump; all become targets, and stars.
PLACES = {
    "origin": (0.0, 0.0),
    "north pole": (0.0, 90.0),
    "south pole": (123.0, -90.0),
    "near north pole": (200.0, 90.0 - 0.5 / 3600),
    "before RA 0": (360.0 - 0.5 / 3600, 10.0),
    "after RA 0": (0.5 / 3600, 10.0),
    "antipode": (180.0, 0.0),
    "plain": (83.633212, 22.01446),
    "its antipode": (263.633212, -22.01446),
}
# Positions that are none, with what ESO writes for a lamp.
NOWHERE = ((-596.5, -596.5), (math.nan, 10.0), (10.0, math.inf), (None, 10.0), (10.0, None), (10.0, 90.5))


def star_positions() -> list[tuple[float, float]]:
    """Real positions: all over the sky, then the places above."""
    source = random.Random(1572)
    spread = [
        (source.uniform(0, 360), math.degrees(math.asin(source.uniform(-1, 1)))) for _ in range(STAR_COUNT)
    ]
    return spread + list(PLACES.values())


def _stars() -> Iterator[Record]:
    for number, (ra, dec) in enumerate([*star_positions(), *NOWHERE]):
        yield STARS.row(
            id=number, ra=ra, dec=dec, ra4=ra, dec4=dec, mag=number % 21, radius=(number % 7) / 10
        )


def _targets() -> Iterator[Record]:
    for number, (name, (lon, lat)) in enumerate(PLACES.items()):
        yield TARGETS.row(
            id=number,
            name=name,
            code=name[:4],
            lon=lon,
            lat=lat,
            radius=number / 2,
            seen=datetime.fromisoformat(f"2026-01-31T12:00:0{number}"),
            t_min=61071.5 + number,
            good=number % 2 == 0,
            n=number,
            big=2**40 + number,
            flux=number / 8,
            size=number * 3.6,
            xmin=number,
            **{"Odd name": number},
        )
    yield TARGETS.row(id=99, name="nowhere", lon=-596.5, lat=-596.5, radius=-1.0)
    yield TARGETS.row(id=100)


REGIONS: dict[str, str | None] = {
    "square": "POLYGON ICRS 9 19 9 21 11 21 11 19",
    "clockwise square": "POLYGON ICRS 49 19 51 19 51 21 49 21",
    "two chips": "UNION ICRS (POLYGON 99 -1 99 1 99.9 1 99.9 -1 POLYGON 100.1 -1 100.1 1 101 1 101 -1)",
    "circle": "CIRCLE ICRS 200 -45 2",
    "spectrum": "POSITION ICRS 150 2",
    "over RA 0": "POLYGON ICRS 359 -31 359 -29 1 -29 1 -31",
    "north cap": "POLYGON ICRS 0 85 90 85 180 85 270 85",
    "all the sky": "ALLSKY",
    "nothing": None,
}


def _fields() -> Iterator[Record]:
    for name, text in REGIONS.items():
        yield FIELDS.row(name=name, s_region=text)
    source = random.Random(4)
    for number in range(3000):
        ra, dec = source.uniform(100, 360), source.uniform(-80, 80)
        yield FIELDS.row(name=f"random {number}", s_region=f"CIRCLE ICRS {ra:.6f} {dec:.6f} 0.05")


def _shapes() -> Iterator[Record]:
    square = [9.0, 19.0, 9.0, 21.0, 11.0, 21.0, 11.0, 19.0]
    yield SHAPES.row(
        name="square", p=[10.0, 20.0], c=[10.0, 20.0, 1.0], o=square, span=[1.0, 2.0], text="9 19 9 21 11 21"
    )
    yield SHAPES.row(
        name="closed", p=[0.0, 90.0], c=[0.0, 90.0, 5.0], o=square + square[:2], text="1 1 1 2 2 2 1 1"
    )
    yield SHAPES.row(
        name="crossed", p=[-596.5, 0.0], c=[10.0, 20.0, -1.0], o=[0.0, 0.0, 10.0, 10.0, 10.0, 0.0, 0.0, 10.0]
    )
    yield SHAPES.row(name="empty")


def fill(database: Database) -> None:
    """Publishes the tables and writes their rows."""
    database.publish(SKY.tables, [SKY])
    with database.writer() as connection:
        for table, records in (
            (STARS, _stars()),
            (TARGETS, _targets()),
            (FIELDS, _fields()),
            (SHAPES, _shapes()),
        ):
            copy_records(connection, table, records)
    with database.writer() as connection:
        for table in SKY.tables:
            connection.execute(f'ANALYZE "{table.physical_schema}"."{table.physical_name}"'.encode())


@dataclass(frozen=True)
class Sky:
    """The filled database, asked in ADQL."""

    database: Database

    def ask(self, text: str) -> list[tuple[object, ...]]:
        statement = compile(translate(text, self.database.catalogue))
        with self.database.run(statement, maxrec=None, first_seconds=20.0, total_seconds=20.0) as result:
            return [
                row
                for batch in result
                for row in zip(*(column.to_pylist() for column in batch.columns), strict=True)
            ]

    def one(self, expression: str) -> object:
        """The value of an expression without columns."""
        ((value,),) = self.ask(f"SELECT TOP 1 {expression} AS x FROM sky.targets")
        return value

    def ids(self, condition: str, table: str = "sky.stars") -> set[object]:
        return {row[0] for row in self.ask(f"SELECT id FROM {table} WHERE {condition}")}

    def names(self, condition: str, table: str = "sky.Fields") -> set[object]:
        rows = self.ask(f"SELECT name FROM {table} WHERE {condition}")
        return {row[0] for row in rows if not str(row[0]).startswith("random")}

    def plan(self, text: str) -> str:
        statement = compile(translate(text, self.database.catalogue))
        with self.database.writer() as connection:
            rows = connection.execute(f"EXPLAIN {statement.sql}".encode(), prepare=False).fetchall()
        return "\n".join(str(row[0]) for row in rows)
