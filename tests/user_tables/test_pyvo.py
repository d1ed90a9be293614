"""The four calls of pyvo's prototype, as its users make them."""

from __future__ import annotations

import io

import pytest
import pyvo
from pyvo.utils.prototype import activate_features, deactivate_features

from .conftest import stars, votable

DEFINITION = b"""<vosi:table xmlns:vosi="http://www.ivoa.net/xml/VOSITables/v1.0"
  xmlns:vod="http://www.ivoa.net/xml/VODataService/v1.1"
  xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" type="output">
<name>my_tycho.articles</name>
<description>Things for sale</description>
<column><name>article</name><description>What it is</description>
  <dataType xsi:type="vod:VOTableType" arraysize="30*">char</dataType></column>
<column><name>amount</name><unit>kg</unit><dataType xsi:type="vod:VOTableType">long</dataType></column>
<column><name>sold</name><dataType xsi:type="vod:TAPType">adql:TIMESTAMP</dataType></column>
</vosi:table>"""


@pytest.fixture
def tap(service, session):
    activate_features("cadc-tb-upload")
    yield pyvo.dal.TAPService(str(service.base_url).rstrip("/"), session=session)
    deactivate_features("cadc-tb-upload")


def test_a_definition_filled_indexed_and_dropped(tap, tmp_path):
    tap.create_table("my_tycho.articles", io.BytesIO(DEFINITION))
    tap.load_table("my_tycho.articles", io.BytesIO(b"article\tamount\tsold\n007\t3\t2026-01-02T03:04:05\n"))
    tap.load_table("my_tycho.articles", io.BytesIO(b"amount,article\n12,telescope\n,dome\n"), format="csv")
    tap.create_index("my_tycho.articles", "amount")
    tap.create_index("my_tycho.articles", "article", unique=True)
    found = tap.search("SELECT article, amount, sold FROM my_tycho.articles ORDER BY article")
    assert list(found["article"]) == ["007", "dome", "telescope"]
    assert found["amount"].tolist() == [3, None, 12]
    assert str(found["sold"][0]).startswith("2026-01-02T03:04:05")
    assert found.getdesc("amount").unit == "kg"
    rows = tap.search("SELECT indexed FROM tap_schema.columns WHERE table_name = 'my_tycho.articles'")
    assert sorted(rows["indexed"].tolist()) == [0, 0, 1]
    tap.remove_table("my_tycho.articles")
    with pytest.raises(pyvo.dal.DALQueryError, match=r"my_tycho\.articles"):
        tap.search("SELECT * FROM my_tycho.articles")


def test_a_votable_and_more_of_it_in_fits(tap):
    tap.create_table("my_tycho.stars", io.BytesIO(votable(stars())), format="VOTable")
    more = io.BytesIO()
    rows = stars(3)
    rows.meta.clear()
    rows.write(more, format="fits")
    more.seek(0)
    tap.load_table("my_tycho.stars", more, format="FITSTable")
    assert tap.search("SELECT COUNT(*) AS n FROM my_tycho.stars")["n"][0] == 8
    assert "my_tycho.stars" in tap.tables
    with pytest.raises(pyvo.dal.DALQueryError, match="occur more than once"):
        tap.create_index("my_tycho.stars", "id", unique=True)
    tap.remove_table("my_tycho.stars")
