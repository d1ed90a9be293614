"""Rows of dbo.raw and ivoa.ObsCore, from twins of real files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from astropy.coordinates import SkyCoord

from ingest import Harvest, Publication, harvest
from tests.ingest.support import RAW, TAN, image, table, write

MOMENT = datetime.fromisoformat("2026-01-02T03:04:05")
PUBLICATION = Publication("archive.example", "https://archive.example", None, MOMENT)
WORLD = TAN | {"CRVAL1": 265.20907, "CRVAL2": -30.86916}


def rows(found: Harvest) -> dict[str, dict[str, object]]:
    return {
        record.table.name: {
            column.name: value
            for column, value in zip(record.table.columns, record.values, strict=True)
            if value is not None
        }
        for record in found.records
    }


def harvested(folder: Path, *hdus: bytes, name: str = "a.fits") -> dict[str, dict[str, object]]:
    return rows(harvest(write(folder, name, *hdus), PUBLICATION))


def obscore(folder: Path, *hdus: bytes, name: str = "a.fits") -> dict[str, object]:
    return harvested(folder, *hdus, name=name)["ivoa.ObsCore"]


def test_a_raw_science_frame(tmp_path: Path) -> None:
    more = {
        "ESO OBS PROG ID": "077.D-0683(B)",
        "ESO OBS ID": 223481,
        "ESO OBS TARG NAME": "PSR",
        "ESO DET DIT": 4.0,
        "ESO DET NDIT": 25,
        "ESO DET CHIP ID": "ESO-Hawaii",
        "ESO DET EXP NO": 4856,
        "ESO INS FILT1 NAME": "H",
        "ESO TEL AMBI RHUM": 23.0,
        "ESO OBS PI-COI NAME": "UNKNOWN",
    }
    found = harvested(tmp_path, image(RAW | WORLD | more), name="any name.fits")
    raw, row = found["dbo.raw"], found["ivoa.ObsCore"]
    expected = {
        "dp_id": "ISAAC.2006-04-13T06:32:38.944",
        "origfile": "ISAAC_SWI_SCI_0014.fits",
        "access_url": "https://archive.example/file/ISAAC.2006-04-13T06:32:38.944",
        "datalink_url": "https://archive.example/datalink/links?"
        "ID=ivo://archive.example/ID?ISAAC.2006-04-13T06:32:38.944",
        "access_estsize": 18,
        "last_mod_date": MOMENT,
        "dp_cat": "SCIENCE",
        "dp_tech": "IMAGE,JITTER",
        "object": "PSR-J1740-3052",
        "target": "PSR",
        "ra": 265.20907,
        "dec": -30.86916,
        "ra_pnt": 265.20907,
        "exp_start": datetime.fromisoformat("2006-04-13T06:32:38.944100"),
        "date_obs": "2006-04-13T06:32:38.9441",
        "mjd_obs": 53838.27267296,
        "exposure": 100.0,
        "det_dit": 4.0,
        "det_ndit": 25,
        "det_chip1id": "ESO-Hawaii",
        "det_expid": 4856,
        "prog_id": "077.D-0683(B)",
        "prog_type": 0,
        "period": 77,
        "ob_id": 223481,
        "filter_path": "H",
        "lambda_min": pytest.approx(1501.0),
        "lambda_max": pytest.approx(1791.0),
        "tel_ambi_rhum": 23.0,
    }
    assert {key: raw[key] for key in expected} == expected
    galactic = SkyCoord(265.20907, -30.86916, unit="deg", frame="fk5").galactic
    assert (raw["gal_lon"], raw["gal_lat"]) == pytest.approx((galactic.l.deg, galactic.b.deg), abs=1e-9)
    assert raw["s_region"] == "POSITION ICRS 265.20906186 -30.8691653"
    assert "pi_coi" not in raw
    wanted = {
        "dataproduct_type": "image",
        "calib_level": 1,
        "obs_collection": "ISAAC raw",
        "obs_id": "223481",
        "obs_publisher_did": "ivo://archive.example/ID?ISAAC.2006-04-13T06:32:38.944",
        "obs_creator_did": "ivo://archive.example/origfile?ISAAC_SWI_SCI_0014.fits",
        "access_url": "https://archive.example/datalink/links?"
        "ID=ivo://archive.example/ID?ISAAC.2006-04-13T06:32:38.944",
        "access_format": "application/x-votable+xml;content=datalink",
        "proposal_id": "077.D-0683(B)",
        "t_min": 53838.27267296,
        "t_exptime": 100.0,
        "s_xel1": 100,
        "s_xel2": 50,
        "o_ucd": "phot.count",
        "em_min": pytest.approx(1501e-9),
        "instrument_name": "ISAAC",
        "facility_name": "ESO-VLT-U1",
        "filter": "H",
    }
    assert {key: row[key] for key in wanted} == wanted
    assert str(row["s_region"]).startswith("POLYGON ICRS ")


def test_positions_off_the_sky_keep_their_values_and_nothing_more(tmp_path: Path) -> None:
    lamp = {"RA": -596.52323555, "DEC": -596.52323555, "ESO DPR CATG": "CALIB", "ESO DPR TYPE": "LAMP"}
    found = harvested(tmp_path, image(RAW | lamp))
    assert found.keys() == {"dbo.raw", "ist.other"}
    assert (found["dbo.raw"]["ra"], found["dbo.raw"]["dec"]) == (-596.52323555, -596.52323555)
    assert not found["dbo.raw"].keys() & {"ra_pnt", "dec_pnt", "gal_lon", "ecl_lat", "s_region"}
    science = harvested(tmp_path, image(RAW | {"RA": -596.52323555, "DEC": float("nan")}))
    assert science["dbo.raw"]["ra"] == -596.52323555 and "dec" not in science["dbo.raw"]
    assert not science["ivoa.ObsCore"].keys() & {"s_ra", "s_dec", "s_region", "gal_lon"}


def test_values_that_do_not_fit_become_null_and_a_problem(tmp_path: Path) -> None:
    path = write(
        tmp_path, "a.fits", image(RAW | {"ESO DET NDIT": 40000, "ESO OBS ID": 2**40, "ESO TEL ALT": 1e60})
    )
    found = harvest(path, PUBLICATION)
    assert not rows(found)["dbo.raw"].keys() & {"det_ndit", "ob_id", "tel_alt"}
    assert {problem.split()[0] for problem in found.problems} == {
        "dbo.raw.det_ndit",
        "dbo.raw.ob_id",
        "dbo.raw.tel_alt",
    }


@pytest.mark.parametrize(
    ("run", "period", "kind"),
    [
        ("184.D-1140(L)", 84, 1),
        ("0102.A-0001(B)", 102, 0),
        ("1100.A-0528(A)", 100, 1),
        ("60.A-9022(A)", 60, None),
        ("106.21JR.001", 106, None),
        ("nonsense", None, None),
    ],
)
def test_periods(tmp_path: Path, run: str, period: int | None, kind: int | None) -> None:
    raw = harvested(tmp_path, image(RAW | {"ESO OBS PROG ID": run}))["dbo.raw"]
    assert (raw.get("period"), raw.get("prog_type")) == (period, kind)


def test_a_phase_3_spectrum(tmp_path: Path) -> None:
    primary = {
        "INSTRUME": "UVES",
        "OBJECT": "BD+33_2642",
        "RA": 237.999331,
        "DEC": 32.94831,
        "RADECSYS": "FK5",
        "EQUINOX": 2000.0,
        "MJD-OBS": 54684.95910047,
        "MJD-END": 54684.95979493412,
        "EXPTIME": 60.0017,
        "PROG_ID": "081.D-0904(A)",
        "OBID1": 200178985,
        "OBID2": 200178986,
        "PRODCATG": "SCIENCE.SPECTRUM",
        "PRODLVL": 2,
        "WAVELMIN": 328.1967,
        "WAVELMAX": 456.2999,
        "SPEC_RES": 43980.0,
        "FLUXCAL": "ABSOLUTE",
        "APERTURE": 0.00028,
        "SNR": 44.5,
        "NCOMBINE": 1,
        "M_EPOCH": False,
        "ARCFILE": "ADP.2020-06-26T11:14:15.799.fits",
        "ORIGFILE": "UV_SFLX.fits",
        "P3ORIG": "IDP",
        "OBSTECH": "ECHELLE",
        "REFERENC": "2008A&A...1",
    }
    flux = {"WAVE": ([[3281.0, 4562.0]], "angstrom"), "FLUX": ([[1.0, 1.0]], "10**(-16)erg/cm2/s/angstrom")}
    row = obscore(tmp_path, image(primary, ()), table(flux, "SPECTRUM"), name="b.fits.gz")
    expected = {
        "dp_id": "ADP.2020-06-26T11:14:15.799",
        "dataproduct_type": "spectrum",
        "calib_level": 2,
        "obs_id": "200178985,200178986",
        "s_region": "POSITION ICRS 237.99932793 32.94830665",
        "s_fov": 0.00028,
        "t_max": 54684.95979493412,
        "em_res_power": 43980.0,
        "o_ucd": "phot.flux.density;em.wl",
        "o_calib_status": "absolute",
        "multi_ob": "S",
        "n_obs": 1,
        "snr": 44.5,
        "p3orig": "IDP",
        "obstech": "ECHELLE",
        "bib_reference": "2008A&A...1",
        "obs_collection": "UVES",
    }
    assert {key: row[key] for key in expected} == expected
    assert (row["em_min"], row["em_max"]) == pytest.approx((328.1967e-9, 456.2999e-9))
    assert not row.keys() & {"s_xel1", "s_pixel_scale"}


def test_catalogues_are_measurements_of_level_4(tmp_path: Path) -> None:
    primary = {"PRODCATG": "SCIENCE.CATALOGTILE", "INSTRUME": "VIRCAM"}
    row = obscore(tmp_path, image(primary, ()), table({"RA": ([1.0], "deg")}, "PHASE3CATALOG"))
    assert (row["dataproduct_type"], row["calib_level"]) == ("measurements", 4)
    assert row["dataproduct_subtype"] == "catalogtile"


def test_a_cube(tmp_path: Path) -> None:
    data = TAN | {"CTYPE3": "AWAV", "CUNIT3": "Angstrom", "CRVAL3": 4750.0, "CRPIX3": 1.0, "CDELT3": 1.25}
    data |= {"EXTNAME": "DATA", "BUNIT": "10**(-20)*erg/s/cm**2/Angstrom"}
    pointing = {
        "INSTRUME": "MUSE",
        "OBJECT": "UDF",
        "RA": 53.1,
        "DEC": -27.8,
        "DATE-OBS": "2014-09-21T07:12:55",
    }
    row = obscore(tmp_path, image(pointing, ()), image(data, (30, 20, 500), first=False))
    assert (row["dataproduct_type"], row["em_xel"], row["s_xel1"], row["s_xel2"]) == ("cube", 500, 30, 20)
    assert row["o_ucd"] == "phot.flux.density;em.wl"
    # The centre of the data counts, not the pointing of the telescope.
    assert (row["s_ra"], row["s_dec"]) == pytest.approx((150.035, 1.985), abs=1e-3)


def test_a_survey_image_without_anything_but_coordinates(tmp_path: Path) -> None:
    row = obscore(tmp_path, image(TAN), name="tile 7.fits")
    assert (row["obs_id"], row["obs_collection"], row["calib_level"]) == ("tile_7", "other", 2)
    assert row["obs_title"] == "tile_7 image"
    assert row["access_url"].endswith("/datalink/links?ID=ivo://archive.example/ID?tile_7")


def test_an_old_frame_without_coordinates(tmp_path: Path) -> None:
    values = {"OBJECT": "Test", "DATE-OBS": "13/05/93", "TM-START": 69932.0, "RA": 187.3721, "DEC": -21.2211}
    row = obscore(tmp_path, image(values | {"CTYPE1": "PIXEL", "CRVAL1": 1.0, "CDELT1": 1.0}))
    assert (row["calib_level"], row["s_region"]) == (1, "POSITION ICRS 187.3721 -21.2211")
    assert (row["s_xel1"], row["t_min"]) == (100, pytest.approx(49120.809398))
    assert "s_fov" not in row


def test_the_object_of_an_sdss_fibre(tmp_path: Path) -> None:
    values = {"RA": 150.09, "DEC": 10.3, "RAOBJ": 149.46417, "DECOBJ": 10.976277, "CTYPE1": "LINEAR"}
    values |= {"CRVAL1": 3.5796, "CD1_1": 1e-4, "CRPIX1": 1, "DC-FLAG": 1, "BUNIT": "1.0E-17 erg/cm/s/Ang"}
    row = obscore(tmp_path, image(values, (3853, 5)))
    assert (row["s_ra"], row["s_dec"]) == pytest.approx((149.46417, 10.976277))
    assert row["em_min"] == pytest.approx(3798.39e-10, rel=1e-5)


def test_a_target_that_a_pipeline_overwrote(tmp_path: Path) -> None:
    values = {
        "OBJECT": "RED_SCI_POINT_BLUE",
        "ESO PRO CATG": "RED_SCI_POINT_BLUE",
        "ESO OBS TARG NAME": "MN-Lup",
        "INSTRUME": "UVES",
    }
    values |= {"CTYPE1": "WAVELENGTH [Ang]", "CRVAL1": 3732.0, "CDELT1": 0.03, "CRPIX1": 1.0, "BUNIT": "ADU"}
    row = obscore(tmp_path, image(values, (100,)))
    assert (row["target_name"], row["o_ucd"]) == ("MN-Lup", "phot.count")


def test_the_collection_that_the_operator_chose(tmp_path: Path) -> None:
    chosen = Publication("archive.example", "https://archive.example", "MASH", MOMENT)
    found = rows(harvest(write(tmp_path, "a.fits", image(TAN)), chosen))
    assert found["ivoa.ObsCore"]["obs_collection"] == "MASH"


def test_polarisation_states(tmp_path: Path) -> None:
    stokes = {"CTYPE3": "STOKES", "CRVAL3": 1.0, "CRPIX3": 1.0, "CDELT3": 1.0}
    row = obscore(tmp_path, image(TAN | stokes, (4, 4, 4)))
    assert (row["pol_states"], row["pol_xel"]) == ("/I/Q/U/V/", 4)


@pytest.mark.parametrize("value", ["a\0b", "\x80\xff", "''''", "]]>", "\\", "%s", "x" * 60])
def test_any_text_becomes_a_row(tmp_path: Path, value: str) -> None:
    row = obscore(tmp_path, image(TAN | {"OBJECT": value}))
    assert "\0" not in str(row.get("target_name"))


def test_a_placeholder_is_no_position(tmp_path: Path) -> None:
    row = obscore(tmp_path, image({"INSTRUME": "CCD", "RA": 0.0, "DEC": 0.0, "DATE-OBS": "01/01/00"}))
    assert not {"s_ra", "s_dec", "t_min", "t_max"} & row.keys()


def test_world_coordinates_without_a_reference_are_none(tmp_path: Path) -> None:
    values: dict[str, object] = {key: value for key, value in TAN.items() if not key.startswith("CRVAL")}
    row = obscore(tmp_path, image(values | {"INSTRUME": "TIMMI2", "CDELT1": 1.0, "CDELT2": 1.0}))
    assert not {"s_ra", "s_region", "s_fov"} & row.keys()


def test_a_title_makes_no_observation(tmp_path: Path) -> None:
    found = harvest(write(tmp_path, "a.fits", image({"OBJECT": "Ramp 16-bit"})), PUBLICATION)
    assert (found.records, found.reason) == ((), "no position, time or instrument in the header")


def test_a_plate_solution_among_further_axes_gives_way_to_the_other(tmp_path: Path) -> None:
    plate = {"PLTRAH": 0, "PLTRAM": 14, "PLTRAS": 1.0, "AMDX1": 67.0, "AMDY1": 67.0, "CNPIX1": 1, "CNPIX2": 1}
    plate |= {"PPO3": 177500.0, "PPO6": 177500.0, "XPIXELSZ": 25.3, "YPIXELSZ": 25.3}
    row = obscore(tmp_path, image(TAN | plate, (100, 50, 3)))
    assert (row["s_ra"], row["s_dec"]) == pytest.approx((150.0, 2.0), abs=0.001)
