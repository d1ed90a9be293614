"""A small archive in which there is something of everything that not everybody may have.

Programme 116.25AB is proprietary: its PI is Tycho, its Co-I Kirsten. 116.25CD is public, 116.25EF belongs to
others. Some files of 116.25AB are under embargo besides: nobody else knows that they are there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from archive import store as storage
from archive.access.protection import FAR, Protected, Protection, protect
from archive.config import Config
from archive.database import Database
from archive.plugins import load_plugins
from archive.store import Store
from ingest import BUILTIN, Inputs, ingest_paths
from tests.ingest.support import RAW, TAN, image
from tests.ssa.spectra import phase3

__all__ = [
    "ABSTRACTS",
    "AUTHORITY",
    "FILES",
    "HIDDEN_MASK",
    "OTHERS",
    "OURS",
    "OURS_UVES",
    "PROGRAMME",
    "PUBLIC",
    "Kept",
    "embargo",
    "fill",
]

AUTHORITY = "archive.example"
HIDDEN_MASK = "cut for the new star"  # in the header of the hidden raw frame
PROGRAMME, OURS, OURS_UVES = "116.25AB", "116.25AB.001", "116.25AB.002"
PUBLIC, OTHERS = "116.25CD.001", "116.25EF.001"
ABSTRACTS = {
    "116.25AB": "We look for the nova stella",
    "116.25CD": "We look at the comet",
    "116.25EF": "We look at Mars",
}
TITLES = {"116.25AB": "A new star", "116.25CD": "A comet", "116.25EF": "Mars"}
PEOPLE = {"116.25AB": ("tycho", "kirsten"), "116.25CD": ("johannes",), "116.25EF": ("johannes",)}


@dataclass(frozen=True)
class Kept:
    """A file of the archive: `run` is whose it is, `is_hidden` whether others may not even know of it."""

    dp_id: str
    run: str
    content: bytes
    is_public: bool = False
    is_hidden: bool = False
    is_spectrum: bool = False
    is_raw: bool = False


def _raw(moment: str, run: str, category: str = "SCIENCE", **more: Any) -> Kept:
    dp_id = f"HAWKI.2026-10-{moment}"
    cards = {
        **RAW,
        **TAN,
        "INSTRUME": "HAWKI",
        "TELESCOP": "ESO-VLT-U4",
        "ARCFILE": f"{dp_id}.fits",
        "ORIGFILE": "HAWKI_IMG.fits",
        "DATE-OBS": dp_id.removeprefix("HAWKI."),
        "MJD-OBS": 61314.0,
        "RA": 150.0,
        "DEC": 2.0,
        "ESO OBS PROG ID": run,
        "ESO DPR CATG": category,
        "ESO DPR TYPE": "OBJECT" if category == "SCIENCE" else "FLAT",
        "ESO DPR TECH": "IMAGE",
        # Of no published column.
        "ESO INS MASK NAME": HIDDEN_MASK if more.get("is_hidden") else "none",
    }
    return Kept(dp_id, run, image(cards), is_raw=True, **more)


def _product(number: int, run: str, source: str, **more: Any) -> Kept:
    dp_id = f"ADP.2026-10-02T00:00:{number:02d}.000"
    cards = {
        **TAN,
        "INSTRUME": "HAWKI",
        "TELESCOP": "ESO-VLT-U4",
        "ARCFILE": f"{dp_id}.fits",
        "ORIGFILE": f"image{number}.fits",
        "PRODCATG": "SCIENCE.IMAGE",
        "OBJECT": f"FIELD{number}",
        "DATE-OBS": "2026-10-01T02:00:00",
        "MJD-OBS": 61314.0,
        "MJD-END": 61314.01,
        "EXPTIME": 60.0,
        "PROG_ID": run,
        "PROV1": f"{source}.fits",
    }
    return Kept(dp_id, run, image(cards), **more)


def _spectrum(number: int, run: str, **more: Any) -> Kept:
    dp_id = f"ADP.2026-10-02T00:00:{number:02d}.000"
    content = phase3({"ARCFILE": f"{dp_id}.fits", "OBJECT": f"STAR{number}", "PROG_ID": run})
    return Kept(dp_id, run, content, is_spectrum=True, **more)


_SOURCE = "HAWKI.2026-10-01T02:00:00.000"
FILES: Mapping[str, Kept] = {
    "proprietary raw": _raw("01T02:00:00.000", OURS),
    "public raw": _raw("01T03:00:00.000", PUBLIC, is_public=True),
    "hidden raw": _raw("01T04:00:00.000", OURS, is_hidden=True),
    "calibration": _raw("01T12:00:00.000", OURS, "CALIB", is_public=True),
    "proprietary image": _product(1, OURS, _SOURCE),
    "public image": _product(2, PUBLIC, "HAWKI.2026-10-01T03:00:00.000", is_public=True),
    "hidden image": _product(3, OURS, _SOURCE, is_hidden=True),
    "proprietary spectrum": _spectrum(4, OURS_UVES),
    "public spectrum": _spectrum(5, PUBLIC, is_public=True),
    "hidden spectrum": _spectrum(6, OURS_UVES, is_hidden=True),
}


def fill(database: Database, config: Config) -> Store:
    """Everything but the embargo and the rights that are granted; the store where the files are."""
    folder = config.data_folder / "offered"
    folder.mkdir()
    for programme in ABSTRACTS:
        (folder / f"{programme}.p1.json").write_text(json.dumps(_proposal(programme)))
    reviews = [f"{run},Scheduled,A,10,1.25,7" for run in (OURS, PUBLIC, OTHERS)]
    (folder / "P116.allocations.csv").write_text(
        "\n".join(["Run ID,Decision,Priority class,Allocated hours,OPC grade,OPC rank", *reviews]) + "\n"
    )
    documents = sorted(folder.iterdir())
    for name, kept in FILES.items():
        (folder / f"{name}.fits").write_bytes(kept.content)
    with database.writer() as connection:
        storage.initialise(connection)
    store = storage.open_store(database, config)
    inputs = Inputs(database, store, config, load_plugins(config, BUILTIN))
    frames = sorted(folder.glob("*.fits"))
    for paths in (documents, frames):
        summary = ingest_paths(database, store, config, paths, inputs=inputs)
        assert not summary.failures, summary.failures
    return store


def _proposal(programme: str) -> dict[str, Any]:
    period_days = {"proprietaryDays": 0} if programme == PUBLIC[:8] else {}
    instruments = ("HAWKI", "UVES") if programme == PROGRAMME else ("HAWKI",)
    return {
        "progId": programme,
        "periodNumber": 116,
        "title": TITLES[programme],
        "programmeType": "Normal",
        "abstract": ABSTRACTS[programme],
        "investigators": [
            {
                "firstName": name.title(),
                "lastName": "Observer",
                "role": "CoI" if place else "PI",
                "email": f"{name}@observatory.example",
            }
            for place, name in enumerate(PEOPLE[programme])
        ],
        "obsRuns": [
            {"runCode": f"{programme}.{number:03d}", "instrument": instrument, **period_days}
            for number, instrument in enumerate(instruments, 1)
        ],
    }


def embargo(database: Database) -> None:
    """Hides what is hidden."""
    tables = list(database.catalogue)
    with database.writer() as connection:
        for kept in FILES.values():
            if kept.is_hidden:
                wanted = Protection(
                    Protected.FILE, kept.dp_id, hidden_until=FAR, reason="embargo", set_by="olga"
                )
                protect(connection, tables, wanted)
