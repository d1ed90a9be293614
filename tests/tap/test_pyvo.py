"""The service as pyvo sees it."""

from __future__ import annotations

import pytest
import pyvo
from pyvo.dal.exceptions import DALOverflowWarning, DALQueryError

from archive.declare.builtin import builtin_schemas
from archive.declare.catalogue import Catalogue
from archive.query import offered_functions


@pytest.fixture(scope="module")
def service(tap):
    return pyvo.dal.TAPService(str(tap.base_url).rstrip("/"))


def test_search(service):
    query = "SELECT table_name, nrows FROM tap_schema.tables WHERE schema_name = 'tap_schema'"
    result = service.search(query)
    assert {str(name) for name in result["table_name"]} >= {"tap_schema.tables", "tap_schema.columns"}
    assert result.fielddescs[0].description


def test_tables_and_columns(service):
    assert {"ivoa.ObsCore", "dbo.raw", "tap_schema.tables"} <= set(service.tables.keys())
    table = service.tables["ivoa.ObsCore"]
    assert table.description
    columns = {column.name: column for column in table.columns}
    assert columns["s_ra"].unit == "deg"
    assert columns["s_ra"].ucd == "pos.eq.ra"
    assert columns["s_region"].datatype.arraysize == "*"


def test_describe(service, capsys):
    service.describe()
    said = capsys.readouterr().out
    for words in ("ADQL", "ObsCore-1.1", "ivo_healpix_index", "POINT"):
        assert words in said


def test_examples(service):
    examples = service.examples
    assert examples
    assert examples[0]["QUERY"].startswith("SELECT")


def test_limits_and_languages(service):
    assert service.maxrec == 100_000
    assert service.hardlimit == 20_000_000
    adql = service.get_tap_capability().get_adql()
    for function in offered_functions(Catalogue(builtin_schemas())):
        found = adql.get_udf(function.name)
        assert found is not None and found.form.startswith(f"{function.name}(")
    assert "ivo://ivoa.net/std/TAPRegExt#features-adqlgeo" in {
        str(features.type) for features in service.get_tap_capability().get_adql().languagefeaturelists
    }


def test_maxrec_is_told_as_overflow(service):
    result = service.search("SELECT column_name FROM tap_schema.columns", maxrec=3)
    assert len(result) == 3
    assert result.query_status == "OVERFLOW"


def test_limit_of_the_service_is_a_warning(small_tap):
    service = pyvo.dal.TAPService(str(small_tap.base_url).rstrip("/"))
    with pytest.warns(DALOverflowWarning):
        assert len(service.search("SELECT column_name FROM tap_schema.columns")) == 2


def test_error_message_reaches_the_user(service):
    with pytest.raises(DALQueryError, match="did you mean table_name"):
        service.search("SELECT tabel_name FROM tap_schema.tables")
