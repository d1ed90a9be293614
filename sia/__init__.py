"""Images and cubes by parameters: SIA 2.0, and SIA 1.0 for clients that know no other.

What is asked becomes a `Query` of ivoa.ObsCore; how that is answered is the archive's business. The files
themselves, links and cut-outs are served elsewhere.
"""

from __future__ import annotations

from .service import sia2_service
from .sia1_service import sia1_service

__all__ = ["sia1_service", "sia2_service"]
