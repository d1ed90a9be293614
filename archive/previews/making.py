"""One preview: what the file is decides how it is shown, the form wanted how it is written."""

from __future__ import annotations

import io
from collections.abc import Sequence
from enum import Enum

import numpy as np
from PIL import Image

from ..errors import NotFound
from ..pixels.hdus import Bytes, Hdu, read_hdus
from ..pixels.spectra import open_orders, open_spectrum
from .binning import Binned, Pixels, block_size
from .cubes import White, depth_axis, white_light
from .drawing import Drawing
from .pictures import image_picture, shown_images
from .plots import Curve, curve_of, plot
from .scaling import shades

__all__ = ["DEFAULT_SIZE", "LARGEST", "SMALLEST", "Form", "make_preview"]

SMALLEST, DEFAULT_SIZE, LARGEST = 32, 512, 2048  # pixels of the longer side
_PLOT = (8, 5)  # width to height
_GAP = 8  # pixels between the white light and the spectrum
_QUALITY = 88  # of JPEG


class Form(Enum):
    """The values are media types."""

    PNG = "image/png"
    JPEG = "image/jpeg"
    SVG = "image/svg+xml"


def make_preview(source: Bytes, form: Form, size: int) -> bytes:
    """The preview of an unpacked FITS file, its longer side `size` pixels or less.

    Spectra are plots, cubes their white light beside their mean spectrum, images what they are. NotFound says
    why there is nothing to show, or not in this form; UnreadableFile that the file is bad.
    """
    hdus = read_hdus(source)
    curve = _spectrum(source, hdus)
    if curve is not None:
        return _drawn(_plot(curve, size), form)
    if form is Form.SVG:
        raise NotFound("images are not drawn in lines", hint="ask for image/png")
    return _encoded(_picture(source, shown_images(hdus), size), form)


def _spectrum(source: Bytes, hdus: Sequence[Hdu]) -> Curve | None:
    """A file with an image of two dimensions or more is none, even if it has a table of some spectrum too.

    But for one whose few rows are a spectrum and what belongs to it.
    """
    planes = {hdu.index for hdu in hdus if hdu.is_image and len(hdu.shape) > 1 and min(hdu.shape[:2]) > 1}
    if not planes:
        try:
            return curve_of(open_spectrum(source))
        except NotFound:
            pass
    orders = [one for one in open_orders(source) if not planes or {one.layout.hdu} == planes]
    return curve_of(*orders) if orders else None


def _plot(curve: Curve, size: int) -> Drawing:
    return plot(curve, size, size * _PLOT[1] // _PLOT[0])


def _drawn(drawing: Drawing, form: Form) -> bytes:
    return drawing.svg() if form is Form.SVG else _encoded(drawing.picture(), form)


def _picture(source: Bytes, images: Sequence[Hdu], size: int) -> Image.Image:
    deep = next((hdu for hdu in images if depth_axis(hdu) is not None), None)
    if deep is None:
        return _shaded(image_picture(source, images, size))
    axis = depth_axis(deep)
    assert axis is not None
    # The picture takes two parts of five of the width, the plot the rest.
    side = max(2 * (size - _GAP) // 5, 1)
    made: dict[int, White] = {}

    def read(hdu: Hdu, _factor: int) -> Binned:
        factor = block_size(hdu, side)
        made[0] = made.get(0) or white_light(source, hdu, axis, factor)
        return made[0].image

    light = _shaded(image_picture(source, [deep], side, read))
    drawing = plot(made[0].spectrum, max(size - _GAP - light.width, SMALLEST), max(light.height, side // 2))
    beside = drawing.picture()
    whole = Image.new("RGB", (light.width + _GAP + beside.width, max(light.height, beside.height)), "white")
    whole.paste(light.convert("RGBA"), (0, (whole.height - light.height) // 2), light.convert("RGBA"))
    whole.paste(beside, (light.width + _GAP, 0))
    return whole


def _shaded(values: Pixels) -> Image.Image:
    """In grey, transparent where there is nothing."""
    shade, known = shades(values)
    if known.all():
        return Image.fromarray(shade)
    both = np.stack([shade, np.where(known, 255, 0).astype(np.uint8)], axis=-1)
    return Image.fromarray(both)


def _encoded(picture: Image.Image, form: Form) -> bytes:
    output = io.BytesIO()
    if form is Form.JPEG:
        opaque = Image.new("RGB", picture.size, "white")
        layer = picture.convert("RGBA")
        opaque.paste(layer, (0, 0), layer)
        opaque.save(output, "JPEG", quality=_QUALITY)
    else:
        picture.save(output, "PNG", optimize=True)
    return output.getvalue()
