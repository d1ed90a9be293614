"""Parameters as clients send them, and what the archive understands or refuses."""

from __future__ import annotations

import pytest

from archive.declare.parameters import Parameter, parse_arguments
from archive.declare.types import DOUBLE, INTEGER, LONG, TIMESTAMP
from archive.errors import BadParameter, DeclarationError

FORMAT = Parameter("RESPONSEFORMAT", "Format", aliases=("FORMAT",))
MAXREC = Parameter("MAXREC", "Rows", type=LONG, minimum=0)
LANG = Parameter("LANG", "Language", values=("ADQL", "ADQL-2.0"))
RADIUS = Parameter("SR", "Radius", type=DOUBLE, unit="deg", ucd="phys.angSize", minimum=0, maximum=180)
ID = Parameter("ID", "Identifiers", multiple=True)
VERBOSITY = Parameter("VERB", "How much to say", type=INTEGER, default=2)
ALL = (FORMAT, MAXREC, LANG, RADIUS, ID, VERBOSITY)


@pytest.mark.parametrize(
    ("sent", "parameter", "values"),
    [
        ([("maxrec", "10")], MAXREC, (10,)),
        ([("MaxRec", " 10 ")], MAXREC, (10,)),
        ([("MAXREC", "0")], MAXREC, (0,)),
        ([("MAXREC", "+7")], MAXREC, (7,)),
        ([("MAXREC", "99999999999999")], MAXREC, (99999999999999,)),
        ([("MAXREC", "")], MAXREC, ()),
        ([("lang", "adql-2.0")], LANG, ("ADQL-2.0",)),
        ([("FORMAT", "csv")], FORMAT, ("csv",)),
        ([("FORMAT", "csv"), ("responseformat", "tsv")], FORMAT, ("tsv",)),
        ([("SR", "1e-3")], RADIUS, (0.001,)),
        ([("ID", "a"), ("id", "b")], ID, ("a", "b")),
        ([("ID", " Å ")], ID, (" Å ",)),
        ([("nothing", "known"), ("nothing", "twice")], ID, ()),
        ([], VERBOSITY, (2,)),
        ([("VERB", "3")], VERBOSITY, (3,)),
    ],
)
def test_understood(sent, parameter, values):
    assert parse_arguments(ALL, sent).all(parameter) == values


@pytest.mark.parametrize(
    ("sent", "message"),
    [
        ([("MAXREC", "-1")], "MAXREC: -1 is less than 0"),
        ([("MAXREC", "ten")], "MAXREC: 'ten' is not an integer"),
        ([("MAXREC", "1.5")], "MAXREC: '1.5' is not an integer"),
        ([("MAXREC", "1_0")], "MAXREC: '1_0' is not an integer"),
        ([("MAXREC", "١٠")], "MAXREC: '١٠' is not an integer"),
        ([("MAXREC", "9" * 5000)], "MAXREC: an integer of 5000 digits is beyond all limits"),
        ([("MAXREC", "1"), ("maxrec", "1")], "MAXREC: given 2 times; it has one value"),
        ([("LANG", "SQL")], "LANG: 'SQL' is not known here; use ADQL or ADQL-2.0"),
        ([("SR", "wide")], "SR: 'wide' is not a number"),
        ([("SR", "nan")], "SR: 'nan' is not a number"),
        ([("SR", "181")], "SR: 181.0 is more than 180"),
    ],
)
def test_refused(sent, message):
    with pytest.raises(BadParameter) as refusal:
        parse_arguments(ALL, sent)
    assert str(refusal.value) == message


def test_declaration_is_checked():
    with pytest.raises(DeclarationError, match="only numbers have limits"):
        Parameter("NAME", "A name", minimum=0)
    with pytest.raises(DeclarationError, match="neither text nor a number"):
        Parameter("TIME", "A time", type=TIMESTAMP)
    with pytest.raises(DeclarationError):
        Parameter("SR", "Radius", type=DOUBLE, unit="degreez")
