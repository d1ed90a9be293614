"""The import packages that make up the archive, which must all come from one folder.

Their names are short, and others have used them too: an installed package of the same name would be taken for
ours, or ours for it. This module knows no more of them than their names.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ..errors import ConfigurationError

__all__ = ["PACKAGES", "check_packages"]

PACKAGES = (
    "archive",
    "calselector",
    "frontdesk",
    "hips",
    "ingest",
    "phase3",
    "pipelines",
    "sia",
    "ssa",
    "tap",
)
_FOLDER = Path(__file__).resolve().parents[2]


def check_packages(folder: Path = _FOLDER) -> None:
    """Raises ConfigurationError when Python finds one of these packages in another folder than `folder`.

    Such as are nowhere are no fault.
    """
    for name in PACKAGES:
        spec = find_spec(name)
        # Without a file it is a mere folder of that name, which hides nothing.
        if spec is None or spec.origin is None:
            continue
        found = Path(spec.origin).resolve().parent
        if found.parent != folder:
            raise ConfigurationError(
                f"the package {name} comes from {found}, while Uraniborg is in {folder}",
                hint="take that one away, or give Uraniborg a Python environment of its own",
            )
