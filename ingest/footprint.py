"""Where an image lies on the sky: outlines from the world coordinates of every image HDU, in ICRS.

Here belong centre, outline, pixel scale and size; which files have a place on the sky is decided where
they are classified. World coordinates are astropy's (TAN to HPX, SIP, TPV, CD, PC or CROTA, celestial
axes in any order and place, further axes besides).
"""

from __future__ import annotations

import logging
import math
import re
import warnings
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy import log, wcs
from astropy.coordinates import BarycentricMeanEcliptic, Supergalactic
from astropy.io import fits
from astropy.utils.exceptions import AstropyUserWarning
from astropy.wcs.utils import wcs_to_celestial_frame

from archive.declare.regions import Circle, Polygon, Region, repaired
from archive.errors import UsageError
from archive.store import Header
from archive.tablefiles.fits_scan import ASTROPY_FAILURES, Hdu

from .frames import Degrees, Frame, fk_frame, frame_of, from_vectors, to_icrs, to_vectors

__all__ = ["Footprint", "celestial", "image_footprint", "world_coordinates"]

_WCS_KEYWORD = re.compile(
    r"NAXIS\d{0,2}|WCSAXES|CTYPE\d\d?|CRVAL\d\d?|CRPIX\d\d?|CDELT\d\d?|CUNIT\d\d?|CROTA\d\d?"
    r"|CD\d\d?_\d\d?|PC\d\d?_\d\d?|P[VS]\d\d?_\d\d?"
    r"|LONPOLE|LATPOLE|RADESYS|RADECSYS|EQUINOX|EPOCH|[AB]P?_(ORDER|DMAX|\d+_\d+)|WAT\d_\d{3}|MJD-OBS"
    r"|RESTFRQ|RESTFREQ|RESTWAV|SPECSYS"
)
# The plate solution of the Digitized Sky Survey, which wcslib prefers, but refuses among further axes.
_PLATE = re.compile(r"AMD[XY]\d+|PPO\d|PLT(RA[HMS]|DEC(SN|[DMS])|SCALE)|CNPIX\d|[XY]PIXELSZ")
_REFERENCE = re.compile(r"CRVAL|AMDX|WAT1_")
# Distortions (SIP, and SCAMP's PV of a TAN projection) that astropy handles and not wcslib.
_DISTORTED = re.compile(r"[AB]P?_ORDER|PV\d+_\d+")
# Keywords that astropy and wcslib allocate memory by, and what they can reasonably be.
_SIZES = {"NAXIS": 99, "WCSAXES": 99} | dict.fromkeys(("A_ORDER", "B_ORDER", "AP_ORDER", "BP_ORDER"), 9)
_LONGITUDE = re.compile(r"(RA--|[GES]LON)-\w{3}(-\w+)?")
_LATITUDE = re.compile(r"(DEC-|[GES]LAT)-\w{3}(-\w+)?")
# Samples per side of an image; powers of two, so that coarser outlines take every 2nd, 4th, ... of them.
_SIDE = 16
# Beyond this radius in degrees an outline says little and a circle or the whole sky is published.
_LARGEST_OUTLINE = 75.0
# Projections of a patch of the sky; an outline as large as above means that the header is wrong.
_OF_PATCHES = {"TAN", "SIN", "TPV", "TNX", "ZPX"}
_YZX, _ZXY = [1, 2, 0], [2, 0, 1]
_HEMISPHERES: tuple[Circle, ...] = ((0.0, 90.0, 90.0), (0.0, -90.0, 90.0))


@dataclass(frozen=True, slots=True)
class Footprint:
    """Centre, diameter of an enclosing circle and outline, in ICRS degrees; pixels of the largest image.

    `pixel_scale` in arcseconds; `shape` along longitude and latitude.
    """

    ra: float
    dec: float
    diameter: float
    region: Region
    pixel_scale: float
    shape: tuple[int, int]


@dataclass(frozen=True, slots=True)
class _Outline:
    """One image: unit vectors of its centre and of points on its border, and its shape in parts."""

    centre: Degrees
    border: Degrees
    polygons: tuple[Polygon, ...]
    circles: tuple[Circle, ...]
    scale: float
    shape: tuple[int, int]


def image_footprint(images: Iterable[Hdu], problems: list[str]) -> Footprint | None:
    """The union of the outlines of all images that have celestial coordinates; None when none has."""
    outlines = []
    for hdu in images:
        if hdu.is_image and celestial(hdu.view):
            outline = _outline(hdu, problems)
            if outline is not None:
                outlines.append(outline)
    return _union(outlines, problems) if outlines else None


def celestial(header: Header) -> bool:
    """True when the header names a longitude and a latitude among its axes."""
    types = [_ctype(header, axis) for axis in range(1, (header.integer("NAXIS") or 0) + 1)]
    return any(_LONGITUDE.fullmatch(t) for t in types) and any(_LATITUDE.fullmatch(t) for t in types)


def _ctype(header: Header, axis: int) -> str:
    return (header.text(f"CTYPE{axis}") or "").upper()


def world_coordinates(header: Header) -> Any:
    """astropy's WCS of a header; ValueError when there is none."""
    cards = _world_cards(header)
    with warnings.catch_warnings():
        # "RADECSYS is deprecated", "the unit was Angstroms": corrections that need nobody's attention.
        warnings.simplefilter("ignore", wcs.FITSFixedWarning)
        warnings.simplefilter("ignore", AstropyUserWarning)
        if any(_DISTORTED.fullmatch(keyword) for keyword in cards):
            with _silence():
                return wcs.WCS(fits.Header(cards))
        # Straight to wcslib: astropy's own way through a Header takes five times as long.
        parameters = wcs.Wcsprm(header=_card_images(cards), relax=True)
        parameters.fix()
        parameters.set()
        world = wcs.WCS(naxis=parameters.naxis)
        world.wcs = parameters
        return world


@contextmanager
def _silence() -> Iterator[None]:
    """Without astropy's advice on how SIP headers ought to be written, which it logs for each of them."""
    level = log.level
    log.setLevel(logging.WARNING)
    try:
        yield
    finally:
        log.setLevel(level)


def _world_cards(header: Header) -> dict[str, str | bool | int | float]:
    """The cards that world coordinates are made of; ValueError for values that they cannot have.

    A text in CRVAL, a NaN or a card in Latin-1 would make astropy fail later and less clearly.
    """
    cards: dict[str, str | bool | int | float] = {}
    flat = header.integer("NAXIS") == 2
    for card in header.cards:
        value = card.value
        if value is None or isinstance(value, complex):
            continue
        if not (_WCS_KEYWORD.fullmatch(card.keyword) or (flat and _PLATE.fullmatch(card.keyword))):
            continue
        if isinstance(value, str):
            if not value.isascii() or card.keyword.startswith(("CR", "CD", "PC", "NAXIS")):
                raise ValueError(f"{card.keyword} = {value!r}")
        elif not abs(value) < 1e300:
            raise ValueError(f"{card.keyword} = {value}")
        cards.setdefault(card.keyword, value)
    for keyword, most in _SIZES.items():
        if not 0 <= int(cards.get(keyword, 0)) <= most:
            raise ValueError(f"{keyword} = {cards[keyword]}")
    matrix = [value for keyword, value in cards.items() if keyword.startswith("CD") and "_" in keyword]
    if matrix and not any(matrix):
        raise ValueError("CDi_j are all zero")
    if not any(_REFERENCE.match(keyword) for keyword in cards):
        # Zero by the standard (FITS 4.0, 8.1), which is where nobody pointed: the cards are what is missing.
        raise ValueError("no CRVALi")
    return cards


def _card_images(cards: Mapping[str, str | bool | int | float]) -> bytes:
    images = []
    for keyword, value in cards.items():
        if isinstance(value, str):
            text = "'" + value.replace("'", "''").ljust(8) + "'"
        elif isinstance(value, bool):
            text = f"{'T' if value else 'F':>20}"
        else:
            text = f"{repr(value).upper():>20}"
        images.append(f"{keyword:8}= {text}".ljust(80)[:80])
    return "".join(images).encode("ascii") + b"END".ljust(80)


def _outline(hdu: Hdu, problems: list[str]) -> _Outline | None:
    try:
        return _sky_outline(hdu)
    except ASTROPY_FAILURES as cause:
        reason = " ".join(str(cause).split())[:120]
        problems.append(f"HDU {hdu.index}: no footprint: {reason}")
        return None


def _sky_outline(hdu: Hdu) -> _Outline:
    world = world_coordinates(hdu.view)
    lng, lat = world.wcs.lng, world.wcs.lat
    if lng < 0 or lat < 0:
        raise ValueError("no pair of celestial axes")
    shape = (hdu.shape[lng], hdu.shape[lat])
    scale = float(np.sqrt(np.prod(wcs.utils.proj_plane_pixel_scales(world)[[lng, lat]])))
    # The middle, then the border from the lower left corner round.
    steps, zero, one = np.arange(_SIDE) / _SIDE, np.zeros(_SIDE), np.ones(_SIDE)
    across = np.concatenate([[0.5], steps, one, 1.0 - steps, zero])
    up = np.concatenate([[0.5], zero, steps, one, 1.0 - steps])
    vectors = _directions(world, across, up, shape)
    centre, border = vectors[0], vectors[1:]
    if not np.isfinite(vectors).all() or _radius(centre, border) > _LARGEST_OUTLINE:
        if world.wcs.ctype[lng][5:8] in _OF_PATCHES:
            raise ValueError("its corners are not on the sky, or half the sky apart")
        return _wide_outline(world, shape, scale * 3600.0)
    polygon = _polygon(centre, border, 0.3 * np.radians(scale))
    return _Outline(centre, border, (polygon,), (), scale * 3600.0, shape)


def _directions(world: Any, across: Degrees, up: Degrees, shape: tuple[int, int]) -> Degrees:
    """ICRS unit vectors of places in an image, given as fractions of its width and height."""
    lng, lat = world.wcs.lng, world.wcs.lat
    # Other axes (wavelength, Stokes) stand at their reference pixel.
    pixels = np.tile(np.asarray(world.wcs.crpix, dtype=np.float64), (across.size, 1))
    # Pixel edges are at 0.5 and n + 0.5 (FITS 4.0, 8.1).
    pixels[:, lng], pixels[:, lat] = across * shape[0] + 0.5, up * shape[1] + 0.5
    sky = world.all_pix2world(pixels, 1)
    finite = np.isfinite(sky[:, lng]) & np.isfinite(sky[:, lat])
    vectors = np.full((across.size, 3), np.nan)
    if finite.any():
        vectors[finite] = to_vectors(*to_icrs(_frame(world), sky[finite, lng], sky[finite, lat]))
    return vectors


def _frame(world: Any) -> Frame:
    """The frame of the celestial axes."""
    name = world.wcs.ctype[world.wcs.lng][:4]
    if name == "ELON":
        return frame_of(BarycentricMeanEcliptic(equinox="J2000"))
    if name == "SLON":
        return frame_of(Supergalactic())
    system, equinox = world.wcs.radesys, float(world.wcs.equinox)
    if name == "RA--" and system in {"", "ICRS", "FK5", "FK4"}:
        return fk_frame(system, None if math.isnan(equinox) else equinox)
    return frame_of(wcs_to_celestial_frame(world))


def _radius(centre: Degrees, border: Degrees) -> float:
    """The largest distance of points on the border from the centre, in degrees."""
    return float(np.degrees(np.arccos(np.clip(np.nanmin(border @ centre), -1.0, 1.0))))


def _polygon(centre: Degrees, border: Degrees, tolerance: float) -> Polygon:
    """The corners, and as many points between them as the sides need to stay within `tolerance` radians."""
    step = _SIDE
    while step > 1 and _bulge(border, step) > tolerance:
        step //= 2
    corners = border[::step]
    turns = _cross(corners, np.roll(corners, -1, axis=0)) @ centre
    if turns.sum() > 0.0:
        # Counter-clockwise as seen from inside the sphere (DALI 1.2, 3.3.6).
        corners = corners[::-1]
    lons, lats = from_vectors(corners)
    return tuple(zip(lons.tolist(), lats.tolist(), strict=True))


def _bulge(border: Degrees, step: int) -> float:
    """How far the border runs from the great circles between every `step`th of its points, in radians."""
    starts = border[::step]
    poles = _cross(starts, np.roll(starts, -1, axis=0))
    poles /= np.maximum(np.linalg.norm(poles, axis=1, keepdims=True), 1e-300)
    offsets = np.einsum("sik,sk->si", border.reshape(-1, step, 3), poles)
    return float(np.abs(offsets).max())


def _cross(a: Degrees, b: Degrees) -> Degrees:
    """Cross products of rows; numpy's own takes five times as long for a few."""
    return a[:, _YZX] * b[:, _ZXY] - a[:, _ZXY] * b[:, _YZX]


def _wide_outline(world: Any, shape: tuple[int, int], scale: float) -> _Outline:
    """A map of a large part of the sky: a circle around what it shows, or the two hemispheres."""
    fractions = (np.arange(32) + 0.5) / 32
    across, up = np.meshgrid(fractions, fractions)
    vectors = _directions(world, across.ravel(), up.ravel(), shape)
    vectors = vectors[np.isfinite(vectors).all(axis=1)]
    if not len(vectors):
        raise ValueError("no pixel lies on the sky")
    middle = vectors.mean(axis=0)
    length = float(np.linalg.norm(middle))
    centre = middle / length if length > 1e-6 else vectors[0]
    # Half a step of the grid was not looked at.
    radius = _radius(centre, vectors) + scale / 3600.0 * max(shape) / 32
    if length < 0.2 or radius > 88.0:
        return _Outline(centre, np.vstack([centre, -centre]), (), _HEMISPHERES, scale, shape)
    lon, lat = from_vectors(centre)
    return _Outline(centre, vectors, (), ((float(lon), float(lat), radius),), scale, shape)


def _union(outlines: list[_Outline], problems: list[str]) -> Footprint | None:
    """One footprint of several images; equal outlines (data, errors, quality) count once."""
    outlines = list({(outline.polygons, outline.circles): outline for outline in outlines}.values())
    polygons = tuple(polygon for outline in outlines for polygon in outline.polygons)
    circles = tuple(dict.fromkeys(circle for outline in outlines for circle in outline.circles))
    try:
        region, notes = repaired(Region((), circles, polygons))
    except UsageError as cause:
        problems.append(f"no footprint: {cause.message}")
        return None
    problems += (f"footprint: {note}" for note in notes)
    border = np.vstack([outline.border for outline in outlines])
    if len(polygons) + len(circles) == 1:
        centre = outlines[0].centre
    else:
        middle = border.mean(axis=0)
        centre = middle / max(float(np.linalg.norm(middle)), 1e-9)
    lon, lat = from_vectors(centre)
    largest = max(outlines, key=lambda outline: outline.shape[0] * outline.shape[1])
    diameter = min(2.0 * _radius(centre, border), 360.0)
    return Footprint(float(lon), float(lat), diameter, region, largest.scale, largest.shape)
