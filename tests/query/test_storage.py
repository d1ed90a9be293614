"""What lies in the hidden columns of a region, and the expression that is indexed."""

from __future__ import annotations

from archive.declare.regions import parse_region
from archive.query import position_expression, region_columns, region_values
from archive.query.storage import WIDE


def test_hidden_columns_are_named_after_the_stored_one() -> None:
    columns = region_columns("s_region")
    assert (columns.bounds, columns.points) == ("s_region__bounds", "s_region__points")
    assert region_columns("xmin").circles == "xmin___circles"


def test_a_position_is_one_expression() -> None:
    assert position_expression('"ra"', 't1."dec"') == 'adql.position("ra", t1."dec")'


def test_parts_of_a_mosaic() -> None:
    values = region_values(parse_region("UNION ICRS (POSITION 1 2 CIRCLE 3 4 0.5 POLYGON 5 6 5 7 6 7)"))
    assert values.points == '{"(1.0d,2.0d)"}'
    assert values.circles == '{"<(3.0d,4.0d),0.5d>"}'
    assert values.polygons == '{"{(5.0d,6.0d),(5.0d,7.0d),(6.0d,7.0d)}"}'
    assert values.bounds is not None and values.bounds.startswith("<(")


def test_wide_regions_are_marked() -> None:
    assert region_values(parse_region("ALLSKY")).bounds == WIDE
    alone = region_values(parse_region("POSITION ICRS 0 90"))
    assert alone.bounds is not None and alone.bounds != WIDE
    assert alone.circles is None and alone.polygons is None
