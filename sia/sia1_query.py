"""From the arguments of SIA 1.0 to a query of ivoa.ObsCore, under the names that its clients look for.

They know columns by their UCDs, of the first kind with the prefix VOX (SIA 1.0, 4.2.1), and load what the
access reference gives: the file, not the links to it.
"""

from __future__ import annotations

from archive.declare import Catalogue, Table
from archive.declare.columns import Field
from archive.declare.parameters import Arguments
from archive.declare.semantics import ICRS
from archive.declare.types import DOUBLE, INTEGER, LONG, TEXT, Type, array_of
from archive.query import Query
from archive.query.build import (
    address,
    all_of,
    column,
    constant,
    covers_position,
    covers_region,
    is_known,
    lies_in_region,
    meets_region,
    one_of,
    scan,
)
from archive.query.tree import (
    Arithmetic,
    Condition,
    Literal,
    Negation,
    Operator,
    Output,
    Sequence,
    Value,
)

from .query import obscore
from .sia1_parameters import INTERSECT, VERB, Frame, frame

__all__ = ["sia1_fields", "sia1_query"]

_FITS = "image/fits"
_ARCSECONDS = 3600.0


def sia1_query(arguments: Arguments, catalogue: Catalogue, base_url: str) -> Query:
    """Raises BadParameter."""
    table = obscore(catalogue)
    conditions = [one_of(table, "dataproduct_type", ("image",))]
    conditions.append(_placed(table, frame(arguments), arguments.text(INTERSECT) or ""))
    return scan(table, _outputs(table, base_url, arguments.integer(VERB) or 0), all_of(conditions))


def sia1_fields(catalogue: Catalogue, base_url: str, verbosity: int) -> tuple[Field, ...]:
    return tuple(output.field for output in _outputs(obscore(catalogue), base_url, verbosity))


def _placed(table: Table, wanted: Frame, how: str) -> Condition:
    if wanted.is_whole_sky and how != "CENTER":
        return is_known(table, "s_region")
    if wanted.region is None or how == "CENTER":
        if how == "ENCLOSED":
            # Nothing that extends lies in a point.
            return one_of(table, "dp_id", ("",))
        return covers_position(table, "s_region", wanted.longitude, wanted.latitude)
    match how:
        case "COVERS":
            return covers_region(table, "s_region", wanted.region)
        case "ENCLOSED":
            return lies_in_region(table, "s_region", wanted.region)
        case _:
            return meets_region(table, "s_region", wanted.region)


def _outputs(table: Table, base_url: str, verbosity: int) -> list[Output]:
    """Those of a level of verbosity, with those of the levels below it."""
    levels = (_least, _described, _measured, _identified)
    return [output for level in levels[: verbosity + 1] for output in level(table, base_url)]


def _least(table: Table, base_url: str) -> list[Output]:
    scale = _divided(column(table, "s_pixel_scale"), _ARCSECONDS)
    file = address(f"{base_url}/file/", column(table, "dp_id"))
    return [
        _made(column(table, "obs_title"), "title", TEXT, "VOX:Image_Title", "What the image shows"),
        _made(column(table, "s_ra"), "ra", DOUBLE, "POS_EQ_RA_MAIN", "Right ascension of the centre", "deg"),
        _made(column(table, "s_dec"), "dec", DOUBLE, "POS_EQ_DEC_MAIN", "Declination of the centre", "deg"),
        _made(_integer(2), "naxes", INTEGER, "VOX:Image_Naxes", "Number of axes of the image"),
        _made(
            _sequence(LONG, column(table, "s_xel1"), column(table, "s_xel2")),
            "naxis",
            array_of(LONG, "*"),
            "VOX:Image_Naxis",
            "Length of each axis",
            "pix",
        ),
        _made(
            _sequence(DOUBLE, Negation(scale, scale.field), scale),
            "scale",
            array_of(DOUBLE, "*"),
            "VOX:Image_Scale",
            "Size of a pixel along each axis",
            "deg/pix",
        ),
        _made(constant(_FITS), "format", TEXT, "VOX:Image_Format", "Format of the image"),
        _made(file, "access_url", TEXT, "VOX:Image_AccessReference", "Where the image is to be had"),
    ]


def _described(table: Table, base_url: str) -> list[Output]:
    size = Arithmetic(
        (column(table, "access_estsize"), constant(1000)), (Operator.MULTIPLY,), Field("", LONG)
    )
    middle = _divided(
        Arithmetic((column(table, "t_min"), column(table, "t_max")), (Operator.ADD,), Field("", DOUBLE)), 2.0
    )
    return [
        _made(column(table, "instrument_name"), "instrument", TEXT, "INST_ID", "Instrument"),
        _made(middle, "dateobs", DOUBLE, "VOX:Image_MJDateObs", "Middle of the observation (MJD, UTC)", "d"),
        _made(size, "filesize", LONG, "VOX:Image_FileSize", "Size of the file, to the next 1000", "byte"),
    ]


def _measured(table: Table, base_url: str) -> list[Output]:
    middle = _divided(
        Arithmetic((column(table, "em_min"), column(table, "em_max")), (Operator.ADD,), Field("", DOUBLE)),
        2.0,
    )
    return [
        _made(constant("ICRS"), "frame", TEXT, "VOX:STC_CoordRefFrame", "Frame of the centre's coordinates"),
        _made(column(table, "filter"), "bandpass", TEXT, "VOX:BandPass_ID", "Filters"),
        _made(constant("meters"), "bandunit", TEXT, "VOX:BandPass_Unit", "Unit of the wavelengths"),
        _made(middle, "bandrefval", DOUBLE, "VOX:BandPass_RefValue", "Middle of the wavelengths", "m"),
        _made(column(table, "em_max"), "bandhi", DOUBLE, "VOX:BandPass_HiLimit", "Longest wavelength", "m"),
        _made(column(table, "em_min"), "bandlo", DOUBLE, "VOX:BandPass_LoLimit", "Shortest wavelength", "m"),
    ]


def _identified(table: Table, base_url: str) -> list[Output]:
    names = (
        "obs_publisher_did",
        "obs_collection",
        "target_name",
        "calib_level",
        "facility_name",
        "t_exptime",
        "s_resolution",
        "s_region",
    )
    return [Output(value, value.field) for value in (column(table, name) for name in names)]


def _made(value: Value, name: str, type_: Type, ucd: str, description: str, unit: str = "") -> Output:
    frame = ICRS if ucd.startswith("POS_EQ") else None
    return Output(value, Field(name, type_, unit, ucd, description=description, coosys=frame))


def _integer(number: int) -> Literal:
    return Literal(number, Field("", INTEGER))


def _divided(value: Value, by: float) -> Value:
    return Arithmetic((value, constant(by)), (Operator.DIVIDE,), Field("", DOUBLE))


def _sequence(element: Type, *items: Value) -> Value:
    return Sequence(items, Field("", array_of(element, "*")))
