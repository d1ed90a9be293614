"""Plots of spectra, as drawings of lines and words; `drawing` makes SVG or pixels of them.

Between the ends of a column of the plot lies all that the spectrum does there, so that no line is missed.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from ..pixels.spectra import OpenSpectrum, Role
from .binning import Pixels
from .drawing import Drawing

__all__ = ["Curve", "curve_of", "plot"]

_MOST_COLUMNS = 2048
_TICKS = 6
_QUANTILES = (1.0, 99.0)  # of the fluxes, in per cent: noise and cosmic rays do not set the scale


@dataclass(frozen=True)
class Curve:
    """Lowest and highest flux in each of many steps along the axis; NaN where there is none.

    `breaks`: at which of the steps a new line begins, as each order of a spectrograph is one.
    """

    x: Pixels
    low: Pixels
    high: Pixels
    x_label: str
    y_label: str
    breaks: tuple[int, ...] = ()


def curve_of(*orders: OpenSpectrum) -> Curve:
    """The orders of a spectrum together, most often a single one."""
    curves = [_order(spectrum, max(_MOST_COLUMNS // len(orders), 1)) for spectrum in orders]
    x, low, high = (
        np.concatenate([getattr(curve, name) for curve in curves]) for name in ("x", "low", "high")
    )
    breaks = np.cumsum([len(curve.x) for curve in curves])[:-1].tolist()
    return Curve(x, low, high, curves[0].x_label, curves[0].y_label, tuple(breaks))


def _order(spectrum: OpenSpectrum, most_columns: int) -> Curve:
    """The first flux of a spectrum against its spectral axis, read in pieces."""
    roles = [column.role for column in spectrum.layout.columns]
    axis, flux = 0, next((i for i, role in enumerate(roles) if role is Role.FLUX), 1)
    columns = min(spectrum.layout.count, most_columns)
    step = -(-spectrum.layout.count // columns)
    xs, lows, highs = ([np.empty(0)] for _ in range(3))
    rest_x, rest_y = np.empty(0), np.empty(0)
    for piece in spectrum.pieces():
        rest_x = np.concatenate([rest_x, piece[axis].astype(np.float64)])
        rest_y = np.concatenate([rest_y, piece[flux].astype(np.float64)])
        whole = len(rest_x) // step * step
        _add(xs, lows, highs, rest_x[:whole].reshape(-1, step), rest_y[:whole].reshape(-1, step))
        rest_x, rest_y = rest_x[whole:], rest_y[whole:]
    if len(rest_x):
        _add(xs, lows, highs, rest_x[None], rest_y[None])
    x_label, y_label = (_label(spectrum.fields[i].name, spectrum.fields[i].unit) for i in (axis, flux))
    return Curve(np.concatenate(xs), np.concatenate(lows), np.concatenate(highs), x_label, y_label)


def _add(xs: list[Pixels], lows: list[Pixels], highs: list[Pixels], x: Pixels, y: Pixels) -> None:
    known = np.isfinite(y)
    some = known.any(axis=1)
    xs.append(x[:, x.shape[1] // 2])
    lows.append(np.where(some, np.where(known, y, np.inf).min(axis=1), np.nan))
    highs.append(np.where(some, np.where(known, y, -np.inf).max(axis=1), np.nan))


def _label(name: str, unit: str) -> str:
    return f"{name.lower()} [{unit}]" if unit else name.lower()


def plot(curve: Curve, width: int, height: int) -> Drawing:
    """The curve in a frame with ticks and labels; sizes in pixels."""
    drawing = Drawing(width, height)
    text = max(min(width / 45, height / 22), 7.0)
    left, right, top, bottom = 5.2 * text, width - 1.2 * text, text, height - 3.6 * text
    known = np.isfinite(curve.low) & np.isfinite(curve.x)
    if not known.any():
        drawing.text(width / 2, height / 2, "no values", text, "middle")
        return drawing
    x, low, high = curve.x[known], curve.low[known], curve.high[known]
    x_range = _widened(float(x.min()), float(x.max()), 0.0)
    lowest, highest = (float(np.percentile((low + high) / 2, part)) for part in _QUANTILES)
    y_range = _widened(lowest, highest, 0.2)

    def place(values: Pixels, ends: tuple[float, float], first: float, last: float) -> Pixels:
        return np.asarray(first + (values - ends[0]) / (ends[1] - ends[0]) * (last - first))

    for tick in _ticks(*x_range):
        at = float(place(np.array(tick), x_range, left, right))
        drawing.line([(at, bottom), (at, bottom + text / 2)], 1.0)
        drawing.text(at, bottom + 1.6 * text, _number(tick, *x_range), text, "middle")
    for tick in _ticks(*y_range):
        at = float(place(np.array(tick), y_range, bottom, top))
        drawing.line([(left - text / 2, at), (left, at)], 1.0)
        drawing.text(left - 0.8 * text, at + text / 3, _number(tick, *y_range), text, "end")
    drawing.frame(left, top, right, bottom)
    drawing.text((left + right) / 2, height - 0.8 * text, curve.x_label, text, "middle")
    drawing.text(1.1 * text, (top + bottom) / 2, curve.y_label, text, "middle", turned=True)
    across = place(x, x_range, left, right)
    ends = [np.clip(place(v, y_range, bottom, top), top, bottom) for v in (low, high)]
    for part in np.split(np.arange(len(known)), curve.breaks):
        # Where the known ones of this line have gone.
        kept = (np.cumsum(known) - 1)[part[known[part]]]
        order = kept[np.argsort(x[kept], kind="stable")]
        if len(order):
            drawing.line(_zigzag(across[order], ends[0][order], ends[1][order]), 1.2, curve=True)
    return drawing


def _zigzag(x: Pixels, low: Pixels, high: Pixels) -> list[tuple[float, float]]:
    points: list[tuple[float, float]] = []
    for at, first, last in zip(x.tolist(), low.tolist(), high.tolist(), strict=True):
        points.append((at, first))
        if last != first:
            points.append((at, last))
    return points


def _widened(low: float, high: float, part: float) -> tuple[float, float]:
    if not high > low:
        room = abs(low) / 2 or 1.0
        return low - room, low + room
    room = part * (high - low)
    return low - room, high + room


def _ticks(low: float, high: float) -> list[float]:
    """Round numbers, some five of them."""
    rough = (high - low) / _TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(factor * power for factor in (1, 2, 2.5, 5, 10) if factor * power >= rough)
    first = math.ceil(low / step)
    return [number * step for number in range(first, math.floor(high / step) + 1)]


def _number(tick: float, low: float, high: float) -> str:
    """With the digits that tell it from its neighbours."""
    if abs(tick) < 1e-9 * (high - low):
        return "0"
    digits = max(math.ceil(math.log10(max(abs(low), abs(high)) / (high - low))), 0) + 3
    return f"{tick:.{digits}g}"
