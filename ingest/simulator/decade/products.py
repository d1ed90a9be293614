"""What pipelines made of a season's frames: the rows of phase3v2 that say so.

One product of all science or calibration frames of a template that have the same optics. Those of blocks are
called ADP and name reduced calibrations of their night too, which are called M. The archive of a real
observatory has more of them; nothing else of these products is simulated.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from archive.declare.phase3v2 import FILES, PROVENANCE

from ..observatory import Exposure
from ..season import UNIT_TELESCOPES
from .frames import DAY, Frames, Integers
from .texts import Batch, batch, joined, words, written

__all__ = ["product_rows"]

_INSTRUMENTS = tuple(UNIT_TELESCOPES)
_CITED = 2  # calibrations of each product of a block
_REDUCED = 3 * DAY  # from the frames to their product


@dataclass(frozen=True, slots=True, eq=False)
class _Products:
    """One element for each: its number and identifier, and the place of its first frame.

    `sources` are places of frames, `makes` the place of the product that each of them is for.
    """

    file_id: Integers
    archive_id: pa.Array
    first: Integers
    sources: Integers
    makes: Integers


def product_rows(frames: Frames, dp_id: pa.Array, first_file: int) -> tuple[int, list[Batch]]:
    """Files are numbered from `first_file`; with the number after the last one."""
    categories = np.array([one.category for one in frames.kinds])[frames.kind]
    masters = _made_of(frames, categories == "CALIB", "M.", first_file)
    after = first_file + len(masters.file_id)
    products = _made_of(frames, categories == "SCIENCE", "ADP.", after)
    rows = [*_rows(frames, dp_id, masters), *_rows(frames, dp_id, products)]
    if len(masters.file_id):
        rows.append(_cited(frames, products, masters))
    return after + len(products.file_id), rows


def _made_of(frames: Frames, chosen: np.ndarray, prefix: str, first_file: int) -> _Products:
    sources = np.flatnonzero(chosen)
    kind = frames.kind[sources]
    keys = np.stack([_instruments(frames)[kind], _groups(frames)[kind], frames.template_start[sources]])
    order = np.lexsort((frames.start[sources], *keys[::-1]))
    sources, keys = sources[order], keys[:, order]
    begins = np.concatenate([[True], np.any(keys[:, 1:] != keys[:, :-1], axis=0)])[: len(sources)]
    first = sources[begins]
    # The last digit keeps apart what instruments began in the same moment.
    moment = frames.start[first] // 10 * 10 + _instruments(frames)[frames.kind[first]] + _REDUCED
    numbers = np.arange(first_file, first_file + len(first), dtype=np.int64)
    return _Products(numbers, joined(prefix, written(moment)), first, sources, np.cumsum(begins) - 1)


def _instruments(frames: Frames) -> Integers:
    return np.array([_INSTRUMENTS.index(one.instrument) for one in frames.kinds], np.int64)


def _groups(frames: Frames) -> Integers:
    """A number for all kinds of frames that one product is made of."""
    known: dict[tuple[object, ...], int] = {}
    groups = [(one.template, one.type, one.optics, one.detector, one.dit, one.ndit) for one in frames.kinds]
    return np.array([known.setdefault(group, len(known)) for group in groups], np.int64)


def _rows(frames: Frames, dp_id: pa.Array, products: _Products) -> Iterator[Batch]:
    kind = frames.kind[products.first]
    category = words([_category(one) for one in frames.kinds], kind)
    instrument = words([one.instrument for one in frames.kinds], kind)
    begun = written(frames.start[products.first])
    yield batch(
        FILES,
        len(products.first),
        {
            "file_id": products.file_id,
            "archive_id": products.archive_id,
            "category": category,
            "name": joined(instrument, "_", category, "_", begun, ".fits"),
        },
    )
    source, product = dp_id.take(pa.array(products.sources)), products.file_id[products.makes]
    yield batch(PROVENANCE, len(source), {"source_file": source, "product_file": product})


def _category(one: Exposure) -> str:
    if one.category == "SCIENCE":
        return "SCIENCE.IMAGE" if "IMAGE" in one.technique else "SCIENCE.SPECTRUM"
    return f"MASTER_{one.type.replace(',', '_')}"


def _cited(frames: Frames, products: _Products, masters: _Products) -> Batch:
    """The reduced calibrations of the instrument that are of the same night, or of the next one before."""
    known = _nightly(frames, masters.first)
    order = np.argsort(known, kind="stable")
    place = np.searchsorted(known[order], _nightly(frames, products.first), side="right")
    found = order[np.maximum(place[:, None] - 1 - np.arange(_CITED)[None, :], 0).ravel()]
    pairs = np.unique(np.stack([np.repeat(products.file_id, _CITED), found]), axis=1)
    return batch(
        PROVENANCE,
        pairs.shape[1],
        {"source_file": masters.archive_id.take(pa.array(pairs[1])), "product_file": pairs[0]},
    )


def _nightly(frames: Frames, places: Integers) -> Integers:
    return np.asarray(_instruments(frames)[frames.kind[places]] * 10_000 + frames.night[places])
