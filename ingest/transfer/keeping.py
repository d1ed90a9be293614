"""What becomes of a file that is safe in the archive: moved aside, deleted or left, unless it has changed."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Literal

from .folders import stamp
from .queue import Item

__all__ = ["After", "put_away"]

After = Literal["move", "delete", "keep"]


def put_away(item: Item, after: After, sent: Path) -> None:
    """Raises OSError when that is not possible now. Done twice it does nothing."""
    if stamp(item.path) != item.stamp:
        return
    match after:
        case "delete":
            item.path.unlink(missing_ok=True)
        case "move":
            sent.mkdir(parents=True, exist_ok=True)
            target = sent / item.path.name
            if target.exists():
                target = sent / f"{item.path.name}~{item.sha256[:16]}"
            shutil.move(item.path, target)
        case "keep":
            pass
