"""What this site has the Virtual Observatory's registries know: its services, catalogues and collections.

Each service says by itself what it can do; here stands what it is called, which tables and which part of the
sky it has. How records look and are harvested is `archive.protocol.registry`'s.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from lxml import etree

from archive.config import Config
from archive.database.coverage import Coverage, coverage
from archive.declare import Catalogue, Schema, Table
from archive.declare.builtin import builtin_schemas
from archive.protocol import Archive, Service, vosi
from archive.protocol.datalink.capabilities import datalink_capabilities
from archive.protocol.datalink.service import LINKS_PARAMETERS
from archive.protocol.registry import Curation, Published, registry_service
from archive.protocol.soda.capabilities import soda_capabilities
from archive.protocol.xml import E, typed
from sia.capabilities import sia1_capabilities, sia2_capabilities
from ssa.capabilities import ssa_capabilities
from tap.capabilities import tap_capabilities
from tap.cone_capabilities import cone_capabilities
from tap.cone_target import cone_address, cone_target

from .eso import TAP_CAT, TAP_OBS

__all__ = ["describe", "site_registry"]

_OBSCORE = "ivoa.ObsCore"
_SPECTRA = "dbo.ssa"
_TAP = "tap"
_OBSERVATIONS = ("observational-astronomy", "virtual-observatories")
_COLLECTIONS = (
    "SELECT collection, dataproduct_types, instruments, datasets FROM util.collections ORDER BY collection"
)


def site_registry(archive: Archive) -> Service:
    return registry_service(archive, curation_of(archive.config), partial(describe, archive))


def curation_of(config: Config) -> Curation:
    return Curation(
        authority=config.authority,
        title=config.title,
        publisher=config.publisher,
        contact=config.contact_name,
        email=config.contact_email,
        address=config.base_url,
    )


def describe(archive: Archive, catalogue: Catalogue) -> Iterator[Published]:
    """Everything to be registered at this moment; asks the database for what the data cover."""
    yield from _services(archive, catalogue)
    yield from _collections(archive, catalogue)
    builtin = {schema.name for schema in builtin_schemas()}
    for schema in catalogue.schemas:
        # What users keep is theirs to announce.
        if schema.name not in builtin and not schema.name.lower().startswith("my_"):
            for table in schema.tables:
                # A record tells where on the sky the rows are.
                if not table.restricted:
                    yield _catalogue(archive, schema, table)


def _services(archive: Archive, catalogue: Catalogue) -> Iterator[Published]:
    everything = _covered(archive, catalogue, _OBSCORE)
    yield from _query_services(archive, catalogue, everything)
    yield from _image_services(archive, catalogue, everything)
    yield from _spectrum_services(archive, catalogue)
    yield from _dataset_services(archive.config)


def _query_services(
    archive: Archive, catalogue: Catalogue, everything: Coverage | None
) -> Iterator[Published]:
    config, base = archive.config, archive.config.base_url
    yield Published(
        _TAP,
        "vs:CatalogService",
        f"{config.title}: TAP",
        "Queries in ADQL over all tables: observations, raw frames, catalogues.",
        "TAP",
        _OBSERVATIONS,
        capabilities=_parsed(tap_capabilities(f"{base}/tap", config, catalogue)),
        coverage=everything,
        tables=_tableset(archive, catalogue),
    )
    for profile in (TAP_OBS, TAP_CAT) if config.eso_profile else ():
        address = f"{base}/{profile.name}"
        yield Published(
            profile.name,
            "vs:CatalogService",
            f"{config.title}: {profile.title}",
            profile.description,
            profile.name,
            _OBSERVATIONS,
            capabilities=_parsed(tap_capabilities(address, config, profile.shown(catalogue), profile)),
            coverage=everything,
            related=(("IsServedBy", _TAP),),
        )


def _image_services(
    archive: Archive, catalogue: Catalogue, everything: Coverage | None
) -> Iterator[Published]:
    config, base = archive.config, archive.config.base_url
    yield Published(
        "sia2",
        "vs:CatalogService",
        f"{config.title}: images and cubes (SIA 2)",
        "Images and cubes by position, wavelength, time and more.",
        "SIA2",
        (*_OBSERVATIONS, "direct-imaging"),
        capabilities=_parsed(sia2_capabilities(archive, catalogue, f"{base}/sia2")),
        coverage=everything,
        tables=_tableset(archive, catalogue, _OBSCORE),
    )
    yield Published(
        "sia1",
        "vs:CatalogService",
        f"{config.title}: images (SIA 1)",
        "Images by position, for clients of the first version.",
        "SIA1",
        (*_OBSERVATIONS, "direct-imaging"),
        capabilities=_parsed(sia1_capabilities(archive, catalogue, f"{base}/sia1")),
        coverage=everything,
    )


def _spectrum_services(archive: Archive, catalogue: Catalogue) -> Iterator[Published]:
    config, base = archive.config, archive.config.base_url
    yield Published(
        "ssa",
        "vs:CatalogService",
        f"{config.title}: spectra",
        "One-dimensional spectra by position, wavelength, time and more.",
        "SSA",
        (*_OBSERVATIONS, "spectroscopy"),
        capabilities=_parsed(ssa_capabilities(archive, catalogue, f"{base}/ssa", f"{base}/ssa/query")),
        coverage=_covered(archive, catalogue, _SPECTRA),
        tables=_tableset(archive, catalogue, _SPECTRA),
    )


def _dataset_services(config: Config) -> Iterator[Published]:
    base = config.base_url
    yield Published(
        "datalink",
        "vs:DataService",
        f"{config.title}: links",
        "What belongs to a dataset: its file, previews, calibrations, origins and derivatives.",
        "DataLink",
        capabilities=_parsed(datalink_capabilities(base, f"{base}/datalink", LINKS_PARAMETERS)),
    )
    yield Published(
        "soda",
        "vs:DataService",
        f"{config.title}: cut-outs",
        "Parts of images, cubes and spectra, by position, wavelength, time and polarization.",
        "SODA",
        capabilities=_parsed(soda_capabilities(f"{base}/soda")),
    )


def _collections(archive: Archive, catalogue: Catalogue) -> Iterator[Published]:
    table = catalogue.find(_OBSCORE)
    if table is None or catalogue.find("util.collections") is None:
        return
    with archive.database.writer() as connection:
        rows = connection.execute(_COLLECTIONS).fetchall()
        covered = {row[0]: coverage(connection, table, "obs_collection", row[0]) for row in rows}
    for collection, types, instruments, datasets in rows:
        kinds = (types or "datasets").replace(",", ", ")
        yield Published(
            f"collection/{_path(collection)}",
            "vs:CatalogResource",
            f"{archive.config.title}: {collection}",
            f"{datasets:,} datasets ({kinds}) of the collection {collection}, described in ivoa.ObsCore.",
            collection,
            _OBSERVATIONS,
            reference_url=f"{archive.config.base_url}/tables/{_OBSCORE}",
            capabilities=(_auxiliary(archive.config),),
            instruments=tuple((instruments or "").split(",")) if instruments else (),
            coverage=covered[collection],
            related=tuple(("IsServedBy", path) for path in (_TAP, "sia2", "ssa")),
        )


def _catalogue(archive: Archive, schema: Schema, table: Table) -> Published:
    """A catalogue with its own cone search where it has positions, and TAP besides."""
    config, base = archive.config, archive.config.base_url
    target = cone_target(table)
    own: tuple[etree._Element, ...] = ()
    if target is not None:
        address = cone_address(f"{base}/cone", table.name)
        own = _parsed(cone_capabilities(archive, target, address))
    with archive.database.writer() as connection:
        covered = coverage(connection, table)
    return Published(
        f"table/{_path(table.name)}",
        "vs:CatalogService" if own else "vs:CatalogResource",
        table.title or table.name,
        table.published_description or schema.description,
        table.base_name,
        ("catalogs", "virtual-observatories"),
        reference_url=f"{base}/tables/{table.name}",
        content_type="Catalog",
        capabilities=(*own, _auxiliary(config)),
        coverage=covered,
        tables=_parsed_set(vosi.tableset(_only(schema, table), columns=True)),
        related=(("IsServedBy", _TAP),),
    )


def _auxiliary(config: Config) -> etree._Element:
    """That the tables can be queried by TAP, whose record is another (Discovering Data Collections 1.1)."""
    interface = E.interface(
        typed("vs:ParamHTTP"),
        {"role": "std", "version": "1.1"},
        E.accessURL(f"{config.base_url}/tap", use="base"),
    )
    return E.capability({"standardID": "ivo://ivoa.net/std/TAP#aux"}, interface)


def _covered(archive: Archive, catalogue: Catalogue, name: str) -> Coverage | None:
    table = catalogue.find(name)
    if table is None:
        return None
    with archive.database.writer() as connection:
        return coverage(connection, table)


def _parsed(document: bytes) -> tuple[etree._Element, ...]:
    """The capabilities in a VOSI document."""
    return tuple(etree.fromstring(document))


def _parsed_set(document: bytes) -> etree._Element:
    return etree.fromstring(document)


def _tableset(archive: Archive, catalogue: Catalogue, name: str = "") -> etree._Element | None:
    """Of all tables, or of the named one."""
    if not name:
        return _parsed_set(vosi.tableset(catalogue, columns=True))
    for schema in catalogue.schemas:
        for table in schema.tables:
            if table.name == name:
                return _parsed_set(vosi.tableset(_only(schema, table), columns=True))
    return None


def _only(schema: Schema, table: Table) -> Catalogue:
    """A catalogue of one table, which points to no others."""
    return Catalogue((replace(schema, tables=(replace(table, keys=()),)),))


def _path(name: str) -> str:
    """A name as part of an IVOID (IVOA Identifiers 2.0, 2.3.2), whose letter case does not count."""
    plain = re.sub(r"[^A-Za-z0-9._-]", "_", name)
    return plain if plain == name else f"{plain}-{hashlib.sha256(name.encode()).hexdigest()[:6]}"
