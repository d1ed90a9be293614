"""Rows of dbo.ssa: what a header tells of a one-dimensional spectrum beyond ObsCore (SSA 1.1).

Position, time and wavelengths are ObsCore's values, so that both tables agree; the rest is read here.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from statistics import median

from archive.declare.addresses import preview_url, spectrum_url
from archive.declare.regions import Region
from archive.declare.ssa import FITS, SPECTRUM_MODEL
from archive.pixels.bands import band_name
from archive.pixels.spectra import Layout, find_layout
from archive.pixels.units import dimensions

from .classify import Kind, Product
from .keywords import Keywords
from .obscore_rows import Source
from .publication import Publication

__all__ = ["spectrum_layout", "ssa_values"]

_LIGHT = 299_792.458  # km/s
_LARGEST_APERTURE = 10.0  # degrees
_ORDER_SNR = re.compile(r"ESO DRS SPE EXT SN\d+|ESO QC ORD\d+ OBJ SN|ESO QC (FLUX\d* )?SNR?")
# In dbo.ssa under the same names.
_SHARED = (
    "dp_id",
    "access_estsize",
    "obs_id",
    "proposal_id",
    "facility_name",
    "instrument_name",
    "bib_reference",
    "data_rights",
    "last_mod_date",
    "s_ra",
    "s_dec",
    "em_min",
    "em_max",
    "t_min",
    "t_max",
    "t_exptime",
)
_RENAMED = {
    "PUBDID": "obs_publisher_did",
    "CREATORDID": "obs_creator_did",
    "title": "obs_title",
    "COLLECTION": "obs_collection",
    "creator": "obs_creator_name",
    "creation_date": "obs_creation_date",
    "TARGETNAME": "target_name",
    "SPECRP": "em_res_power",
    "TIMERES": "t_resolution",
}


def spectrum_layout(source: Source) -> Layout | None:
    """Where the spectrum of a dataset lies; None for everything else, and for slit spectra and orders."""
    if source.verdict.kind is not Kind.DATASET or source.verdict.product is not Product.SPECTRUM:
        return None
    return find_layout([hdu.header for hdu in source.file.hdus])


def ssa_values(
    source: Source, layout: Layout, obscore: Mapping[str, object], media_type: str, publication: Publication
) -> dict[str, object]:
    """Column values; `obscore` are those of the same dataset, `media_type` that of its file."""
    values = {name: obscore.get(name) for name in _SHARED}
    values |= {name: obscore.get(other) for name, other in _RENAMED.items()}
    values |= _access(source, media_type, publication) | {"length": layout.count}
    values |= _target(source.keywords) | _aperture(source.keywords, values)
    values |= _time(values) | _wavelengths(source.keywords, layout, values) | _flux(source.keywords, layout)
    return values


def _access(source: Source, media_type: str, publication: Publication) -> dict[str, object]:
    """Clients that load spectra by themselves know FITS, and few of them unpack."""
    file, spectrum = publication.url(source.dp_id), spectrum_url(publication.base_url, source.dp_id)
    is_plain = media_type == FITS
    return {
        "access_url": file if is_plain else f"{spectrum}?FORMAT=fits",
        "access_format": FITS,
        "data_model": (source.keywords.text("VOCLASS") or "native") if is_plain else SPECTRUM_MODEL,
        "file_url": file,
        "file_format": media_type,
        "spectrum_url": spectrum,
        "preview_url": preview_url(publication.base_url, source.dp_id),
    }


def _target(keywords: Keywords) -> dict[str, object]:
    velocity = keywords.number("ESO TEL TARG RADVEL")
    redshift = keywords.number("REDSHIFT", "ZSPEC", "Z_SPEC")
    if redshift is None and velocity:
        # The telescope is told 0 where nobody knows.
        redshift = velocity / _LIGHT
    return {
        "TARGETCLASS": keywords.text("SRCCLASS", "OBJCLASS", "TARGCLAS", "OBJTYPE"),
        "spectral_type": keywords.text("SPECTYPE", "SPTYPE", "SP_TYPE"),
        "REDSHIFT": redshift,
        "VARAMPL": keywords.number("TARGVAR"),
        "SNR": _snr(keywords),
    }


def _snr(keywords: Keywords) -> float | None:
    """As stated for the whole spectrum, else the median of what a pipeline has measured order by order."""
    stated = keywords.number("SNR", "DER_SNR")
    if stated is not None:
        return stated if stated >= 0.0 else None
    names = (name for name in keywords.headers[0] if _ORDER_SNR.fullmatch(name))
    found = [number for name in names if (number := keywords.number(name)) is not None and number >= 0.0]
    return median(found) if found else None


def _aperture(keywords: Keywords, values: Mapping[str, object]) -> dict[str, object]:
    stated, resolution = keywords.number("APERTURE"), keywords.number("SKY_RES", "PSF_FWHM")
    aperture = stated if stated and 0.0 < stated < _LARGEST_APERTURE else None
    place = (values.get("s_ra"), values.get("s_dec"))
    found: dict[str, object] = {
        "APERTURE": aperture,
        "SPATRES": resolution / 3600.0 if resolution and resolution > 0.0 else None,
    }
    match place:
        case (float() as ra, float() as dec):
            round_ = Region(circles=((ra, dec, aperture / 2.0),)) if aperture else None
            found["s_region"] = (round_ or Region(points=((ra, dec),))).stcs()
    return found


def _time(values: Mapping[str, object]) -> dict[str, object]:
    match values.get("t_min"), values.get("t_max"):
        case (float() as start, float() as end):
            return {"t_mid": 0.5 * (start + end), "t_extent": (end - start) * 86400.0}
    return {}


def _wavelengths(keywords: Keywords, layout: Layout, values: Mapping[str, object]) -> dict[str, object]:
    column = layout.spectral
    found: dict[str, object] = {
        "WAVECALIB": "absolute",
        "em_frame": keywords.text("SPECSYS"),
        "em_axis": column.name,
        "em_ucd": column.ucd,
        "em_unit": column.unit,
        "em_si": dimensions(column.unit) or None,
        "em_stat_error": _nanometres(keywords.number("SPEC_ERR")),
        "em_sys_error": _nanometres(keywords.number("SPEC_SYE")),
    }
    match values.get("em_min"), values.get("em_max"):
        case (float() as low, float() as high):
            middle, power = 0.5 * (low + high), values.get("SPECRP")
            found |= {"em_mid": middle, "em_extent": high - low, "bandpass": band_name(low, high)}
            found["em_resolution"] = middle / power if isinstance(power, float) and power > 0.0 else None
            found["em_binsize"] = (high - low) / (layout.count - 1)
    stated = _nanometres(keywords.number("SPEC_BIN"))
    return found if stated is None else found | {"em_binsize": stated}


def _nanometres(value: float | None) -> float | None:
    """In metres; 0 and less are written by who does not know."""
    return value / 1e9 if value is not None and value > 0.0 else None


def _flux(keywords: Keywords, layout: Layout) -> dict[str, object]:
    field = layout.flux.field
    return {
        "FLUXCALIB": _flux_calibration(keywords, field.ucd, field.unit),
        "flux_axis": field.name,
        "flux_ucd": field.ucd,
        "flux_unit": field.unit or None,
        "flux_si": dimensions(field.unit) or None,
    }


def _flux_calibration(keywords: Keywords, ucd: str, unit: str) -> str | None:
    """SSA's word: normalized to the continuum wins, then what FLUXCAL states, then what the unit tells."""
    if keywords.flag("CONTNORM"):
        return "normalized"
    stated = (keywords.text("FLUXCAL") or "").lower()
    if stated in {"absolute", "relative", "normalized", "uncalibrated"}:
        return stated
    if ucd.startswith("phot.count"):
        return "uncalibrated"
    return "relative" if not unit else "absolute"
