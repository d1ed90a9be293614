"""A simulated observatory: what an archive meets, from proposals to products, the same for the same seed.

One small night stands fixed; seasons of any number of nights are simulated. They are written as files only:
nothing here knows the database or the archive that will ingest them.
"""

from .demonstration import demonstration
from .engine import FIRST_NIGHT, seasons
from .files import SEED, Night, Written, write_night, write_season
from .season import Season

__all__ = [
    "FIRST_NIGHT",
    "SEED",
    "Night",
    "Season",
    "Written",
    "demonstration",
    "seasons",
    "write_night",
    "write_season",
]
