"""An archive to which proposals and files come one by one, and what it says of their rights then."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from archive.access import Administration, Caller, Role
from archive.access.protection import Protection, protect
from archive.config import Config
from archive.database import Database
from archive.plugins import load_plugins
from archive.store import Store
from ingest import BUILTIN, Inputs, ingest_paths
from tests.ingest.support import RAW, TAN, image

__all__ = ["OPERATOR", "Observatory", "Told"]

OPERATOR = Caller("olga", frozenset({Role.OPERATOR}))


@dataclass(frozen=True)
class Told:
    """What the archive says of a file: `days` from its arrival to its release, None for no date."""

    days: float | None
    data_rights: str
    hidden_for: str | None


@dataclass
class Observatory:
    database: Database
    store: Store
    config: Config
    folder: Path
    inputs: Inputs = field(init=False)
    _count: int = 0
    _paths: dict[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.inputs = Inputs(self.database, self.store, self.config, load_plugins(self.config, BUILTIN))

    def proposal(self, programme: str, runs: Mapping[str, Mapping[str, Any]], **more: Any) -> None:
        """Tells the archive of a programme; `runs` by their numbers, with what the document says of each."""
        people = more.pop("investigators", [{"name": "A. Body", "role": "PI"}])
        document = {
            "progId": programme,
            "title": "Stars",
            "abstract": f"Abstract of {programme}",
            "investigators": people,
            "obsRuns": [
                {"runCode": f"{programme}.{number}", "instrument": "HAWKI", **said}
                for number, said in runs.items()
            ],
            **more,
        }
        self._count += 1
        path = self.folder / f"{programme}-{self._count}.p1.json"
        path.write_text(json.dumps(document))
        self._ingest(path, self.inputs)

    def raw(self, run: str | None, category: str = "SCIENCE", **cards: Any) -> str:
        """A new raw file of a run; its identifier."""
        self._count += 1
        dp_id = f"HAWKI.2026-10-01T00:{self._count // 60:02d}:{self._count % 60:02d}.000"
        self.again(dp_id, run, category, **cards)
        return dp_id

    def again(self, dp_id: str, run: str | None, category: str = "SCIENCE", **cards: Any) -> None:
        """A file of that identifier, perhaps another version of it."""
        said = {"ESO OBS PROG ID": run} if run else {}
        self._offer(dp_id, {**RAW, **TAN, "INSTRUME": "HAWKI", "ESO DPR CATG": category, **said, **cards})

    def product(self, run: str, *sources: str, category: str = "SCIENCE.IMAGE") -> str:
        self._count += 1
        dp_id = f"ADP.2026-10-02T00:{self._count // 60:02d}:{self._count % 60:02d}.000"
        made_of = {f"PROV{number}": f"{source}.fits" for number, source in enumerate(sources, 1)}
        science = {"PRODCATG": category, "OBJECT": "FIELD", "MJD-END": 61314.01, "PROG_ID": run}
        cards = {name: value for name, value in RAW.items() if not name.startswith("ESO")}
        self._offer(dp_id, {**cards, **TAN, "INSTRUME": "HAWKI", **science, **made_of})
        return dp_id

    def kept(self, name: str, cards: Mapping[str, Any]) -> None:
        """A file with an axis that is neither wavelength nor sky, which therefore has no rows."""
        path = self.folder / f"{name}.fits"
        path.write_bytes(image({"INSTRUME": "HARPS", "CTYPE1": "km/s", **cards}))
        self._ingest(path)

    def _offer(self, dp_id: str, cards: Mapping[str, Any]) -> None:
        path = self._paths.setdefault(dp_id, self.folder / f"{dp_id}.fits")
        path.write_bytes(
            image({**cards, "ARCFILE": f"{dp_id}.fits", "ORIGFILE": f"{dp_id}.fits", "MJD-OBS": 61314.0})
        )
        self._ingest(path)

    def _ingest(self, path: Path, inputs: Inputs | None = None) -> None:
        summary = ingest_paths(self.database, self.store, self.config, [path], inputs=inputs)
        assert not summary.failures, summary.failures

    def protect(self, wanted: Protection) -> int:
        with self.database.writer() as connection:
            return protect(connection, list(self.database.catalogue), wanted)

    def told(self, dp_id: str) -> Told:
        with self.database.writer() as connection:
            row = connection.execute(
                "SELECT extract(epoch FROM f.release_date - f.arrived) / 86400,"
                " o.obs_release_date - f.release_date AT TIME ZONE 'UTC', o.data_rights, o.hidden_for"
                " FROM ivoa.obscore AS o LEFT JOIN archive.file_right AS f ON f.dp_id = o.dp_id"
                " WHERE o.dp_id = %s",
                (dp_id,),
            ).fetchone()
        assert row is not None
        days, difference, data_rights, hidden_for = row
        assert difference in (None, timedelta(0))
        return Told(None if days is None else round(float(days), 6), data_rights, hidden_for)

    def arrived(self, dp_id: str) -> datetime:
        with self.database.writer() as connection:
            row = connection.execute(
                "SELECT arrived FROM archive.file_right WHERE dp_id = %s", (dp_id,)
            ).fetchone()
        assert row is not None
        moment = row[0]
        assert isinstance(moment, datetime)
        return moment

    def account(self, name: str, email: str | None = None) -> None:
        Administration(self.database, self.config).add(name, email=email)
