"""What queries written for ESO's archive rely on, feature by feature; each has an answer known beforehand."""

from __future__ import annotations

import pytest

from archive.query import compile
from frontdesk.eso import TAP_OBS
from tap.adql.resolve import translate
from tap.profiles import STANDARD
from tests.eso.conftest import Site

HAWKI = "SELECT COUNT(*) FROM dbo.raw WHERE instrument = 'HAWKI'"


def count(site: Site, where: str, table: str = "dbo.raw") -> int:
    return int(site.rows(f"SELECT COUNT(*) FROM {table} WHERE {where}")[0][0])


# --- letter case ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition",
    [
        "instrument = 'hawki'",
        "'hAwKi' = instrument",
        "instrument IN ('Hawki')",
        "instrument IN ('hawki', 'nothing')",
        "instrument LIKE 'hawk_'",
        "instrument LIKE 'h%I'",
        "NOT instrument <> 'hawki'",
        "NOT instrument != 'Hawki'",
        "instrument NOT IN ('uves', 'Fors2') AND instrument LIKE 'HAW%'",
        "instrument BETWEEN 'hawki' AND 'HAWKI'",
        "dp_id IN (SELECT LOWER(dp_id) FROM dbo.raw WHERE instrument = 'hawki')",
        "LOWER(dp_id) IN (SELECT DISTINCT UPPER(dp_id) FROM dbo.raw WHERE instrument = 'hawki')",
        "instrument || '' = 'ha' || 'WKI'",
    ],
)
def test_texts_match_in_any_letter_case(site: Site, condition: str) -> None:
    wanted = site.rows(HAWKI, "tap")[0][0]
    assert wanted > 0
    assert count(site, condition) == wanted


@pytest.mark.parametrize(
    "tables",
    [
        "dbo.raw AS a JOIN {other} AS b ON a.instrument = b.name",
        "dbo.raw AS a, {other} AS b WHERE b.name = a.instrument",
        "(SELECT instrument AS name FROM dbo.raw) AS a JOIN {other} AS b USING (name)",
        "(SELECT instrument AS name FROM dbo.raw) AS a NATURAL JOIN {other} AS b",
    ],
)
def test_joins_match_in_any_letter_case(site: Site, tables: str) -> None:
    other = "(SELECT DISTINCT LOWER(instrument) AS name FROM dbo.raw WHERE instrument = 'HAWKI')"
    found = site.rows(f"SELECT COUNT(*) FROM {tables.format(other=other)}")
    assert found == site.rows(HAWKI, "tap")


def test_names_of_tables_match_in_any_letter_case(site: Site) -> None:
    query = "SELECT COUNT(*) FROM TAP_SCHEMA.columns WHERE table_name = '{}'"
    counts = {site.rows(query.format(name))[0][0] for name in ("ist.hawki", "ist.HAWKI", "IST.Hawki")}
    assert len(counts) == 1
    assert counts != {0}
    assert site.rows("SELECT TOP 0 * FROM IST.HaWkI") == []


def test_the_standards_service_tells_letter_cases_apart(site: Site) -> None:
    assert site.rows("SELECT COUNT(*) FROM dbo.raw WHERE instrument = 'hawki'", "tap") == [[0]]
    catalogue = site.database.catalogue
    text = "SELECT COUNT(*), s_region FROM ivoa.ObsCore WHERE target_name LIKE 'a%' GROUP BY s_region"
    sql = compile(translate(text, catalogue, STANDARD)).sql
    assert sql == compile(translate(text, catalogue)).sql
    assert "lower" not in sql
    assert "calib_level" not in sql
    ours = compile(translate(text, TAP_OBS.shown(catalogue), TAP_OBS)).sql
    assert "lower" in ours
    assert "calib_level" in ours


# --- times ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "condition",
    [
        "exp_start > '2026-03-13'",
        "exp_start >= '2026-03-13T12:00:00'",
        "exp_start >= '2026-03-13 12:00:00.000'",
        "exp_start BETWEEN '2026-03-13' AND '2026-03-15 00:00'",
        "'2026-03-15' > exp_start",
        "exp_start > '2026-03-13T12:00:00Z'",
        "eso_dateadd_sec(-86400, exp_start) < '2026-03-14'",
        "ESO_DATEADD_SEC(0.5, exp_start) > exp_start",
        "date_obs LIKE '2026-03-1%'",
    ],
)
def test_times_are_compared_with_texts(site: Site, condition: str) -> None:
    assert count(site, condition) == site.rows("SELECT COUNT(*) FROM dbo.raw", "tap")[0][0]


def test_seconds_are_added_to_times(site: Site) -> None:
    query = "SELECT TOP 1 eso_dateadd_sec(-360.25, '2026-03-14 00:00') AS t FROM dbo.raw"
    answer = site.ask(query)
    assert answer["data"] == [["2026-03-13T23:53:59.750"]]
    assert answer["metadata"][0]["xtype"] == "timestamp"


# --- regions ----------------------------------------------------------------------------------------------


def test_regions_are_stcs_with_their_frame(site: Site) -> None:
    answer = site.ask("SELECT DISTINCT s_region, dp_id FROM ivoa.ObsCore ORDER BY 2")
    assert answer["metadata"][0]["xtype"] == "adql:REGION"
    texts = {text.split()[0] + " " + text.split()[1] for text, _ in answer["data"] if text}
    assert texts <= {"POLYGON J2000", "POSITION J2000", "CIRCLE J2000", "UNION J2000"}
    assert {"POLYGON J2000", "POSITION J2000"} <= texts
    united = "SELECT s_region FROM dbo.raw UNION SELECT s_region FROM ivoa.ObsCore"
    assert not any("ICRS" in text for (text,) in site.rows(united) if text)
    assert count(site, "s_region LIKE 'position j2000%'", "ivoa.ObsCore") > 0


@pytest.mark.parametrize("frame", ["", "ICRS", "J2000", "icrs"])
def test_coordinate_systems(site: Site, frame: str) -> None:
    cone = f"INTERSECTS(s_region, CIRCLE('{frame}', 154.403, -46.412, 0.5)) = 1"
    assert count(site, cone) == count(site, "INTERSECTS(CIRCLE(154.403, -46.412, 0.5), s_region) = 1") > 0


@pytest.mark.parametrize(
    "condition",
    [
        "1 = CONTAINS(s_region, CIRCLE('', 154.403, -46.412, 5))",
        "CONTAINS(o.s_region, REGION('CIRCLE J2000 154.403 -46.412 5')) = 1",
        "INTERSECTS(REGION('Circle ICRS 154.403 -46.412 5'), s_region) = 1",
        "INTERSECTS(s_region, s_region) = 1 AND target_name = 'ngc 3201'",
        "DISTANCE(s_region, POINT('', 154.403, -46.412)) < 0.3",
        "DISTANCE(POINT('', 154.403, -46.412), s_region) < 0.3",
        "AREA(s_region) >= 0 AND target_name = 'ngc 3201'",
        "ESO_INTERSECTION(s_region, CIRCLE('', 154.403, -46.412, 5)) >= 0.999 * AREA(s_region)"
        " AND target_name = 'ngc 3201'",
    ],
)
def test_regions_are_arguments_of_geometry(site: Site, condition: str) -> None:
    wanted = count(site, "target_name = 'NGC 3201'", "ivoa.ObsCore")
    assert wanted > 0
    assert count(site, condition, "ivoa.ObsCore AS o") == wanted


def test_footprints_of_two_subqueries_are_compared(site: Site) -> None:
    query = """
        SELECT a.dp_id, b.dp_id, eso_intersection(a.s_region, b.s_region) AS shared
        FROM (SELECT * FROM ivoa.ObsCore WHERE dataproduct_type = 'IMAGE') a,
             (SELECT * FROM ivoa.ObsCore WHERE dataproduct_type = 'Image') b
        WHERE INTERSECTS(a.s_region, b.s_region) = 1 AND a.dp_id = b.dp_id
          AND ESO_INTERSECTION(a.s_region, b.s_region) > 0.99 * AREA(a.s_region)
        ORDER BY 1, shared DESC"""
    found = site.rows(query)
    assert len(found) == count(site, "dataproduct_type = 'image'", "ivoa.ObsCore") > 0
    assert all(first == second and shared > 0 for first, second, shared in found)


@pytest.mark.parametrize(("dec", "north"), [(80, 1), (-80, 0)])
def test_a_polygon_encloses_its_pole(site: Site, dec: int, north: int) -> None:
    corners = f"0, {dec}, 90, {dec}, 180, {dec}, 270, {dec}"
    outline = f"POLYGON('', {corners})"
    query = (
        f"SELECT TOP 1 AREA({outline}) AS a, CONTAINS(POINT('', 0, 90), {outline}) AS n,"
        f" CONTAINS(POINT('', 0, -90), {outline}) AS s FROM dbo.raw"
    )
    [(area, found_north, found_south)] = site.rows(query)
    assert 190 < area < 210
    assert (found_north, found_south) == (north, 1 - north)


def test_frames_without_a_place_on_the_sky_match_no_position(site: Site) -> None:
    query = (
        "SELECT TOP 1 CONTAINS(POINT('', -596.5232, -596.5232 + 0 * mjd_obs), CIRCLE('', 123.5, 0, 90)) AS c,"
        " DISTANCE(POINT('', ra - 1000, dec), POINT('', 0, 0)) AS d FROM dbo.raw"
    )
    assert site.rows(query) == [[None, None]]


# --- the rest of the language -----------------------------------------------------------------------------


def test_a_count_without_a_name_has_esos(site: Site) -> None:
    answer = site.ask("SELECT count(*), count(distinct(instrument)) FROM dbo.raw")
    assert [field["name"] for field in answer["metadata"]] == ["COUNT_ALL", "count"]
    assert [field["name"] for field in site.ask("SELECT COUNT(*) FROM dbo.raw", "tap")["metadata"]] == [
        "count"
    ]


def test_json_is_what_scripts_read(site: Site) -> None:
    answer = site.ask("SELECT TOP 2 dp_id, ra FROM dbo.raw ORDER BY dp_id")
    assert len(answer["data"]) == 2
    assert [field["name"] for field in answer["metadata"]] == ["dp_id", "ra"]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        (
            "-- which?\nSELECT instrument, count(*) number -- how many\nFROM dbo.raw\nGROUP BY instrument\n"
            "HAVING count(*) > 1\nORDER BY 2 desc, 1\n-- the end",
            ["instrument", "number"],
        ),
        (
            'SELECT dp_id, dp_cat || dp_tech || dp_type "kind (if raw)" FROM dbo.raw',
            ["dp_id", "kind (if raw)"],
        ),
        (
            "SELECT dataproduct_type, count(*) Products, sum(access_estsize)/1000000000. TB FROM ivoa.obscore"
            " GROUP BY dataproduct_type ORDER BY 3 DESC",
            ["dataproduct_type", "Products", "TB"],
        ),
        ("SELECT dec, ra, * FROM asm.lhatpros_paranal_profiles WHERE valid=1", ["dec", "ra", "start_date"]),
        (
            "SELECT ivoa.obscore.dp_id, obscore.target_name, raw.dp_id as made_of"
            " FROM ivoa.obscore, dbo.raw as raw WHERE raw.dp_id in"
            " (SELECT source_file FROM phase3v2.provenance as p, phase3v2.files as f"
            "  WHERE p.product_file = f.file_id AND archive_id = ivoa.obscore.dp_id)",
            ["dp_id", "target_name", "made_of"],
        ),
        (
            "SELECT avg(turbfwhm) as seeing, count(distinct(mass.start_date)) as samples, raw.dp_id as frame"
            " FROM asm.MASS_paranal as mass, dbo.raw as raw"
            " WHERE mass.start_date between eso_dateadd_sec(-360, raw.exp_start)"
            " and eso_dateadd_sec(360, raw.exp_start) and instrument = 'hawki' GROUP BY raw.dp_id",
            ["seeing", "samples", "frame"],
        ),
        (
            'SELECT p.product, o.dp_id, r.kind "kind (if raw)" FROM'
            " (SELECT archive_id as product, source_file as source FROM phase3v2.provenance as v,"
            "  phase3v2.files as f WHERE v.product_file = f.file_id) as p"
            " LEFT JOIN (SELECT dp_id FROM ivoa.ObsCore) as o ON p.source = o.dp_id"
            " LEFT JOIN (SELECT dp_id, dp_cat || '.' || dp_type as kind FROM dbo.raw) as r"
            " ON p.source = r.dp_id",
            ["product", "dp_id", "kind (if raw)"],
        ),
    ],
)
def test_forms_that_examples_use(site: Site, query: str, names: list[str]) -> None:
    answer = site.ask(query)
    assert [field["name"] for field in answer["metadata"]][: len(names)] == names
    assert answer["data"]


# --- what is shown ----------------------------------------------------------------------------------------


def test_only_products_are_in_obscore(site: Site) -> None:
    assert count(site, "calib_level < 2", "ivoa.ObsCore") == 0
    everything = "SELECT COUNT(*) FROM ivoa.ObsCore WHERE calib_level > 1"
    assert site.rows("SELECT COUNT(*) FROM ivoa.obscore") == site.rows(everything, "tap")
    hidden = (
        "SELECT COUNT(*) FROM dbo.raw AS r LEFT JOIN ivoa.ObsCore AS o ON o.dp_id = r.dp_id"
        " WHERE o.dp_id IS NULL"
    )
    assert site.rows(hidden) == site.rows("SELECT COUNT(*) FROM dbo.raw")


def test_indexes_serve_the_profile(site: Site) -> None:
    """Of a table large enough, PostgreSQL would choose them; here it is told not to read everything."""
    catalogue = site.database.catalogue
    shown = TAP_OBS.shown(catalogue)
    for query, index in (
        ("SELECT * FROM dbo.raw WHERE dp_id = 'hawki.x'", "raw_dp_id_folded_idx"),
        ("SELECT * FROM dbo.raw WHERE prog_id IN ('a', 'B')", "raw_prog_id_folded_idx"),
        ("SELECT * FROM dbo.raw WHERE object LIKE 'NGC 32%'", "raw_object_folded_idx"),
        ("SELECT * FROM ist.hawki WHERE dp_id = 'x'", "hawki_dp_id_folded_idx"),
        ("SELECT * FROM ivoa.ObsCore WHERE target_name = 'x'", "obscore_target_name_folded_idx"),
        (
            "SELECT * FROM ivoa.ObsCore WHERE INTERSECTS(s_region, CIRCLE('', 1, 2, 3)) = 1",
            "obscore_s_region_region_idx",
        ),
        (
            "SELECT f.file_id FROM phase3v2.files f JOIN ivoa.ObsCore o ON o.dp_id = f.archive_id"
            " WHERE o.target_name = 'x'",
            "files_archive_id_folded_idx",
        ),
    ):
        sql = compile(translate(query, shown, TAP_OBS)).sql
        with site.database.writer() as connection:
            connection.execute("SET LOCAL enable_seqscan = off")
            connection.execute("SET LOCAL enable_hashjoin = off")
            connection.execute("SET LOCAL enable_mergejoin = off")
            plan = "\n".join(line for (line,) in connection.execute(f"EXPLAIN {sql}".encode()))
        assert index in plan, plan
