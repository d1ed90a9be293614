"""Wavelengths from axes, columns, channels and filters."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archive.pixels.wavelengths import vacuum, wavelength_axis
from archive.tablefiles.fits_scan import FitsFile, scan
from ingest.bands import band_of, bands_of
from ingest.instruments import harps_orders, instrument_coverage, light_path, wavelength_unit
from ingest.oifits import is_wanted, oifits_coverage, oifits_span, oifits_target
from ingest.spectra import (
    axis_coverage,
    is_spectral_table,
    polarisation,
    stated_coverage,
    table_coverage,
)
from ingest.times import Span
from tests.ingest.support import hdu, header, image, keywords, table, write

GHZ = {"CTYPE1": "FREQ", "CUNIT1": "GHz", "CRVAL1": 1.0, "CRPIX1": 1.0, "CDELT1": 0.01}
VOPT = {"CTYPE1": "VOPT", "CRVAL1": 0.0, "CRPIX1": 1.0, "CDELT1": 1e4, "RESTWAV": 6e-7}
SDSS = {"CTYPE1": "LINEAR", "CRVAL1": 3.5, "CRPIX1": 1, "CD1_1": 0.001, "DC-FLAG": 1}
LINEAR = {"CRVAL1": 400.0, "CRPIX1": 1.0, "CDELT1": 1.0}
AXES: list[tuple[str, dict[str, object], float, float]] = [
    ("WAVE in nm", LINEAR | {"CTYPE1": "WAVE", "CUNIT1": "nm"}, 400e-9, 500e-9),
    ("SI by default", {"CTYPE1": "WAVE", "CRVAL1": 4e-7, "CRPIX1": 1.0, "CDELT1": 1e-9}, 400e-9, 500e-9),
    ("air", LINEAR | {"CTYPE1": "AWAV", "CUNIT1": "nm"}, 400.11314e-9, 500.13942e-9),
    ("CD", {"CTYPE1": "WAVE", "CUNIT1": "nm", "CRVAL1": 400.0, "CRPIX1": 1.0, "CD1_1": 1.0}, 400e-9, 500e-9),
    ("PC", LINEAR | {"CTYPE1": "WAVE", "CUNIT1": "nm", "PC1_1": 2.0}, 400e-9, 600e-9),
    ("downwards", LINEAR | {"CTYPE1": "WAVE", "CUNIT1": "nm", "CDELT1": -1.0}, 300e-9, 400e-9),
    ("FREQ", {"CTYPE1": "FREQ", "CRVAL1": 1e9, "CRPIX1": 1.0, "CDELT1": 1e7}, 0.149896229, 0.299792458),
    (
        "GHz",
        {"CTYPE1": "FREQ", "CUNIT1": "GHz", "CRVAL1": 1.0, "CRPIX1": 1.0, "CDELT1": 0.01},
        0.1499,
        0.29979,
    ),
    ("ENER", LINEAR | {"CTYPE1": "ENER", "CUNIT1": "keV"}, 2.4797e-12, 3.0996e-12),
    ("WAVN", LINEAR | {"CTYPE1": "WAVN", "CUNIT1": "1/cm"}, 1 / 50000, 1 / 40000),
    ("WAVE-LOG", LINEAR | {"CTYPE1": "WAVE-LOG", "CUNIT1": "nm"}, 400e-9, 400e-9 * np.exp(0.25)),
    (
        "VRAD",
        {"CTYPE1": "VRAD", "CRVAL1": 0.0, "CRPIX1": 1.0, "CDELT1": 1e4, "RESTFRQ": 1.42040575e9},
        0.2110611,
        0.2117676,
    ),
    (
        "VOPT",
        {"CTYPE1": "VOPT", "CRVAL1": 0.0, "CRPIX1": 1.0, "CDELT1": 1e4, "RESTWAV": 6e-7},
        6e-7,
        6.020014e-7,
    ),
    ("ZOPT", {"CTYPE1": "ZOPT", "CRVAL1": 0.0, "CRPIX1": 1.0, "CDELT1": 0.01, "RESTWAV": 6e-7}, 6e-7, 12e-7),
    (
        "VELO",
        {"CTYPE1": "VELO", "CRVAL1": 0.0, "CRPIX1": 1.0, "CDELT1": 1e4, "RESTWAV": 6e-7},
        6e-7,
        6.020048e-7,
    ),
    (
        "by frequency",
        {"CTYPE1": "WAVE-F2W", "CRVAL1": 5e-7, "CRPIX1": 1.0, "CDELT1": 1e-9, "CUNIT1": "m"},
        5e-7,
        6.25e-7,
    ),
    ("LINEAR", LINEAR | {"CTYPE1": "LINEAR", "CUNIT1": "nm"}, 400e-9, 500e-9),
    ("no type", LINEAR | {"CUNIT1": "nm"}, 400e-9, 500e-9),
    ("unit for type", LINEAR | {"CTYPE1": "Angstrom"}, 40e-9, 50e-9),
    ("UVES", LINEAR | {"CTYPE1": "WAVELENGTH [Ang]"}, 40e-9, 50e-9),
    ("IRAF", LINEAR | {"CTYPE1": "LINEAR", "WAT1_001": "wtype=linear units=Angstroms"}, 40e-9, 50e-9),
    ("by the flux", LINEAR | {"CTYPE1": "LINEAR", "BUNIT": "erg/cm2/s/A"}, 40e-9, 50e-9),
    (
        "SDSS",
        {
            "CTYPE1": "LINEAR",
            "CRVAL1": 3.5,
            "CRPIX1": 1,
            "CD1_1": 0.001,
            "DC-FLAG": 1,
            "BUNIT": "erg/cm/s/Ang",
        },
        10**3.5 * 1e-10,
        10**3.6 * 1e-10,
    ),
    ("told to be air", LINEAR | {"CUNIT1": "nm", "AIRORVAC": "air"}, 400.11314e-9, 500.13942e-9),
]


@pytest.mark.parametrize(
    ("values", "low", "high"), [case[1:] for case in AXES], ids=[case[0] for case in AXES]
)
def test_axes(values: dict[str, object], low: float, high: float) -> None:
    found = axis_coverage(hdu(values, (101,)))
    assert found is not None
    assert (found.shortest, found.longest) == pytest.approx((low, high), rel=1e-5 if low < 0.1 else 1e-3)
    assert found.elements == 101


NO_AXES: list[dict[str, object]] = [
    {},
    LINEAR,
    LINEAR | {"CTYPE1": "PIXEL", "CUNIT1": "nm"},
    LINEAR | {"CTYPE1": "km/s"},
    LINEAR | {"CTYPE1": "WAVE", "CUNIT1": "furlong"},
    LINEAR | {"CTYPE1": "WAVE"},
    {"CTYPE1": "VRAD", "CRVAL1": 0.0, "CRPIX1": 1.0, "CDELT1": 1e4},
    {"CTYPE1": "WAVE", "CUNIT1": "nm"},
]


@pytest.mark.parametrize("values", NO_AXES)
def test_uncertain_axes_have_no_wavelengths(values: dict[str, object]) -> None:
    assert axis_coverage(hdu(values, (101,))) is None


def test_the_third_axis_of_a_cube() -> None:
    cube = {"CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CTYPE3": "AWAV", "CUNIT3": "Angstrom"}
    cube |= {"CRVAL3": 4750.0, "CRPIX3": 1.0, "CD3_3": 1.25}
    axis = wavelength_axis(header(cube, (3, 4, 101)), 3)
    assert axis is not None and axis.number == 3
    found = axis_coverage(hdu(cube, (3, 4, 101)))
    assert found is not None and found.elements == 101
    assert found.shortest == pytest.approx(4751.328e-10, rel=1e-6)


def test_air_and_vacuum() -> None:
    # Sodium D2: 5889.95 Å in air.
    assert vacuum(np.float64(5889.951e-10)) == pytest.approx(5891.583e-10, abs=2e-13)
    assert vacuum(np.float64(1.2e-7)) == 1.2e-7 and vacuum(np.float64(21.0)) == pytest.approx(21.0, rel=1e-3)


def test_stated_limits() -> None:
    found = stated_coverage(keywords({"WAVELMIN": 328.1967, "WAVELMAX": 456.2999, "SPEC_RES": 43980.0}))
    assert found is not None
    assert (found.shortest, found.longest) == pytest.approx((3.281967e-07, 4.562999e-07), rel=1e-15)
    assert found.resolving_power == 43980.0
    for values in (
        {"WAVELMIN": 500.0, "WAVELMAX": 400.0},
        {"WAVELMIN": 0.0, "WAVELMAX": 1.0},
        {"WAVELMIN": 1.0},
    ):
        assert stated_coverage(keywords(values)) is None


def read(folder: Path, *tables: bytes) -> FitsFile:
    path = write(folder, "a.fits", image({}, ()), *tables)
    return scan(path, lambda header: is_wanted(header) or is_spectral_table(header))


TABLES = [
    ({"WAVE": ([[400.0, 500.0]], "nm"), "FLUX": ([[1.0, 1.0]], None)}, None, (4e-7, 5e-7, 2)),
    ({"WAVE": ([4000.0, 5000.0, np.nan], "angstrom"), "FLUX": ([1.0] * 3, None)}, None, (4e-7, 5e-7, 2)),
    ({"LOGLAM": ([3.5, 3.6], None), "FLUX": ([1.0] * 2, None)}, None, (3.1623e-7, 3.9811e-7, 2)),
    ({"02_01_WL": ([2000.0, 2100.0], None), "02_01_SPEC": ([1.0] * 2, None)}, "nm", (2e-6, 2.1e-6, 2)),
    ({"WAVE": ([400.0, 500.0], None), "FLUX": ([1.0] * 2, None)}, None, None),
    ({"WAVE": ([0.0, -1.0], "nm"), "FLUX": ([1.0] * 2, None)}, None, None),
    ({"WAVE": ([400.0, 500.0], "kg"), "FLUX": ([1.0] * 2, None)}, None, None),
]


@pytest.mark.parametrize(("columns", "unit", "expected"), TABLES)
def test_columns(
    tmp_path: Path,
    columns: dict[str, tuple[object, str | None]],
    unit: str | None,
    expected: tuple[float, float, int] | None,
) -> None:
    file = read(tmp_path, table(columns, "SPECTRUM"))
    found = table_coverage([file.hdus[1]], unit)
    if expected is None:
        assert found is None
    else:
        assert found is not None
        assert (found.shortest, found.longest, found.elements) == pytest.approx(expected, rel=1e-4)


def test_a_list_of_lines_is_no_spectrum(tmp_path: Path) -> None:
    file = read(tmp_path, table({"wave": ([400.0], "nm"), "height": ([1.0], None)}))
    assert not is_spectral_table(file.hdus[1].header) and file.hdus[1].data is None


def test_the_unit_that_crires_leaves_out() -> None:
    assert wavelength_unit(keywords({"INSTRUME": "CRIRES"})) == "nm"
    assert wavelength_unit(keywords({"INSTRUME": "UVES"})) is None


def oifits(folder: Path) -> FitsFile:
    target = {"TARGET": (["alp_Eri"], None), "RAEP0": ([24.428], "deg"), "DECEP0": ([-57.237], "deg")}
    target |= {"EQUINOX": (np.array([2000.0], "f4"), "year")}
    channels = {
        "EFF_WAVE": (np.array([1.6e-6, 1.7e-6], "f4"), "m"),
        "EFF_BAND": (np.array([1e-7] * 2, "f4"), "m"),
    }
    times = {"MJD": ([57353.2, 57353.3], "day"), "INT_TIME": ([86.4, 86.4], "s")}
    return read(folder, table(target, "OI_TARGET"), table(channels, "OI_WAVELENGTH"), table(times, "OI_VIS2"))


def test_interferometry(tmp_path: Path) -> None:
    hdus = oifits(tmp_path).hdus
    coverage, target = oifits_coverage(hdus), oifits_target(hdus)
    assert coverage is not None and target is not None
    assert (coverage.shortest, coverage.longest) == pytest.approx((1.55e-6, 1.75e-6))
    assert coverage.elements == 2 and coverage.resolving_power == pytest.approx(16.5)
    assert target.name == "alp_Eri" and target.position == pytest.approx((24.428, -57.237), abs=1e-5)
    assert oifits_span(hdus, None) == Span(pytest.approx(57353.1995), pytest.approx(57353.3005))
    assert oifits_span(hdus, Span(57353.1, 57353.2)) == Span(57353.1, pytest.approx(57353.3005))


def test_interferometry_with_nothing_in_it(tmp_path: Path) -> None:
    hdus = read(tmp_path, table({"TARGET": (["a", "b"], None)}, "OI_TARGET")).hdus
    assert oifits_coverage(hdus) is None and oifits_target(hdus) is None
    assert oifits_span(hdus, None) is None


@pytest.mark.parametrize(
    ("name", "limits"),
    [
        ("V", (507.0, 595.0)),
        ("V#641", (507.0, 595.0)),
        ("V641", (507.0, 595.0)),
        ("i#705", (689.0, 827.0)),
        ("r_SDSS", (555.0, 680.0)),
        ("R_BESS", (577.0, 728.0)),
        ("k", (2008.0, 2305.0)),
        ("Ks", (2008.0, 2305.0)),
        ("NB_2.25", None),
        ("OG590", None),
        ("Halpha", None),
    ],
)
def test_bands(name: str, limits: tuple[float, float] | None) -> None:
    assert band_of(name) == limits


def test_several_filters() -> None:
    assert bands_of("J,Ks") == (1143.0, 2305.0)
    assert bands_of("J,NB_2.25") is None


def test_light_paths() -> None:
    values = {
        "ESO INS FILT1 NAME": "open",
        "ESO INS FILT1 TYPE": "FREE",
        "ESO INS FILT2 NAME": "NB_2.25",
        "ESO INS GRIS1 NAME": "Gr#13",
        "ESO INS GRIS1 TYPE": "FILTER",
        "ESO INS GRIS2 NAME": "NAR_SLT",
        "ESO INS GRIS2 TYPE": "SLIT",
        "ESO INS GRAT NAME": "MR",
        "ESO INS SLIT NAME": "lSlit1_0arcsec",
        "ESO INS OPTI2 NAME": "Y",
        "ESO INS OPTI2 TYPE": "FILTER",
        "ESO INS OPTI3 NAME": "S2",
        "ESO INS OPTI3 TYPE": "OBJECTIVE",
    }
    path = light_path(keywords(values))
    assert (path.filters, path.grisms, path.gratings) == ("NB_2.25,Y", "Gr#13", "MR")
    assert path.slits == "NAR_SLT,lSlit1_0arcsec"


def test_filters_give_wavelengths_only_without_a_grism() -> None:
    imaging, spectroscopy = (
        {"ESO INS FILT1 NAME": "H"},
        {"ESO INS FILT1 NAME": "H", "ESO INS GRIS1 NAME": "G"},
    )
    found = [instrument_coverage(keywords(v), light_path(keywords(v))) for v in (imaging, spectroscopy)]
    assert found[0] is not None and found[0].shortest == pytest.approx(1501e-9)
    assert found[1] is None
    old = keywords({"ESO INS FILT-CUTON": 1.94, "ESO INS FILT-CUTOFF": 2.28})
    irac = instrument_coverage(old, light_path(old))
    assert irac is not None and (irac.shortest, irac.longest) == pytest.approx((1.94e-6, 2.28e-6))


def test_harps_orders() -> None:
    values: dict[str, object] = {"ESO DRS CAL TH DEG LL": 1}
    for order in range(3):
        values[f"ESO DRS CAL TH COEFF LL{2 * order}"] = 4000.0 + 100.0 * order
        values[f"ESO DRS CAL TH COEFF LL{2 * order + 1}"] = 0.01
    found = harps_orders(keywords(values), 4096, 3)
    assert found is not None
    assert found.shortest == pytest.approx(vacuum(np.float64(4000e-10)))
    assert found.longest == pytest.approx(vacuum(np.float64(4240.95e-10)))
    assert harps_orders(keywords(values), 4096, 4) is None
    assert harps_orders(keywords({}), 4096, 72) is None


@pytest.mark.parametrize(
    ("values", "shape", "states"),
    [
        ({"CTYPE3": "STOKES", "CRVAL3": 1.0, "CRPIX3": 1.0, "CDELT3": 1.0}, (4, 4, 4), ("I", "Q", "U", "V")),
        ({"CTYPE3": "STOKES", "CRVAL3": -5.0, "CRPIX3": 1.0, "CDELT3": -1.0}, (4, 4, 2), ("XX", "YY")),
        ({"CTYPE3": "STOKES", "CRVAL3": 99.0, "CRPIX3": 1.0, "CDELT3": 1.0}, (4, 4, 1), ()),
        ({}, (4, 4), ()),
    ],
)
def test_polarisation(values: dict[str, object], shape: tuple[int, ...], states: tuple[str, ...]) -> None:
    assert polarisation(header(values, shape)) == states
