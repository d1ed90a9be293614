"""What ESO calls the monitors of ambient conditions and their quantities, and where the archive keeps them.

Three names for each quantity: the column here; the one that query forms (as `tab_fwhm`) and the interface for
programs (as `dimm_paranal-fwhm`) have in common; and the title of its column in CSV files.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property

from archive.declare.dataflow import asm
from archive.declare.tables import Record, Table

__all__ = ["SERIES", "TABLES", "Columns", "Layers", "Quantity", "Reading", "Series", "series_of_file"]

_TIME = "date time"
_INTEGRATION = "integration time"
_PLATFORM = "platform"
# Titles of columns that say nothing of the conditions: links to plots, numbers of sensors.
_OTHER = {"monitor", "lhatpro id", "number of layers"}
_UNIT = re.compile(r"\s*\[([^\]]*)\]\s*$")
_LONGEST = 86_400.0  # seconds of integration
_LONGEST_TITLE = 200
_MILLI = 1e-3


@dataclass(frozen=True, slots=True)
class Quantity:
    """`title` is in small letters, without its unit; `factor` makes the interface's unit the column's."""

    column: str
    field: str
    title: str
    factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Layers:
    """Quantities that a CSV file has one column of for each height or layer; here they are rows.

    `patterns` of titles, in small letters, have the number of the layer as their group; `key` is its column.
    """

    table: Table
    key: str
    patterns: Mapping[str, re.Pattern[str]]


@dataclass(slots=True)
class Columns:
    """Where in the lines of a file things stand; numbers with the factor for the unit of their column."""

    time: int | None = None
    platform: int | None = None
    integration: int | None = None
    numbers: dict[str, tuple[int, float]] = field(default_factory=dict)
    layers: dict[int, dict[str, int]] = field(default_factory=dict)
    unknown: list[str] = field(default_factory=list)


# Reads the number in a place of a line, times a factor.
Reading = Callable[[int, float], float | None]


@dataclass(frozen=True, eq=False)
class Series:
    """One monitor: `form` is what ESO's query form and interface call it, `table` where its values are."""

    form: str
    table: Table | None
    quantities: tuple[Quantity, ...] = ()
    layers: Layers | None = None

    @property
    def name(self) -> str:
        """Of the table, for messages."""
        table = self.table or (self.layers and self.layers.table)
        return table.name if table else self.form

    @cached_property
    def fields(self) -> Mapping[str, Quantity]:
        return {quantity.field: quantity for quantity in self.quantities}

    @cached_property
    def _titles(self) -> Mapping[str, Quantity]:
        return {quantity.title: quantity for quantity in self.quantities}

    def columns(self, titles: Sequence[str]) -> Columns:
        """What the columns of a file with these titles are."""
        found = Columns()
        for place, title in enumerate(titles):
            # No title is longer, and the patterns take their time over long ones.
            words = " ".join(title[:_LONGEST_TITLE].lower().split())
            unit = _UNIT.search(words)
            bare = _UNIT.sub("", words)
            quantity = self._titles.get(bare)
            layer = self._layer(words)
            if quantity is not None:
                factor = _MILLI if unit and unit[1] == "ms" else 1.0
                found.numbers[quantity.column] = (place, factor)
            elif layer is not None:
                found.layers.setdefault(layer[0], {})[layer[1]] = place
            elif bare == _TIME:
                found.time = place
            elif bare == _INTEGRATION:
                found.integration = place
            elif bare == _PLATFORM:
                found.platform = place
            elif bare and bare not in _OTHER:
                found.unknown.append(title[:_LONGEST_TITLE])
        return found

    def _layer(self, title: str) -> tuple[int, str] | None:
        for column, pattern in self.layers.patterns.items() if self.layers else ():
            if match := pattern.fullmatch(title):
                return int(match[1]), column
        return None

    def records(
        self, start: datetime, columns: Columns, platform: str | None, read: Reading
    ) -> Iterator[Record]:
        """The rows that one line of a file makes."""
        if columns.numbers:
            seconds = None if columns.integration is None else read(columns.integration, 1.0)
            values = {name: read(*place) for name, place in columns.numbers.items()}
            yield from self.measured(start, values, seconds, platform)
        for key, places in columns.layers.items():
            numbers = {name: read(place, 1.0) for name, place in places.items()}
            if self.layers and any(value is not None for value in numbers.values()):
                yield self.layers.table.row(start_date=start, **{self.layers.key: key}, **numbers)

    def measured(
        self,
        start: datetime,
        values: Mapping[str, float | None],
        seconds: float | None = None,
        platform: str | None = None,
    ) -> Iterator[Record]:
        """The row of a measurement, with `seconds` of integration; none when nothing was measured."""
        if self.table is None or all(value is None for value in values.values()):
            return
        if seconds is not None and not 0 <= seconds <= _LONGEST:
            seconds = None
        more = {} if platform is None or _PLATFORM not in self.table.by_name else {_PLATFORM: platform}
        yield self.table.row(
            start_date=start,
            midpoint_date=start + timedelta(seconds=(seconds or 0.0) / 2),
            integration=seconds,
            valid=1,
            **values,
            **more,
        )


def _of(*told: tuple[str, str, str]) -> tuple[Quantity, ...]:
    return tuple(Quantity(*one) for one in told)


_DIMM = _of(
    ("fwhm", "fwhm", "dimm seeing"),
    ("rfl", "rfl", "flux rms"),
    ("rfl_time", "rfl_time", "flux rms time"),
    ("airmass", "airmass", "airmass"),
    ("ra", "ra", "target ra"),
    ("dec", "dec", "target dec"),
)
_HISTORICAL = _of(
    ("fwhm", "fwhm", "dimm seeing"),
    ("airmass", "airmass", "airmass"),
    ("rfl", "rfl", "flux rms"),
    ("tau", "tau", "tau0"),
    ("tet", "tet", "theta0"),
)
_MASS = (
    Quantity("fwhm", "fwhm", "free atmosphere seeing"),
    Quantity("fwhmerr", "fwhmerr", "free atmosphere seeing rms"),
    # The interface tells coherence times in milliseconds, the query form in seconds.
    Quantity("tau", "tau", "mass tau0", _MILLI),
    Quantity("tauerr", "tauerr", "mass tau0 rms"),
    Quantity("tet", "tet", "mass theta0"),
    Quantity("teterr", "teterr", "mass theta0 rms"),
    Quantity("alt", "alt", "mass turb altitude"),
    Quantity("alterr", "alterr", "mass turb altitude rms"),
    Quantity("fracgl", "fracgl", "mass-dimm cn2 fraction at ground"),
    Quantity("turbfwhm", "turbfwhm", "mass-dimm seeing"),
    Quantity("tau0", "tau0", "mass-dimm tau0", _MILLI),
    Quantity("tet0", "tet0", "mass-dimm theta0"),
    Quantity("turb_alt", "turb_alt", "mass-dimm turb altitude"),
    Quantity("turb_speed", "turb_speed", "mass-dimm turb velocity"),
)
_MASS_LAYERS = Layers(
    asm.MASS_LAYER,
    "layer",
    {
        "cn2": re.compile(r"layer (\d{1,2}) cn2(?: \[[^\]]*\])?"),
        "cn2err": re.compile(r"layer (\d{1,2}) cn2 rms"),
        "height": re.compile(r"layer (\d{1,2}) height(?: ?\[m\])?"),
    },
)
_METEO_PARANAL = _of(
    ("temp_30m", "temp1", "air temperature at 30m"),
    ("temp_2m", "temp2", "air temperature at 2m"),
    ("temp_ground", "temp3", "air temperature at ground"),
    ("temp_vlt", "temp4", "air temperature below vlt"),
    ("dew_temp_30m", "tempdew1", "dew temperature at 30m"),
    ("dew_temp_2m", "tempdew2", "dew temperature at 2m"),
    ("dew_temp_vlt", "tempdew4", "dew temperature below vlt"),
    ("rhum_30m", "rhum1", "relative humidity at 30m"),
    ("rhum_2m", "rhum2", "relative humidity at 2m"),
    ("rhum_vlt", "rhum4", "relative humidity below vlt"),
    ("wind_dir_30m", "wind_dir1", "wind direction at 30m (0/360)"),
    ("wind_dir_10m", "wind_dir2", "wind direction at 10m (0/360)"),
    ("wind_speed_30m", "wind_speed1", "wind speed at 30m"),
    ("wind_speed_10m", "wind_speed2", "wind speed at 10m"),
    ("wind_speed_u", "wind_speedu", "wind speed u at 20m"),
    ("wind_speed_v", "wind_speedv", "wind speed v at 20m"),
    ("wind_speed_w", "wind_speedw", "wind speed w at 20m"),
    ("press", "press", "air pressure at ground"),
    ("press_inst", "press_inst", "air pressure instantanous at ground"),
    ("presqnh", "presqnh", "air pressure normalised"),
    ("rain", "rain", "rain intensity below vlt"),
)
_METEO_LASILLA = _of(
    ("temp_30m", "temp1", "ambient temperature at 30m"),
    ("temp_2m", "temp2", "ambient temperature at 2m"),
    ("temp_ground", "temp3", "ambient temperature at ground"),
    ("dew_temp_2m", "tempdew2", "dew temperature at 2m"),
    ("rhum_2m", "rhum2", "relative humidity at 2m"),
    ("wind_dir_30m", "wind_dir1", "wind direction at 30m"),
    ("wind_dir_10m", "wind_dir2", "wind direction at 10m"),
    ("wind_speed_30m", "wind_speed1", "wind speed at 30m"),
    ("wind_speed_10m", "wind_speed2", "wind speed at 10m"),
    ("press", "press", "air pressure at ground"),
)
_AMBIENT_LASILLA = _of(
    ("fwhm", "fwhm", "dimm seeing"),
    ("airmass", "airmass", "airmass"),
    ("rfl", "rfl", "flux rms"),
)
_METEO_APEX = _of(
    ("temperature", "temperature", "temperature"),
    ("dewpoint", "dewpoint", "dew point"),
    ("humidity", "humidity", "humidity"),
    ("winddirection", "winddirection", "wind direction"),
    ("windspeed", "windspeed", "wind speed"),
    ("pressure", "pressure", "pressure"),
)
_LHATPRO = _of(
    ("pwv0", "pwv0", "precipitable water vapour"),
    ("lwp0", "lwp0", "liquid water path"),
    ("irt0", "irt0", "ir temperature"),
)
_PROFILES = Layers(
    asm.LHATPRO_PROFILE,
    "height",
    {
        "temperature": re.compile(r"temperature ?\[k\] at (\d{1,5}) ?\[m\]"),
        "humidity": re.compile(r"(?:absolute )?humidity ?\[[^\]]*\] at (\d{1,5}) ?\[m\]"),
    },
)

SERIES: tuple[Series, ...] = (
    Series("dimm_paranal", asm.DIMM, _DIMM),
    Series("historical_ambient_paranal", asm.HISTORICAL, _HISTORICAL),
    Series("mass_paranal", asm.MASS, _MASS, _MASS_LAYERS),
    Series("meteo_paranal", asm.METEO_PARANAL, _METEO_PARANAL),
    Series("meteo_lasilla", asm.METEO_LASILLA, _METEO_LASILLA),
    Series("ambient_lasilla", asm.AMBIENT_LASILLA, _AMBIENT_LASILLA),
    Series("meteo_apex", asm.METEO_APEX, _METEO_APEX),
    Series("lhatpro_paranal", asm.LHATPRO, _LHATPRO),
    Series("lhatpro_profiles_paranal", None, layers=_PROFILES),
)
TABLES: tuple[Table, ...] = asm.TABLES


def series_of_file(name: str) -> Series | None:
    """The monitor whose query form the name of a file contains; the longest name if there are several."""
    fitting = [series for series in SERIES if series.form in name.lower()]
    return max(fitting, key=lambda series: len(series.form), default=None)
