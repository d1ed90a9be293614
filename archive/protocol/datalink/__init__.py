"""DataLink 1.1: what belongs to a dataset, as a table of links.

Requests and answers, the facts behind the links and their meaning belong here. What the links lead to is
served elsewhere: files by `archive.protocol.files`, cut-outs by `archive.protocol.soda`, previews by
`archive.previews`.
"""

from __future__ import annotations

from .service import LINKS_PARAMETERS, datalink_service

__all__ = ["LINKS_PARAMETERS", "datalink_service"]
