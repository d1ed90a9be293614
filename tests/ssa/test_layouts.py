"""Which spectra are found in files, and that their numbers are read right."""

from __future__ import annotations

import math
from io import BytesIO

import numpy as np
import pyarrow as pa
import pytest
from astropy.io import fits

from archive.errors import NotFound, UnreadableFile
from archive.pixels.spectra import OpenSpectrum, open_spectrum
from archive.pixels.spectral_columns import Medium, Quantity
from archive.pixels.units import dimensions, vo_unit
from tests.ssa.spectra import AIR, POINTS, hdus, image, phase3, rows_table, slit, xshooter


class Held:
    """A file in memory, which counts what is read."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self.size = len(content)
        self.read_bytes = 0

    def read(self, offset: int, length: int) -> bytes:
        self.read_bytes += length
        return self._content[offset : offset + length]


def spectrum(content: bytes) -> OpenSpectrum:
    return open_spectrum(Held(content))


def columns(content: bytes) -> dict[str, np.ndarray]:
    table = pa.Table.from_batches(list(spectrum(content)))
    return {name: table[name].to_numpy() for name in table.column_names}


def described(content: bytes) -> list[tuple[str, str, str]]:
    return [(field.name, field.type.datatype, field.unit) for field in spectrum(content).fields]


def test_one_row_of_arrays() -> None:
    found = columns(phase3())
    np.testing.assert_array_equal(found["wavelength"], AIR)
    np.testing.assert_array_equal(found["flux"], np.arange(POINTS))
    np.testing.assert_array_equal(found["error"], np.full(POINTS, 0.5))
    np.testing.assert_array_equal(found["FLUX_REDUCED"], 10 * np.arange(POINTS))
    unit = "1e-16erg.Angstrom**-1.s**-1.cm**-2"
    assert described(phase3())[:4] == [
        ("wavelength", "double", "Angstrom"),
        ("flux", "float", unit),
        ("error", "float", unit),
        ("FLUX_REDUCED", "float", "adu"),
    ]
    layout = spectrum(phase3()).layout
    assert (layout.count, layout.spectral.medium) == (POINTS, Medium.AIR)
    assert layout.spectral.field.description == "Wavelength in air"
    assert layout.flux.field.utype == "spec:Spectrum.Data.FluxAxis.Value"


def test_without_utypes_names_decide() -> None:
    bare = {f"TUTYP{number}": "" for number in range(1, 6)} | {"TUCD1": "em.wl", "TUCD4": ""}
    found = spectrum(phase3(None, **bare)).layout
    assert [column.name for column in found.columns] == [
        "wavelength",
        "flux",
        "error",
        "FLUX_REDUCED",
        "ERR_REDUCED",
    ]
    np.testing.assert_array_equal(columns(phase3(None, **bare))["error"], np.full(POINTS, 0.5))
    assert found.spectral.medium is Medium.VACUUM


def test_an_image_with_its_wavelengths_along_the_axis() -> None:
    found = columns(image())
    np.testing.assert_allclose(found["wavelength"], 3781.75 + 0.01 * np.arange(POINTS), rtol=1e-15)
    np.testing.assert_array_equal(found["flux"], np.arange(POINTS))
    flux = spectrum(image()).layout.flux.field
    assert flux.unit == "" and "'Relative Flux'" in flux.description
    assert spectrum(image()).layout.spectral.medium is Medium.AIR


def test_errors_and_flags_in_other_extensions() -> None:
    assert described(xshooter()) == [
        ("wavelength", "double", "nm"),
        ("flux", "float", "erg.Angstrom**-1.s**-1.cm**-2"),
        ("error", "float", "erg.Angstrom**-1.s**-1.cm**-2"),
        ("quality", "int", ""),
    ]
    np.testing.assert_array_equal(columns(xshooter())["error"], np.full(POINTS, 0.25))


def test_one_row_for_each_point() -> None:
    found = columns(rows_table())
    assert list(found) == ["wavelength", "flux", "quality"]
    np.testing.assert_allclose(found["wavelength"], 10.0 ** np.linspace(3.5, 3.9, POINTS))
    np.testing.assert_array_equal(found["quality"], np.arange(POINTS))


NM = {"CUNIT1": "nm", "CRVAL1": 500.0, "CDELT1": 0.1}
OLD = {"CTYPE1": "LINEAR", "CRVAL1": 5000.0, "CDELT1": 1.0, "INSTRUME": "X"}
AXES: list[tuple[dict[str, object], str, str, Medium, float]] = [
    ({"CTYPE1": "WAVE", **NM}, "wavelength", "nm", Medium.VACUUM, 599.9),
    ({"CTYPE1": "WAVE", "CRVAL1": 5e-7, "CDELT1": 1e-10}, "wavelength", "m", Medium.VACUUM, 5.999e-7),
    ({"CTYPE1": "AWAV", **NM, "CUNIT1": "um"}, "wavelength", "um", Medium.AIR, 599.9),
    ({"CTYPE1": "FREQ", **NM, "CUNIT1": "GHz"}, "frequency", "GHz", Medium.VACUUM, 599.9),
    ({"CTYPE1": "WAVE-LOG", **NM}, "wavelength", "nm", Medium.VACUUM, 500.0 * math.exp(99.9 / 500.0)),
    (
        {"CTYPE1": "LINEAR", **NM, "CRVAL1": 3.5, "CDELT1": 0.0001, "DC-FLAG": 1, "INSTRUME": "X"},
        "wavelength",
        "nm",
        Medium.UNKNOWN,
        10.0**3.5999,
    ),
    ({**OLD, "BUNIT": "erg/cm2/s/A", "AIRORVAC": "air"}, "wavelength", "Angstrom", Medium.AIR, 5999.0),
    (
        {**OLD, "CTYPE1": "WAVELENGTH [Ang]", "CRPIX1": -9.0, "VACUUM": True},
        "wavelength",
        "Angstrom",
        Medium.VACUUM,
        6009.0,
    ),
]


@pytest.mark.parametrize(("values", "name", "unit", "medium", "last"), AXES)
def test_axes(values: dict[str, object], name: str, unit: str, medium: Medium, last: float) -> None:
    content = image(values)
    spectral = spectrum(content).layout.spectral
    assert (spectral.name, spectral.unit, spectral.medium) == (name, unit, medium)
    assert columns(content)[name][-1] == pytest.approx(last, rel=1e-7)
    assert spectral.quantity is (Quantity.FREQUENCY if name == "frequency" else Quantity.WAVELENGTH)


def test_scaled_integers_and_undefined_pixels() -> None:
    content = image({"BZERO": 100.0, "BSCALE": 0.5, "BLANK": 7}, dtype=">i2")
    flux = columns(content)["flux"]
    assert flux[6] == 103.0 and np.isnan(flux[7]) and flux[8] == 104.0
    assert described(content)[1][1] == "double"


@pytest.mark.parametrize(
    "content",
    [
        slit(),
        image({"CTYPE1": "%", "CRVAL1": 0.05}),
        image({"CTYPE1": "PIXEL"}),
        image({"CTYPE1": "LINEAR"}),
        image({"CTYPE1": "WAVE-F2W", "CUNIT1": "nm"}),
        image({"CDELT1": 0.0}),
        phase3(None, TUTYP4="", TUCD4="").replace(b"= 'FLUX", b"= 'PLUS"),
        hdus(fits.PrimaryHDU()),
    ],
    ids=["slit", "percent", "pixels", "no unit", "grism", "no step", "no flux", "nothing"],
)
def test_what_is_no_spectrum_of_one_dimension(content: bytes) -> None:
    with pytest.raises(NotFound, match="no spectrum of one dimension"):
        spectrum(content)


def test_orders_in_rows_are_no_single_spectrum() -> None:
    arrays = [
        fits.Column("WAVE", "5D", "nm", array=np.ones((3, 5))),
        fits.Column("FLUX", "5E", "adu", array=np.ones((3, 5))),
    ]
    with pytest.raises(NotFound):
        spectrum(hdus(fits.PrimaryHDU(), fits.BinTableHDU.from_columns(arrays)))


def test_only_what_is_needed_is_read_and_not_all_at_once() -> None:
    count = 100_000
    made = [
        fits.Column("WAVE", f"{count}D", "nm", array=[np.linspace(500.0, 600.0, count)]),
        fits.Column("FLUX", f"{count}E", "adu", array=[np.ones(count)]),
        fits.Column("PICTURE", f"{4 * count}E", array=[np.zeros(4 * count)]),
    ]
    held = Held(hdus(fits.PrimaryHDU(), fits.BinTableHDU.from_columns(made)))
    opened = open_spectrum(held)
    batches = list(opened)
    assert sum(len(batch) for batch in batches) == count and max(map(len, batches)) < 100_000
    assert held.read_bytes < 12 * count + 100_000


def test_a_file_that_is_cut_off_is_told() -> None:
    content = phase3()
    with pytest.raises(UnreadableFile, match="cut off"):
        spectrum(content[: len(content) // 2])


def test_columns_that_do_not_fit_their_rows() -> None:
    with fits.open(BytesIO(rows_table())) as file:
        text = rows_table().replace(b"TFORM1  = 'E", b"TFORM1  = 'D")
        assert file[1].header["TFORM1"] == "E"
    with pytest.raises((UnreadableFile, NotFound)):
        list(spectrum(text))


@pytest.mark.parametrize(
    ("text", "unit", "si"),
    [
        ("angstrom", "Angstrom", "1E-10 L"),
        ("nm", "nm", "1E-9 L"),
        (
            "10**(-16)erg.cm**(-2).s**(-1).angstrom**(-1)",
            "1e-16erg.Angstrom**-1.s**-1.cm**-2",
            "1E-9 L-1MT-3",
        ),
        ("erg/s/cm2/A", "erg.Angstrom**-1.s**-1.cm**-2", "1E7 L-1MT-3"),
        ("1.0E-17 erg/cm2/s/Ang", "1e-17erg.Angstrom**-1.s**-1.cm**-2", "1E-10 L-1MT-3"),
        ("ADU", "adu", ""),
        ("Jy", "Jy", "1E-26 MT-2"),
        ("Relative Flux", "", ""),
        ("10**(999999999) Jy", "", ""),
        ("", "", ""),
    ],
)
def test_units(text: str, unit: str, si: str) -> None:
    assert (vo_unit(text), dimensions(unit)) == (unit, si)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"TFORM1  = '1000D", b"TFORM1  = '9999999999999D"),
        (b"TFORM1  = '1000D", b"TFORM1  = '-5D"),
        (b"TFIELDS =                    5", b"TFIELDS =            999999999"),
        (b"NAXIS2  =                    1", b"NAXIS2  =           -999999999"),
        (b"TUNIT1  = 'angstrom'", b"TUNIT1  = '?      ?'"),
    ],
)
def test_damaged_headers_have_no_spectrum_or_an_error(old: bytes, new: bytes) -> None:
    content = phase3()
    padded = old.ljust(80)
    assert old in content and len(new) <= len(padded)
    start = content.index(old)
    with pytest.raises((NotFound, UnreadableFile)):
        list(spectrum(content[:start] + new.ljust(40) + content[start + 40 :]))
