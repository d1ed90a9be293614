"""Files that come in over HTTP: resumable uploads (tus 1.0), checked, handed on, acknowledged when safe."""

from __future__ import annotations

from .intake import Intake, Refusal, Take, Taken
from .parts import Parts
from .routes import PATH, incoming_routes
from .uploads import Uploads
from .values import Offer, offer_from, transfer_id

__all__ = [
    "PATH",
    "Intake",
    "Offer",
    "Parts",
    "Refusal",
    "Take",
    "Taken",
    "Uploads",
    "incoming_routes",
    "offer_from",
    "transfer_id",
]
