"""What to tell somebody whose query is another dialect's, or nearly ADQL.

Advice only: the parser has already decided that the text is wrong, and asks here what may have been meant.
"""

from __future__ import annotations

from archive.declare.names import RESERVED_WORDS

__all__ = [
    "COMMANDS",
    "FOREIGN_FUNCTIONS",
    "NO_QUANTIFIERS",
    "ONLY_QUERIES",
    "RESERVED",
    "foreign_word",
    "reserved",
]

RESERVED = "reserved word; delimit it with double quotes"

ONLY_QUERIES = "ADQL only asks: a query begins with SELECT or WITH"
_NO_WINDOWS = "window functions are not ADQL; use GROUP BY, or compare with a subquery"
_LIMIT = "the number of rows is limited by SELECT TOP n"
_NO_TIME_LITERALS = "times are written as strings, '2026-01-31T12:00:00', or CAST('...' AS TIMESTAMP)"
_NO_BOOLEANS = "ADQL has no boolean literals; compare with a number or a string"
_NO_STRING_FUNCTIONS = "of the string functions ADQL has LOWER, UPPER and ||"
NO_QUANTIFIERS = "use IN, EXISTS, or compare with MIN or MAX of the subquery"

_FOREIGN_WORDS = {
    "LIMIT": _LIMIT,
    "FETCH": _LIMIT,
    "OVER": _NO_WINDOWS,
    "PARTITION": _NO_WINDOWS,
    "FILTER": "FILTER is not ADQL; use WHERE and GROUP BY",
    "WINDOW": _NO_WINDOWS,
    "QUALIFY": _NO_WINDOWS,
    "CASE": "CASE is not ADQL; use COALESCE, or a UNION of two queries",
    "CROSS": "a cross join is written with a comma: FROM a, b",
    "INTO": "results are not stored; remove INTO",
    "FOR": "rows are not locked; remove FOR",
    "ESCAPE": "LIKE has no ESCAPE; % and _ are always wildcards and a backslash is a plain character",
    "REGEXP": "use LIKE or ILIKE for patterns",
    "RLIKE": "use LIKE or ILIKE for patterns",
    "SIMILAR": "use LIKE or ILIKE for patterns",
    "COLLATE": "COLLATE is not ADQL",
    "NULLS": "NULLS FIRST and NULLS LAST are not ADQL",
    "MINUS": "the difference of two queries is written EXCEPT",
    "LATERAL": "LATERAL is not ADQL; use a join",
    "RECURSIVE": "WITH is not recursive in ADQL",
    "TABLESAMPLE": "TABLESAMPLE is not ADQL; use TOP",
    "DATE": _NO_TIME_LITERALS,
    "TIME": _NO_TIME_LITERALS,
    "TIMESTAMP": _NO_TIME_LITERALS,
    "INTERVAL": "there are no intervals; compute with MJDs, in days",
    "CURRENT_DATE": "write the date itself, as a string",
    "CURRENT_TIME": "write the time itself, as a string",
    "CURRENT_TIMESTAMP": "write the time itself, as a string",
    "TRUE": _NO_BOOLEANS,
    "FALSE": _NO_BOOLEANS,
    "UNKNOWN": _NO_BOOLEANS,
    "SUBSTRING": _NO_STRING_FUNCTIONS,
    "TRIM": _NO_STRING_FUNCTIONS,
    "POSITION": _NO_STRING_FUNCTIONS,
    "CHAR_LENGTH": _NO_STRING_FUNCTIONS,
    "CHARACTER_LENGTH": _NO_STRING_FUNCTIONS,
    "OCTET_LENGTH": _NO_STRING_FUNCTIONS,
    "TRANSLATE": _NO_STRING_FUNCTIONS,
    "EXTRACT": "compute with MJDs; times have no parts in ADQL",
    "NULLIF": "NULLIF is not ADQL; COALESCE is",
    "CONVERT": "write CAST(value AS TYPE)",
    "ROWS": "OFFSET takes a number alone",
    "VALUES": "VALUES is not ADQL; upload a table instead",
}
_COMMAND_WORDS = "ALTER BEGIN COMMIT CREATE DELETE DROP EXPLAIN GRANT INSERT MERGE SET SHOW UPDATE VACUUM"
# What begins a statement of SQL that is no query; TRUNCATE is missing, being a function here.
COMMANDS = frozenset(_COMMAND_WORDS.split())

# Functions of other languages that parse as user-defined ones; the resolver, which knows that there are no
# such functions here, shows these.
FOREIGN_FUNCTIONS = {
    "NOW": "write the time itself, as a string",
    "GETDATE": "write the time itself, as a string",
    "SYSDATE": "write the time itself, as a string",
    "CEIL": "the function is called CEILING",
    "TRUNC": "the function is called TRUNCATE",
    "POW": "the function is called POWER",
    "LN": "the natural logarithm is called LOG",
    "RANDOM": "the function is called RAND",
    "LCASE": "the function is called LOWER",
    "UCASE": "the function is called UPPER",
    "IFNULL": "the function is called COALESCE",
    "ISNULL": "write x IS NULL, or COALESCE(x, y)",
    "NVL": "the function is called COALESCE",
    "IF": _FOREIGN_WORDS["CASE"],
    "IIF": _FOREIGN_WORDS["CASE"],
    "DECODE": _FOREIGN_WORDS["CASE"],
    "CONCAT": "strings are joined by ||",
    "SUBSTR": _NO_STRING_FUNCTIONS,
    "LENGTH": _NO_STRING_FUNCTIONS,
    "LEN": _NO_STRING_FUNCTIONS,
    "REPLACE": _NO_STRING_FUNCTIONS,
    "STRPOS": _NO_STRING_FUNCTIONS,
    "ROW_NUMBER": _NO_WINDOWS,
    "RANK": _NO_WINDOWS,
    "LAG": _NO_WINDOWS,
    "LEAD": _NO_WINDOWS,
}


def foreign_word(word: str) -> str | None:
    """Advice for a word of another dialect, where it does not fit."""
    return _FOREIGN_WORDS.get(word.upper())


def reserved(word: str) -> bool:
    return word.upper() in RESERVED_WORDS
