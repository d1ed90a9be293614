"""What files are taken for, and what they are called."""

from __future__ import annotations

from pathlib import Path

import pytest

from archive.tablefiles.fits_scan import scan
from ingest.classify import Kind, Product, classify
from ingest.harvest import believed
from ingest.identify import identify, stem
from ingest.keywords import Keywords
from tests.ingest.support import RAW, TAN, image, keywords, table, write

PRODUCT = {key: value for key, value in RAW.items() if not key.startswith("ESO DPR")}
LINEAR = {"CTYPE1": "LINEAR", "CUNIT1": "nm", "CRVAL1": 400.0, "CDELT1": 1.0}
SPECTRUM = {"WAVE": ([[1.0, 2.0]], "nm"), "FLUX": ([[1.0, 1.0]], None)}
CHANNELS = TAN | {"CTYPE3": "WAVE", "CDELT3": 1e-9}
VISIBILITIES = table({"MJD": ([1.0], "d")}, "OI_VIS2")
ARCFILE = {"ARCFILE": "ISAAC.2006-04-13T06:32:38.944.fits"}
MASTER = {"ARCFILE": "M.FORS2.2016-06-01T14:07:30.135.fits"}
BARE: dict[str, object] = {}


def verdict(folder: Path, *hdus: bytes, name: str = "a.fits") -> tuple[Kind, Product | None, str]:
    file = scan(write(folder, name, *hdus))
    found = classify(file, Keywords([hdu.view for hdu in believed(file)]), name)
    return found.kind, found.product, found.reason


RAW_FRAMES = [
    ({}, Kind.RAW_SCIENCE, Product.IMAGE),
    ({"ESO DPR TECH": "SPECTRUM,NODDING"}, Kind.RAW_SCIENCE, Product.SPECTRUM),
    ({"ESO DPR TECH": "IFU"}, Kind.RAW_SCIENCE, Product.CUBE),
    ({"ESO DPR TECH": "INTERFEROMETRY"}, Kind.RAW_SCIENCE, Product.VISIBILITY),
    ({"ESO DPR TECH": "SOMETHING"}, Kind.RAW_SCIENCE, None),
    ({"ESO DPR CATG": "CALIB"}, Kind.RAW_OTHER, None),
    ({"ESO DPR CATG": "ACQUISITION"}, Kind.RAW_OTHER, None),
    # Not raw any more: reduced by somebody.
    ({"ESO DPR CATG": "CALIB", "PRODCATG": "science.image"}, Kind.KEPT, None),
    ({"ESO DPR CATG": "CALIB", "ESO PRO CATG": "MASTER_FLAT"}, Kind.KEPT, None),
    ({"PRODCATG": "SCIENCE.IMAGE"}, Kind.DATASET, Product.IMAGE),
    ({"PRODCATG": "science.image"}, Kind.DATASET, Product.IMAGE),
    ({"ESO DRS CAL TH FILE": "x"}, Kind.DATASET, Product.IMAGE),
]


@pytest.mark.parametrize(("changes", "kind", "product"), RAW_FRAMES)
def test_frames(tmp_path: Path, changes: dict[str, object], kind: Kind, product: Product | None) -> None:
    assert verdict(tmp_path, image(RAW | changes))[:2] == (kind, product)


PRODUCTS = [
    ("SCIENCE.IMAGE", Kind.DATASET, Product.IMAGE),
    ("SCIENCE.MEFIMAGE", Kind.DATASET, Product.IMAGE),
    ("SCIENCE.IMAGE.FLUXMAP", Kind.DATASET, Product.IMAGE),
    ("SCIENCE.SPECTRUM", Kind.DATASET, Product.SPECTRUM),
    ("SCIENCE.CUBE.IFS", Kind.DATASET, Product.CUBE),
    ("SCIENCE.VISIBILITY.UNCALIBRATED", Kind.DATASET, Product.VISIBILITY),
    ("SCIENCE.SRCTBL", Kind.DATASET, Product.MEASUREMENTS),
    ("SCIENCE.CATALOGTILE", Kind.DATASET, Product.MEASUREMENTS),
    ("ANCILLARY.WEIGHTMAP", Kind.KEPT, None),
    ("ancillary.preview", Kind.KEPT, None),
]


@pytest.mark.parametrize(("category", "kind", "product"), PRODUCTS)
def test_phase_3_products(tmp_path: Path, category: str, kind: Kind, product: Product | None) -> None:
    assert verdict(tmp_path, image(PRODUCT | {"PRODCATG": category}))[:2] == (kind, product)


REDUCED = [
    ({"ESO PRO CATG": "RED_SCI_POINT_BLUE"}, True),
    ({"ESO PRO CATG": "TARGET_CAL_INT", "ESO PRO SCIENCE": False}, True),
    ({"ESO PRO CATG": "SINGLE_SCI_VIS_CALIBRATED"}, True),
    ({"ESO PRO CATG": "CALIB_CAL_INT"}, False),
    ({"ESO PRO CATG": "MASTER_BIAS"}, False),
    ({"ESO PRO CATG": "FLUX_SLIT_STD_VIS"}, False),
    ({"ESO PRO CATG": "SOMETHING", "ESO PRO SCIENCE": False}, False),
    ({"IMAGETYP": "Master Flat"}, False),
    ({"IMAGETYP": "object"}, True),
    ({"OBSTYPE": "BIAS"}, False),
]


@pytest.mark.parametrize(("changes", "science"), REDUCED)
def test_reduced_calibrations_are_told_from_science(
    tmp_path: Path, changes: dict[str, object], science: bool
) -> None:
    kind, _, reason = verdict(tmp_path, image(PRODUCT | TAN | changes))
    assert (kind is Kind.DATASET) == science and bool(reason) != science


@pytest.mark.parametrize("name", ["m17.weight.fits", "m17_conf.fits.gz", "m17_rms.fits", "stack_mask.fit"])
def test_weight_maps_are_known_by_name(tmp_path: Path, name: str) -> None:
    assert verdict(tmp_path, image(PRODUCT | TAN), name=name)[0] is Kind.KEPT


CONTENTS = [
    ("an image", [image(TAN)], Kind.DATASET, Product.IMAGE),
    ("an image in an extension", [image({}, ()), image(TAN, first=False)], Kind.DATASET, Product.IMAGE),
    ("pixels with a date", [image({"DATE-OBS": "13/05/93"})], Kind.DATASET, Product.IMAGE),
    ("bare pixels", [image()], Kind.KEPT, None),
    ("a cube", [image(CHANNELS, (4, 4, 9))], Kind.DATASET, Product.CUBE),
    (
        "one channel",
        [image(CHANNELS, (4, 4, 1))],
        Kind.DATASET,
        Product.IMAGE,
    ),
    ("a spectrum", [image(PRODUCT | LINEAR, (99,))], Kind.DATASET, Product.SPECTRUM),
    ("a spectrum in a table", [image(PRODUCT, ()), table(SPECTRUM)], Kind.DATASET, Product.SPECTRUM),
    ("orders in rows", [image(PRODUCT | {"ESO DPR TECH": "ECHELLE"})], Kind.DATASET, Product.SPECTRUM),
    ("a bisector", [image(PRODUCT | {"CTYPE1": "%"}, (91,))], Kind.KEPT, None),
    ("cross-correlations", [image(PRODUCT | {"CTYPE1": "km/s"}, (121, 73))], Kind.KEPT, None),
    (
        "visibilities",
        [image({}, ()), VISIBILITIES],
        Kind.DATASET,
        Product.VISIBILITY,
    ),
    ("a catalogue", [image({}, ()), table({"RA": ([1.0], "deg")})], Kind.KEPT, None),
    ("nothing", [image({}, ())], Kind.KEPT, None),
]


@pytest.mark.parametrize(
    ("hdus", "kind", "product"), [case[1:] for case in CONTENTS], ids=[case[0] for case in CONTENTS]
)
def test_files_of_any_origin(tmp_path: Path, hdus: list[bytes], kind: Kind, product: Product | None) -> None:
    found, type_, reason = verdict(tmp_path, *hdus)
    assert (found, type_) == (kind, product)
    assert bool(reason) == (kind is Kind.KEPT)


IDENTIFIERS = [
    (
        True,
        {"ARCFILE": "ISAAC.2006-04-13T06:32:38.944.fits"},
        "x.fits",
        "ISAAC.2006-04-13T06:32:38.944",
        False,
    ),
    (True, BARE, "x.fits", "x", True),
    (False, ARCFILE, "x_reduced.fits.gz", "x_reduced", True),
    (False, {"ARCFILE": "ADP.2016-06-01T14:07:30.135.fits"}, "x.fits", "ADP.2016-06-01T14:07:30.135", False),
    (
        False,
        {"ARCFILE": "M.FORS2.2016-06-01T14:07:30.135.fits"},
        "x",
        "M.FORS2.2016-06-01T14:07:30.135",
        False,
    ),
    (False, BARE, "two words & a/slash.fits", "two_words_&_a_slash", True),
    (False, BARE, "..fits", "unnamed", True),
]


@pytest.mark.parametrize(("raw", "values", "name", "dp_id", "by_name"), IDENTIFIERS)
def test_identifiers(raw: bool, values: dict[str, object], name: str, dp_id: str, by_name: bool) -> None:
    found = identify(keywords(values), name, raw=raw)
    assert (found.dp_id, found.by_name) == (dp_id, by_name)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.fits", "a"),
        ("a.b.fits.gz", "a.b"),
        ("a.fits.fz", "a"),
        ("A.FIT", "A"),
        ("tst0013.mt", "tst0013"),
        ("a", "a"),
    ],
)
def test_stems(name: str, expected: str) -> None:
    assert stem(name) == expected
