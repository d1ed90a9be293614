"""Master calibrations of the simulated night: twilight flats of HAWK-I, under names like those of ESO."""

from __future__ import annotations

from collections.abc import Iterator

from astropy.io import fits

from .demonstration.weather import NIGHT
from .frames import sensitivity
from .headers import TELESCOPES
from .observatory import SECOND, Exposure
from .readout import SMALL
from .setups import HAWKI_DETECTORS
from .times import dp_id, iso

__all__ = ["master_flat_id", "master_flats"]

_REDUCED = NIGHT + 1.5
_BANDS = ("J", "Ks")


def master_flat_id(band: str) -> str:
    return f"M.HAWKI.{iso(_REDUCED + _BANDS.index(band) * SECOND)}"


def master_flats(exposures: tuple[Exposure, ...]) -> Iterator[tuple[str, fits.HDUList]]:
    """(file name, HDUs) for each band; they name the raw frames that they were made of."""
    for band in _BANDS:
        raw = [one for one in exposures if one.type == "FLAT" and one.optics == band]
        header = fits.Header()
        header["TELESCOP"] = (TELESCOPES["HAWKI"], "Telescope name")
        header["INSTRUME"] = ("HAWKI", "Instrument name")
        header["MJD-OBS"] = (round(raw[0].start, 8), "[d] Start of observations")
        header["DATE-OBS"] = (iso(raw[0].start), "Start of observations (UTC)")
        header["ARCFILE"] = (f"{master_flat_id(band)}.fits", "Archive file name")
        header["PIPEFILE"] = (f"HAWKI_twilight_flat_{band}.fits", "Name given by the pipeline")
        header["HIERARCH ESO DPR CATG"] = ("CALIB", "Observation category")
        header["HIERARCH ESO PRO CATG"] = ("MASTER_TWILIGHT_FLAT", "Category of the product")
        header["HIERARCH ESO PRO REC1 ID"] = ("hawki_twilight_flat_combine", "Recipe")
        for number, exposure in enumerate(raw, start=1):
            header[f"HIERARCH ESO PRO REC1 RAW{number} NAME"] = f"{dp_id(exposure)}.fits"
        hdus = [
            fits.ImageHDU(sensitivity(chip, SMALL.hawki).astype("f4"), name=f"CHIP{chip}.INT1")
            for chip in HAWKI_DETECTORS
        ]
        yield f"{master_flat_id(band)}.fits", fits.HDUList([fits.PrimaryHDU(header=header), *hdus])
