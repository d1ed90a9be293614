"""Rows of dbo.raw for many frames: what their headers would give, without writing millions of headers.

A header is made for one frame of each kind, and read as those of files are. From it come all columns but
those of `_published`, `_times`, `_blocks` and `_conditions`, which are worked out here for all frames at
once: a test compares them with what is read from headers of the single frames.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from archive.declare.raw import RAW
from archive.declare.regions import Region
from archive.store import Card, Header, Value

from ...frames import fk_frame, to_icrs, turned
from ...keywords import Keywords
from ...publication import Publication, fitted
from ...raw_rows import programme_values, raw_values
from ..headers import in_ascii, raw_cards
from ..observatory import Exposure, ObservationBlock
from .frames import DAY, Frames, Numbers
from .texts import joined, timestamps, written

__all__ = ["dp_ids", "raw_batch"]

# Bytes of a file.
_SIZES = {"HAWKI": 67_178_880, "FORS2": 8_723_520, "UVES": 25_165_440}
_CONDITIONS = (
    *(("tel_airm_start", 3), ("tel_airm_end", 3), ("tel_ambi_fwhm_start", 2), ("tel_ambi_fwhm_end", 2)),
    *(("tel_ambi_pres_start", 9), ("tel_ambi_pres_end", 9), ("tel_ambi_rhum", 9)),
)  # the columns of `Frames.conditions`, and to how many digits headers tell them

Columns = Mapping[str, pa.Array]


def dp_ids(frames: Frames) -> pa.Array:
    instruments = pa.array([one.instrument for one in frames.kinds], pa.string())
    return joined(instruments.take(pa.array(frames.kind)), ".", written(frames.start))


def raw_batch(frames: Frames, dp_id: pa.Array, publication: Publication) -> pa.RecordBatch:
    own = _published(dp_id, publication) | _times(frames) | _conditions(frames)
    of_blocks, is_of_block = _blocks(frames), pa.array(frames.block >= 0)
    kinds, told = pa.array(frames.kind), _told_by_headers(frames.kinds)
    arrays = []
    for column in RAW.columns:
        if column.name in own:
            array = own[column.name].cast(column.type.arrow)
        else:
            array = told[column.name].take(kinds)
        if column.name in of_blocks:
            array = pc.if_else(is_of_block, of_blocks[column.name].cast(column.type.arrow), array)
        arrays.append(array)
    return pa.RecordBatch.from_arrays(arrays, names=[column.name for column in RAW.columns])


def _told_by_headers(kinds: Sequence[Exposure]) -> Columns:
    """For every column the values of all kinds of frames."""
    nowhere, problems = Publication("", "", None, datetime(1970, 1, 1)), list[str]()  # noqa: DTZ001
    rows = []
    for frame in kinds:
        values = raw_values(Keywords([_header(frame)]), "dp_id", _SIZES[frame.instrument], nowhere)
        rows.append(fitted(RAW, values, problems).values)
    return {
        column.name: pa.array([row[place] for row in rows], column.type.arrow)
        for place, column in enumerate(RAW.columns)
    }


def _header(frame: Exposure) -> Header:
    told = ((name.removeprefix("HIERARCH "), value) for name, value, _ in raw_cards(frame))
    return Header(tuple(Card(name, cast("Value", value)) for name, value in told))


def _published(dp_id: pa.Array, publication: Publication) -> dict[str, pa.Array]:
    return {
        "dp_id": dp_id,
        "access_url": joined(publication.url("x")[:-1], dp_id),
        "datalink_url": joined(publication.links("x")[:-1], dp_id),
        "last_mod_date": pa.repeat(pa.scalar(publication.moment, pa.timestamp("us")), len(dp_id)),
    }


def _times(frames: Frames) -> dict[str, pa.Array]:
    return {
        "exp_start": timestamps(frames.start),
        # Nothing of so long ago is proprietary.
        "release_date": timestamps(frames.start),
        "date_obs": written(frames.start),
        "mjd_obs": pa.array(np.round(frames.start / DAY + 40587.0, 8)),
        "tpl_start": pc.utf8_slice_codeunits(written(frames.template_start), 0, 19),
    }


def _conditions(frames: Frames) -> dict[str, pa.Array]:
    columns = {}
    for place, (name, digits) in enumerate(_CONDITIONS):
        values = frames.conditions[:, place]
        columns[name] = pa.array(np.round(values, digits), mask=np.isnan(values))
    return columns


def _blocks(frames: Frames) -> Columns:
    """What only frames of blocks have: by block, and by frame where it points to."""
    blocks = frames.blocks
    places = pa.array(frames.block, mask=frames.block < 0)
    values = {
        "object": [block.target.name for block in blocks],
        "target": [block.target.name for block in blocks],
        "prog_id": [block.run.id for block in blocks],
        "prog_title": [block.run.title for block in blocks],
        "pi_coi": [in_ascii(block.run.investigators) for block in blocks],
        "ob_name": [block.name for block in blocks],
    }
    columns = {name: pa.array(texts, pa.string()).take(places) for name, texts in values.items()}
    numbers = {"ob_id": [block.id for block in blocks], **_programmes(blocks)}
    columns |= {name: pa.array(values, pa.int64()).take(places) for name, values in numbers.items()}
    return columns | _places(frames.ra, frames.dec)


def _programmes(blocks: Sequence[ObservationBlock]) -> dict[str, list[int | None]]:
    told = [programme_values(block.run.id) for block in blocks]
    return {name: [values.get(name) for values in told] for name in ("period", "prog_type")}


def _places(ra: Numbers, dec: Numbers) -> dict[str, pa.Array]:
    """As `raw_rows` has them of headers in FK5; NULL where there is none."""
    where = np.flatnonzero(~np.isnan(ra))
    lon, lat = to_icrs(fk_frame("FK5", 2000.0), ra[where], dec[where])
    galactic, ecliptic = turned(lon, lat, "galactic"), turned(lon, lat, "ecliptic")
    regions = np.full(len(ra), None, object)
    known: dict[tuple[float, float], str] = {}
    for place, position in zip(where.tolist(), zip(lon.tolist(), lat.tolist(), strict=True), strict=True):
        text = known.get(position)
        if text is None:
            known[position] = text = Region(points=(position,)).stcs()
        regions[place] = text

    def spread(values: Numbers) -> pa.Array:
        whole = np.full(len(ra), np.nan)
        whole[where] = values
        return pa.array(whole, mask=np.isnan(whole))

    columns = {"ra": ra[where], "dec": dec[where], "ra_pnt": ra[where], "dec_pnt": dec[where]}
    columns |= {"gal_lon": galactic[0], "gal_lat": galactic[1]}
    columns |= {"ecl_lon": ecliptic[0], "ecl_lat": ecliptic[1]}
    arrays = {name: spread(values) for name, values in columns.items()}
    return {**arrays, "s_region": pa.array(regions, pa.string())}
