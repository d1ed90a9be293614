"""What a catalogue's file and name say of its release, and that the archive remembers it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from astropy.io import fits

from archive.declare import Column, Table
from archive.declare.releases import Release, catalogue_number
from archive.declare.serialise import table_from_json, table_to_json
from archive.declare.tables import Schema
from archive.declare.tapschema import TAP_SCHEMA, tap_schema_records
from archive.declare.types import DOUBLE, TEXT
from archive.errors import DeclarationError
from ingest.catalogues import read_declaration

PHASE3 = {
    "PRODCATG": "SCIENCE.CATALOG",
    "TITLE": "A survey of the south",
    "INSTRUME": "VIRCAM",
    "TELESCOP": "ESO-VISTA",
    "FILTER": "MULTI",
    "FILT1": "J",
    "FILT2": "Ks",
    "MJD-OBS": 55000.5,
    "MJD-END": 55100.25,
    "SKYSQDEG": 12.5,
    "REFERENC": "2012A&A...537A.107S",
}


def catalogue(folder: Path, keywords: dict[str, object]) -> Path:
    columns = [
        fits.Column("ID", "10A", array=np.array(["a", "b"])),
        fits.Column("MAG", "E", array=[1.0, 2.0]),
    ]
    table = fits.BinTableHDU.from_columns(columns, name="PHASE3CATALOG")
    primary = fits.PrimaryHDU()
    for name, value in keywords.items():
        primary.header[name] = value
    file = folder / "catalogue.fits"
    fits.HDUList([primary, table]).writeto(file)
    return file


def test_keywords_of_phase_3_describe_the_release(tmp_path: Path) -> None:
    table = read_declaration("safcat.SURVEY_V3", catalogue(tmp_path, PHASE3))
    assert table.title == "A survey of the south"
    release = table.release
    assert release is not None
    assert release.publication_date is not None
    known = release.document() | {"publication_date": None}
    assert known == {
        "version": 3,
        "filter": "J,Ks",
        "instrument": "VIRCAM",
        "telescope": "ESO-VISTA",
        "mjd_obs": 55000.5,
        "mjd_end": 55100.25,
        "skysqdeg": 12.5,
        "bibliography": "2012A&A...537A.107S",
        "publication_date": None,
    }
    assert table_from_json(table_to_json(table)) == table


def test_without_keywords_the_name_has_to_do(tmp_path: Path) -> None:
    file = catalogue(tmp_path, {})
    table = read_declaration("safcat.Stars_v2", file)
    assert table.release is not None
    assert (table.title, table.release.version) == ("Stars", 2)
    table = read_declaration("safcat.stars", file)
    assert table.release is not None
    assert (table.title, table.release.version) == ("stars", 1)
    assert read_declaration("mine.stars_V2", file).release is None


def test_tap_schema_tells_of_it() -> None:
    columns = (Column("id", TEXT, description="Name"),)
    tables = (
        Table("safcat.a_V1", columns, "A catalogue", title="a", release=Release(version=1, skysqdeg=2.0)),
        Table("safcat.b", columns, "No catalogue"),
    )
    described = [
        dict(zip(record.table.by_name, record.values, strict=True))
        for record in tap_schema_records([Schema("safcat", tables, "Catalogues")], {"safcat.a_V1": 7})
        if record.table is TAP_SCHEMA.tables[1]
    ]
    first, second = described
    assert (first["cat_id"], first["version"], first["skysqdeg"]) == (catalogue_number("safcat.A_v1"), 1, 2.0)
    assert (first["number_rows"], first["number_columns"], first["collection"]) == (7, 1, None)
    assert (second["cat_id"], second["version"], second["number_columns"]) == (None, None, 1)


def test_only_texts_have_letter_cases() -> None:
    assert Column("name", TEXT, description="Name", folded=True).folded
    with pytest.raises(DeclarationError, match="letter cases"):
        Column("mag", DOUBLE, description="Magnitude", folded=True)
