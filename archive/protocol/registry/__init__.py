"""The publishing registry (Registry Interfaces 1.1): VOResource records, harvested by OAI-PMH."""

from __future__ import annotations

from .records import Curation, Published
from .service import registry_service

__all__ = ["Curation", "Published", "registry_service"]
