"""What the TAP service says it can do (TAPRegExt 1.0), from the registries that do it.

The language's features come from the query path, the formats from the encoders, the limits from the
configuration: nothing is said twice.
"""

from __future__ import annotations

from lxml import etree

from archive.config import Config
from archive.formats import FORMATS, Format
from archive.protocol import vosi
from archive.protocol.xml import E, typed
from archive.query import FUNCTIONS, OPTIONAL_FEATURES, UserFunction

__all__ = ["tap_capabilities"]

_TAP = "ivo://ivoa.net/std/TAP"
_UDF = "ivo://ivoa.net/std/TAPRegExt#features-udf"
# The newest first: validators take the first they know, and the examples are written in it.
_VERSIONS = ("2.1", "2.0")


def tap_capabilities(base_url: str, config: Config) -> bytes:
    return vosi.capabilities([_table_access(base_url, config), *vosi.standard_capabilities(base_url)])


def _table_access(base_url: str, config: Config) -> etree._Element:
    seconds = str(round(config.sync_seconds))
    interface = E.interface(
        typed("vs:ParamHTTP"), {"role": "std", "version": "1.1"}, E.accessURL(base_url, use="base")
    )
    return E.capability(
        {"standardID": _TAP, **typed("tr:TableAccess")},
        interface,
        E.dataModel({"ivo-id": "ivo://ivoa.net/std/ObsCore#core-1.1"}, "ObsCore-1.1"),
        _language(),
        *(_output_format(format_) for format_ in FORMATS),
        E.executionDuration(E.default(seconds), E.hard(seconds)),
        E.outputLimit(
            E.default(str(config.default_rows), unit="row"), E.hard(str(config.hard_rows), unit="row")
        ),
    )


def _output_format(format_: Format) -> etree._Element:
    attributes = {"ivo-id": format_.ivo_id} if format_.ivo_id else {}
    return E.outputFormat(
        attributes, E.mime(format_.media_type), *(E.alias(alias) for alias in format_.aliases)
    )


def _language() -> etree._Element:
    versions = (
        E.version({"ivo-id": f"ivo://ivoa.net/std/ADQL#v{version}"}, version) for version in _VERSIONS
    )
    return E.language(
        E.name("ADQL"),
        *versions,
        E.description("ADQL 2.1, which understands ADQL 2.0 as well"),
        E.languageFeatures({"type": _UDF}, *(_function(function) for function in FUNCTIONS)),
        *(
            E.languageFeatures({"type": feature}, *(E.feature(E.form(form)) for form in forms))
            for feature, forms in OPTIONAL_FEATURES.items()
        ),
    )


def _function(function: UserFunction) -> etree._Element:
    return E.feature(E.form(function.signature), E.description(function.description))
