"""Reference frames of the sky, by their names in IVOA's refframe vocabulary, and rotations between them.

Simple rotations, as the catalogue of user-defined functions (EN 1.2, ivo_geom_transform) wants them: no
proper motions, no aberration. Equinoxes are J2000 for FK5 and ECLIPTIC, B1950 for FK4. FK5 counts as ICRS.
"""

from __future__ import annotations

import math

__all__ = ["FRAMES", "Matrix", "product", "rotated", "rotation", "transposed"]

Matrix = tuple[float, float, float, float, float, float, float, float, float]

_SAME: Matrix = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0)
# The pole of 1958 (12h 49m, 27.4 degrees; node at 33 degrees) brought from B1950 to J2000 and ICRS.
_GALACTIC: Matrix = (
    *(-0.05487565771259163, -0.8734370519556159, -0.48383507361671546),
    *(0.4941094371927268, -0.44482972122329517, 0.7469821839866676),
    *(-0.8676661375596576, -0.19807633727300059, 0.45598381368730156),
)
_SUPER_GALACTIC: Matrix = (
    *(0.37501555570303163, 0.3413588718562474, 0.8618801851683191),
    *(-0.8983204377276124, -0.09572710024885123, 0.42878516000301936),
    *(0.2288749093754372, -0.9350456902649067, 0.270750499492446),
)
# By the obliquity of IAU 2006, with the bias of the mean equator of J2000.
_ECLIPTIC: Matrix = (
    *(0.9999999999999941, -7.078368954848322e-08, 8.05621398373642e-08),
    *(3.2897004077419646e-08, 0.9174821299149584, 0.39777699944404793),
    *(-1.0207044725484355e-07, -0.39777699944404304, 0.9174821299149556),
)
# So that GALACTIC is where it was defined, in FK4.
_FK4: Matrix = (
    *(0.999925680951449, 0.01118137175388478, 0.004858960740738743),
    *(-0.011181372203849828, 0.9999374861373451, -2.7073328534874886e-05),
    *(-0.004858959705285053, -2.7258532095458273e-05, 0.9999881948140963),
)
# From ICRS. The names that begin in lower case are those of old VOTables, deprecated in the vocabulary.
FRAMES: dict[str, Matrix] = {
    "ICRS": _SAME,
    "FK5": _SAME,
    "FK4": _FK4,
    "GALACTIC": _GALACTIC,
    "SUPER_GALACTIC": _SUPER_GALACTIC,
    "ECLIPTIC": _ECLIPTIC,
    "barycentric": _SAME,
    "eq_FK5": _SAME,
    "eq_FK4": _FK4,
    "ecl_FK5": _ECLIPTIC,
    "galactic": _GALACTIC,
    "supergalactic": _SUPER_GALACTIC,
}


def rotation(source: str, target: str) -> Matrix:
    """What turns a direction's coordinates in `source` into those in `target`; KeyError for other names."""
    first, second = FRAMES[source], FRAMES[target]
    return _SAME if first is second else product(second, transposed(first))


def transposed(matrix: Matrix) -> Matrix:
    a, b, c, d, e, f, g, h, i = matrix
    return a, d, g, b, e, h, c, f, i


def product(second: Matrix, first: Matrix) -> Matrix:
    """`first`, and then `second`."""
    a, b, c, d, e, f, g, h, i = (
        sum(second[3 * row + k] * first[3 * k + column] for k in range(3))
        for row in range(3)
        for column in range(3)
    )
    return a, b, c, d, e, f, g, h, i


def rotated(matrix: Matrix, longitude: float, latitude: float) -> tuple[float, float]:
    """In degrees."""
    if matrix == _SAME:
        return longitude % 360.0, latitude
    lon, lat = math.radians(longitude), math.radians(latitude)
    start = (math.cos(lat) * math.cos(lon), math.cos(lat) * math.sin(lon), math.sin(lat))
    x, y, z = (sum(matrix[3 * row + k] * start[k] for k in range(3)) for row in range(3))
    return math.degrees(math.atan2(y, x)) % 360.0, math.degrees(math.atan2(z, math.hypot(x, y)))
