"""User-defined functions of numbers, texts and times, and those of many rows."""

from __future__ import annotations

from dataclasses import replace

from ..declare.types import DOUBLE, INTEGER, INTERVAL, TEXT, TIMESTAMP, array_of
from .user_functions import Argument, Meaning, UserFunction

__all__ = ["VALUE_FUNCTIONS"]

_KEYWORDS = "adql.header_keywords"
_TO_MJD = UserFunction(
    "ivo_to_mjd",
    (("d", TIMESTAMP),),
    DOUBLE,
    "A timestamp, or a text that is one, as a modified Julian date, in days; the time scale stays what it "
    "is.",
    "adql.mjd({0})",
    unit="d",
    ucd="time.epoch",
)
_TO_JD = UserFunction(
    "ivo_to_jd",
    (("d", TIMESTAMP),),
    DOUBLE,
    "A timestamp, or a text that is one, as a Julian date, in days; the time scale stays what it is.",
    "(adql.mjd({0}) + 2400000.5::float8)",
    unit="d",
    ucd="time.epoch",
)
_NORMAL_RANDOM = UserFunction(
    "ivo_normal_random",
    (("mu", DOUBLE), ("sigma", DOUBLE)),
    DOUBLE,
    "A random number from a normal distribution with the mean mu and the standard deviation sigma.",
    "({0} + {1} * sqrt(-2 * ln(1 - random())) * cos(2 * pi() * random()))",
)
_HISTOGRAM = UserFunction(
    "ivo_histogram",
    (("val", DOUBLE), ("lower", Argument.LIMIT), ("upper", Argument.LIMIT), ("nbins", Argument.COUNT)),
    array_of(INTEGER, "*"),
    "Counts of the values of many rows: first of those below lower, NULL or NaN, then of those in nbins "
    "equal bins, each with its lower limit, last of those from upper on; nbins + 2 in all, 10,002 at most.",
    "coalesce(adql.histogram({0}, {1}, {2}, {3}), array_fill(0, ARRAY[{3} + 2]))",
    ucd="meta.number",
    meaning=Meaning.AGGREGATE,
)
_SPECCONV = (
    "wavelength, frequency, wavenumber or energy, in another unit for one of them; units are VOUnits, "
    "written out. NULL for 0 where that would be infinite."
)

VALUE_FUNCTIONS: tuple[UserFunction, ...] = (
    UserFunction(
        "ivo_hasword",
        (("haystack", TEXT), ("needle", TEXT)),
        INTEGER,
        "1 where all words of needle are in haystack, in whatever order and letter case, else 0.",
        "adql.hasword({0}, {1})",
        meaning=Meaning.CONDITION,
    ),
    UserFunction(
        "ivo_nocasematch",
        (("value", TEXT), ("pattern", TEXT)),
        INTEGER,
        "1 where the value matches the pattern, in which % stands for any characters and _ for one, without "
        "regard to letter case, else 0.",
        "({0} ILIKE {1} ESCAPE '')",
        meaning=Meaning.CONDITION,
    ),
    UserFunction(
        "gavo_match",
        (("pattern", TEXT), ("string", TEXT)),
        INTEGER,
        "1 where the POSIX regular expression matches anything in the string, else 0.",
        "({1} ~ {0})",
        meaning=Meaning.CONDITION,
    ),
    UserFunction(
        "ivo_hashlist_has",
        (("hashlist", TEXT), ("item", TEXT)),
        INTEGER,
        "1 where the item is one of the words that # separates in hashlist, without regard to letter case, "
        "else 0.",
        "adql.hashlist_has({0}, {1})",
        meaning=Meaning.CONDITION,
    ),
    UserFunction(
        "gavo_vocmatch",
        (("vocname", Argument.WORD), ("term", Argument.WORD), ("matchagainst", TEXT)),
        INTEGER,
        "1 where matchagainst is the term of an IVOA vocabulary (product-type, datalink/core, ...) or a "
        "narrower one, else 0; in a thesaurus one step narrower. # and the vocabulary's address may stand "
        "before terms.",
        meaning=Meaning.VOCABULARY,
    ),
    UserFunction(
        "ivo_interval_overlaps",
        (("l1", DOUBLE), ("h1", DOUBLE), ("l2", DOUBLE), ("h2", DOUBLE)),
        INTEGER,
        "1 where the closed intervals [l1, h1] and [l2, h2] have a value in common, else 0; an interval "
        "whose ends are reversed overlaps nothing.",
        "({0} <= {3} AND {2} <= {1} AND {0} <= {1} AND {2} <= {3})",
        meaning=Meaning.CONDITION,
    ),
    UserFunction(
        "ivo_interval_has",
        (("val", DOUBLE), ("iv", INTERVAL)),
        INTEGER,
        "1 where the value lies in the closed interval, else 0. Withdrawn from the catalogue of functions; "
        "BETWEEN says the same of two columns.",
        "({0} >= ({1})[1] AND {0} <= ({1})[2])",
        meaning=Meaning.CONDITION,
    ),
    UserFunction(
        "uraniborg_has_keyword",
        (("dp_id", TEXT), ("keyword", TEXT), ("value", TEXT)),
        INTEGER,
        "1 for a file in whose headers the FITS keyword has exactly this value, else 0; whole numbers are "
        "written as such, logical values as T or F. Answered by an index, also over all files.",
        "({0} IN (SELECT f.dp_id FROM adql.files_with({1}, {2}) AS f (dp_id)))",
        meaning=Meaning.CONDITION,
        hiding=_KEYWORDS,
    ),
    UserFunction(
        "uraniborg_keyword",
        (("dp_id", TEXT), ("keyword", TEXT)),
        TEXT,
        "The value of a FITS keyword in the headers of a file as text, from the first HDU that has it; NULL "
        "where none has. Looked up for each row.",
        "adql.keyword({0}, adql.keyword_name({1}))",
        hiding=_KEYWORDS,
    ),
    UserFunction(
        "uraniborg_keyword_number",
        (("dp_id", TEXT), ("keyword", TEXT)),
        DOUBLE,
        "The same as a number; NULL where the value is none.",
        "adql.keyword_number({0}, adql.keyword_name({1}))",
        hiding=_KEYWORDS,
    ),
    _TO_JD,
    _TO_MJD,
    replace(_TO_JD, name="gavo_to_jd"),
    replace(_TO_MJD, name="gavo_to_mjd"),
    UserFunction(
        "ivo_hms_to_degrees",
        (("hms", TEXT),),
        DOUBLE,
        "Hours, minutes and seconds (3:34:45.4, 3h34m45.4s or 033445.4) in degrees; NULL for any other text.",
        "(15 * adql.sexagesimal({0}, 'h'))",
        unit="deg",
    ),
    UserFunction(
        "ivo_dms_to_degrees",
        (("dms", TEXT),),
        DOUBLE,
        "Degrees, minutes and seconds (-0:15:00, -0d15m0s or -001500) in degrees; NULL for any other text.",
        "adql.sexagesimal({0}, 'd')",
        unit="deg",
    ),
    UserFunction(
        "gavo_specconv",
        (("expr", DOUBLE), ("dest_unit", Argument.WORD)),
        DOUBLE,
        f"A value with a known unit, that of a {_SPECCONV}",
        meaning=Meaning.SPECTRAL,
    ),
    UserFunction(
        "gavo_specconv",
        (("expr", DOUBLE), ("expr_unit", Argument.WORD), ("dest_unit", Argument.WORD)),
        DOUBLE,
        f"A number taken to be in expr_unit, that of a {_SPECCONV}",
        meaning=Meaning.SPECTRAL,
    ),
    UserFunction(
        "gavo_getauthority",
        (("ivoid", TEXT),),
        TEXT,
        "The authority part of an IVOA identifier or other URI, org.gavo.dc of ivo://org.gavo.dc/foo; NULL "
        "for any other text.",
        "adql.authority({0})",
    ),
    UserFunction(
        "gavo_urlescape",
        (("s", TEXT),),
        TEXT,
        "A text with all but ASCII's letters, digits, -, ., _ and ~ as %XX, to be put into a URL.",
        "adql.url_escaped({0})",
    ),
    _NORMAL_RANDOM,
    replace(_NORMAL_RANDOM, name="gavo_normal_random"),
    UserFunction(
        "ivo_string_agg",
        (("expression", TEXT), ("delimiter", TEXT)),
        TEXT,
        "The texts of many rows, in whatever order, with the delimiter between them; NULLs are left out.",
        "string_agg({0}, {1})",
        meaning=Meaning.AGGREGATE,
    ),
    _HISTOGRAM,
    replace(_HISTOGRAM, name="gavo_histogram"),
)
