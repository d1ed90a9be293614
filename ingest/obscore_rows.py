"""Rows of ivoa.ObsCore: what, where, when, at which wavelengths, and how to get it (ObsCore 1.1)."""

from __future__ import annotations

from dataclasses import dataclass

from archive.declare.addresses import LINKS_TYPE
from archive.declare.regions import Region
from archive.declare.semantics import check_unit
from archive.errors import DeclarationError
from archive.tablefiles.fits_scan import FitsFile, Hdu

from .classify import Kind, Product, Verdict
from .fits_tables import column_names
from .footprint import Footprint, celestial, image_footprint
from .frames import galactic
from .instruments import (
    harps_orders,
    instrument_coverage,
    light_path,
    wavelength_unit,
    wavelengths_in_air,
)
from .keywords import Keywords
from .oifits import oifits_coverage, oifits_span, oifits_target
from .positions import icrs_position
from .publication import Publication
from .spectra import (
    Coverage,
    axis_coverage,
    is_spectral_table,
    polarisation,
    stated_coverage,
    table_coverage,
)
from .times import Span, exposure_time, observed, parse_date

__all__ = ["Source", "obscore_values"]


@dataclass(frozen=True, slots=True)
class Source:
    """A file on its way to a row: `size` in bytes."""

    file: FitsFile
    keywords: Keywords
    verdict: Verdict
    dp_id: str
    size: int


def obscore_values(source: Source, publication: Publication, problems: list[str]) -> dict[str, object]:
    """Column values of the row, NULLs left out or None."""
    target = _target(source)
    values: dict[str, object] = {}
    values |= _dataset(source, publication, target)
    values |= _access(source, publication)
    values |= _space(source, problems)
    values |= _time(source)
    values |= _spectrum(source)
    values |= _observable(source)
    values |= _provenance(source.keywords, publication)
    values |= _eso(source.keywords)
    return values


def _dataset(source: Source, publication: Publication, target: str | None) -> dict[str, object]:
    keywords, product = source.keywords, source.verdict.product
    category = (keywords.text("PRODCATG") or "").upper()
    created = parse_date(keywords.text("DATE"))
    parts = (target, _instrument(keywords), product.value if product else None)
    raw = "raw" if source.verdict.kind is Kind.RAW_SCIENCE else None
    words = (*parts, raw) if any(parts[:2]) else (source.dp_id, *parts)
    return {
        "dataproduct_type": product.value if product else None,
        "dataproduct_subtype": _subtype(category) or (_technique(keywords) if product is None else None),
        "calib_level": _calibration_level(source, category),
        "target_name": target,
        "obs_id": _observation(keywords) or source.dp_id,
        "obs_title": " ".join(filter(None, words)),
        "obs_collection": _collection(source, publication),
        "obs_creation_date": created[0].replace(tzinfo=None) if created else None,
        "obs_creator_name": keywords.text("PI-COI", "ESO OBS PI-COI NAME", "OBSERVER"),
        "data_rights": "public",
        "bib_reference": keywords.text("REFERENC"),
        "preview_html": publication.page(source.dp_id),
        "last_mod_date": publication.moment,
        "publication_date": publication.moment,
    }


def _subtype(category: str) -> str | None:
    """The part of PRODCATG that dataproduct_type does not tell."""
    kinds = {"SRCTBL": "srctbl", "CATALOG": "catalog", "MCATALOG": "catalog", "CATALOGTILE": "catalogtile"}
    parts = category.split(".")
    if len(parts) > 2:
        return parts[2].lower()
    return kinds.get(parts[-1])


def _technique(keywords: Keywords) -> str | None:
    return (keywords.text("ESO DPR TECH") or "other").lower()


def _calibration_level(source: Source, category: str) -> int:
    """PRODLVL if it is stated (ESO); 1 for raw frames and for pixels without any coordinates."""
    if source.verdict.kind is Kind.RAW_SCIENCE:
        return 1
    stated = source.keywords.integer("PRODLVL")
    if stated is not None and 0 <= stated <= 4:
        return stated
    if source.verdict.product is Product.MEASUREMENTS:
        return 4 if "CATALOG" in category else 2
    if category or source.keywords.text("ESO PRO CATG") or source.verdict.product is not Product.IMAGE:
        return 2
    return 2 if any(celestial(hdu.view) for hdu in source.file.hdus if hdu.is_image) else 1


def _observation(keywords: Keywords) -> str | None:
    """The observation block or blocks."""
    blocks = [block for _, block in keywords.numbered("OBID")]
    block = keywords.integer("ESO OBS ID")
    if not blocks and block is not None and block > 0:
        blocks = [str(block)]
    return ",".join(blocks) or None


def _collection(source: Source, publication: Publication) -> str:
    if publication.collection:
        return publication.collection
    keywords = source.keywords
    name = _instrument(keywords) or keywords.text("SURVEY", "TELESCOP", "ORIGIN") or "other"
    return f"{name} raw" if source.verdict.kind is Kind.RAW_SCIENCE else name


def _instrument(keywords: Keywords) -> str | None:
    """EMMI wrote its version behind a slash."""
    name = keywords.text("INSTRUME")
    return name.partition("/")[0] if name else None


def _target(source: Source) -> str | None:
    """OBJECT, unless a pipeline has written there what the file is; then the block's or OIFITS' target."""
    keywords = source.keywords
    named = keywords.text("OBJECT")
    kinds = {keywords.text("ESO PRO CATG"), keywords.text("ESO DPR TYPE"), "STD", "OBJECT", "SKY"}
    if source.verdict.product is Product.VISIBILITY and (listed := oifits_target(source.file.hdus)):
        return listed.name or named
    return keywords.text("ESO OBS TARG NAME") or named if named is None or named in kinds else named


def _access(source: Source, publication: Publication) -> dict[str, object]:
    origfile = source.keywords.text("ORIGFILE")
    return {
        "dp_id": source.dp_id,
        "obs_publisher_did": publication.did(source.dp_id),
        "obs_creator_did": publication.creator_did(origfile) if origfile else None,
        "access_url": publication.links(source.dp_id),
        "access_format": LINKS_TYPE,
        "access_estsize": -(-source.size // 1000),
    }


def _space(source: Source, problems: list[str]) -> dict[str, object]:
    raw = source.verdict.kind is Kind.RAW_SCIENCE
    images = raw or source.verdict.product in {Product.IMAGE, Product.CUBE}
    footprint = image_footprint(source.file.hdus, problems) if images else None
    if footprint is not None:
        return _image_place(footprint, source.keywords)
    listed = oifits_target(source.file.hdus)
    position = (listed.position if listed else None) or icrs_position(source.keywords)
    values: dict[str, object] = _pixels(source) if images else {}
    if position is not None:
        values |= _position(*position) | {"s_region": Region(points=(position,)).stcs()}
    if source.verdict.product is Product.SPECTRUM and source.verdict.kind is Kind.DATASET:
        # Phase 3 states the aperture of a spectrum in degrees, ObsCore the resolution in arcseconds.
        aperture = source.keywords.number("APERTURE")
        values["s_fov"] = aperture if aperture and 0.0 < aperture < 10.0 else None
    return values


def _image_place(footprint: Footprint, keywords: Keywords) -> dict[str, object]:
    resolution = keywords.number("PSF_FWHM", "SKY_RES")
    return _position(footprint.ra, footprint.dec) | {
        "s_fov": footprint.diameter,
        "s_region": footprint.region.stcs(),
        "s_pixel_scale": footprint.pixel_scale,
        "s_xel1": footprint.shape[0],
        "s_xel2": footprint.shape[1],
        "s_resolution": resolution if resolution and resolution > 0.0 else None,
    }


def _pixels(source: Source) -> dict[str, object]:
    """An image without celestial coordinates still has pixels."""
    shapes = [hdu.shape for hdu in source.file.hdus if hdu.is_image and len(hdu.shape) > 1]
    if not shapes or source.verdict.product is not Product.IMAGE:
        return {}
    largest = max(shapes, key=lambda shape: shape[0] * shape[1])
    return {"s_xel1": largest[0], "s_xel2": largest[1]}


def _position(ra: float, dec: float) -> dict[str, object]:
    lon, lat = galactic(ra, dec)
    return {"s_ra": ra % 360.0, "s_dec": dec, "gal_lon": lon, "gal_lat": lat}


def _time(source: Source) -> dict[str, object]:
    span: Span | None = observed(source.keywords)
    if source.verdict.product is Product.VISIBILITY:
        span = oifits_span(source.file.hdus, span)
    exposure = exposure_time(source.keywords)
    values: dict[str, object] = {"t_exptime": exposure if exposure else None}
    if span is not None:
        values |= {"t_min": span.start, "t_max": span.end, "t_xel": 1}
        if span.to_the_second and span.end > span.start:
            values["t_resolution"] = (span.end - span.start) * 86400.0
    return values


def _spectrum(source: Source) -> dict[str, object]:
    coverage = _wavelengths(source)
    if coverage is None:
        return {}
    power = source.keywords.number("SPEC_RES") or coverage.resolving_power
    if power is None and coverage.longest > coverage.shortest and coverage.elements is None:
        # ESO's rule for images: the filter is the only element.
        power = 0.5 * (coverage.shortest + coverage.longest) / (coverage.longest - coverage.shortest)
    return {
        "em_min": coverage.shortest,
        "em_max": coverage.longest,
        "em_xel": coverage.elements or (1 if source.verdict.product is Product.IMAGE else None),
        "em_res_power": power if power and power > 0.0 else None,
        "em_ucd": "em.wl",
        "em_unit": "m",
    }


def _wavelengths(source: Source) -> Coverage | None:
    """What the header states, else what the data have, else what the filter passes."""
    keywords, hdus = source.keywords, source.file.hdus
    found = stated_coverage(keywords)
    if found is not None:
        return _with_elements(found, hdus)
    images = [hdu for hdu in hdus if hdu.is_image]
    tables = [hdu for hdu in hdus if hdu.data is not None and is_spectral_table(hdu.header)]
    if source.verdict.kind is Kind.DATASET:
        found = oifits_coverage(hdus) or table_coverage(tables, wavelength_unit(keywords))
        for hdu in images:
            found = found or axis_coverage(hdu, in_air=wavelengths_in_air(keywords))
            if found is None and len(hdu.shape) == 2:
                found = harps_orders(keywords, *hdu.shape)
    return found or instrument_coverage(keywords, light_path(keywords))


def _with_elements(coverage: Coverage, hdus: tuple[Hdu, ...]) -> Coverage:
    """Stated limits know nothing of the number of elements; an axis does."""
    if coverage.elements is not None:
        return coverage
    axes = (axis_coverage(hdu) for hdu in hdus if hdu.is_image)
    counts = (found.elements for found in axes if found is not None)
    return Coverage(coverage.shortest, coverage.longest, next(counts, None), coverage.resolving_power)


def _observable(source: Source) -> dict[str, object]:
    """What the pixels mean, and the polarisation states."""
    unit = source.keywords.text("BUNIT") or _flux_unit(source.file)
    states = next((found for hdu in source.file.hdus if (found := polarisation(hdu.view))), ())
    return {
        "o_ucd": _ucd(source, (unit or "").lower()),
        "o_unit": unit if unit and _is_unit(unit) else None,
        "o_calib_status": (source.keywords.text("FLUXCAL") or "").lower() or None,
        "pol_states": f"/{'/'.join(states)}/" if states else None,
        "pol_xel": len(states) or None,
    }


def _flux_unit(file: FitsFile) -> str | None:
    """The unit of the first column of fluxes."""
    for hdu in file.hdus:
        if hdu.is_table and is_spectral_table(hdu.header):
            flux = (number for number, name in column_names(hdu).items() if name.upper().startswith("FLUX"))
            units = (hdu.header.text(f"TUNIT{number}") for number in flux)
            return next((unit for unit in units if unit), None)
    return None


def _ucd(source: Source, unit: str) -> str | None:
    match source.verdict.product:
        case Product.VISIBILITY:
            return "stat.fourier"
        case Product.MEASUREMENTS | None:
            return None
        case Product.IMAGE | Product.CUBE | Product.SPECTRUM:
            if source.verdict.kind is Kind.RAW_SCIENCE or unit in {
                "adu",
                "count",
                "counts",
                "electron",
                "e-",
            }:
                return "phot.count"
            if "erg" in unit or unit.startswith(("w/", "w m")):
                per_wavelength = any(word in unit for word in ("angstrom", "/a", "nm", "/um", "/ang"))
                return "phot.flux.density;em.wl" if per_wavelength else "phot.flux.density"
            return "phot.flux.density" if "jy" in unit else "phot.flux"


def _is_unit(text: str) -> bool:
    try:
        check_unit(text)
    except DeclarationError:
        return False
    return True


def _provenance(keywords: Keywords, publication: Publication) -> dict[str, object]:
    runs = [run for _, run in keywords.numbered("PROG_ID")] or [run for _, run in keywords.numbered("PROGID")]
    stated = keywords.text("PROG_ID")
    if stated in {None, "MULTI"}:
        stated = ",".join(runs) or keywords.text("ESO OBS PROG ID")
    return {
        "facility_name": keywords.text("TELESCOP"),
        "instrument_name": _instrument(keywords),
        "proposal_id": stated,
        "publisher_id": f"ivo://{publication.authority}",
    }


def _eso(keywords: Keywords) -> dict[str, object]:
    """The columns that ESO adds."""
    epochs = keywords.flag("M_EPOCH")
    path = light_path(keywords)
    return {
        "abmaglim": keywords.number("ABMAGLIM"),
        "filter": keywords.text("FILTER") or path.filters,
        "multi_ob": None if epochs is None else "M" if epochs else "S",
        "n_obs": keywords.integer("NCOMBINE"),
        "obstech": keywords.text("OBSTECH", "ESO DPR TECH", "ESO PRO TECH"),
        "p3orig": keywords.text("P3ORIG"),
        "snr": keywords.number("SNR"),
        "strehl": keywords.number("STREHL"),
    }
