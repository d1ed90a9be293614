"""Every kind of difference: shown and nothing changed, taken and nothing left, rows kept."""

from __future__ import annotations

from dataclasses import replace

import pytest

from archive.database.migration_steps import ALL, SAFE
from archive.declare import types
from archive.declare.columns import Column
from archive.declare.tables import Key, Table
from archive.errors import ConfigurationError
from tests.migrate.support import THINGS, Site, adding, column, without, words

PLX = Column("plx", types.DOUBLE, description="Parallax", indexed=True)
REGION = Column("footprint", types.REGION, description="Where it is")
ONCE = Column("once", types.INTEGER, nullable=False, description="Needed")
FRIEND = Key(("seen",), "cat.things", ("id",), "Another one", enforced=True)

WIDER = {
    changed.by_name[name].name: changed.by_name[name]
    for name, changed in {
        "flux": column("flux", type=types.DOUBLE),
        "seen": column("seen", type=types.LONG),
        "fluxes": column("fluxes", type=types.array_of(types.DOUBLE, "*")),
        "name": column("name", indexed=False, folded=True),
        "ra": column("ra", unit="rad", nullable=False),
    }.items()
}
SAFE_ONES = [
    (adding(PLX), "column plx is added"),
    (adding(PLX), "index things_plx_idx is made"),
    (adding(REGION), "columns footprint, footprint__bounds, footprint__points, footprint__circles, "
     "footprint__polygons are added"),
    (adding(REGION), "index things_footprint_region_idx is made"),
    (replace(THINGS, positions=(("ra", "dec"),)), "index things_ra_dec_position_idx is made"),
    (replace(THINGS, spans=(("low", "high"),)), "index things_low_high_span_idx is made"),
    (replace(THINGS, indexes=(("name", "id"),)), "index things_name_id_idx is made"),
    (column("name", folded=True), "index things_name_folded_idx is made"),
    (replace(THINGS, covering=((("name",), ("ra", "seen")),)), "index things_name_covering_idx is made"),
    (replace(THINGS, covering=((("name",), ("ra", "seen")),)),
     "index things_name_idx, which is not declared any more, is removed"),
    (column("name", indexed=False), "index things_name_idx, which is not declared any more, is removed"),
    (column("flux", type=types.DOUBLE), "column flux becomes double precision instead of real"),
    (column("seen", type=types.LONG), "column seen becomes bigint instead of integer"),
    (column("fluxes", type=types.array_of(types.DOUBLE, "*")),
     "column fluxes becomes double precision[] instead of real[]"),
    (column("ra", nullable=False), "column ra must have a value"),
    (replace(THINGS, description="Better described"), "a comment is renewed"),
    (column("ra", unit="rad"), "what TAP_SCHEMA tells of it is renewed"),
]  # fmt: skip
DESTRUCTIVE_ONES = [
    (without("name"), "column name is not declared any more: it is removed with its values"),
    (column("id", type=types.INTEGER), "column id becomes integer instead of bigint; values are rounded"),
    (column("ra", type=types.FLOAT), "column ra becomes real instead of double precision; values are"),
    (column("flux", type=types.TEXT), "column flux becomes text instead of real; values are"),
    (column("seen", nullable=False), "column seen must have a value, which removes 1 rows without one"),
    (adding(ONCE), "column once, in which every row needs a value, is added, which removes all 2 rows"),
    (replace(THINGS, primary_key=("id", "name")), "PRIMARY KEY (id) is given up"),
    (replace(THINGS, primary_key=("name",)), "PRIMARY KEY (name) is made"),
    (replace(THINGS, primary_key=()), "PRIMARY KEY (id) is given up"),
]  # fmt: skip


COMBINED = [
    replace(adding(PLX, REGION), positions=(("ra", "dec"),), spans=(("low", "high"),), description="New"),
    replace(
        THINGS,
        columns=tuple(WIDER.get(c.name, c) for c in THINGS.columns),
        indexes=(("name", "id"),),
    ),
]


def rows(site: Site) -> list[tuple[object, ...]]:
    return site.run("SELECT id, ra::float8, flux::float8, fluxes::float8[]::text FROM cat.things ORDER BY id")


def test_safe_steps_are_shown(site: Site) -> None:
    before = site.shapes()
    for changed, said in SAFE_ONES:
        shown = site.shown(changed, terms=SAFE)
        assert [step for step in shown.taken if step.words.startswith(said)], said
        assert not shown.left and not any(step.destructive for step in shown.taken)
    assert site.shapes() == before


@pytest.mark.parametrize("changed", COMBINED)
def test_safe_steps_are_taken_once(site: Site, changed: Table) -> None:
    kept = rows(site)
    shown = site.shown(changed)
    assert site.migrate(changed) == shown
    assert words(site.shown(changed)) == [] and rows(site) == kept


def test_a_start_takes_safe_steps_by_itself(site: Site) -> None:
    kept = rows(site)
    for changed in COMBINED:
        site.prepare(changed)
    [left] = words(site.shown(COMBINED[1]))
    assert left.startswith("columns plx, footprint, footprint__bounds,") and rows(site) == kept


@pytest.mark.parametrize(("changed", "said"), DESTRUCTIVE_ONES)
def test_a_destructive_step_is_taken_only_when_told(site: Site, changed: Table, said: str) -> None:
    before, kept = site.shapes(), rows(site)
    shown = site.shown(changed)
    [step] = [step for step in shown.taken if said in step.words]
    assert step.destructive
    assert site.shapes() == before and rows(site) == kept
    if step.needed:
        with pytest.raises(ConfigurationError, match="nothing was changed") as raised:
            site.prepare(changed)
        assert "migrate --apply --destructive" in str(raised.value.hint)
    else:
        assert step in site.migrate(changed).left
    assert rows(site) == kept
    assert site.migrate(changed, terms=ALL).left == ()
    assert words(site.shown(changed)) == []
    lost = {"seen": 1, "once": 2}.get(said.split()[1].rstrip(","), 0)
    assert site.run("SELECT count(*) FROM cat.things") == [(2 - lost,)]


def test_an_empty_table_loses_nothing(site: Site) -> None:
    site.run("DELETE FROM cat.things")
    for changed, _ in DESTRUCTIVE_ONES[:6]:
        site.prepare(changed)
    assert words(site.shown(changed)) == []


def test_several_differences_at_once(site: Site) -> None:
    changed = replace(COMBINED[0], columns=tuple(c for c in COMBINED[0].columns if c.name != "name"))
    kept = rows(site)
    site.prepare(changed)
    assert words(site.shown(changed)) == [
        "column name is not declared any more: it is removed with its values"
    ]
    site.migrate(changed, terms=ALL)
    assert words(site.shown(changed)) == [] and rows(site) == kept
    with site.database.writer() as connection:
        connection.execute("SET LOCAL enable_seqscan = off")
        plan = connection.execute(
            "EXPLAIN SELECT FROM cat.things WHERE adql.position(ra, dec) <@ '<(10d,20d),1d>'::scircle"
        ).fetchall()
    assert "things_ra_dec_position_idx" in str(plan)


def test_hidden_columns_of_a_region_follow_it(site: Site) -> None:
    site.prepare(adding(REGION))
    site.run("UPDATE cat.things SET footprint = 'CIRCLE ICRS 1 1 1', footprint__bounds = '<(1d,1d),1d>'")
    text = adding(replace(REGION, type=types.TEXT))
    assert sum("footprint__" in said for said in words(site.shown(text))) == 1
    site.migrate(text, terms=ALL)
    assert words(site.shown(text)) == []
    [back] = [
        said for said in words(site.shown(adding(REGION))) if "footprint__bounds" in said and "add" in said
    ]
    assert "not found by it until they are written anew" in back


def test_keys_come_and_go(site: Site) -> None:
    other = Table(
        "cat.others",
        (Column("id", types.LONG, nullable=False), Column("thing", types.LONG)),
        "Others",
        primary_key=("id",),
    )
    linked = replace(other, keys=(Key(("thing",), "cat.things", ("id",), "It", enforced=True),))
    site.prepare(THINGS, other)
    site.run("INSERT INTO cat.others VALUES (1, 1)")
    assert "holds; rows that break it stop everything" in str(words(site.shown(THINGS, linked)))
    site.migrate(THINGS, linked)
    assert words(site.shown(THINGS, linked)) == []
    site.migrate(THINGS, other)
    site.run("INSERT INTO cat.others VALUES (2, 77)")
    with pytest.raises(ConfigurationError, match=r"nothing was changed, as table cat\.others") as raised:
        site.prepare(THINGS, linked)
    assert "(77)" in str(raised.value) and "correct or remove these rows" in str(raised.value.hint)
    assert site.run("SELECT id FROM cat.others ORDER BY 1") == [(1,), (2,)]


def test_rows_that_agree_in_a_new_primary_key_stop_it(site: Site) -> None:
    site.run("UPDATE cat.things SET name = 'the same'")
    with pytest.raises(ConfigurationError, match=r"the same.*is duplicated"):
        site.migrate(replace(THINGS, primary_key=("name",)), terms=ALL)
    assert len(rows(site)) == 2


def test_a_value_that_does_not_fit_stops_it(site: Site) -> None:
    with pytest.raises(ConfigurationError, match="invalid input syntax for type integer"):
        site.migrate(column("name", type=types.INTEGER), terms=ALL)
    with pytest.raises(ConfigurationError, match="out of range"):
        site.run("UPDATE cat.things SET id = 3000000000 WHERE id = 2")
        site.migrate(column("id", type=types.INTEGER), terms=ALL)


def test_what_others_have_made_of_a_table_stops_it(site: Site) -> None:
    site.run("CREATE VIEW cat.mine AS SELECT flux FROM cat.things")
    with pytest.raises(ConfigurationError, match="view or rule") as raised:
        site.migrate(column("flux", type=types.DOUBLE))
    assert "drop what somebody has made" in str(raised.value.hint)


def test_an_index_of_an_operator_stays(site: Site) -> None:
    site.run("CREATE INDEX mine ON cat.things (seen)")
    site.prepare(adding(PLX))
    assert words(site.shown(adding(PLX))) == []
    assert "mine" in site.shapes()["cat", "things"].indexes


def test_tables_come_and_go(site: Site) -> None:
    more = Table("cat.more", (PLX,), "More")
    before = site.shapes()
    [made] = site.shown(THINGS, more).taken
    assert (made.table, made.words) == ("cat.more", "is made")
    assert made.statements[1].startswith('CREATE TABLE "cat"."more"')
    assert site.shapes() == before
    site.migrate(THINGS, more)
    assert words(site.shown(THINGS, more)) == []
    site.run("INSERT INTO cat.more VALUES (1)")
    # A start forgets it, not its rows.
    site.prepare(THINGS)
    assert site.run("SELECT count(*) FROM tap_schema.tables WHERE table_name = 'cat.more'") == [(0,)]
    [gone] = site.shown(THINGS).taken
    assert gone.destructive and "it is removed with its 1 rows" in gone.words
    assert site.migrate(THINGS).left == (gone,)
    # Declared again, it is there again.
    site.prepare(THINGS, more)
    assert words(site.shown(THINGS, more)) == [] and site.run("SELECT plx FROM cat.more") == [(1.0,)]
    site.migrate(THINGS, terms=ALL)
    assert words(site.shown(THINGS)) == [] and ("cat", "more") not in site.shapes()
