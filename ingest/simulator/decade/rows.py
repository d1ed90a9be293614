"""Rows of what was done in a season, and in which weather: executions, exposures, measurements.

They have what the documents of the season tell the plugins, without rankings, night logs and histories.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyarrow as pa

from archive.declare.dataflow.asm import DIMM, METEO_PARANAL
from archive.declare.dataflow.execution import EXECUTION, EXECUTION_FILE
from archive.declare.dataflow.exposures import EXPOSURE

from ...readers.ambient_series import SERIES
from ..season import MINUTE, UNIT_TELESCOPES, Season
from .frames import Frames, Integers, Numbers, milliseconds
from .texts import Batch, batch, batch_of_dicts, timestamps

__all__ = ["Seeing", "execution_rows", "exposure_rows", "seeing_of", "weather_rows"]

_OLDEST = 600_000  # milliseconds of a measurement, when an exposure begins


# --- what was done -----------------------------------------------------------------------------------


def execution_rows(season: Season) -> Batch:
    done = [(night.evening, one) for night in season.nights for one in night.executions]
    starts, ends = (
        milliseconds(np.array([getattr(one, name) for _, one in done], np.float64)) // 1000 * 1000
        for name in ("start", "end")
    )
    numbers = {folder.run.id: folder.number for folder in season.folders}
    table, rows = batch_of_dicts(
        EXECUTION,
        (
            {
                "execution_id": one.id,
                "ob_id": one.wish.block.id,
                "run_id": one.wish.block.run.id,
                "p2_run_id": numbers.get(one.wish.block.run.id),
                "instrument": one.wish.setup.instrument,
                "telescope": UNIT_TELESCOPES[one.wish.setup.instrument],
                "night": evening,
                "ob_status": one.status,
                "grade": one.grade,
                "operator": one.operator,
                "operator_comments": one.comments,
            }
            for evening, one in done
        ),
    )
    for name, moments in (("start_time", starts), ("end_time", ends)):
        rows = rows.set_column(rows.schema.get_field_index(name), name, timestamps(moments))
    return table, rows


class Seeing:
    """The measurements of a season in order of time, in milliseconds since 1970 and arcsec."""

    def __init__(self, start: Integers, fwhm: Numbers) -> None:
        self.start, self.fwhm = start, fwhm

    def before(self, moments: Integers) -> tuple[Numbers, Integers]:
        """The last measurement not after each moment, nor ten minutes before it: arcsec, and its start.

        NaN and -1 where there is none.
        """
        start = np.concatenate([[np.int64(-1)], self.start])
        fwhm = np.concatenate([[np.nan], self.fwhm])
        place = np.searchsorted(start, moments, side="right") - 1
        there = start[place] > moments - _OLDEST
        return np.where(there, fwhm[place], np.nan), np.where(there, start[place], -1)


def exposure_rows(
    season: Season, frames: Frames, dp_id: pa.Array, raw: pa.RecordBatch, seeing: Seeing
) -> Iterator[Batch]:
    """Which files executions gave, and of every frame what ingest derives."""
    ids = pa.array([one.id for night in season.nights for one in night.executions], pa.string())
    execution = ids.take(pa.array(frames.execution, mask=frames.execution < 0))
    taken = pa.array(np.flatnonzero(frames.execution >= 0))
    columns = ("tpl_seqno", "tpl_expno", "dp_cat")
    number, place, category = (raw.column(name).take(taken) for name in columns)
    yield batch(
        EXECUTION_FILE,
        len(taken),
        {
            "execution_id": execution.take(taken),
            "dp_id": dp_id.take(taken),
            "template_number": number,
            "exposure_number": place,
            "dp_cat": category,
        },
    )
    fwhm, measured = seeing.before(frames.start)
    yield batch(
        EXPOSURE,
        len(frames.start),
        {
            "dp_id": dp_id,
            "exp_start": raw.column("exp_start"),
            "instrument": raw.column("instrument"),
            "dp_cat": raw.column("dp_cat"),
            "run_id": raw.column("prog_id"),
            "ob_id": raw.column("ob_id"),
            "execution_id": execution,
            "seeing": pa.array(fwhm, mask=np.isnan(fwhm)),
            "seeing_date": timestamps(measured),
        },
    )


# --- weather -----------------------------------------------------------------------------------------


def seeing_of(season: Season) -> tuple[Seeing, Numbers]:
    """What the monitor measured, and the airmass of its star."""
    starts, values, airmasses = [np.zeros(0, np.int64)], [np.zeros(0)], [np.zeros(0)]
    for night in season.nights:
        minutes = np.flatnonzero(np.isfinite(night.weather.seeing))
        # The monitor's files tell seconds only.
        starts.append(
            milliseconds(np.asarray(night.weather.dusk + minutes * MINUTE, np.float64)) // 1000 * 1000
        )
        values.append(np.round(night.weather.seeing[minutes], 3))
        airmasses.append(np.round(1.05 + 0.0004 * np.abs(minutes - 300), 3))
    return Seeing(np.concatenate(starts), np.concatenate(values)), np.concatenate(airmasses)


def weather_rows(season: Season, seeing: Seeing, airmass: Numbers) -> Iterator[Batch]:
    count = len(seeing.start)
    yield batch(
        DIMM,
        count,
        {
            "start_date": timestamps(seeing.start),
            "midpoint_date": timestamps(seeing.start + 30_000),
            "integration": 60.0,
            "valid": 1,
            "fwhm": seeing.fwhm,
            "airmass": airmass,
        },
    )
    yield _meteorology(season)


def _meteorology(season: Season) -> Batch:
    """All that the station tells of a moment stands in one row."""
    told = next(series for series in SERIES if series.table is METEO_PARANAL)
    columns: dict[str, list[Numbers]] = {}
    moments = []
    for night in season.nights:
        own = [one for one in night.weather.series if one.monitor == told.form]
        steps = np.arange(len(own[0].values)) * own[0].step
        moments.append(milliseconds(np.asarray(night.weather.dusk + steps * MINUTE, np.float64)))
        for one in own:
            columns.setdefault(told.fields[one.quantity].column, []).append(np.round(one.values, 3))
    start = np.concatenate(moments)
    values = {name: np.concatenate(parts) for name, parts in columns.items()}
    return batch(
        METEO_PARANAL,
        len(start),
        {
            "start_date": timestamps(start),
            "midpoint_date": timestamps(start),
            "valid": 1,
            **{name: pa.array(array, mask=np.isnan(array)) for name, array in values.items()},
        },
    )
