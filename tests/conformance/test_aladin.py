"""Aladin Desktop shows an image with a cone search on top, and a cut-out, as a script tells it.

Of Debian's packages aladin, xvfb and xauth; the pictures are left in var/conformance to be looked at. The
script does what a user does by hand: images by SIA, their links, the file that the links lead to.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import httpx
import numpy as np
import pytest
import pyvo
from astropy.coordinates import SkyCoord
from astropy.io import fits
from astropy.wcs import WCS
from PIL import Image

from tests.conformance.conftest import DEMONSTRATION, REAL_FILES, Site

# pyvo leaves its connections to the collector; real headers are older than today's rules.
pytestmark = [
    pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning"),
    pytest.mark.filterwarnings("ignore::astropy.utils.exceptions.AstropyWarning"),
]

HERE = Path(__file__).parent
PICTURES = HERE.parents[1] / "var/conformance"
JAR = Path("/usr/share/java/aladin.jar")
VIEW = (900, 700)
RED, BLUE = (255, 0, 0), (0, 0, 255)


@dataclass(frozen=True)
class Field:
    """An image, a table to be laid over it, and what it is shown with."""

    collection: str
    table: str
    columns: tuple[str, str]
    radius: float  # degrees


FIELDS = {
    DEMONSTRATION: Field("SIMULATED", "safcat.simulated_stars", ("ra", "dec"), 0.1),
    REAL_FILES: Field("2MASS", "ivoa.ObsCore", ("s_ra", "s_dec"), 0.5),
}


@pytest.mark.parametrize(
    ("site", "field"),
    [
        pytest.param(DEMONSTRATION, FIELDS[DEMONSTRATION], marks=pytest.mark.soak),
        pytest.param(REAL_FILES, FIELDS[REAL_FILES], marks=pytest.mark.soak),
    ],
    indirect=["site"],
    ids=[DEMONSTRATION, REAL_FILES],
)
def test_an_image_with_a_catalogue(site: Site, field: Field, tmp_path: Path) -> None:
    image = site.first("image", f"calib_level = 2 AND obs_collection = '{field.collection}'")
    # Wide, for Aladin 12 fails over tables of one row, whoever sends them.
    around = f"{image.ra},{image.dec}&SIZE=1"
    cone = f"RA={image.ra}&DEC={image.dec}&SR={field.radius}"
    links = pyvo.dal.adhoc.DatalinkResults.from_result_url(f"{site.address}/datalink/links?ID={image.dp_id}")
    (this,) = links.bysemantics("#this")
    circle = f"{image.ra}+{image.dec}+0.005"
    picture = PICTURES / f"aladin-{field.collection.lower()}.png"
    said = aladin(
        tmp_path,
        f"images=load {site.address}/sia1/query?POS={around}",
        "sync",
        f"part=load {site.address}/soda/sync?ID={image.did}&CIRCLE={circle}",
        "sync",
        "hide part",
        f"image=load {this.access_url}",
        "sync",
        f"rows=load {site.address}/cone/{field.table}?{cone}",
        "sync",
        "set rows color=red",
        "set images color=blue",
        "cm image asinh",
        "zoom 4x",
        "sync",
        "status",
        f"save {VIEW[0]}x{VIEW[1]} {picture}",
    )
    assert not re.search("^!!!| error$", said, re.MULTILINE), said
    planes = {name: dict(re.findall(r"^(\w+) +(.+)$", text, re.MULTILINE)) for name, text in blocks(said)}

    found = table_of(site, f"/cone/{field.table}?{cone}", *field.columns)
    images = table_of(site, f"/sia1/query?POS={around}", "ra", "dec")
    assert len(found) > 1 and int(planes["rows"]["NbObj"]) == len(found)
    assert len(images) > 1 and int(planes["images"]["NbObj"]) == len(images)
    content = httpx.get(str(this.access_url), timeout=60).content
    with fits.open(fits_file(content, tmp_path)) as file:
        hdu = next(one for one in file if one.is_image and one.header["NAXIS"] == 2)
        wcs, (height, width) = WCS(hdu.header), hdu.shape
    assert (int(planes["image"]["Width"]), int(planes["image"]["Height"])) == (width, height)
    assert 1 < int(planes["part"]["Width"]) < width

    drawn = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    assert drawn.shape == (VIEW[1], VIEW[0], 3)
    (zoom,) = re.findall(r"^Zoom +([\d.]+)$", said, re.MULTILINE)
    centre = ((width - 1) / 2, (height - 1) / 2)
    marked = 0
    for places, colours in ((found, (RED,)), (images, (BLUE, RED))):  # red lies on top
        for x, y in screen(places, wcs, centre, float(zoom)):
            # Not where Aladin writes and draws in the corners.
            if 15 < x < VIEW[0] - 15 and 40 < y < VIEW[1] - 90:
                assert any(has_colour(drawn, x, y, colour) for colour in colours), (x, y)
                marked += 1
    assert marked > 2
    # The image is there, not an empty frame, and looks different from place to place.
    assert np.ptp(drawn.sum(axis=2)) > 300


@pytest.mark.soak
@pytest.mark.parametrize("site", [DEMONSTRATION], indirect=True)
def test_the_documented_script(site: Site, tmp_path: Path) -> None:
    page = (HERE.parents[1] / "docs/users/clients.md").read_text("utf-8")
    (script,) = re.findall(r"^```text\n(.*?)^```", page, re.MULTILINE | re.DOTALL)
    picture = PICTURES / "aladin-documented.png"
    picture.unlink(missing_ok=True)
    script = script.replace("http://127.0.0.1:8000", site.address).replace("view.png", str(picture))
    said = aladin(tmp_path, *script.splitlines())
    assert not re.search("^!!!", said, re.MULTILINE), said
    assert Image.open(picture).size == VIEW


def aladin(folder: Path, *commands: str) -> str:
    """What Aladin answers to the commands."""
    assert JAR.exists() and shutil.which("xvfb-run"), "apt-get install aladin xvfb xauth"
    PICTURES.mkdir(parents=True, exist_ok=True)
    script = folder / "script.ajs"
    script.write_text("\n".join(commands) + "\n")
    command: Sequence[str | Path] = (
        *("xvfb-run", "-a", "java", f"-Duser.home={folder}", "-cp", JAR),
        *(HERE / "AladinCommands.java", HERE / "aladin.dic", script),
    )
    running = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        said, _ = running.communicate(timeout=200)
    finally:
        if running.poll() is None:
            os.killpg(running.pid, signal.SIGKILL)
            running.communicate()
    assert running.returncode == 0, said
    return said


def blocks(said: str) -> list[tuple[str, str]]:
    """The planes in the answer to `status`."""
    parts = re.split(r"^PlaneID (\S+)$", said.rpartition("> status")[2], flags=re.MULTILINE)[1:]
    return list(zip(parts[::2], parts[1::2], strict=True))


def table_of(site: Site, path: str, longitude: str, latitude: str) -> list[tuple[float, float]]:
    rows = pyvo.dal.DALQuery(site.address + path).execute().to_table()
    return [(float(row[longitude]), float(row[latitude])) for row in rows]


def fits_file(content: bytes, folder: Path) -> Path:
    file = folder / ("image.fits.gz" if content.startswith(b"\x1f\x8b") else "image.fits")
    file.write_bytes(content)
    return file


def screen(
    places: list[tuple[float, float]], wcs: WCS, centre: tuple[float, float], zoom: float
) -> list[tuple[float, float]]:
    """Where the places are in the view, in whose middle the image's is; the image's own axes, y upwards."""
    columns, rows = wcs.world_to_pixel(SkyCoord(places, unit="deg"))
    return [
        (VIEW[0] / 2 + zoom * (x - centre[0]), VIEW[1] / 2 - zoom * (y - centre[1]))
        for x, y in zip(columns, rows, strict=True)
    ]


def has_colour(drawn: np.ndarray, x: float, y: float, colour: tuple[int, int, int]) -> bool:
    """Whether this colour is within four pixels, which is what symbols extend."""
    column, row = round(x), round(y)
    near = drawn[row - 4 : row + 5, column - 4 : column + 5]
    channel = colour.index(255)
    others = [one for one in range(3) if one != channel]
    matching = (near[..., channel] > 100) & (near[..., others].max(axis=-1) < near[..., channel] / 2)
    return bool(matching.any())
