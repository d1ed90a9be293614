"""The simulated night: the same for every seed, readable by others, true to its own sky."""

from __future__ import annotations

import hashlib
import re
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits
from astropy.table import QTable
from astropy.wcs import WCS

from ingest.simulator import Night, write_night


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    return write_night(tmp_path_factory.mktemp("night"))


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_seed_gives_the_same_bytes_and_another_seed_others(night: Night, tmp_path: Path) -> None:
    again = write_night(tmp_path / "again")
    other = write_night(tmp_path / "other", seed=1601)
    assert [digest(path) for path in night.frames] == [digest(path) for path in again.frames]
    assert [digest(path) for path in night.documents] == [digest(path) for path in again.documents]
    assert digest(night.catalogue) == digest(again.catalogue)
    assert digest(night.catalogue) != digest(other.catalogue)


def test_every_frame_opens_and_keeps_its_checksums(night: Night) -> None:
    for path in night.frames:
        with fits.open(path, checksum=True) as hdus:  # a wrong sum is a warning, and warnings are errors
            assert "CHECKSUM" in hdus[0].header
            assert all(hdu.header.get("NAXIS") is not None for hdu in hdus)


def test_headers_tell_of_the_seeing_that_the_monitor_measured(night: Night) -> None:
    [table] = [path for path in night.documents if path.name.startswith("dimm_paranal")]
    lines = [line.split(",") for line in table.read_text("utf-8").splitlines()[1:]]
    measured = {moment: float(seeing) for moment, seeing, *_ in lines}
    told = {
        h["DATE-OBS"]: h["ESO TEL AMBI FWHM START"]
        for h in headers_of(night)
        if "ESO TEL AMBI FWHM START" in h
    }
    assert len(told) == 17
    for moment, seeing in told.items():
        assert seeing == pytest.approx(measured[f"{moment[:16]}:00"], abs=0.006)


def headers_of(night: Night) -> list[fits.Header]:
    return [fits.getheader(path) for path in night.frames]


def test_the_night_has_every_kind_of_frame(night: Night) -> None:
    headers = headers_of(night)
    assert {h["ESO DPR CATG"] for h in headers if "ESO DPR CATG" in h} == {"SCIENCE", "CALIB", "ACQUISITION"}
    assert {h["PRODCATG"] for h in headers if "PRODCATG" in h} == {
        "SCIENCE.IMAGE",
        "SCIENCE.SPECTRUM",
        "SCIENCE.CUBE.IFS",
        "SCIENCE.VISIBILITY",
        "ANCILLARY.WEIGHTMAP",
    }
    lamps = [h for h in headers if h.get("ESO DPR CATG") == "CALIB" and "ESO PRO CATG" not in h]
    assert {h["RA"] for h in lamps} == {-596.52323555}
    assert {h["INSTRUME"] for h in lamps} == {
        "HAWKI",
        "FORS2",
        "UVES",
        "XSHOOTER",
        "MUSE",
        "HARPS",
        "EFOSC",
    }


def test_products_name_raw_frames_that_exist(night: Night) -> None:
    names = {path.name for path in night.frames}
    headers = headers_of(night)
    cited = {h[k] for h in headers if "PRODCATG" in h for k in h if k.startswith("PROV")}
    used = {h[k] for h in headers for k in h if re.fullmatch(r"ESO PRO REC1 (RAW|CAL)\d NAME", k)}
    assert cited and used
    assert cited | used <= names


def test_products_name_previews_that_are_pictures(night: Night) -> None:
    headers = headers_of(night)
    named = {h["ASSON2"]: h["ASSOM2"] for h in headers if h.get("ASSOC2") == "ANCILLARY.PREVIEW"}
    assert {path.name for path in night.previews} == named.keys()
    for path in night.previews:
        content = path.read_bytes()
        assert hashlib.md5(content, usedforsecurity=False).hexdigest() == named[path.name]
        width, height, depth, colours = struct.unpack(">IIBB", content[16:26])
        assert (content[:8], content[12:16]) == (b"\x89PNG\r\n\x1a\n", b"IHDR")
        assert (width, height, depth, colours) == (268, 268, 8, 0)
        start = content.index(b"IDAT") + 4
        [length] = struct.unpack(">I", content[start - 8 : start - 4])
        lines = zlib.decompress(content[start : start + length])
        assert len(lines) == height * (width + 1)
        assert max(lines) == 255 and len(set(lines)) > 50


def test_the_chips_do_not_overlap_and_span_the_field(night: Night) -> None:
    frame = next(p for p in night.frames if p.name.startswith("HAWKI.2026-03-14T01:13"))
    with fits.open(frame) as hdus:
        centres = [WCS(hdu.header).pixel_to_world(63.5, 63.5) for hdu in hdus[1:]]
        pointing = hdus[0].header["RA"], hdus[0].header["DEC"]
    separations = sorted(a.separation(b).arcmin for a in centres for b in centres if a is not b)
    assert 3.63 + 0.2 < separations[0] < 3.63 + 0.4  # a chip of 217.9 arcsec and a gap of 15
    mean = np.mean([[c.ra.deg, c.dec.deg] for c in centres], axis=0)
    assert mean == pytest.approx(pointing, abs=1e-3)


def test_stars_stand_in_the_image_where_the_catalogue_has_them(night: Night) -> None:
    stars = QTable.read(night.catalogue)
    stack = next(
        path
        for path in night.frames
        if (h := fits.getheader(path)).get("PRODCATG") == "SCIENCE.IMAGE" and h["OBJECT"] == "NGC 3201"
    )
    image, header = fits.getdata(stack, header=True)
    field = stars[stars["field"] == "NGC 3201"]
    x, y = WCS(header).world_to_pixel_values(field["ra"].value, field["dec"].value)
    inside = (x > 3) & (y > 3) & (x < image.shape[1] - 4) & (y < image.shape[0] - 4)
    brightest = np.argmin(np.where(inside, field["jmag"].value, np.inf))
    row, column = np.unravel_index(np.argmax(image), image.shape)
    assert (column, row) == pytest.approx((x[brightest], y[brightest]), abs=1.5)


def test_the_catalogue_states_units_and_ucds(night: Night) -> None:
    header = fits.getheader(night.catalogue, 1)
    stated = {header[f"TTYPE{n}"]: header[f"TUCD{n}"] for n in range(1, header["TFIELDS"] + 1)}
    assert stated["ra"] == "pos.eq.ra;meta.main"
    assert stated["source_id"] == "meta.id;meta.main"
    assert header["TUNIT2"] == "deg"
