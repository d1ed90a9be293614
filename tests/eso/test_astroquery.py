"""Astroquery's client for ESO's archive, as it comes from PyPI, with this archive's addresses."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
import requests
from astropy.io import fits
from astroquery.eso import EsoClass
from astroquery.exceptions import LoginError, MaxResultsWarning, NoResultsWarning

from tests.eso.conftest import Site

# pyvo leaves connections to the garbage collector.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

CONE = {"cone_ra": 154.403, "cone_dec": -46.412, "cone_radius": 0.5}


# --- lists ------------------------------------------------------------------------------------------------


def test_instruments(eso: EsoClass) -> None:
    names = eso.list_instruments()
    assert {"hawki", "uves", "fors2"} <= set(names)
    assert names == sorted(names)


def test_surveys_are_collections_of_products(eso: EsoClass, site: Site) -> None:
    assert eso.list_surveys() == ["Night"]
    assert site.rows("SELECT COUNT(*) FROM ivoa.ObsCore WHERE calib_level < 2", "tap")[0][0] > 0


def test_catalogues_in_their_latest_version(eso: EsoClass) -> None:
    assert eso.list_catalogs() == ["SINGLE_V1", "STARS_V2"]
    assert eso.list_catalogs(all_versions=True) == ["SINGLE_V1", "STARS_V1", "STARS_V2"]


# --- queries ----------------------------------------------------------------------------------------------


def test_main(eso: EsoClass) -> None:
    found = eso.query_main(["hawki", "UVES"], column_filters={"dp_cat": "science"}, **CONE)
    assert found.colnames[:6] == ["object", "ra", "dec", "dp_id", "date_obs", "prog_id"]
    assert set(found["instrument"]) <= {"HAWKI", "UVES"}
    assert set(found["object"]) == {"NGC 3201"}
    assert {text.split()[1] for text in found["s_region"]} == {"J2000"}


@pytest.mark.parametrize(
    "condition",
    [
        {"exp_start": "between '2026-03-14' and '2026-03-15'"},
        {"exp_start": "> '2026-03-13T23:00:00'"},
        {"exp_start": ">= '2026-03-13 23:00:00.000'"},
        {"object": "like 'ngc%'"},
        {"object": "not like 'BIAS%'", "dp_cat": "not in ('calib', 'Acquisition')"},
        {"instrument": "in ('hawki', 'Fors2')"},
        {"tel_airm_start": "not between 5 and 6"},
        {"exposure": "> 0", "dp_tech": "!= 'x'"},
    ],
    ids=str,
)
def test_filters_as_they_are_documented(eso: EsoClass, condition: dict[str, str]) -> None:
    assert eso.query_main(column_filters=condition, count_only=True) > 0


def test_instrument_in_any_letter_case(eso: EsoClass) -> None:
    counts = [eso.query_instrument(name, count_only=True) for name in ("hawki", "HAWKI", "Hawki")]
    assert counts[0] > 0
    assert len(set(counts)) == 1
    found = eso.query_instrument("HaWKI", columns=["dp_id", "object", "exp_start"], top=2)
    assert len(found) == 2
    assert all(dp_id.startswith("HAWKI.") for dp_id in found["dp_id"])


def test_surveys(eso: EsoClass) -> None:
    found = eso.query_surveys("night", column_filters={"dataproduct_type": "IMAGE"}, **CONE)
    assert found.colnames[:4] == ["target_name", "s_ra", "s_dec", "dp_id"]
    assert set(found["obs_collection"]) == {"Night"}
    assert set(found["dataproduct_type"]) == {"image"}


def test_columns_and_top(eso: EsoClass) -> None:
    found = eso.query_surveys(columns="target_name, s_ra, s_dec", top=3)
    assert found.colnames == ["target_name", "s_ra", "s_dec"]
    assert len(found) == 3


def test_number_of_rows_only(eso: EsoClass) -> None:
    assert eso.query_main(count_only=True) == len(eso.query_main())


def test_truncation_and_emptiness_are_noticed(eso: EsoClass) -> None:
    eso.ROW_LIMIT = 2
    with pytest.warns(MaxResultsWarning):
        assert len(eso.query_main()) == 2
    with pytest.warns(NoResultsWarning):
        assert len(eso.query_main(column_filters={"object": "nothing"})) == 0


@pytest.mark.parametrize("query", ["query_main", "query_surveys"])
def test_help_tells_columns_and_rows(eso: EsoClass, query: str) -> None:
    assert getattr(eso, query)(help=True) is None
    columns = eso._columns_table("DBO.Raw")
    kinds = {row["column_name"]: (row["datatype"], row["unit"], row["xtype"]) for row in columns}
    assert kinds["exp_start"] == ("char", "", "timestamp")
    assert kinds["s_region"] == ("char", "", "adql:REGION")
    assert kinds["ra"] == ("double", "deg", "")


def test_free_query(eso: EsoClass) -> None:
    text = "select top 5 dp_id, dp_cat || '/' || dp_type as kind from dbo.raw -- the first ones\norder by 1"
    found = eso.query_tap(text)
    assert found.colnames == ["dp_id", "kind"]
    assert list(found["dp_id"]) == sorted(found["dp_id"])


# --- catalogues -------------------------------------------------------------------------------------------


def test_catalogue(eso: EsoClass) -> None:
    found = eso.query_catalog("stars_v2", columns="ID, Jmag", column_filters={"Jmag": "< 15"})
    assert found.colnames == ["ID", "Jmag"]
    assert 0 < len(found) < 20
    assert eso.query_catalog("safcat.STARS_V2", count_only=True) == 20


def test_catalogue_by_cone_as_the_documentation_shows(eso: EsoClass) -> None:
    key = "CONTAINS(POINT('', RAJ2000, DECJ2000), CIRCLE('', 154.5, -46.4, 0.1))"
    assert 0 < len(eso.query_catalog("STARS_V2", column_filters={key: 1})) < 20


def test_help_of_a_catalogue(eso: EsoClass) -> None:
    assert eso.query_catalog("STARS_V2", help=True) is None
    assert set(eso._columns_table("safcat.stars_v2", tap_endpoint="tap_cat").colnames) == {
        "column_name",
        "datatype",
        "unit",
        "ucd",
    }


# --- files ------------------------------------------------------------------------------------------------


def test_headers(eso: EsoClass) -> None:
    ids = list(eso.query_main(top=2, columns="dp_id")["dp_id"])
    headers = eso.get_headers(ids, cache=False)
    assert list(headers["DP.ID"]) == ids
    # The client leaves the blanks in which FITS ends short texts.
    assert [name.split(".")[0] for name in ids] == [name.strip() for name in headers["INSTRUME"]]
    assert {"RA", "MJD-OBS", "HIERARCH ESO DPR CATG"} <= set(headers.colnames)


def test_several_files(eso: EsoClass, site: Site, tmp_path: Path) -> None:
    ids = list(eso.query_main("hawki", top=3, columns="dp_id")["dp_id"])
    files = eso.retrieve_data(ids, destination=str(tmp_path))
    assert [Path(file).name for file in files] == [f"{name}.fits" for name in ids]
    for file in files:
        assert fits.getheader(file)["SIMPLE"]
    originals = {hashlib.sha256(path.read_bytes()).hexdigest() for path in site.night.frames}
    assert {hashlib.sha256(Path(file).read_bytes()).hexdigest() for file in files} <= originals


def test_what_does_not_exist_is_not_downloaded(eso: EsoClass, tmp_path: Path) -> None:
    assert eso.retrieve_data(["HAWKI.1999-01-01T00:00:00.000"], destination=str(tmp_path)) == []
    assert list(tmp_path.iterdir()) == []


# --- what there is not ------------------------------------------------------------------------------------


def test_calibrations_and_login_are_refused_plainly(eso: EsoClass) -> None:
    with pytest.raises(requests.HTTPError, match="404"):
        eso.get_associated_files(["HAWKI.1999-01-01T00:00:00.000"])
    assert not eso._authenticate(username="tycho", password="hven")
    with pytest.raises(LoginError):
        eso.query_main(authenticated=True)
