"""Raw frames of every kind of exposure: their sizes, their light, stars where the sky has them."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from astropy import units
from astropy.table import QTable, Table
from astropy.wcs import WCS

from archive.errors import UnreadableFile
from ingest.simulator.echelle import SETTINGS, Chip, orders
from ingest.simulator.frames import raw_frame
from ingest.simulator.observatory import Conditions, Exposure, ObservationBlock, Run, Target
from ingest.simulator.readout import BIAS_LEVEL, FULL, SMALL, Detectors
from ingest.simulator.real_stars import read_stars, with_real_stars
from ingest.simulator.spectra import arc_lines
from ingest.simulator.stars import draw_stars

# As many pixels as are quickly simulated; the real number is in tests/soak/test_esorex.py.
LARGER = Detectors(hawki=512, fors2=(192, 512), uves=4)
FIELD = Target("NGC 3201", 154.4034, -46.4125)
BLOCK = ObservationBlock(1, "NGC3201_J", Run("116.28AB.001", "Clusters", "BRAHE"), FIELD)


@pytest.fixture(scope="module")
def stars() -> QTable:
    return draw_stars(np.random.default_rng(1576), [FIELD])


def exposure(instrument: str, kind: str, optics: str = "", dit: float = 30.0, detector: str = "") -> Exposure:
    category, block = ("SCIENCE", BLOCK) if kind.startswith("OBJECT") else ("CALIB", None)
    conditions = Conditions((1.1, 1.2), (0.6, 0.7)) if block else None
    return Exposure(
        instrument,
        61113.0,
        category,
        kind,
        "IMAGE",
        "TEMPLATE",
        dit,
        optics=optics,
        block=block,
        conditions=conditions,
        detector=detector,
    )


def light(one: Exposure, stars: QTable, detectors: Detectors = SMALL) -> list[np.ndarray]:
    """Counts above the bias level of each chip."""
    hdus = raw_frame(one, stars, np.random.default_rng(1), detectors)
    # Not yet written: the data are still what FITS stores.
    return [hdu.data + hdu.header["BZERO"] - BIAS_LEVEL for hdu in hdus if hdu.data is not None]


@pytest.mark.parametrize(
    ("instrument", "kind", "optics", "least", "most"),
    [
        ("HAWKI", "DARK", "", 14, 16),
        ("HAWKI", "FLAT", "J", 11_000, 13_000),
        ("HAWKI", "STD", "H", 1_400, 1_600),
        ("HAWKI", "OBJECT", "Ks", 1_400, 9_000),
        ("FORS2", "BIAS", "", -1, 1),
        ("FORS2", "DARK", "", -1, 1),
        ("FORS2", "SKY,FLAT", "", 20_000, 20_050),
        ("FORS2", "FLAT,LAMP", "GRIS_300V", 20_000, 20_050),
        ("FORS2", "STD", "GRIS_300V", 20, 200),
        ("FORS2", "OBJECT", "", 10, 12),
        ("UVES", "BIAS", "", -1, 1),
        ("UVES", "DARK", "346", -1, 1),
        ("UVES", "LAMP,FLAT", "390", 2_000, 20_000),
        ("UVES", "LAMP,ORDERDEF", "860", 100, 5_000),
        ("UVES", "STD", "760", 5, 200),
        ("UVES", "OBJECT,POINT", "437", 10, 200),
    ],
)
def test_every_kind_of_exposure_has_its_light(
    instrument: str, kind: str, optics: str, least: float, most: float, stars: QTable
) -> None:
    for counts in light(exposure(instrument, kind, optics), stars):
        assert least <= counts.mean() <= most


def test_arcs_have_few_bright_lines(stars: QTable) -> None:
    for one in (exposure("FORS2", "WAVE,LAMP", "GRIS_300V"), exposure("UVES", "LAMP,WAVE", "580")):
        for counts in light(one, stars):
            assert np.percentile(counts, 99) > 50 * max(10.0, np.median(counts))


def test_detectors_are_as_large_as_real_ones_if_told_so(stars: QTable) -> None:
    def shapes(instrument: str, **setup: str) -> list[tuple[int, ...]]:
        one = exposure(instrument, "BIAS", **setup)
        return [counts.shape for counts in light(one, stars, FULL)]

    assert shapes("UVES") == [(1500, 1024 + 2 * 25)]
    assert shapes("UVES", detector="RED") == 2 * [(2048, 1024 + 2 * 25)]


def test_orders_are_where_their_flat_field_is(stars: QTable) -> None:
    """The blue chip is read turned by a right angle: its columns are what the model calls y."""
    [counts] = light(exposure("UVES", "LAMP,ORDERDEF", "437"), stars, FULL)
    for order in orders(SETTINGS[437.0], Chip.BLUE):
        x = len(order.y) // 2
        column = 25 + order.y[x] / 2
        if 30 < column < counts.shape[1] - 30:
            row = counts[counts.shape[0] - 1 - x // 2, int(column) - 6 : int(column) + 8]
            assert np.argmax(row) - 6 + int(column) == pytest.approx(column, abs=1.0)


def test_settings_cover_what_is_said_of_them() -> None:
    """UVES User Manual, table 2.3: the ranges of the standard settings in nanometres."""
    ranges = {346.0: (303, 388), 390.0: (326, 454), 437.0: (373, 499), 580.0: (476, 684), 860.0: (660, 1060)}
    for wavelength, (shortest, longest) in ranges.items():
        setting = SETTINGS[wavelength]
        every = [order for chip in setting.chips for order in orders(setting, chip)]
        blazing = [order.wavelengths[np.argmax(order.blaze)] for order in every]
        assert min(blazing) == pytest.approx(shortest, abs=6)
        assert max(blazing) == pytest.approx(longest, abs=9)


def test_lamps_have_lines_of_argon_too() -> None:
    wavelengths, strengths = arc_lines()
    for argon in (696.5431, 763.5106):
        assert np.abs(wavelengths - argon).min() < 1e-4
    assert 0.1 <= strengths.min() < strengths.max() <= 100


@pytest.fixture(scope="module")
def extract(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Of a catalogue: three stars on each chip, columns known by UCD in one form and by name in the other."""
    places = [(x, y) for x in (-0.04, 0.03) for y in (-0.03, 0.05)]
    places += [(x, y) for x in (-0.02, 0.05) for y in (-0.05, 0.02)]
    table = Table()
    table["alpha"] = [FIELD.ra + x / np.cos(np.radians(FIELD.dec)) for x, _ in places] * units.deg
    table["delta"] = [FIELD.dec + y for _, y in places] * units.deg
    table["brightness"] = np.full(len(places), 12.0) * units.mag
    for name, ucd in (("alpha", "pos.eq.ra"), ("delta", "pos.eq.dec"), ("brightness", "phot.mag;em.IR.J")):
        table[name].meta["ucd"] = ucd
    path = tmp_path_factory.mktemp("stars") / "extract.vot"
    table.write(path, format="votable")
    return path


@pytest.mark.parametrize("detectors", [SMALL, LARGER], ids=["small", "larger"])
def test_real_stars_stand_at_their_pixels(detectors: Detectors, extract: Path, stars: QTable) -> None:
    real = with_real_stars(stars, read_stars(extract), [FIELD])
    assert len(real) < len(stars) - 300  # the cluster that was drawn is gone
    one = exposure("HAWKI", "OBJECT", "J")
    seen = 0
    for hdu in raw_frame(one, real, np.random.default_rng(1), detectors)[1:]:
        x, y = WCS(hdu.header).world_to_pixel_values(*places_of(extract))
        for column, row in zip(x, y, strict=True):
            if 8 < column < detectors.hawki - 8 and 8 < row < detectors.hawki - 8:
                assert centroid(hdu.data, column, row) == pytest.approx((column, row), abs=1.0)
                seen += 1
    assert seen == 8


def places_of(extract: Path) -> tuple[np.ndarray, np.ndarray]:
    stars = read_stars(extract)
    return stars["ra"].value, stars["dec"].value


def centroid(image: np.ndarray, column: float, row: float) -> tuple[float, float]:
    """Of what is brighter than the sky near a pixel."""
    left, bottom = round(column) - 7, round(row) - 7
    box = image[bottom : bottom + 15, left : left + 15].astype(float)
    box = np.clip(box - np.median(box) - 50, 0, None)
    rows, columns = np.mgrid[0:15, 0:15]
    return left + (box * columns).sum() / box.sum(), bottom + (box * rows).sum() / box.sum()


def test_fields_without_a_real_star_keep_the_drawn_ones(extract: Path, stars: QTable) -> None:
    elsewhere = Target("M 83", 204.2538, -29.8658)
    assert with_real_stars(stars, read_stars(extract), [elsewhere]) is stars


def test_magnitudes_are_known_by_name_too(tmp_path: Path) -> None:
    path = tmp_path / "twomass.fits"
    columns = {"ra": [10.0, 11.0], "dec": [-5.0, -6.0], "j_m": [9.5, np.nan], "k_m": [9.0, 8.0]}
    Table(columns).write(path)
    found = read_stars(path)
    assert [tuple(row) for row in found.iterrows()] == [
        (10.0 * units.deg, -5.0 * units.deg, np.float32(9.5) * units.mag, 9.0 * units.mag)
    ]


def test_a_table_without_magnitudes_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "places.fits"
    Table({"ra": [10.0], "dec": [-5.0]}).write(path)
    with pytest.raises(UnreadableFile, match=r"places\.fits: no column of magnitudes"):
        read_stars(path)


@pytest.mark.real
def test_the_pleiades_have_their_stars() -> None:
    found = read_stars(Path(os.environ["URANIBORG_DATA"]) / "catalogues" / "hipparcos_tycho_126k.parquet")
    alcyone = Target("Alcyone", 56.8712, 24.1051)
    drawn = draw_stars(np.random.default_rng(1), [alcyone])
    field = with_real_stars(drawn, found, [alcyone])
    assert field["jmag"].value[field["field"] == alcyone.name].min() == pytest.approx(2.85, abs=0.05)
