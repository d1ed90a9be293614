"""Names of files in the Virtual Observatory: IVOIDs made from the archive's identifiers, and read again.

How a file gets its identifier in the archive, its dp_id, is decided by `ingest`.
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

__all__ = ["dp_id_of", "ivoid", "publisher_did"]

_DATASETS = "ID"
_IVOID = re.compile(r"ivo://([^/?#]+)/([^?#]*)\?([^#]+)", re.IGNORECASE | re.DOTALL)


def ivoid(authority: str, kind: str, name: str) -> str:
    """IVOA Identifiers 2.0, 4.1: what follows the question mark is URL-encoded."""
    return f"ivo://{authority}/{kind}?{quote(name, safe=':@,;()$!*')}"


def publisher_did(authority: str, dp_id: str) -> str:
    """What ObsCore calls obs_publisher_did, and DataLink and SODA take as ID."""
    return ivoid(authority, _DATASETS, dp_id)


def dp_id_of(authority: str, text: str) -> str | None:
    """The identifier in the archive that a publisher DID names; a text that is no IVOID is one already.

    None for IVOIDs of other authorities or kinds. Everything before the question mark is compared without
    regard to letter case (IVOA Identifiers 2.0, 2.6). Whether there is such a file nobody knows here.
    """
    name = text.strip()
    if not name.lower().startswith("ivo:"):
        return name or None
    parts = _IVOID.fullmatch(name)
    if parts is None or parts[1].lower() != authority.lower() or parts[2].lower() != _DATASETS.lower():
        return None
    return unquote(parts[3])
