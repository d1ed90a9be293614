"""The demonstration's night, which stands fixed: what was asked for, what was taken, and the weather.

Values only; documents and frames are written of them as of any other season.
"""

from .night import demonstration

__all__ = ["demonstration"]
