"""What the TAP service says it can do (TAPRegExt 1.0), from the registries that do it.

The language's features come from the query path, the formats from the encoders, the limits from the
configuration: nothing is said twice.
"""

from __future__ import annotations

from lxml import etree

from archive.config import Config
from archive.declare.catalogue import Catalogue
from archive.formats import FORMATS, Format
from archive.protocol import vosi
from archive.protocol.xml import E, typed
from archive.query import OPTIONAL_FEATURES, UserFunction, offered_functions

from .profiles import STANDARD, Profile

__all__ = ["tap_capabilities"]

_TAP = "ivo://ivoa.net/std/TAP"
_UPLOAD = "ivo://ivoa.net/std/TAPRegExt#upload-"
_UDF = "ivo://ivoa.net/std/TAPRegExt#features-udf"
# The newest first: validators take the first they know, and the examples are written in it.
_VERSIONS = ("2.1", "2.0")
# No standard says how tables that users keep are announced; these are the names that CADC's YouCat uses.
_USER_TABLES = {
    "ivo://ivoa.net/std/VOSI#table-load-sync-1.x": "load",
    "ivo://ivoa.net/std/VOSI#table-update-async-1.x": "table-update",
}


def tap_capabilities(
    base_url: str, config: Config, catalogue: Catalogue, profile: Profile = STANDARD
) -> bytes:
    keeps_tables = config.user_tables and profile.user_tables
    return vosi.capabilities(
        [
            _table_access(base_url, config, catalogue, profile),
            *vosi.standard_capabilities(base_url),
            *(_user_tables(base_url, *pair) for pair in _USER_TABLES.items() if keeps_tables),
            vosi.whole_site(config.base_url),
        ]
    )


def _user_tables(base_url: str, standard: str, name: str) -> etree._Element:
    address = E.accessURL(f"{base_url}/{name}", use="base")
    interface = E.interface(typed("vs:ParamHTTP"), {"role": "std"}, address)
    return E.capability({"standardID": standard}, vosi.secured(interface, anonymous=False))


def _table_access(base_url: str, config: Config, catalogue: Catalogue, profile: Profile) -> etree._Element:
    interface = E.interface(
        typed("vs:ParamHTTP"), {"role": "std", "version": "1.1"}, E.accessURL(base_url, use="base")
    )
    return E.capability(
        {"standardID": _TAP, **typed("tr:TableAccess")},
        E.description(_limits(config)),
        interface,
        *(E.dataModel({"ivo-id": f"ivo://ivoa.net/std/{name}"}, title) for name, title in _models(profile)),
        _language(catalogue, profile),
        *(_output_format(format_) for format_ in FORMATS),
        *(E.uploadMethod({"ivo-id": f"{_UPLOAD}{method}"}) for method in _upload_methods(config)),
        E.retentionPeriod(E.default(str(config.job_retention)), E.hard(str(config.job_hard_retention))),
        E.executionDuration(E.default(str(config.job_seconds)), E.hard(str(config.job_hard_seconds))),
        E.outputLimit(
            E.default(str(config.default_rows), unit="row"), E.hard(str(config.hard_rows), unit="row")
        ),
        # Both hold; there is room for one of each kind only.
        E.uploadLimit(
            E.default(str(config.upload_rows), unit="row"), E.hard(str(config.upload_bytes), unit="byte")
        ),
    )


def _models(profile: Profile) -> tuple[tuple[str, str], ...]:
    """The data models of the tables, which are those of the schema ivoa."""
    return (("ObsCore#core-1.1", "ObsCore-1.1"),) if profile.shows_schema("ivoa") else ()


def _upload_methods(config: Config) -> tuple[str, ...]:
    return ("inline", "http", "https") if config.upload_hosts else ("inline",)


def _limits(config: Config) -> str:
    """Those for which TAPRegExt has no element."""
    return (
        f"Synchronous queries have {config.sync_seconds:g} s to their first row. Jobs: a user may have"
        f" {config.user_jobs:,}, {config.user_active_jobs:,} of them waiting or running, with results of"
        f" {config.user_job_bytes:,} bytes together; all anonymous users together {config.anonymous_jobs:,},"
        f" {config.anonymous_active_jobs:,} and {config.anonymous_job_bytes:,} bytes, of which those at one"
        f" address {config.address_jobs:,}, {config.address_active_jobs:,} and {config.address_job_bytes:,}"
        f" bytes. Users who identify themselves keep {config.user_tables:,} tables of"
        f" {config.user_tables_bytes:,} bytes together. A request may bring {config.upload_tables:,} tables"
        f" of {config.upload_columns:,} columns."
    )


def _output_format(format_: Format) -> etree._Element:
    attributes = {"ivo-id": format_.ivo_id} if format_.ivo_id else {}
    return E.outputFormat(
        attributes, E.mime(format_.media_type), *(E.alias(alias) for alias in format_.aliases)
    )


def _language(catalogue: Catalogue, profile: Profile) -> etree._Element:
    versions = (
        E.version({"ivo-id": f"ivo://ivoa.net/std/ADQL#v{version}"}, version) for version in _VERSIONS
    )
    return E.language(
        E.name("ADQL"),
        *versions,
        E.description(profile.language),
        E.languageFeatures(
            {"type": _UDF}, *map(_function, (*profile.functions, *offered_functions(catalogue)))
        ),
        *(
            E.languageFeatures({"type": feature}, *(E.feature(E.form(form)) for form in forms))
            for feature, forms in OPTIONAL_FEATURES.items()
        ),
    )


def _function(function: UserFunction) -> etree._Element:
    return E.feature(E.form(function.signature), E.description(function.description))
