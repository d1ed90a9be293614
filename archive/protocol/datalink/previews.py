"""Which pictures there are of a dataset. How they are made is the business of `archive.previews`."""

from __future__ import annotations

from dataclasses import dataclass

from ...declare.addresses import preview_url
from .terms import Term

__all__ = ["Preview", "previews"]

_PICTURED = {
    "image": "The pixels as a picture",
    "cube": "The cube as a picture: its white light, and its mean spectrum",
    "spectrum": "Flux against wavelength as a plot",
}


@dataclass(frozen=True, slots=True)
class Preview:
    term: Term
    url: str
    description: str
    media_type: str = "image/png"


def previews(base_url: str, dp_id: str, product_type: str | None, plotted: bool) -> tuple[Preview, ...]:
    """`product_type` as in ivoa.ObsCore, None for what is not there; the usual picture comes first.

    `plotted` are one-dimensional spectra. Others are plots if they are orders, else, as raw frames, pixels.
    """
    if product_type not in _PICTURED:
        return ()
    url, what = preview_url(base_url, dp_id), _PICTURED[product_type]
    if product_type == "spectrum" and not plotted:
        what = "The spectrum as a picture"
    if plotted:
        what = _PICTURED["spectrum"]
        large = Preview(Term.PREVIEW_PLOT, f"{url}?FORMAT=svg", f"{what}, for any size", "image/svg+xml")
    else:
        large = Preview(Term.PREVIEW_IMAGE, f"{url}?FORMAT=jpeg&SIZE=1024", f"{what}, large", "image/jpeg")
    small = Preview(Term.THUMBNAIL, f"{url}?SIZE=128", f"{what}, small")
    return (Preview(Term.PREVIEW, url, what), large, small)
