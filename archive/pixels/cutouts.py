"""Cutting a FITS file: what of each HDU is wanted, and the file that it makes.

A file is cut along the axes that it has. Images without the sky that is asked for are left out, and so are
those that it does not touch; an image without coordinates goes with the image of the same shape before it;
all else, tables and empty HDUs, comes along. Of what no HDU has an axis for, the file as a whole is asked.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import assert_never

from ..declare.regions import Region
from ..errors import UsageError
from .axes import stokes_axis, stokes_pixels, time_axis, time_pixels
from .echelle import has_orders, order_rows
from .hdus import Bytes, Hdu, read_hdus
from .images import cut_image, full_box
from .lookups import loaded, moved, shifts_of
from .parts import Part, emptied, kept
from .sections import Box
from .shapes import common_box, covers
from .spectral import Interval, spectral_axis, spectral_pixels
from .tables import cut_table, has_band, has_time
from .worlds import has_sky, sky_of

__all__ = ["Cutout", "Extent", "Selection", "cut"]


@dataclass(frozen=True, slots=True)
class Selection:
    """What is wanted: sky in ICRS, vacuum wavelengths in metres, times in MJD (UTC), polarization states.

    What lies in all of the regions. None and nothing mean everything.
    """

    regions: tuple[Region, ...] = ()
    band: Interval | None = None
    time: Interval | None = None
    states: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Extent:
    """What is known of a file as a whole, in the units of `Selection`; None where nothing is."""

    position: tuple[float, float] | None = None
    band: Interval | None = None
    time: Interval | None = None
    states: frozenset[str] = frozenset()


class _Kind(Enum):
    SKY = "position on the sky"
    BAND = "wavelength"
    TIME = "time"
    POL = "polarization"


@dataclass(frozen=True)
class Cutout:
    """A FITS file in the making."""

    parts: tuple[Part, ...]

    @property
    def size(self) -> int:
        """Bytes, known before any is made."""
        return sum(part.total for part in self.parts)

    def chunks(self) -> Iterator[bytes]:
        """The file in pieces of a few megabytes at most; they can be had more than once."""
        for part in self.parts:
            yield part.header()
            yield from part.read()
            yield part.padding()


def cut(source: Bytes, selection: Selection, extent: Extent, note: str) -> Cutout | None:
    """The cut-out of a file that is not packed as a whole; None when it has nothing of what is selected.

    `note` says in the HISTORY where it comes from. Raises UnreadableFile for what is not FITS, or has
    coordinates that nobody understands, and UsageError for what cannot be told of the file at all.
    """
    hdus = read_hdus(source)
    kinds = [kind for kind in _Kind if _wants(selection, kind)]
    cutting = [kind for kind in kinds if any(_has(hdu, kind) for hdu in hdus)]
    if not all(_meets(selection, extent, kind) for kind in kinds if kind not in cutting):
        return None
    if not cutting:
        return Cutout(tuple(kept(source, hdu) for hdu in hdus))
    return _Plan(source, hdus, selection, cutting, note).cutout()


def _wants(selection: Selection, kind: _Kind) -> bool:
    match kind:
        case _Kind.SKY:
            return bool(selection.regions)
        case _Kind.BAND:
            return selection.band is not None
        case _Kind.TIME:
            return selection.time is not None
        case _Kind.POL:
            return bool(selection.states)
        case _:
            assert_never(kind)


def _has(hdu: Hdu, kind: _Kind) -> bool:
    """Whether an HDU can be cut along such an axis."""
    match kind:
        case _Kind.SKY:
            return hdu.is_image and has_sky(hdu)
        case _Kind.BAND:
            return spectral_axis(hdu) is not None or has_orders(hdu) or has_band(hdu)
        case _Kind.TIME:
            return (hdu.is_image and time_axis(hdu) is not None) or has_time(hdu)
        case _Kind.POL:
            return hdu.is_image and stokes_axis(hdu) is not None
        case _:
            assert_never(kind)


def _meets(selection: Selection, extent: Extent, kind: _Kind) -> bool:
    """Whether a file that is one element along an axis is wanted."""
    match kind:
        case _Kind.SKY if extent.position is not None:
            return all(covers(region, *extent.position) for region in selection.regions)
        case _Kind.BAND if extent.band is not None and selection.band is not None:
            return extent.band[0] <= selection.band[1] and selection.band[0] <= extent.band[1]
        case _Kind.TIME if extent.time is not None and selection.time is not None:
            return extent.time[0] <= selection.time[1] and selection.time[0] <= extent.time[1]
        case _Kind.POL if extent.states:
            return bool(extent.states & selection.states)
        case _:
            raise UsageError(
                f"the dataset has no axis of {kind.value}, and nothing is known of its {kind.value}",
                hint="leave that parameter out",
            )


@dataclass
class _Plan:
    """What becomes of each HDU."""

    source: Bytes
    hdus: Sequence[Hdu]
    selection: Selection
    cutting: Sequence[_Kind]
    note: str
    _boxes: dict[int, Box | None] = field(default_factory=dict)

    def cutout(self) -> Cutout | None:
        alike: dict[tuple[int, ...], Box | None] = {}
        for hdu in self.hdus:
            if hdu.is_image:
                self._boxes[hdu.index] = self._box(hdu, alike)
        shifts = shifts_of({hdu: box for hdu in self.hdus if (box := self._boxes.get(hdu.index)) is not None})
        found = any(
            self._boxes.get(hdu.index) is not None and any(_has(hdu, kind) for kind in self.cutting)
            for hdu in self.hdus
        )
        parts: list[Part] = []
        for hdu in self.hdus:
            if self._becomes_primary(hdu.index + 1) and hdu.index == 0:
                continue
            if hdu.is_image:
                part = moved(self.source, hdu, shifts) or self._image(hdu)
            elif any(_has(hdu, kind) for kind in self.cutting):
                part = cut_table(self.source, hdu, self.selection.band, self.selection.time, self.note)
                found = found or part is not None
            else:
                part = kept(self.source, hdu)
            parts += [] if part is None else [part]
        return Cutout(tuple(parts)) if found else None

    def _box(self, hdu: Hdu, alike: dict[tuple[int, ...], Box | None]) -> Box | None:
        """The pixels of an image that are wanted; None when there are none."""
        box = list(full_box(hdu))
        own = [kind for kind in self.cutting if _has(hdu, kind)]
        if hdu.shape in alike and len(own) < len(self.cutting):
            return alike[hdu.shape]
        if _Kind.SKY in self.cutting and _Kind.SKY not in own:
            return None
        for kind in own:
            spans = self._spans(hdu, kind)
            if not spans:
                alike[hdu.shape] = None
                return None
            for axis, span in spans.items():
                box[axis] = span
        if own:
            alike[hdu.shape] = tuple(box)
        return tuple(box)

    def _spans(self, hdu: Hdu, kind: _Kind) -> dict[int, tuple[int, int]]:
        """Pixels by axis; nothing when there are none."""
        selection = self.selection
        match kind:
            case _Kind.SKY:
                sky = sky_of(hdu, loaded(self.source, self.hdus, hdu))
                assert sky is not None
                found = common_box(sky, selection.regions)
                return dict(zip(sky.axes, found, strict=True)) if found else {}
            case _Kind.BAND:
                assert selection.band is not None
                if spectral_axis(hdu) is None:
                    return _span(1, order_rows(hdu, selection.band))
                lookups = loaded(self.source, self.hdus, hdu)
                return _span(spectral_axis(hdu), spectral_pixels(hdu, selection.band, lookups))
            case _Kind.TIME:
                assert selection.time is not None
                return _span(time_axis(hdu), time_pixels(hdu, selection.time))
            case _Kind.POL:
                return _span(stokes_axis(hdu), stokes_pixels(hdu, selection.states))
            case _:
                assert_never(kind)

    def _image(self, hdu: Hdu) -> Part | None:
        box = self._boxes[hdu.index]
        if box is None:
            return emptied(hdu) if hdu.index == 0 else None
        if box == full_box(hdu) and not any(_has(hdu, kind) for kind in self.cutting):
            return kept(self.source, hdu)
        return cut_image(self.source, hdu, box, self.note)

    def _becomes_primary(self, index: int) -> bool:
        """Whether an image was the primary one before fpack put an empty HDU before it, and is cut."""
        if index >= len(self.hdus) or self.hdus[0].shape:
            return False
        return self.hdus[index].header.flag("ZSIMPLE") is True and self._boxes.get(index) is not None


def _span(axis: int | None, found: tuple[int, int] | None) -> dict[int, tuple[int, int]]:
    return {} if axis is None or found is None else {axis: found}
