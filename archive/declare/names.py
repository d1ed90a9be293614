"""Names: what a column, table or schema may be called, and how ADQL and PostgreSQL write it.

The reserved words are those of ADQL 2.1 (SQL-92's and the language's own, section 2.1.2); a name among
them is published in double quotes.
"""

from __future__ import annotations

import re

from ..errors import DeclarationError

__all__ = [
    "RESERVED_WORDS",
    "adql_name",
    "check_column_name",
    "check_table_name",
    "is_regular",
    "physical_column",
    "quote_identifier",
]

_SQL92 = """
ABSOLUTE ACTION ADD ALL ALLOCATE ALTER AND ANY ARE AS ASC ASSERTION AT AUTHORIZATION AVG BEGIN BETWEEN BIT
BIT_LENGTH BOTH BY CASCADE CASCADED CASE CAST CATALOG CHAR CHARACTER CHARACTER_LENGTH CHAR_LENGTH CHECK CLOSE
COALESCE COLLATE COLLATION COLUMN COMMIT CONNECT CONNECTION CONSTRAINT CONSTRAINTS CONTINUE CONVERT
CORRESPONDING COUNT CREATE CROSS CURRENT CURRENT_DATE CURRENT_TIME CURRENT_TIMESTAMP CURRENT_USER CURSOR DATE
DAY DEALLOCATE DECIMAL DECLARE DEFAULT DEFERRABLE DEFERRED DELETE DESC DESCRIBE DESCRIPTOR DIAGNOSTICS
DISCONNECT DISTINCT DOMAIN DOUBLE DROP ELSE END END-EXEC ESCAPE EXCEPT EXCEPTION EXEC EXECUTE EXISTS EXTERNAL
EXTRACT FALSE FETCH FIRST FLOAT FOR FOREIGN FOUND FROM FULL GET GLOBAL GO GOTO GRANT GROUP HAVING HOUR
IDENTITY IMMEDIATE IN INDICATOR INITIALLY INNER INPUT INSENSITIVE INSERT INT INTEGER INTERSECT INTERVAL INTO
IS ISOLATION JOIN KEY LANGUAGE LAST LEADING LEFT LEVEL LIKE LOCAL LOWER MATCH MAX MIN MINUTE MODULE MONTH
NAMES NATIONAL NATURAL NCHAR NEXT NO NOT NULL NULLIF NUMERIC OCTET_LENGTH OF ON ONLY OPEN OPTION OR ORDER
OUTER OUTPUT OVERLAPS PAD PARTIAL POSITION PRECISION PREPARE PRESERVE PRIMARY PRIOR PRIVILEGES PROCEDURE
PUBLIC READ REAL REFERENCES RELATIVE RESTRICT REVOKE RIGHT ROLLBACK ROWS SCHEMA SCROLL SECOND SECTION SELECT
SESSION SESSION_USER SET SIZE SMALLINT SOME SPACE SQL SQLCODE SQLERROR SQLSTATE SUBSTRING SUM SYSTEM_USER
TABLE TEMPORARY THEN TIME TIMESTAMP TIMEZONE_HOUR TIMEZONE_MINUTE TO TRAILING TRANSACTION TRANSLATE
TRANSLATION TRIM TRUE UNION UNIQUE UNKNOWN UPDATE UPPER USAGE USER USING VALUE VALUES VARCHAR VARYING VIEW
WHEN WHENEVER WHERE WITH WORK WRITE YEAR ZONE
"""
_ADQL = """
ABS ACOS AREA ASIN ATAN ATAN2 BIGINT BOX CEILING CENTROID CIRCLE CONTAINS COORD1 COORD2 COORDSYS COS COT
DEGREES DISTANCE EXP FLOOR ILIKE INTERSECTS IN_UNIT LOG LOG10 MOD OFFSET PI POINT POLYGON POWER RADIANS RAND
REGION ROUND SIN SQRT TAN TOP TRUNCATE
"""
RESERVED_WORDS = frozenset(_SQL92.split()) | frozenset(_ADQL.split())

_REGULAR = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
# PostgreSQL keeps these in every table; a published column of that name is stored under another.
_SYSTEM_COLUMNS = {"ctid", "xmin", "xmax", "cmin", "cmax", "tableoid", "oid"}
# Schemas of the server's own; publishing under them would mix catalogues with the machinery.
_SYSTEM_SCHEMAS = {"adql", "archive", "public", "information_schema", "tap_upload"}
_LONGEST = 63  # bytes; PostgreSQL's NAMEDATALEN - 1


def is_regular(name: str) -> bool:
    """True when ADQL can write the name without double quotes."""
    return bool(_REGULAR.fullmatch(name)) and name.upper() not in RESERVED_WORDS


def adql_name(name: str) -> str:
    """The name as a query writes it and TAP_SCHEMA publishes it (TAP 1.1, 4.3)."""
    return name if is_regular(name) else '"' + name.replace('"', '""') + '"'


def quote_identifier(name: str) -> str:
    """The name as a PostgreSQL delimited identifier."""
    return '"' + name.replace('"', '""') + '"'


def physical_column(name: str) -> str:
    """The name under which PostgreSQL stores a published column."""
    return f"{name}_" if name.lower() in _SYSTEM_COLUMNS else name


def check_column_name(name: str) -> None:
    """Column names are free text, as catalogues have them, within what database and XML can hold."""
    if not name or name != name.strip():
        raise DeclarationError(f"column name {name!r} is empty or has blanks around it")
    if not name.isprintable():
        raise DeclarationError(f"column name {name!r} has control characters")
    if len(name.encode("utf-8")) > _LONGEST - len("__polygons"):
        raise DeclarationError(f"column name {name!r} is too long", hint="use 53 bytes at most")
    if "__" in name and name.rpartition("__")[2] in {"bounds", "points", "circles", "polygons"}:
        raise DeclarationError(f"column name {name!r} ends like the hidden parts of a region")


def check_table_name(name: str) -> None:
    """Table names are `schema.table`, both regular identifiers that are no reserved words."""
    schema, dot, table = name.partition(".")
    if not dot or not is_regular(schema) or not is_regular(table):
        raise DeclarationError(
            f"table name {name!r} is not schema.table",
            hint="use letters, digits and underscores, beginning with a letter, and no reserved word",
        )
    if schema.lower() in _SYSTEM_SCHEMAS or schema.lower().startswith(("pg_", "upload_of_")):
        raise DeclarationError(f"schema name {schema!r} belongs to the server", hint="choose another schema")
    if max(len(schema), len(table)) > _LONGEST:
        raise DeclarationError(
            f"table name {name!r} is too long", hint="use 63 characters at most for each part"
        )
