"""The header in YAML by which astropy describes the columns of ECSV files, and of tables in Parquet.

Only texts, lists and mappings are made of it: whatever its tags say, no object comes into being, and no key
that merges others multiplies what is there.
"""

from __future__ import annotations

from typing import Any

import yaml

__all__ = ["LONGEST_HEADER", "as_mapping", "read_header", "said"]

LONGEST_HEADER = 1 << 20  # characters; reading so many takes seconds
_NOTHING = frozenset({"~", "null", "Null", "NULL"})


def read_header(text: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The header, and the descriptions of its columns, each with a name and a datatype that are texts.

    Raises ValueError that tells what is wrong.
    """
    if len(text) > LONGEST_HEADER:
        raise ValueError(f"it is longer than {LONGEST_HEADER >> 20} MiB")
    try:
        header = yaml.BaseLoader(text).get_single_data()
    except (yaml.YAMLError, RecursionError) as cause:
        raise ValueError(str(cause) or "it is no YAML") from cause
    columns = header.get("datatype") if isinstance(header, dict) else None
    if not isinstance(columns, list) or not all(isinstance(column, dict) for column in columns):
        raise ValueError("it has no list of columns")
    if not all(said(column, "name") and said(column, "datatype") for column in columns):
        raise ValueError("a column has no name or no datatype")
    return header, columns


def as_mapping(value: Any) -> dict[str, Any]:
    """With names in small letters; empty when it is none. One that keeps its order is a list of pairs."""
    pairs = value if isinstance(value, list) else [value]
    return {str(key).lower(): each for pair in pairs if isinstance(pair, dict) for key, each in pair.items()}


def said(mapping: dict[str, Any], key: str) -> str:
    """A text; anything else YAML may have there, in small space or endless when written out, is nothing."""
    value = mapping.get(key)
    return value if isinstance(value, str) and value not in _NOTHING else ""
