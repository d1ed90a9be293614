"""A few datasets whose answers are known by hand, and a site that serves them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx

from archive import store as storage
from archive.config import Config
from archive.database import Database, write_records
from archive.declare.addresses import links_url
from archive.declare.identifiers import publisher_did
from archive.declare.obscore import OBSCORE
from archive.declare.tables import Record
from archive.protocol.descriptors import LINKS_TYPE
from archive.store import Store
from frontdesk.app import create_app
from tests.serving import listening, serving

AUTHORITY = "uraniborg.example"
BASE = "http://127.0.0.1:8000"


def dataset(dp_id: str, kind: str | None = "image", **values: object) -> Record:
    row: dict[str, object] = {
        "dp_id": dp_id,
        "dataproduct_type": kind,
        "calib_level": 2,
        "obs_id": f"obs of {dp_id}",
        "obs_title": f"Title of {dp_id}",
        "obs_collection": "TESTS",
        "obs_publisher_did": publisher_did(AUTHORITY, dp_id),
        "access_url": links_url(BASE, AUTHORITY, dp_id),
        "access_format": LINKS_TYPE,
        "access_estsize": 4,
        "facility_name": "Stjerneborg",
        "instrument_name": "QUADRANS",
        "target_name": "Nova 1572",
        "s_pixel_scale": 0.36,
        "s_xel1": 100,
        "s_xel2": 50,
    }
    return OBSCORE.row(**(row | values))


def square(ra: float, dec: float, half: float, **values: object) -> dict[str, object]:
    """Place and footprint of an image of some degrees."""
    corners = (
        (ra - half, dec - half),
        (ra - half, dec + half),
        (ra + half, dec + half),
        (ra + half, dec - half),
    )
    text = " ".join(f"{longitude % 360} {latitude}" for longitude, latitude in corners)
    return {"s_ra": ra % 360, "s_dec": dec, "s_fov": 2.8 * half, "s_region": f"POLYGON ICRS {text}"} | values


DATASETS = (
    dataset(
        "SIM.A",
        **square(10.0, 20.0, 0.5),
        t_min=60000.0,
        t_max=60000.5,
        t_exptime=300.0,
        t_resolution=1.0,
        em_min=500e-9,
        em_max=600e-9,
        em_res_power=5.0,
        s_resolution=0.8,
        pol_states="/I/",
        filter="V",
    ),
    dataset(
        "SIM.B",
        "cube",
        **square(12.0, 20.0, 0.5),
        t_min=60010.0,
        t_max=60011.0,
        t_exptime=3600.0,
        em_min=475e-9,
        em_max=935e-9,
        em_res_power=3000.0,
        pol_states="/I/Q/U/",
        calib_level=3,
        obs_collection="CUBES",
        instrument_name="ARMILLAE",
    ),
    dataset(
        "SIM.C",
        "spectrum",
        s_ra=10.0,
        s_dec=20.0,
        s_region="POSITION ICRS 10 20",
        t_min=60000.0,
        t_max=60000.1,
        em_min=300e-9,
        em_max=1000e-9,
    ),
    # Nothing is known of it but that it is there.
    dataset("SIM.D", s_pixel_scale=None, s_xel1=None, s_xel2=None, facility_name=None, target_name=None),
    dataset(
        "SIM.POLE", s_ra=0.0, s_dec=90.0, s_region="CIRCLE ICRS 0 90 1", target_name="Polaris", s_fov=2.0
    ),
    dataset("SIM.ZERO", **square(0.0, -30.0, 0.5), target_name="Meridian"),
)


@contextlib.contextmanager
def site(database: Database, folder: Path, **settings: object) -> Iterator[httpx.Client]:
    listener = listening()
    port = listener.getsockname()[1]
    config = replace(Config(data_folder=folder, port=port, authority=AUTHORITY), **settings)
    with database.writer() as connection:
        storage.initialise(connection)
    app = create_app(config, database, Store(folder / "files"))
    plain = {"Accept-Encoding": "identity"}
    with (
        serving(app, listener) as address,
        httpx.Client(base_url=address, timeout=30, headers=plain) as client,
    ):
        yield client


def load(database: Database) -> None:
    with database.writer() as connection:
        write_records(connection, OBSCORE, DATASETS)
    database.refresh_row_counts()
