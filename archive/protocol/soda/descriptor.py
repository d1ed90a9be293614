"""How links documents and results tell that a dataset can be cut: DataLink service descriptors of SODA.

What can be cut of a dataset, and between which limits, is read off its ObsCore values (SODA 1.0, 4.2);
nothing here looks into files.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ...declare.parameters import Parameter
from ...declare.regions import Region, parse_region
from ...errors import UsageError
from ..descriptors import Input, ServiceDescriptor
from .parameters import BAND, CIRCLE, ID, POL, POLYGON, POS, SODA_PARAMETERS, TIME

__all__ = ["SODA_ASYNC", "SODA_SYNC", "soda_descriptor", "soda_results_descriptor"]

SODA_SYNC = "ivo://ivoa.net/std/SODA#sync-1.0"
SODA_ASYNC = "ivo://ivoa.net/std/SODA#async-1.0"
_FITS = "application/fits"

# The axes that files of each ObsCore dataproduct_type have.
_SKY, _SPECTRAL, _TIME = (POS, CIRCLE, POLYGON), (BAND,), (TIME,)
_AXES: Mapping[str, tuple[Parameter, ...]] = {
    "image": (*_SKY, POL),
    "cube": (*_SKY, *_SPECTRAL, *_TIME, POL),
    "spectrum": (*_SPECTRAL, POL),
    "sed": _SPECTRAL,
    "timeseries": _TIME,
    "event": _TIME,
}


def soda_descriptor(
    base_url: str, row: Mapping[str, object], *, id: str = "soda"
) -> ServiceDescriptor | None:
    """The descriptor of /soda/sync for one dataset; None when nothing can be cut from it.

    `row` has values of ivoa.ObsCore by column: obs_publisher_did, dataproduct_type, s_region, em_min, em_max,
    t_min, t_max and pol_states; what is missing or None is not known. `id` is the XML ID of the
    descriptor, unique in its document.
    """
    limits = _Limits.of(row)
    inputs = [
        found for axis in _AXES.get(str(row.get("dataproduct_type")), ()) for found in limits.input(axis)
    ]
    if not inputs:
        return None
    return ServiceDescriptor(
        id=id,
        access_url=f"{base_url}/soda/sync",
        standard_id=SODA_SYNC,
        inputs=(_input(ID, value=str(row["obs_publisher_did"])), *inputs),
        content_type=_FITS,
        # DataLink 1.1, 4.1: both tell the descriptors of a document apart.
        name=f"cut-outs of {row['obs_publisher_did']}",
        description=f"Cut-outs of {row['obs_publisher_did']} by position, wavelength, time and polarization",
    )


def soda_results_descriptor(base_url: str, ref: str) -> ServiceDescriptor:
    """The descriptor for all rows of a result; `ref` is the XML ID of its FIELD with publisher DIDs."""
    inputs = [_input(parameter) for parameter in SODA_PARAMETERS if parameter.ucd and parameter is not ID]
    return ServiceDescriptor(
        id="soda",
        access_url=f"{base_url}/soda/sync",
        standard_id=SODA_SYNC,
        inputs=(_input(ID, ref=ref), *inputs),
        content_type=_FITS,
        name="cut-outs",
        description="Cut-outs by position, wavelength, time and polarization",
    )


def _input(
    parameter: Parameter,
    *,
    value: str = "",
    ref: str = "",
    options: tuple[str, ...] = (),
    minimum: str | None = None,
    maximum: str | None = None,
) -> Input:
    return Input(
        parameter.name,
        parameter.type,
        unit=parameter.unit,
        ucd=parameter.ucd,
        description=parameter.description,
        value=value,
        ref=ref,
        options=options,
        minimum=minimum,
        maximum=maximum,
    )


@dataclass(frozen=True, slots=True)
class _Limits:
    """What is known of the extent of a dataset."""

    region: Region | None
    band: tuple[float, float] | None
    time: tuple[float, float] | None
    states: tuple[str, ...]

    @classmethod
    def of(cls, row: Mapping[str, object]) -> _Limits:
        states = str(row.get("pol_states") or "").strip("/")
        return cls(
            _region(row.get("s_region")),
            _interval(row.get("em_min"), row.get("em_max")),
            _interval(row.get("t_min"), row.get("t_max")),
            tuple(states.split("/")) if states else (),
        )

    def input(self, axis: Parameter) -> Iterator[Input]:
        """The axis with its limits, unless the dataset has no such."""
        if axis in _SKY:
            if self.region is not None:
                yield _input(axis, maximum=_cover(axis, self.region))
        elif axis is POL:
            # One state is the whole.
            if len(self.states) > 1:
                yield _input(axis, options=self.states)
        else:
            interval = self.band if axis is BAND else self.time
            if interval is not None:
                yield _input(axis, minimum=f"{interval[0]!r}", maximum=f"{interval[1]!r}")


def _region(text: object) -> Region | None:
    """The footprint, if it has an extent."""
    try:
        region = parse_region(text) if isinstance(text, str) else None
    except UsageError:
        return None
    return region if region and (region.circles or region.polygons) else None


def _interval(low: object, high: object) -> tuple[float, float] | None:
    if isinstance(low, int | float) and isinstance(high, int | float) and low < high:
        return (float(low), float(high)) if math.isfinite(low) and math.isfinite(high) else None
    return None


def _cover(axis: Parameter, region: Region) -> str | None:
    """SODA 1.0, 4.3: the smallest known circle or polygon that covers the dataset; nothing for POS."""
    if axis is CIRCLE:
        return _numbers(
            region.circles[0] if len(region.circles) == 1 and not region.polygons else region.bounds()
        )
    if axis is POLYGON and len(region.polygons) == 1 and not region.circles:
        return _numbers(number for corner in region.polygons[0] for number in corner)
    return None


def _numbers(numbers: Iterator[float] | tuple[float, ...]) -> str:
    return " ".join(f"{number:.8f}".rstrip("0").rstrip(".") for number in numbers)
