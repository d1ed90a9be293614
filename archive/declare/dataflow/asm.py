"""asm: ambient conditions as time series, under the names of ESO's archive of the astronomical site monitors.

Names of tables and columns that ESO's archive has are kept where they are known, for scripts written for it;
the others go on in the same manner. A table is one monitor of one site, its key the start of the measurement.
Celsius and percent are no VOUnits: such columns have no unit, and say in words what they are in.
"""

from __future__ import annotations

from dataclasses import replace

from ..columns import Column
from ..semantics import ICRS, UTC
from ..tables import Example, Schema, Table
from ..types import DOUBLE, INTEGER, SHORT, TEXT, TIMESTAMP

__all__ = [
    "AMBIENT_LASILLA",
    "ASM",
    "DIMM",
    "HISTORICAL",
    "LHATPRO",
    "LHATPRO_PROFILE",
    "MASS",
    "MASS_LAYER",
    "METEO_APEX",
    "METEO_LASILLA",
    "METEO_PARANAL",
    "TABLES",
]

_START = Column(
    "start_date",
    TIMESTAMP,
    ucd="time.start;obs",
    timesys=UTC,
    nullable=False,
    principal=True,
    description="Start of the measurement, UTC",
)
_TIMES = (
    _START,
    Column(
        "midpoint_date",
        TIMESTAMP,
        ucd="time.epoch;obs",
        timesys=UTC,
        nullable=False,
        indexed=True,
        principal=True,
        description="Middle of the measurement, UTC; its start when nobody told how long it took",
    ),
    Column(
        "integration",
        DOUBLE,
        unit="s",
        ucd="time.duration;obs.exposure",
        description="Time over which it was measured",
    ),
    Column(
        "valid",
        SHORT,
        ucd="meta.code.qual",
        nullable=False,
        description="1 for a valid measurement, 0 for one that its monitor marked as bad",
    ),
)


def _measured(name: str, unit: str, ucd: str, description: str) -> Column:
    return Column(name, DOUBLE, unit=unit, ucd=ucd, principal=True, description=description)


def _series(
    name: str, columns: tuple[Column, ...], title: str, description: str, *examples: Example
) -> Table:
    return Table(
        f"asm.{name}",
        (*_TIMES, *columns),
        description,
        title=title,
        primary_key=("start_date",),
        examples=examples,
    )


def _temperature(name: str, where: str) -> Column:
    return _measured(name, "", "phys.temperature;obs.atmos", f"Air temperature {where}, in degrees Celsius")


def _dew_point(name: str, where: str) -> Column:
    return _measured(name, "", "phys.temperature;obs.atmos", f"Dew point {where}, in degrees Celsius")


def _humidity(name: str, where: str) -> Column:
    return _measured(name, "", "obs.atmos.humidity", f"Relative humidity {where}, in percent")


def _wind(height: str) -> tuple[Column, Column]:
    return (
        _measured(
            f"wind_dir_{height}",
            "deg",
            "pos.posAng;obs.atmos.wind",
            f"Direction that the wind comes from at {height}, from north by east, 0 to 360",
        ),
        _measured(f"wind_speed_{height}", "m.s**-1", "phys.veloc;obs.atmos.wind", f"Wind speed at {height}"),
    )


_SEEING = _measured(
    "fwhm",
    "arcsec",
    "instr.obsty.seeing",
    "Seeing: full width at half maximum of a point source at 500 nm, at the zenith, by a perfect telescope",
)
_FLUX_RMS = _measured(
    "rfl", "", "stat.error;phot.flux", "Relative rms of the flux of the star, a sign of clouds"
)
_COHERENCE = ("s", "time.scale;obs.atmos.turbulence")
_ISOPLANATIC = ("arcsec", "obs.atmos.turbulence.isoplanatic")

DIMM = _series(
    "dimm_paranal",
    (
        _SEEING,
        _FLUX_RMS,
        _measured("rfl_time", "s", "time.duration;obs.exposure", "Time over which that rms was measured"),
        _measured("airmass", "", "obs.airMass", "Airmass of the star"),
        Column("ra", DOUBLE, "deg", "pos.eq.ra", coosys=ICRS, description="Right ascension of the star"),
        Column("dec", DOUBLE, "deg", "pos.eq.dec", coosys=ICRS, description="Declination of the star"),
    ),
    "Seeing at Paranal",
    "Seeing at Paranal since April 2016, by the DIMM channel of the MASS-DIMM",
    Example(
        "seeing-of-a-night",
        "How was the seeing in a night?",
        "SELECT start_date, fwhm, airmass\nFROM asm.dimm_paranal\n"
        "WHERE start_date BETWEEN '2026-03-14T00:00:00' AND '2026-03-14T10:00:00' AND valid = 1\n"
        "ORDER BY start_date",
    ),
    Example(
        "best-seeing",
        "How good was the seeing since a date?",
        "SELECT MIN(fwhm) AS best, AVG(fwhm) AS mean, COUNT(*) AS measurements\nFROM asm.dimm_paranal\n"
        "WHERE start_date >= '2026-01-01' AND valid = 1",
    ),
)

HISTORICAL = _series(
    "historical_ambient_paranal",
    (
        _SEEING,
        _measured("airmass", "", "obs.airMass", "Airmass of the star"),
        _FLUX_RMS,
        _measured("tau", *_COHERENCE, "Coherence time of the turbulence"),
        _measured("tet", *_ISOPLANATIC, "Isoplanatic angle"),
    ),
    "Seeing at Paranal until 2016",
    "Seeing at Paranal from 1998 to April 2016, by the DIMM of that time",
)

MASS = _series(
    "mass_paranal",
    (
        _measured("fwhm", "arcsec", "instr.obsty.seeing", "Seeing by the free atmosphere alone"),
        _measured("fwhmerr", "", "stat.error;instr.obsty.seeing", "Relative error of fwhm"),
        _measured("tau", *_COHERENCE, "Coherence time in the free atmosphere"),
        _measured("tauerr", "", "stat.error;time.scale", "Relative error of tau"),
        _measured("tet", *_ISOPLANATIC, "Isoplanatic angle of the free atmosphere"),
        _measured("teterr", "", "stat.error;obs.atmos.turbulence", "Relative error of tet"),
        _measured("alt", "m", "pos.distance;obs.atmos", "Height of the turbulence above the site"),
        _measured("alterr", "", "stat.error;pos.distance", "Relative error of alt"),
        _measured("fracgl", "", "stat.value;obs.atmos", "Part of the turbulence that is near the ground"),
        _measured("turbfwhm", "arcsec", "instr.obsty.seeing", "Seeing by the whole atmosphere"),
        _measured("tau0", *_COHERENCE, "Coherence time in the whole atmosphere"),
        _measured("tet0", *_ISOPLANATIC, "Isoplanatic angle of the whole atmosphere"),
        _measured("turb_alt", "m", "pos.distance;obs.atmos", "Height of all turbulence above the site"),
        _measured("turb_speed", "m.s**-1", "phys.veloc;obs.atmos.turbulence", "Speed of the turbulence"),
    ),
    "Turbulence above Paranal",
    "The turbulence above Paranal by the MASS, alone and together with the DIMM",
)

MASS_LAYER = Table(
    "asm.mass_paranal_layers",
    (
        _START,
        Column(
            "layer",
            INTEGER,
            ucd="meta.number",
            nullable=False,
            principal=True,
            description="Number of the layer, 0 is the ground",
        ),
        _measured("height", "m", "pos.distance;obs.atmos", "Height of the layer above the site"),
        _measured(
            "cn2",
            "10**-15m**(1/3)",
            "stat.value;obs.atmos.turbulence",
            "Turbulence, integrated over the layer",
        ),
        _measured("cn2err", "", "stat.error;obs.atmos.turbulence", "Relative error of cn2"),
    ),
    "The turbulence above Paranal in layers, by the MASS; other values are in asm.mass_paranal",
    title="Layers of turbulence above Paranal",
    primary_key=("start_date", "layer"),
)

METEO_PARANAL = _series(
    "meteo_paranal",
    (
        _temperature("temp_30m", "at 30m"),
        _temperature("temp_2m", "at 2m"),
        _temperature("temp_ground", "at the ground"),
        _temperature("temp_vlt", "below the platform of the VLT"),
        _dew_point("dew_temp_30m", "at 30m"),
        _dew_point("dew_temp_2m", "at 2m"),
        _dew_point("dew_temp_vlt", "below the platform of the VLT"),
        _humidity("rhum_30m", "at 30m"),
        _humidity("rhum_2m", "at 2m"),
        _humidity("rhum_vlt", "below the platform of the VLT"),
        *_wind("30m"),
        *_wind("10m"),
        _measured("wind_speed_u", "m.s**-1", "phys.veloc;obs.atmos.wind", "Wind from south to north at 20m"),
        _measured("wind_speed_v", "m.s**-1", "phys.veloc;obs.atmos.wind", "Wind from west to east at 20m"),
        _measured("wind_speed_w", "m.s**-1", "phys.veloc;obs.atmos.wind", "Wind upwards at 20m"),
        _measured("press", "hPa", "phys.pressure;obs.atmos", "Air pressure at the ground"),
        _measured("press_inst", "hPa", "phys.pressure;obs.atmos", "Air pressure at one moment"),
        _measured("presqnh", "hPa", "phys.pressure;obs.atmos", "Air pressure, reduced to sea level"),
        _measured("rain", "", "obs.atmos.rain", "Intensity of rain, in percent"),
    ),
    "Weather at Paranal",
    "Weather at Paranal, in means over a minute",
)

METEO_LASILLA = _series(
    "meteo_lasilla",
    (
        _temperature("temp_30m", "at 30m"),
        _temperature("temp_2m", "at 2m"),
        _temperature("temp_ground", "at the ground"),
        _dew_point("dew_temp_2m", "at 2m"),
        _humidity("rhum_2m", "at 2m"),
        *_wind("30m"),
        *_wind("10m"),
        _measured("press", "hPa", "phys.pressure;obs.atmos", "Air pressure at the ground"),
    ),
    "Weather at La Silla",
    "Weather at La Silla",
)

AMBIENT_LASILLA = _series(
    "ambient_lasilla",
    (_SEEING, _measured("airmass", "", "obs.airMass", "Airmass of the star"), _FLUX_RMS),
    "Seeing at La Silla",
    "Seeing at La Silla, by its DIMM",
)

METEO_APEX = _series(
    "meteo_apex",
    (
        _temperature("temperature", "at the telescope"),
        _dew_point("dewpoint", "at the telescope"),
        _humidity("humidity", "at the telescope"),
        _measured("winddirection", "deg", "pos.posAng;obs.atmos.wind", "Direction that the wind comes from"),
        _measured("windspeed", "m.s**-1", "phys.veloc;obs.atmos.wind", "Wind speed"),
        _measured("pressure", "hPa", "phys.pressure;obs.atmos", "Air pressure"),
    ),
    "Weather at APEX",
    "Weather at the APEX telescope on Chajnantor",
)

LHATPRO = _series(
    "lhatpros_paranal",
    (
        Column("platform", TEXT, ucd="meta.id;instr", description="Place where the radiometer stood"),
        _measured("pwv0", "mm", "obs.atmos.water", "Precipitable water vapour above the site, at the zenith"),
        _measured("lwp0", "g.m**-2", "obs.atmos.water", "Path of liquid water, at the zenith"),
        _measured(
            "irt0", "", "phys.temperature;obs.atmos", "Infrared temperature of the sky, in degrees Celsius"
        ),
    ),
    "Water vapour above Paranal",
    "Water vapour and temperature of the sky above Paranal, by the radiometer LHATPRO",
)

LHATPRO_PROFILE = Table(
    "asm.lhatpros_paranal_profiles",
    (
        _START,
        Column(
            "height",
            DOUBLE,
            "m",
            "pos.distance;obs.atmos",
            nullable=False,
            principal=True,
            description="Height above the site",
        ),
        _measured("temperature", "K", "phys.temperature;obs.atmos", "Air temperature"),
        _measured("humidity", "g.m**-3", "obs.atmos.humidity", "Water in the air"),
        *(replace(column, nullable=True, principal=False) for column in _TIMES if column is not _START),
        Column(
            "ra", DOUBLE, "deg", "pos.eq.ra", coosys=ICRS, description="Where it pointed: right ascension"
        ),
        Column("dec", DOUBLE, "deg", "pos.eq.dec", coosys=ICRS, description="Dec where it pointed"),
        Column("alt", DOUBLE, "deg", "pos.az.alt", description="Where it pointed: altitude"),
        Column("az", DOUBLE, "deg", "pos.az.azi", description="Where it pointed: azimuth"),
    ),
    "Profiles of temperature and humidity above Paranal up to 10 km, by the radiometer LHATPRO: one row for "
    "each height of each profile",
    title="Profiles above Paranal",
    primary_key=("start_date", "height"),
)

TABLES: tuple[Table, ...] = (
    DIMM,
    HISTORICAL,
    MASS,
    MASS_LAYER,
    LHATPRO,
    LHATPRO_PROFILE,
    METEO_PARANAL,
    METEO_LASILLA,
    AMBIENT_LASILLA,
    METEO_APEX,
)
ASM = Schema(
    "asm",
    TABLES,
    "Ambient conditions at the observatories: seeing, turbulence, weather and water vapour as time series",
    title="Ambient conditions",
)
