"""dfs: instrument packages, by which observation blocks are made and checked."""

from __future__ import annotations

from ..columns import Column
from ..tables import Example, Key, Table
from ..types import BOOLEAN, DOUBLE, INTEGER, TEXT

__all__ = ["CONSTRAINTS", "INSTRUMENT_PACKAGE", "SIGNATURE_PARAMETER", "TABLES", "TEMPLATE_SIGNATURE"]

CONSTRAINTS = "instrumentConstraints"  # the signature of the set of constraints, which is no template

_INSTRUMENT = Column(
    "instrument", TEXT, ucd="meta.id;instr", nullable=False, principal=True, description="Instrument"
)
_IP_VERSION = Column(
    "ip_version",
    TEXT,
    ucd="meta.version",
    nullable=False,
    principal=True,
    description="Version of its package, as 116.07",
)
_TEMPLATE_NAME = Column(
    "template_name",
    TEXT,
    ucd="meta.id;instr.setup",
    nullable=False,
    indexed=True,
    principal=True,
    description=f"Template, as UVES_blue_acq_slit; {CONSTRAINTS} for the set of constraints",
)
_PACKAGE = ("instrument", "ip_version")

INSTRUMENT_PACKAGE = Table(
    "dfs.instrument_package",
    columns=(
        _INSTRUMENT,
        _IP_VERSION,
        Column(
            "template_count",
            INTEGER,
            ucd="meta.number",
            principal=True,
            description="How many templates it has",
        ),
    ),
    description="Instrument packages: for each version of an instrument, what observation blocks may ask "
    "of it",
    title="Instrument packages",
    primary_key=_PACKAGE,
)

TEMPLATE_SIGNATURE = Table(
    "dfs.template_signature",
    columns=(
        _INSTRUMENT,
        _IP_VERSION,
        _TEMPLATE_NAME,
        Column(
            "template_type",
            TEXT,
            ucd="meta.code.class",
            principal=True,
            description="acquisition, science or calib; constraints for the set of constraints",
        ),
        Column(
            "has_parameters",
            BOOLEAN,
            ucd="meta.code",
            nullable=False,
            description="Whether its parameters are known; else only its name is, and observation blocks "
            "are not checked any further",
        ),
        Column("help", TEXT, ucd="meta.note", description="What it is for"),
    ),
    description="Templates of instrument packages",
    title="Template signatures",
    primary_key=(*_PACKAGE, "template_name"),
    whole=_PACKAGE,
    keys=(Key(_PACKAGE, "dfs.instrument_package", _PACKAGE, "The package that it is part of"),),
)

SIGNATURE_PARAMETER = Table(
    "dfs.signature_parameter",
    columns=(
        _INSTRUMENT,
        _IP_VERSION,
        _TEMPLATE_NAME,
        Column(
            "parameter",
            TEXT,
            ucd="meta.id;instr.param",
            nullable=False,
            indexed=True,
            principal=True,
            description="Parameter, as DET1.WIN1.UIT1, or constraint, as airmass",
        ),
        Column(
            "parameter_number", INTEGER, ucd="meta.number", nullable=False, description="Its place, from 1"
        ),
        Column(
            "value_type",
            TEXT,
            ucd="meta.code.class",
            principal=True,
            description="string, keyword, keywordlist, coord, integer, intlist, number, numlist, boolean, "
            "file or paramfile",
        ),
        Column(
            "default_value", TEXT, ucd="meta.record", principal=True, description="Value when none is given"
        ),
        Column(
            "minimum", DOUBLE, ucd="instr.param;stat.min", principal=True, description="Lowest allowed value"
        ),
        Column(
            "maximum", DOUBLE, ucd="instr.param;stat.max", principal=True, description="Highest allowed value"
        ),
        Column(
            "allowed_values",
            TEXT,
            ucd="meta.record",
            principal=True,
            description="The only allowed values, as an array in JSON; NULL when there is no list of them",
        ),
        Column("label", TEXT, ucd="meta.title", description="What users are shown"),
        Column("help", TEXT, ucd="meta.note", description="What it is for"),
    ),
    description="Parameters of the templates of instrument packages, and constraints: types, ranges, "
    "defaults",
    title="Parameters of template signatures",
    primary_key=(*_PACKAGE, "template_name", "parameter"),
    whole=_PACKAGE,
    keys=(
        Key(
            (*_PACKAGE, "template_name"),
            "dfs.template_signature",
            (*_PACKAGE, "template_name"),
            "The template that it is part of",
        ),
    ),
    examples=(
        Example(
            "parameter-ranges",
            "What values may the exposure time of a template have?",
            "SELECT instrument, ip_version, template_name, parameter, minimum, maximum, default_value\n"
            "FROM dfs.signature_parameter\nWHERE parameter LIKE '%UIT1' OR parameter LIKE '%DIT'\n"
            "ORDER BY instrument, ip_version, template_name, parameter",
        ),
    ),
)

TABLES: tuple[Table, ...] = (INSTRUMENT_PACKAGE, TEMPLATE_SIGNATURE, SIGNATURE_PARAMETER)
