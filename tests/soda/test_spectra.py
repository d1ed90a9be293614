"""Bands cut out of spectral axes of every kind, and out of tables; times, states, lookups and sections."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from archive.errors import UnreadableFile
from archive.pixels import Extent
from archive.pixels.wavelengths import vacuum
from tests.soda.support import assert_agrees, circle, cut_bytes, cut_hdus, header, pixels, world, written

LIGHT, PLANCK = 299_792_458.0, 6.626_070_15e-34
HALPHA = 6.5646e-7


def _axis(ctype: str, cunit: str | None, crval: float, cdelt: float, **more: object) -> dict[str, object]:
    cards = {"CTYPE1": ctype, "CRVAL1": crval, "CDELT1": cdelt, "CRPIX1": 1.0, **more}
    return cards if cunit is None else cards | {"CUNIT1": cunit}


# What the axis says, and its 100 pixels as vacuum wavelengths in metres.
_P = np.arange(100.0)
_WAVES = 5e-7 + _P * 1e-10
AXES: dict[str, tuple[dict[str, object], Any]] = {
    "m": (_axis("WAVE", "m", 5e-7, 1e-10), _WAVES),
    "Angstrom": (_axis("WAVE", "Angstrom", 5000.0, 1.0), _WAVES),
    "no unit": (_axis("WAVE", None, 5e-7, 1e-10), _WAVES),
    "air": (_axis("AWAV", "nm", 500.0, 0.1), vacuum(_WAVES)),
    "logarithmic": (_axis("WAVE-LOG", "m", 5e-7, 1e-10), 5e-7 * np.exp(_P * 1e-10 / 5e-7)),
    "Hz": (_axis("FREQ", "Hz", 1.42e9, 1e6), LIGHT / (1.42e9 + _P * 1e6)),
    "GHz down": (_axis("FREQ", "GHz", 230.0, -0.01), LIGHT / ((230.0 - _P * 0.01) * 1e9)),
    "keV": (_axis("ENER", "keV", 1.0, 0.01), PLANCK * LIGHT / ((1.0 + _P * 0.01) * 1.602176634e-16)),
    "wave number": (_axis("WAVN", "1/m", 1e6, 1e3), 1.0 / (1e6 + _P * 1e3)),
    "radio": (
        _axis("VRAD", "km/s", -50.0, 1.0, RESTFRQ=1.420405752e9),
        LIGHT / 1.420405752e9 / (1.0 - (-50.0 + _P) * 1e3 / LIGHT),
    ),
    "optical": (
        _axis("VOPT", "km/s", 100.0, 5.0, RESTWAV=HALPHA),
        HALPHA * (1 + (100 + 5 * _P) * 1e3 / LIGHT),
    ),
    "redshift": (_axis("ZOPT", "", 0.1, 0.001, RESTWAV=HALPHA), HALPHA * (1.1 + _P * 0.001)),
    "velocity": (
        _axis("VELO", "m/s", 1e5, 1e4, RESTWAV=HALPHA),
        HALPHA * np.sqrt((1 + (1e5 + _P * 1e4) / LIGHT) / (1 - (1e5 + _P * 1e4) / LIGHT)),
    ),
    "CD": ({"CTYPE1": "WAVE", "CUNIT1": "nm", "CRVAL1": 500.0, "CRPIX1": 1.0, "CD1_1": 0.1}, _WAVES),
    "LINEAR": (_axis("LINEAR", "nm", 500.0, 0.1), _WAVES),
    "unit in the type": (_axis("WAVELENGTH [Ang]", None, 5000.0, 1.0), _WAVES),
    "IRAF": (_axis("LINEAR", None, 5000.0, 1.0, WAT1_001="wtype=linear units=Angstroms"), _WAVES),
    "decimal logarithm": (
        _axis("LINEAR", "Angstrom", 3.7, 1e-4, **{"DC-FLAG": 1}),
        10.0 ** (3.7 + _P * 1e-4) * 1e-10,
    ),
    "HARPS": (_axis("Angstrom", "Angstrom", 5000.0, 1.0, INSTRUME="HARPS"), vacuum(_WAVES)),
    "grism": (
        _axis("WAVE-GRI", "m", 5e-7, 1e-10, PV1_0=3e5, PV1_1=1.0, PV1_2=0.0),
        None,
    ),
}


@pytest.mark.parametrize("name", AXES)
def test_axis(name):
    cards, waves = AXES[name]
    image = fits.PrimaryHDU(pixels(100), header(cards))
    if waves is None:
        waves = world(image).all_pix2world(_P, 0)[0]
    first, last = 30, 40
    low, high = sorted((waves[first], waves[last]))
    (part,) = cut_hdus(written(image), band=(low, high))
    start = round(1.0 - part.header["CRPIX1"])
    # A pixel reaches over half the way to its neighbours.
    assert start == first
    assert part.shape == (last - first + 1,)
    assert part.data.tobytes() == image.data[start : last + 1].tobytes()
    (one,) = cut_hdus(written(image), band=(waves[50], waves[50]))
    assert one.data.tolist() == [50.0]
    (all_,) = cut_hdus(written(image), band=(-np.inf, np.inf))
    assert all_.shape == (100,)
    assert cut_bytes(written(image), band=(1e-20, 2e-20)) is None


def test_errors_without_coordinates_go_with_the_spectrum():
    cards, waves = AXES["nm"] if "nm" in AXES else AXES["Angstrom"]
    content = written(
        fits.PrimaryHDU(pixels(100), header(cards)),
        fits.ImageHDU(pixels(100), name="ERRS"),
        fits.ImageHDU(pixels(7), name="OTHER"),
    )
    hdus = cut_hdus(content, band=(waves[3], waves[5]))
    assert [hdu.shape for hdu in hdus] == [(3,), (3,), (7,)]
    assert hdus["ERRS"].data.tolist() == [3.0, 4.0, 5.0]


def test_coupled_axes_are_refused():
    cards = {
        "CTYPE1": "WAVE",
        "CTYPE2": "LINEAR",
        "CRVAL1": 5e-7,
        "CRVAL2": 0.0,
        "CRPIX1": 1.0,
        "CRPIX2": 1.0,
    }
    cards |= {"CD1_1": 1e-10, "CD1_2": 1e-11, "CD2_2": 1.0}
    with pytest.raises(UnreadableFile, match="depends on axis 2"):
        cut_bytes(written(fits.PrimaryHDU(pixels(5, 100), header(cards))), band=(5e-7, 5.1e-7))


def test_tabulated_axis():
    """WAVE-TAB: the wavelengths stand in a table, which comes along."""
    cards = {
        "CTYPE1": "WAVE-TAB", "CUNIT1": "m", "CRVAL1": 1.0, "CRPIX1": 1.0, "CDELT1": 1.0,
        "PS1_0": "WCS-TAB", "PS1_1": "WAVES", "PV1_1": 1, "PV1_2": 1, "PV1_3": 1,
    }  # fmt: skip
    waves = 5e-7 + np.arange(100.0) ** 1.5 * 1e-10
    table = fits.BinTableHDU.from_columns(
        [fits.Column("WAVES", "100D", dim="(1,100)", array=waves.reshape(1, 100, 1))], name="WCS-TAB"
    )
    content = written(fits.PrimaryHDU(pixels(100), header(cards)), table)
    hdus = cut_hdus(content, band=(waves[30], waves[40]))
    assert hdus[0].data.tolist() == list(range(30, 41))
    found = world(hdus[0], hdus).all_pix2world(np.arange(11.0), 0)[0]
    np.testing.assert_allclose(found, waves[30:41], rtol=1e-12)


# --- tables ------------------------------------------------------------------------------------------------


def _spectrum_rows(**options: Any) -> fits.BinTableHDU:
    waves = np.linspace(500.0, 599.0, 100)
    columns = [
        fits.Column("NUMBER", "J", array=np.arange(100)),
        fits.Column("WAVE", "D", unit=options.get("unit", "nm"), array=options.get("waves", waves)),
        fits.Column("FLUX", "E", array=np.arange(100.0)),
        fits.Column("NAME", "3A", array=[f"{n:03}" for n in range(100)]),
    ]
    return fits.BinTableHDU.from_columns(columns, name="SPECTRUM")


@pytest.mark.parametrize(
    ("unit", "factor"), [("nm", 1.0), ("Angstrom", 10.0), ("um", 1e-3), ("m", 1e-9), ("ANGSTROMS", 10.0)]
)
def test_rows_as_pixels(unit, factor):
    table = _spectrum_rows(unit=unit, waves=np.linspace(500.0, 599.0, 100) * factor)
    hdus = cut_hdus(written(table), band=(5.1e-7 - 1e-12, 5.2e-7 + 1e-12))
    data = hdus["SPECTRUM"].data
    assert data["NUMBER"].tolist() == list(range(10, 21))
    assert data["NAME"].tolist() == [f"{n:03}" for n in range(10, 21)]
    assert cut_bytes(written(table), band=(1e-7, 2e-7)) is None
    (one,) = cut_hdus(written(table), band=(5.104e-7, 5.104e-7))[1:]
    assert one.data["NUMBER"].tolist() == [10]


def test_orders_with_wavelengths_of_their_own():
    """As CRIRES+ has them: two orders side by side, no units."""
    columns = [
        fits.Column("01_01_SPEC", "D", array=np.arange(50.0)),
        fits.Column("01_01_WL", "D", array=np.linspace(1000.0, 1049.0, 50)),
        fits.Column("02_01_WL", "D", array=np.linspace(1200.0, 1249.0, 50)),
    ]
    table = fits.BinTableHDU.from_columns(columns)
    content = written(fits.PrimaryHDU(header=header({"INSTRUME": "CRIRES"})), table)
    assert cut_hdus(content, band=(1.2015e-6, 1.2035e-6))[1].data["01_01_SPEC"].tolist() == [2.0, 3.0]
    assert cut_hdus(content, band=(1.0015e-6, 1.0035e-6))[1].data["01_01_SPEC"].tolist() == [2.0, 3.0]


def test_elements_of_arrays():
    waves = np.linspace(500.0, 599.0, 100)
    columns = [
        fits.Column("WAVE", "100E", unit="nm", array=[waves]),
        fits.Column("FLUX", "100E", array=[np.arange(100.0)]),
        fits.Column("QUAL", "100J", array=[np.arange(100)]),
        fits.Column("EXPOSURE", "D", array=[900.0]),
        fits.Column("MASK", "2I", array=[[1, 2]]),
    ]
    cards = {"NELEM": 100, "TDMIN1": 500.0, "TDMAX1": 599.0}
    table = fits.BinTableHDU.from_columns(columns, header(cards), name="SPECTRUM")
    part = cut_hdus(written(table, checksum=True), band=(5.1e-7 - 1e-12, 5.2e-7 + 1e-12))["SPECTRUM"]
    row = part.data[0]
    assert row["FLUX"].tolist() == row["QUAL"].tolist() == list(range(10, 21))
    assert (row["EXPOSURE"], row["MASK"].tolist()) == (900.0, [1, 2])
    assert [part.header[keyword] for keyword in ("NELEM", "TDMIN1", "TDMAX1")] == [11, 510.0, 520.0]
    assert cut_hdus(written(table), band=(5.104e-7, 5.104e-7))["SPECTRUM"].data["QUAL"][0].tolist() == 10


def test_arrays_of_variable_length_come_along():
    columns = [
        fits.Column("WAVE", "D", unit="nm", array=[500.0, 510.0, 520.0]),
        fits.Column("FLUX", "PJ()", array=np.array([[1], [2, 3], [4, 5, 6]], dtype=object)),
    ]
    part = cut_hdus(written(fits.BinTableHDU.from_columns(columns)), band=(5.05e-7, 5.3e-7))[1]
    assert [cell.tolist() for cell in part.data["FLUX"]] == [[2, 3], [4, 5, 6]]


@pytest.mark.parametrize(
    ("column", "cards"),
    [
        (("MJD", None, 60000.0 + np.arange(50) / 86400.0), {}),
        (("TIME", "s", np.arange(50.0)), {"MJDREF": 60000.0}),
        (("TIME", "s", np.arange(50.0)), {"MJDREFI": 59999, "MJDREFF": 1.0}),
        (("TIME", "d", np.arange(50.0) / 86400.0), {"JDREF": 2460000.5}),
        (("TIME", "BJD - 2457000, days", np.arange(50.0) / 86400.0 + 3000.5), {"BJDREFI": 2457000}),
        (("JD", "d", 2460000.5 + np.arange(50) / 86400.0), {}),
    ],
    ids=str,
)
def test_events(column, cards):
    name, unit, values = column
    columns = [
        fits.Column("ID", "J", array=np.arange(50)),
        fits.Column(name, "D", unit=unit, array=values),
    ]
    table = fits.BinTableHDU.from_columns(columns, header(cards), name="EVENTS")
    second = 1 / 86400
    part = cut_hdus(written(table), time=(60000 + 9.5 * second, 60000 + 20.5 * second))["EVENTS"]
    assert part.data["ID"].tolist() == list(range(10, 21))
    assert cut_bytes(written(table), time=(1.0, 2.0)) is None


def test_events_in_ever_so_many_runs():
    """Rows need not be in order."""
    values = 60000.0 + np.random.default_rng(3).permutation(1000) / 86400.0
    columns = [fits.Column("ID", "J", array=np.arange(1000)), fits.Column("MJD", "D", array=values)]
    part = cut_hdus(written(fits.BinTableHDU.from_columns(columns)), time=(60000.0, 60000.005))[1]
    assert part.data["ID"].tolist() == np.flatnonzero(values <= 60000.005).tolist()


# --- other axes --------------------------------------------------------------------------------------------


def test_states():
    cards = {"CTYPE3": "STOKES", "CRVAL3": 1.0, "CRPIX3": 1.0, "CDELT3": 1.0}
    cube = fits.PrimaryHDU(pixels(4, 5, 6), header(cards))
    (part,) = cut_hdus(written(cube), states=frozenset({"Q", "U"}))
    assert part.data.tobytes() == cube.data[1:3].tobytes()
    assert part.header["CRPIX3"] == 0.0
    assert cut_bytes(written(cube), states=frozenset({"RR"})) is None
    down = fits.PrimaryHDU(pixels(4, 5, 6), header(cards | {"CRVAL3": -5.0, "CDELT3": -1.0}))
    (part,) = cut_hdus(written(down), states=frozenset({"YY"}))
    assert part.data.tobytes() == cube.data[1:2].tobytes()


def test_time_axis():
    cards = {"CTYPE1": "TIME", "CUNIT1": "s", "CRVAL1": 0.0, "CRPIX1": 1.0, "CDELT1": 10.0, "MJDREF": 60000.0}
    content = written(fits.PrimaryHDU(pixels(100), header(cards)))
    (part,) = cut_hdus(content, time=(60000.0 + 96 / 86400, 60000.0 + 114 / 86400))
    assert part.data.tolist() == [10.0, 11.0]


def test_whole_extent():
    content = written(fits.PrimaryHDU(pixels(5, 5)))
    known = Extent(position=(10.0, 20.0), band=(4e-7, 5e-7), time=(60000.0, 60001.0), states=frozenset("IQ"))
    wanted = {"band": (4.5e-7, 1.0), "time": (0.0, 60000.5), "states": frozenset("QV")}
    assert cut_bytes(content, circle(10.0, 20.1, 0.2), **wanted, extent=known) == content
    assert cut_bytes(content, circle(10.0, 20.1, 0.05), **wanted, extent=known) is None
    assert cut_bytes(content, **(wanted | {"states": frozenset("V")}), extent=known) is None


_SKY = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRVAL1": 150.0, "CRVAL2": 2.0,
    "CRPIX1": 60.5, "CRPIX2": 40.25, "CDELT1": -0.001, "CDELT2": 0.001,
}  # fmt: skip


def test_maps_of_distortions_move_along():
    """CPDIS, as HST's images have it: the maps say where they lie on the image."""
    steps = np.linspace(-3.0, 3.0, 25)
    maps = [
        fits.ImageHDU(
            (sign * (steps[:, np.newaxis] + 0.5 * steps**2)).astype(">f4"),
            header({
                "CRPIX1": 1.0, "CRPIX2": 1.0, "CRVAL1": 1.0, "CRVAL2": 1.0, "CDELT1": 5.0, "CDELT2": 5.0,
                "EXTVER": number,
            }),
            name="WCSDVARR",
        )
        for number, sign in ((1, 1.0), (2, -0.5))
    ]  # fmt: skip
    for number, extension in enumerate(maps, 1):
        extension.ver = number
    image = fits.ImageHDU(pixels(100, 120), header(_SKY), name="SCI")
    for axis in (1, 2):
        image.header[f"CPDIS{axis}"] = "LOOKUP"
        image.header[f"DP{axis}"] = f"EXTVER: {axis}"
        image.header[f"DP{axis}"] = "NAXES: 2"
        for other in (1, 2):
            image.header.append(fits.Card.fromstring(f"DP{axis}     = 'AXIS.{other}: {other}'"))
    content = written(fits.PrimaryHDU(), image, *maps)
    whole_file = fits.HDUList.fromstring(content)
    centre = world(whole_file["SCI"], whole_file).all_pix2world([[70.0, 60.0]], 0)[0]
    hdus = cut_hdus(content, circle(centre[0], centre[1], 0.0075))
    assert [hdu.name for hdu in hdus] == ["PRIMARY", "SCI", "WCSDVARR", "WCSDVARR"]
    spans = assert_agrees(whole_file["SCI"], hdus["SCI"], whole_file=whole_file, part_file=hdus)
    assert spans[0][0] <= 63 and spans[0][1] >= 77
    assert hdus["WCSDVARR", 1].header["CRVAL1"] == 1.0 - spans[0][0]


def test_iraf_sections_move_along():
    cards = _SKY | {
        "LTV1": 10.0, "LTM1_1": 1.0, "LTM2_2": 0.5, "DATASEC": "[5:110,3:90]", "BIASSEC": "[1:4,1:100]",
        "DETSEC": "[240:1,101:300]", "CRPIX1P": 1.0, "CRVAL1P": 7.0, "CTYPE1P": "X", "CNPIX1": 100,
    }  # fmt: skip
    image = fits.PrimaryHDU(pixels(100, 120), header(cards))
    (part,) = cut_hdus(written(image), circle(150.0, 2.0, 0.0052))
    x, y = round(60.5 - part.header["CRPIX1"]), round(40.25 - part.header["CRPIX2"])
    width, height = part.shape[1], part.shape[0]
    assert (part.header["LTV1"], part.header["LTV2"]) == (10.0 - x, -y)
    assert part.header["DATASEC"] == f"[1:{width},1:{height}]"
    assert "BIASSEC" not in part.header
    assert (
        part.header["DETSEC"]
        == f"[{240 - 2 * x}:{240 - 2 * (x + width) + 1},{101 + 2 * y}:{100 + 2 * (y + height)}]"
    )
    assert part.header["CRPIX1P"] == 1.0 - x
    assert part.header["CNPIX1"] == 100 + x


@pytest.mark.parametrize(("dtype", "cards"), [
    ("i2", {"BSCALE": 0.5, "BZERO": 100.0, "BLANK": -32768}),
    ("i8", {}),
    ("u1", {"BLANK": 255}),
    ("f8", {}),
])  # fmt: skip
def test_values_stay_as_they_are_stored(dtype, cards):
    data = pixels(100, 120, dtype=dtype)
    if dtype == "f8":
        data[50, :] = np.nan
        data[51, :] = -0.0
    made = fits.PrimaryHDU(data, header(_SKY))
    content = written(made)
    # astropy would scale them.
    text = b"".join(f"{key:8}= {value:>20}".encode().ljust(80) for key, value in cards.items())
    end = content.index(b"END" + b" " * 77)
    content = content[:end] + text + content[end : 2880 - len(text)] + content[2880:]
    (part,) = cut_hdus(content, circle(150.0, 2.01, 0.0052))
    x, y = round(60.5 - part.header["CRPIX1"]), round(40.25 - part.header["CRPIX2"])
    expected = data[y : y + part.shape[0], x : x + part.shape[1]]
    assert part.data.tobytes() == expected.tobytes()
    for keyword, value in cards.items():
        assert part.header[keyword] == value


def _orders() -> fits.PrimaryHDU:
    """Five orders of 50 nm, 40 nm apart, in air; the last begins at 660 nm."""
    hdu = fits.PrimaryHDU(pixels(5, 100))
    hdu.header.update({"INSTRUME": "HARPS", "CTYPE1": "PIXEL", "CTYPE2": "PIXEL"})
    hdu.header["HIERARCH ESO DRS CAL TH DEG LL"] = 1
    for order in range(5):
        hdu.header[f"HIERARCH ESO DRS CAL TH COEFF LL{2 * order}"] = 5000.0 + 400.0 * order
        hdu.header[f"HIERARCH ESO DRS CAL TH COEFF LL{2 * order + 1}"] = 5.0
    return hdu


@pytest.mark.parametrize(
    ("low", "high", "first", "last"),
    [(505e-9, 506e-9, 0, 1), (545e-9, 546e-9, 0, 2), (545e-9, 600e-9, 0, 3), (680e-9, 1e-6, 4, 5)],
)
def test_band_takes_the_orders_that_it_touches(low, high, first, last):
    whole = _orders()
    (found,) = cut_hdus(written(whole), band=(low, high))
    assert np.array_equal(found.data, whole.data[first:last])
    terms = [found.header[f"ESO DRS CAL TH COEFF LL{number}"] for number in range(2 * (last - first))]
    assert terms[::2] == [5000.0 + 400.0 * order for order in range(first, last)]
    assert f"ESO DRS CAL TH COEFF LL{2 * (last - first)}" not in found.header


def test_band_beyond_all_orders():
    assert cut_bytes(written(_orders()), band=(720e-9, 730e-9)) is None
    assert cut_bytes(written(_orders()), band=(490e-9, 499e-9)) is None
