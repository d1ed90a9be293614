"""What the VO protocols share: parameters, errors, streams, VOSI, files over HTTP, the `Service` value."""

from __future__ import annotations

from .cors import CrossOrigin
from .failures import Style, bug_response, failure_response
from .service import Archive, Service
from .streaming import StreamedResponse, Workers, head_response

__all__ = [
    "Archive",
    "CrossOrigin",
    "Service",
    "StreamedResponse",
    "Style",
    "Workers",
    "bug_response",
    "failure_response",
    "head_response",
]
