"""A spectrum as FITS: one binary table with a row for each point, under the keywords of the Spectrum model.

Besides those (TUTYPn, TUCDn, VOCLASS and the rest of the model's table) the keywords of ESO's Phase 3
standard are written where they say the same, in its units.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime

import numpy as np
from astropy.io import fits

from archive.config import Config
from archive.declare.columns import Field
from archive.declare.semantics import parse_unit
from archive.pixels.spectra import OpenSpectrum

__all__ = ["encode_spectrum", "length_of"]

Row = Mapping[str, object]

_BLOCK = 2880
_SHORT = 30  # characters beside which a comment fits
_FORMS = {"i2": "I", "i4": "J", "i8": "K", "f4": "E", "f8": "D"}
# Keyword, column of dbo.ssa, factor to the keyword's unit, comment.
_CARDS: tuple[tuple[str, str, float, str], ...] = (
    ("TITLE", "title", 1.0, "dataset title"),
    ("OBJECT", "TARGETNAME", 1.0, "target"),
    ("SRCCLASS", "TARGETCLASS", 1.0, "class of the target"),
    ("SPECTYPE", "spectral_type", 1.0, "spectral type of the target"),
    ("REDSHIFT", "REDSHIFT", 1.0, "redshift of the target"),
    ("TARGVAR", "VARAMPL", 1.0, "amplitude of variability"),
    ("TELESCOP", "facility_name", 1.0, "telescope"),
    ("INSTRUME", "instrument_name", 1.0, "instrument"),
    ("COLLECT1", "COLLECTION", 1.0, "collection of data"),
    ("CREATOR", "creator", 1.0, "who made the dataset"),
    ("DS_IDENT", "CREATORDID", 1.0, "creator's identifier"),
    ("DS_IDPUB", "PUBDID", 1.0, "publisher's identifier"),
    ("VOREF", "bib_reference", 1.0, "publication to cite"),
    ("VORIGHTS", "data_rights", 1.0, "rights"),
    ("RA", "s_ra", 1.0, "[deg] right ascension of the aperture"),
    ("DEC", "s_dec", 1.0, "[deg] declination of the aperture"),
    ("APERTURE", "APERTURE", 1.0, "[deg] diameter of the aperture"),
    ("SKY_RES", "SPATRES", 3600.0, "[arcsec] spatial resolution"),
    ("MJD-OBS", "t_min", 1.0, "[d] start of the observation"),
    ("MJD-END", "t_max", 1.0, "[d] end of the observation"),
    ("TMID", "t_mid", 1.0, "[d] middle of the observation"),
    ("TELAPSE", "t_extent", 1.0, "[s] from start to end"),
    ("EXPOSURE", "t_exptime", 1.0, "[s] exposure time"),
    ("SPECSYS", "em_frame", 1.0, "rest frame of the wavelengths"),
    ("SPEC_VAL", "em_mid", 1e9, "[nm] middle wavelength in vacuum"),
    ("SPEC_BW", "em_extent", 1e9, "[nm] range of wavelengths"),
    ("SPEC_BIN", "em_binsize", 1e9, "[nm] mean distance of points"),
    ("SPEC_RES", "SPECRP", 1.0, "resolving power"),
    ("SPEC_ERR", "em_stat_error", 1e9, "[nm] statistical error of wavelengths"),
    ("SPEC_SYE", "em_sys_error", 1e9, "[nm] systematic error of wavelengths"),
    ("WAVELMIN", "em_min", 1e9, "[nm] shortest wavelength in vacuum"),
    ("WAVELMAX", "em_max", 1e9, "[nm] longest wavelength in vacuum"),
    ("SNR", "SNR", 1.0, "signal-to-noise ratio"),
    ("DER_SNR", "SNR", 1.0, "the same, as the model calls it"),
    ("FLUX_CAL", "FLUXCALIB", 1.0, "calibration of the fluxes"),
    ("PROG_ID", "proposal_id", 1.0, "observing run"),
)


def length_of(spectrum: OpenSpectrum, row: Row, config: Config) -> int:
    """Bytes of the file."""
    rows = spectrum.layout.count * _row_type(spectrum.fields).itemsize
    return len(_headers(spectrum, row, config)) + rows + -rows % _BLOCK


def encode_spectrum(spectrum: OpenSpectrum, row: Row, config: Config) -> Iterator[bytes]:
    """`row` is that of dbo.ssa."""
    yield _headers(spectrum, row, config)
    kind = _row_type(spectrum.fields)
    for columns in spectrum.pieces():
        rows = np.empty(len(columns[0]), kind)
        for name, values in zip(kind.names or (), columns, strict=True):
            rows[name] = values
        yield rows.tobytes()
    yield bytes(-spectrum.layout.count * kind.itemsize % _BLOCK)


def _row_type(fields: tuple[Field, ...]) -> np.dtype[np.void]:
    return np.dtype([(f"c{i}", f">{field.type.numpy}") for i, field in enumerate(fields)])


def _headers(spectrum: OpenSpectrum, row: Row, config: Config) -> bytes:
    primary = fits.Header([("SIMPLE", True), ("BITPIX", 8), ("NAXIS", 0), ("EXTEND", True)])
    _describe(primary, row, ("OBJECT", "TELESCOP", "INSTRUME", "RA", "DEC", "MJD-OBS", "PROG_ID"))
    table = fits.Header(
        [
            ("XTENSION", "BINTABLE"),
            ("BITPIX", 8),
            ("NAXIS", 2),
            ("NAXIS1", _row_type(spectrum.fields).itemsize, "bytes in a row"),
            ("NAXIS2", spectrum.layout.count, "points"),
            ("PCOUNT", 0),
            ("GCOUNT", 1),
            ("TFIELDS", len(spectrum.fields)),
            ("EXTNAME", "SPECTRUM"),
            ("VOCLASS", "SPECTRUM V1.1", "data model"),
            ("VOPUB", _ascii(config.title), "publisher"),
            ("VOPUBID", f"ivo://{config.authority}"),
            ("RADESYS", "ICRS"),
            ("TIMESYS", "UTC"),
        ]
    )
    for number, field in enumerate(spectrum.fields, 1):
        for keyword, value in _column(field):
            table.append((f"{keyword}{number}", value))
    _describe(table, row, tuple(keyword for keyword, *_ in _CARDS))
    return _text(primary) + _text(table)


def _column(field: Field) -> Iterator[tuple[str, str]]:
    yield "TTYPE", _ascii(field.name)[:68]
    yield "TFORM", _FORMS[field.type.numpy]
    if field.unit:
        yield "TUNIT", _unit(field.unit)
    if field.ucd:
        yield "TUCD", field.ucd
    if field.utype:
        yield "TUTYP", field.utype[:68]
    yield "TCOMM", _ascii(field.description)[:68]


def _unit(unit: str) -> str:
    """As FITS writes it (FITS 4.0, 4.3)."""
    try:
        return str(parse_unit(unit).to_string("fits"))
    except ValueError:
        return unit


def _describe(header: fits.Header, row: Row, keywords: tuple[str, ...]) -> None:
    for keyword, column, factor, comment in _CARDS:
        match row.get(column):
            case None | bool():
                continue
            case float() | int() as number if keyword in keywords:
                header.append((keyword, number * factor, comment))
            case datetime() as moment if keyword in keywords:
                header.append((keyword, moment.isoformat()))
            case str() as text if keyword in keywords:
                # Long texts are continued on further cards, where there is no room for comments.
                header.append((keyword, _ascii(text), comment if len(text) < _SHORT else ""))


def _text(header: fits.Header) -> bytes:
    return str(header.tostring(sep="", endcard=True, padding=True)).encode("ascii")


def _ascii(text: str) -> str:
    """Printable ASCII, all that header cards hold (FITS 4.0, 3.1)."""
    return "".join(c if " " <= c <= "~" else c.encode("unicode_escape").decode() for c in text)
