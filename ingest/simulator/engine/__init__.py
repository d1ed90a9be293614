"""The simulated observatory at work: programmes are drawn, ranked and scheduled, and nights observed.

It makes seasons, which are values. Nothing is written here.
"""

from .seasons import FIRST_NIGHT, seasons

__all__ = ["FIRST_NIGHT", "seasons"]
