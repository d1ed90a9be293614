"""What a response of queryData says besides its rows (SSA 1.1, 4.1.1.5 and 4.2).

What holds for every spectrum is said once, in PARAMs; the description of the service adds one for each
parameter. Service descriptors lead on to links and cut-outs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from lxml import etree

from archive.config import Config
from archive.declare.types import DOUBLE, TEXT, Type
from archive.formats import Document
from archive.protocol.descriptors import Input, links_descriptor, self_description
from archive.protocol.soda import soda_results_descriptor
from archive.protocol.xml import E, clean

from .capabilities import SSA
from .forms import WORDS
from .parameters import DEFAULT_SIZE, FORMAT, PARAMETERS, REQUEST, SIZE

__all__ = ["PROTOCOL", "constants", "param", "result_document"]

PROTOCOL = ("SERVICE_PROTOCOL", "1.1", "SSAP")
# Clients make a form of them; what there is to REQUEST they know.
_INPUTS = tuple(parameter for parameter in PARAMETERS if parameter is not REQUEST)
_DEFAULTS = {SIZE.name: f"{DEFAULT_SIZE:g}"}

# Name, utype without its prefix, UCD, type, value: what is the same for all spectra here.
_CONSTANTS: tuple[tuple[str, str, str, Type, str], ...] = (
    ("dataset_type", "Dataset.Type", "meta.code.class", TEXT, "Spectrum"),
    ("data_source", "DataID.DataSource", "meta.code", TEXT, "pointed"),
    ("creation_type", "DataID.CreationType", "meta.code", TEXT, "archival"),
    ("space_frame", "CoordSys.SpaceFrame.Name", "meta.id", TEXT, "ICRS"),
    ("space_ucd", "CoordSys.SpaceFrame.Ucd", "meta.ucd", TEXT, "pos.eq"),
    ("time_frame", "CoordSys.TimeFrame.Name", "time.scale", TEXT, "UTC"),
    ("time_ucd", "CoordSys.TimeFrame.Ucd", "meta.ucd", TEXT, "time"),
    # The day from which times are counted, as a Julian date: they are MJD.
    ("time_zero", "CoordSys.TimeFrame.Zero", "arith.zp;time", DOUBLE, "2400000.5"),
    ("time_refpos", "CoordSys.TimeFrame.RefPos", "time.scale", TEXT, "TOPOCENTER"),
    ("spatial_ucd", "Char.SpatialAxis.Ucd", "meta.ucd", TEXT, "pos.eq"),
    ("spatial_unit", "Char.SpatialAxis.Unit", "meta.unit", TEXT, "deg"),
    ("time_axis_ucd", "Char.TimeAxis.Ucd", "meta.ucd", TEXT, "time"),
    ("time_axis_unit", "Char.TimeAxis.Unit", "meta.unit", TEXT, "d"),
    ("time_si", "Dataset.TimeSI", "meta.unit", TEXT, "86400 T"),
)


def result_document(config: Config, address: str, *, described: bool, of_files: bool) -> Document:
    """`described`: the parameters are wanted too.

    `of_files`: the rows are files, and not other forms of their spectra. pyvo follows the links of a row to
    the file, whatever its access reference is; so they are left out where that is something else.
    """
    resources = (
        *((links_descriptor(config.base_url, "PUBDID"),) if of_files else ()),
        soda_results_descriptor(config.base_url, "PUBDID"),
        self_description(address, SSA, PARAMETERS),
    )
    return Document(
        infos=(PROTOCOL, ("REQUEST", "queryData")),
        title=config.title,
        description="One-dimensional spectra",
        table_name="spectra",
        params=(*(_inputs() if described else ()), *constants(config, "ssa:")),
        extra_resources=tuple(resource.element() for resource in resources),
    )


def _inputs() -> Iterator[etree._Element]:
    inputs = etree.Element("GROUP")
    for parameter in _INPUTS:
        told = Input.of(parameter, _DEFAULTS.get(parameter.name, ""))
        options = WORDS if parameter is FORMAT else told.options
        replace(told, name=f"INPUT:{parameter.name}", options=options).put(inputs)
    yield from inputs


def constants(config: Config, prefix: str) -> tuple[etree._Element, ...]:
    """What holds for every spectrum of the archive, utypes beginning with `prefix`."""
    publisher = (
        ("publisher", "Curation.Publisher", "meta.curation", TEXT, config.title),
        (
            "publisher_id",
            "Curation.PublisherID",
            "meta.ref.url;meta.curation",
            TEXT,
            f"ivo://{config.authority}",
        ),
    )
    return tuple(
        param(name, type_, value, ucd=ucd, utype=prefix + utype)
        for name, utype, ucd, type_, value in (*publisher, *_CONSTANTS)
    )


def param(
    name: str,
    type_: Type,
    value: str,
    *,
    unit: str = "",
    ucd: str = "",
    utype: str = "",
    description: str = "",
) -> etree._Element:
    """A PARAM with a value."""
    said = {
        "name": name,
        "datatype": type_.datatype,
        "arraysize": type_.published_arraysize,
        "xtype": type_.xtype,
        "unit": unit,
        "ucd": ucd,
        "utype": utype,
    }
    attributes = {key: clean(text) for key, text in said.items() if text}
    children = [E.DESCRIPTION(clean(description))] if description else []
    return E.PARAM(attributes | {"value": clean(value)}, *children)
