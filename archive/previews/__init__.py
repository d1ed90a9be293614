"""Pictures of datasets: images on the sky, plots of spectra, cubes as both. Bytes in, PNG, JPEG or SVG out.

Which file belongs to a dataset, who may see it and how it is sent is told in `protocol`.
"""

from __future__ import annotations

from .cache import PreviewCache
from .making import DEFAULT_SIZE, LARGEST, SMALLEST, Form, make_preview

__all__ = ["DEFAULT_SIZE", "LARGEST", "SMALLEST", "Form", "PreviewCache", "make_preview"]
