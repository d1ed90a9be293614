"""What headers say of other files: names as they are compared, sources, companions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archive.tablefiles.fits_scan import scan
from ingest.harvest import is_read
from ingest.keywords import Keywords
from ingest.naming import Naming, Relation, Strength, called, naming
from tests.ingest.support import RAW, image, keywords, table, write


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("UVES.2008-08-06T23:01:06.281.fits", "UVES.2008-08-06T23:01:06.281"),
        ("UVES.2008-08-06T23_01_06.281.fits.Z", "UVES.2008-08-06T23:01:06.281"),
        ("UVES.2008-08-06T230106.281", "UVES.2008-08-06T23:01:06.281"),
        ("/data/raw/PIONI.2017-10-23T08:05:41.151.fits.gz", "PIONI.2017-10-23T08:05:41.151"),
        ("ADP.2016-07-15T08:22:40.678.fits.fz", "ADP.2016-07-15T08:22:40.678"),
        ("r.UVES.2008-08-06T11:49:33.423_0000.fits", "r.UVES.2008-08-06T11:49:33.423_0000"),
        ("MBIA_BLUE_2x2.fits", "MBIA_BLUE_2x2"),
        (" preview.png ", "preview.png"),
        ("", ""),
    ],
)
def test_names_are_compared_without_folders_endings_and_spellings(written: str, compared: str) -> None:
    assert called(written) == compared


def named(values: dict[str, object], name: str = "product.fits", *, raw: bool = False) -> Naming:
    return naming(keywords(values), (), "ADP.2026-01-01T00:00:00.000", name, raw=raw)


def names(found: Naming, relation: Relation) -> list[str]:
    return [one.name for one in found.references if one.relation is relation]


def test_sources_are_named_by_phase_3_and_by_pipelines() -> None:
    found = named(
        {
            "PRODCATG": "SCIENCE.SPECTRUM",
            "PROV2": "XSHOO.2012-10-15T00:31:05.173.fits",
            "PROV1": "XSHOO.2012-10-15T00:15:33.202.fits",
            "ESO PRO REC1 RAW1 NAME": "XSHOO.2012-10-15T00:15:33.202.fits",
            "ESO PRO REC1 CAL1 NAME": "MASTER_BIAS.fits",
            "ESO PRO REC2 RAW10 NAME": "XSHOO.2012-10-15T01:02:05.791.fits",
            "ESO PRO REC1 PARAM1 NAME": "debug",
            "ESO DRS BLAZE FILE": "HARPS.2003-12-12T21:42:45.093_blaze_A.fits",
            "ESO DRS CAL TH FILE": "HARPS.2003-12-12T21:47:59.366_wave_A.fits",
        }
    )
    assert names(found, Relation.SOURCE) == [
        "XSHOO.2012-10-15T00:15:33.202",
        "XSHOO.2012-10-15T00:31:05.173",
        "MASTER_BIAS",
        "XSHOO.2012-10-15T01:02:05.791",
        "HARPS.2003-12-12T21:42:45.093_blaze_A",
        "HARPS.2003-12-12T21:47:59.366_wave_A",
    ]
    assert found.category == "SCIENCE.SPECTRUM"


def test_a_reduced_frame_was_made_of_the_one_whose_name_it_inherited() -> None:
    found = named(
        {"ARCFILE": "HARPS.2003-12-13T06:19:48.371.fits", "ORIGFILE": "HARPS_ech_65.fits"}, "e2ds.fits"
    )
    assert names(found, Relation.SOURCE) == ["HARPS.2003-12-13T06:19:48.371"]
    assert [alias.name for alias in found.aliases] == ["ADP.2026-01-01T00:00:00.000", "e2ds"]
    assert found.original_name == "e2ds.fits"


def test_a_raw_frame_names_nothing_and_goes_by_its_original_name() -> None:
    found = named(RAW | {"PROV1": "x.fits"}, "ISAAC.2006-04-13T06:32:38.944.fits", raw=True)
    assert found.references == () and found.category is None and not found.is_product
    assert [(alias.name, alias.strength) for alias in found.aliases][1] == (
        "ISAAC_SWI_SCI_0014",
        Strength.ORIGINAL,
    )


def test_companions_have_a_category_and_a_sum() -> None:
    found = named(
        {
            "PRODCATG": "SCIENCE.IMAGE",
            "ORIGFILE": "deep.fits",
            "ASSON1": "deep.weight.fits",
            "ASSOC1": "ancillary.weightmap",
            "ASSON2": "deep.png",
            "ASSOC2": "ANCILLARY.PREVIEW",
            "ASSOM2": "4DEC2E3F507E6B9400A2E0B47717B5A3",
            "ASSOM1": "no sum",
            "ASSON3": "deep.fits",
        }
    )
    first, second = found.references
    assert (first.name, first.category, first.md5) == ("deep.weight", "ANCILLARY.WEIGHTMAP", None)
    assert (second.name, second.md5) == ("deep.png", "4dec2e3f507e6b9400a2e0b47717b5a3")


def test_a_table_lists_what_keywords_cannot(tmp_path: Path) -> None:
    sources = [f"VIRCAM.2012-01-01T00:00:{second:02}.000.fits" for second in range(60)]
    path = write(
        tmp_path,
        "tile.fits",
        image({"PRODCATG": "SCIENCE.IMAGE", "PROVXTN": True}),
        table({"PROV": (np.array(sources), None)}, "PHASE3PROVENANCE"),
    )
    file = scan(path, is_read)
    found = naming(Keywords([hdu.view for hdu in file.hdus[:1]]), file.hdus, "tile", "tile.fits", raw=False)
    assert len(found.references) == 60
    assert found.references[59].name == "VIRCAM.2012-01-01T00:00:59.000"
