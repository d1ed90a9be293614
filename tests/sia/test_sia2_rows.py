"""Which datasets SIA 2.0 finds: every parameter, several values, what is not known."""

from __future__ import annotations

import io

import httpx
import pytest
from astropy.io.votable import parse

IMAGES = {"A", "D", "POLE", "ZERO"}
CUBES = {"B"}


def found(client: httpx.Client, *pairs: tuple[str, str]) -> set[str]:
    answer = client.get("/sia2/query", params=pairs)
    assert answer.status_code == 200, answer.text
    table = parse(io.BytesIO(answer.content)).get_first_table().to_table()
    return {str(name).removeprefix("SIM.") for name in table["dp_id"]}


CASES = [
    ("", IMAGES | CUBES),
    ("POS=CIRCLE 10 20 0.1", {"A"}),
    ("POS=circle 10 20 0.1", {"A"}),
    ("pos=CIRCLE 10.49 20.49 0.0001", {"A"}),
    ("POS=CIRCLE 10.6 20 0.05", set()),
    ("POS=CIRCLE 10 20 0", {"A"}),
    ("POS=CIRCLE 10 20 0.1&POS=CIRCLE 12 20 0.1", {"A", "B"}),
    ("POS=CIRCLE 11 20 3", {"A", "B"}),
    ("POS=CIRCLE 190 -20 179", {"B", "POLE", "ZERO"}),
    ("POS=CIRCLE 0 0 180", {"A", "B", "POLE", "ZERO"}),
    ("POS=CIRCLE 180 89.5 0.1", {"POLE"}),
    ("POS=CIRCLE 359.8 -30 0.01", {"ZERO"}),
    ("POS=CIRCLE 0.2 -30 0.01", {"ZERO"}),
    ("POS=CIRCLE -0.2 -30 0.01", {"ZERO"}),
    ("POS=RANGE 9 11 19 21", {"A"}),
    ("POS=RANGE 359.9 0.1 -31 -29", {"ZERO"}),
    ("POS=RANGE 0 360 89 +Inf", {"POLE"}),
    ("POS=RANGE -Inf +Inf -Inf +Inf", {"A", "B", "POLE", "ZERO"}),
    ("POS=RANGE 0 360 15 25", {"A", "B"}),
    ("POS=POLYGON 9 19 11 19 11 21 9 21", {"A"}),
    ("POS=POLYGON 9 19 9 21 11 21 11 19", {"A"}),
    ("POS=POLYGON 9 19 11 19 11 21 9 21 9 19", {"A"}),
    ("BAND=550e-9", {"A", "B"}),
    ("BAND=600e-9", {"A", "B"}),
    ("BAND=600e-9 700e-9", {"A", "B"}),
    ("BAND=700e-9 +Inf", {"B"}),
    ("BAND=-Inf 480e-9", {"B"}),
    ("BAND=-Inf +Inf", {"A", "B"}),
    ("BAND=1e-9 2e-9", set()),
    ("BAND=1e-9&BAND=500e-9", {"A", "B"}),
    ("TIME=60000.25", {"A"}),
    ("TIME=60000.5", {"A"}),
    ("TIME=60000.4 60010.1", {"A", "B"}),
    ("TIME=60001 +Inf", {"B"}),
    ("TIME=-Inf 59999", set()),
    ("TIME=60000.25&BAND=900e-9", set()),
    ("POL=Q", {"B"}),
    ("POL=I", {"A", "B"}),
    ("POL=q&POL=V", {"B"}),
    ("FOV=1 2", {"A", "B", "POLE", "ZERO"}),
    ("FOV=1.9 +Inf", {"POLE"}),
    ("SPATRES=-Inf 1", {"A"}),
    ("SPATRES=0.8", {"A"}),
    ("SPECRP=1000 +Inf", {"B"}),
    ("EXPTIME=-Inf 60&EXPTIME=1200 +Inf", {"B"}),
    ("EXPTIME=300", {"A"}),
    ("TIMERES=0.5 1.5", {"A"}),
    ("TIMERES=-Inf +Inf", {"A"}),
    ("ID=ivo://uraniborg.example/ID?SIM.A", {"A"}),
    ("ID=IVO://URANIBORG.EXAMPLE/id?sim.a", {"A"}),
    ("ID=ivo://uraniborg.example/ID?SIM%2EA", {"A"}),
    ("ID=sim.a&ID=SIM.B", {"A", "B"}),
    ("ID=ivo://elsewhere.example/ID?SIM.A", set()),
    ("COLLECTION=CUBES", {"B"}),
    ("COLLECTION=cubes", set()),
    ("COLLECTION=CUBES&COLLECTION=TESTS", IMAGES | CUBES),
    ("FACILITY=Stjerneborg&TARGET=Polaris", {"POLE"}),
    ("INSTRUMENT=ARMILLAE", {"B"}),
    ("TARGET=Nova 1572", {"A", "B"}),
    ("DPTYPE=image", IMAGES),
    ("DPTYPE=cube", CUBES),
    ("DPTYPE=spectrum", {"C"}),
    ("DPTYPE=image&DPTYPE=cube", IMAGES | CUBES),
    ("CALIB=3", {"B"}),
    ("CALIB=3&CALIB=2", IMAGES | CUBES),
    ("FORMAT=application/x-votable%2Bxml;content=datalink", IMAGES | CUBES),
    ("FORMAT=application/x-votable%2Bxml; content=datalink", IMAGES | CUBES),
    ("FORMAT=application/fits", set()),
    ("UPLOAD=t,param:t&COMMENT=anything", IMAGES | CUBES),
    ("POS=&BAND=", IMAGES | CUBES),
]


@pytest.mark.parametrize(("query", "expected"), CASES, ids=[case[0] or "nothing" for case in CASES])
def test_rows(images, query, expected):
    pairs = [tuple(pair.split("=", 1)) for pair in query.split("&") if pair]
    assert found(images, *((name, value.replace("%2B", "+")) for name, value in pairs)) == expected


def test_post_asks_the_same(images):
    asked = {"POS": "CIRCLE 10 20 0.1"}
    by_get = images.get("/sia2/query", params=asked)
    assert images.post("/sia2/query", data=asked).content == by_get.content
    assert images.post("/sia2/query", files={"POS": (None, asked["POS"])}).content == by_get.content
