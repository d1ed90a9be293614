"""Simulated seasons: the same for a seed, and such as an observatory has them; astropy tells of the sky."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import date
from itertools import pairwise
from pathlib import Path

import astropy.units as u
import numpy as np
import pytest
from astropy.coordinates import AltAz, EarthLocation, SkyCoord, get_body
from astropy.time import Time
from astropy.utils import iers

from archive.config import Config
from archive.declare.dataflow.statuses import ObStatus, is_possible_step
from archive.errors import UnreadableFile
from archive.plugins import Ingest
from archive.testing.archives import input_of
from frontdesk.cli import parser
from frontdesk.simulate_command import simulate
from ingest import BUILTIN
from ingest.simulator import Season, seasons
from ingest.simulator.documents import documents
from ingest.simulator.engine.calibrating import PLAN, For, When
from ingest.simulator.engine.climate import climate, weather_of
from ingest.simulator.engine.observing import SUN
from ingest.simulator.engine.periods import period_of
from ingest.simulator.observatory import PARANAL, Exposure
from ingest.simulator.season import Execution
from ingest.simulator.times import dp_id
from ingest.simulator.wishes import Container, Kind

SEED = 1608  # in its five nights everything happens


@pytest.fixture(scope="module")
def season() -> Season:
    [one] = seasons(SEED, 5)
    return one


def executions(season: Season) -> list[Execution]:
    return [one for night in season.nights for one in night.executions]


def frames(season: Season, category: str = "SCIENCE") -> list[Exposure]:
    return [one for night in season.nights for one in night.exposures if one.category == category]


def test_a_seed_gives_the_same_documents_and_another_seed_others() -> None:
    one, again, other = (dict(documents(*seasons(seed, 2))) for seed in (SEED, SEED, SEED + 1))
    assert one == again
    assert not one.keys() & {name for name, text in other.items() if one.get(name) == text and "run_" in name}


def test_a_period_does_not_depend_on_what_comes_before_it() -> None:
    both = list(seasons(SEED, 3, date(2026, 4, 30)))
    assert [(one.period, len(one.nights)) for one in both] == [(116, 1), (117, 2)]
    [alone] = seasons(SEED, 2, date(2026, 5, 1))
    assert dict(documents(both[1])) == dict(documents(alone))


@pytest.mark.parametrize(
    ("evening", "number"),
    [
        ((1999, 4, 1), 63),
        ((2015, 9, 30), 95),
        ((2024, 4, 1), 113),
        ((2025, 9, 30), 115),
        ((2026, 4, 30), 116),
        ((2026, 5, 1), 117),
        ((2028, 4, 30), 118),
    ],
)
def test_periods_are_those_of_eso(evening: tuple[int, int, int], number: int) -> None:
    assert period_of(date(*evening)).number == number


def test_blocks_are_executed_when_their_targets_are_high_in_a_dark_sky(season: Season) -> None:
    wishes = {wish.block: wish for wish in season.wishes}
    scripts = [[one for part in own.taken for one in part.exposures] for own in executions(season)]
    taken = [one for script in scripts if script for one in (script[0], script[-1])]
    starts = np.array([one.start for one in taken] + [one.end for one in taken])
    at = EarthLocation(lon=PARANAL.longitude * u.deg, lat=PARANAL.latitude * u.deg, height=2635 * u.m)
    with iers.conf.set_temp("auto_download", False):
        times = Time(starts, format="mjd")
        sky = AltAz(obstime=times, location=at)
        sun, moon = (get_body(name, times, at).transform_to(sky) for name in ("sun", "moon"))
        places = [(one.block.target.ra, one.block.target.dec) for one in taken if one.block] * 2
        targets = SkyCoord(*np.array(places).T, unit="deg")
        seen = targets.transform_to(sky)
    asked = [wishes[one.block] for one in taken if one.block] * 2
    lowest = np.array([1 / wish.airmass for wish in asked])
    assert np.all(np.sin(seen.alt.rad) > lowest)
    assert np.all(sun.alt.deg < np.array([SUN[wish.setup.instrument] for wish in asked]) + 0.05)
    is_up = moon.alt.deg > 0
    assert is_up.any()
    assert np.all(seen.separation(moon).deg[is_up] > np.array([wish.moon_distance for wish in asked])[is_up])
    told = np.array([one.conditions.airmass for one in taken if one.conditions]).T.ravel()
    assert told == pytest.approx(1 / np.sin(seen.alt.rad), rel=2e-3)


def test_blocks_are_executed_within_their_intervals_and_as_far_as_they_asked_for(season: Season) -> None:
    for night in season.nights:
        for ranking in night.rankings:
            [chosen] = [
                one
                for one in night.executions
                if one.start == ranking.start and one.wish.setup.instrument == ranking.instrument
            ]
            first = ranking.offers[0]
            assert first.wish == chosen.wish and first.is_observable
            assert ranking.sky.seeing <= 1.1 * chosen.wish.seeing
            assert all(one.is_observable == (len(one.reasons) == 2) for one in ranking.offers)
    for execution in executions(season):
        assert all(start <= execution.start < execution.end <= end for start, end in execution.wish.windows)


def test_grades_follow_from_the_seeing_that_the_monitor_measured(season: Season) -> None:
    done = executions(season)
    for one in done:
        if one.grade == "A":
            assert one.seeing <= one.wish.seeing
        if one.status == "M":
            assert one.grade in "ABC" and season.histories[one.wish.block.id]
    assert {one.grade for one in done} >= {"A", "B", "C", "D", "X", "?"}
    assert all(np.isfinite(one.conditions.seeing).all() for one in frames(season) if one.conditions)


def test_what_was_of_no_use_is_executed_again(season: Season) -> None:
    by_block: dict[int, list[str]] = defaultdict(list)
    for one in executions(season):
        by_block[one.wish.block.id].append(one.status)
    assert all(set(before) <= set("AM") for *before, _ in by_block.values())
    assert any(len(statuses) > 1 and statuses[-1] == "C" for statuses in by_block.values())


def test_statuses_change_as_they_may(season: Season) -> None:
    modes = {run.run.id: run.mode for one in season.programmes for run in one.runs}
    numbers = {wish.block.id: wish for wish in season.wishes}
    assert season.histories.keys() == numbers.keys()
    for number, changes in season.histories.items():
        assert changes[0].before is None
        for before, after in pairwise(changes):
            assert before.time < after.time and before.after == after.before
            mode = modes[numbers[number].block.run.id]
            assert is_possible_step(ObStatus(before.after), ObStatus(after.after), mode)
    assert {changes[-1].after for changes in season.histories.values()} >= set("CPX+F")


def contained(container: Container) -> Iterator[Container]:
    yield container
    for link in container.links:
        if isinstance(link.of, Container):
            yield from contained(link.of)


def test_containers_of_all_kinds_are_kept_to(season: Season) -> None:
    everything = [one for folder in season.folders for one in contained(folder.container)]
    assert {one.kind for one in everything} == set(Kind)
    nested = {one.kind for each in everything for one in contained(each) if each.kind is Kind.GROUP}
    assert nested == {Kind.GROUP, Kind.CONCATENATION}
    done: dict[int, Execution] = {one.wish.block.id: one for one in executions(season) if one.status == "C"}
    followed = 0
    for one in everything:
        blocks = [block.id for block, _ in one.paths()]
        own = [done[block] for block in blocks if block in done]
        match one.kind:
            case Kind.GROUP:
                assert sum(link.contribution or 0 for link in one.links) == 100
            case Kind.CONCATENATION if own:
                assert len(own) == len(blocks)
                assert all(before.end == after.start for before, after in pairwise(own))
            case Kind.TIME_LINK:
                assert [one.wish.block.id for one in own] == blocks[: len(own)]
                for before, after in pairwise(own[:3]):
                    assert 0.5 <= after.start - before.end <= 3.1
                    followed += 1
            case _:
                pass
    assert followed


def test_instruments_take_one_frame_at_a_time(season: Season) -> None:
    every = [one for night in season.nights for one in night.exposures]
    assert len({dp_id(one) for one in every}) == len(every)
    arms = defaultdict(list)
    for one in every:
        arms[one.instrument, one.detector].append(one)
    for own in arms.values():
        assert all(before.end <= after.start for before, after in pairwise(own))


def test_what_was_used_is_calibrated_by_the_plan(season: Season) -> None:
    for night in season.nights:
        taken: Counter[tuple[str, str, str, float]] = Counter()
        for one in night.exposures:
            if one.category == "CALIB":
                taken[one.instrument, one.type, one.optics, one.exposure_time] += 1
        science = [one for one in night.exposures if one.category == "SCIENCE"]
        for plan in PLAN:
            if plan.when is not When.MORNING:
                continue
            own = [one for one in science if one.instrument == plan.instrument]
            match plan.each:
                case For.NIGHT:
                    wanted = {(plan.instrument, plan.type, "", plan.dit)}
                case For.OPTICS:
                    wanted = {(plan.instrument, plan.type, one.optics, plan.dit) for one in own}
                case For.EXPOSURE:
                    wanted = {(plan.instrument, plan.type, "", one.exposure_time) for one in own}
            assert all(taken[one] >= plan.count for one in wanted)
    standards = [one for one in frames(season, "CALIB") if one.type == "STD"]
    assert standards and all(
        one.block and one.conditions and one.conditions.airmass[0] < 2 for one in standards
    )


def test_transients_are_observed_after_their_trigger(season: Season) -> None:
    triggers = {one.block.id: one for one in season.triggers}
    assert {one.ivorn for one in season.triggers} <= {one.ivorn for one in season.events}
    observed = [one for one in executions(season) if one.wish.block.id in triggers]
    assert observed
    for one in observed:
        trigger = triggers[one.wish.block.id]
        assert trigger.time < one.start < one.end < trigger.latest


def test_weather_is_that_of_a_good_site() -> None:
    random = np.random.default_rng(SEED)
    nights = 60
    one = climate(random, nights)
    hours = [weather_of(random, one, night, 61161.0 + night, 500) for night in range(nights)]
    seeing = np.concatenate([each.told.seeing for each in hours])
    lost = float(np.mean(np.isnan(seeing)))
    assert 0.01 < lost < 0.3
    assert 0.6 < float(np.nanmedian(seeing)) < 0.85
    assert np.corrcoef(hours[0].wind[:-1], hours[0].wind[1:])[0, 1] > 0.9


def plugin_for(path: Path) -> Ingest:
    beginning = path.read_bytes()[: 64 << 10]
    for plugin in BUILTIN:
        looks = plugin.accepts.looks
        if plugin.accepts.may_take(path.name) and (looks is None or looks(beginning)):
            return plugin
    raise UnreadableFile(f"no plugin accepts {path.name}")


def some(told: dict[str, str]) -> dict[str, str]:
    """All documents, but of the night logs, which are many and alike, every fortieth."""
    logs = [name for name in told if name.endswith(".NL.txt")]
    return {name: text for name, text in told.items() if name not in logs or name in logs[::40]}


def test_documents_are_read_and_refer_to_each_other(season: Season, tmp_path: Path) -> None:
    found: dict[str, set[object]] = defaultdict(set)
    for name, text in some(dict(documents(season))).items():
        path = tmp_path / name
        path.write_text(text, "utf-8")
        plugin = plugin_for(path)
        given = input_of(path, plugin)
        for record in plugin.reader(given):
            for column, value in zip(record.table.by_name, record.values, strict=True):
                found[f"{record.table.name}.{column}"].add(value)
        assert list(given.problems) == [], path.name
    names = {dp_id(one) for night in season.nights for one in night.exposures}
    assert found["dfs.night_log.dp_id"] < found["dfs.execution_file.dp_id"] < names
    assert found["dfs.ob.ob_id"] == {wish.block.id for wish in season.wishes}
    assert found["dfs.execution.ob_id"] | found["dfs.ranked_ob.ob_id"] < found["dfs.ob.ob_id"]
    assert found["dfs.run.run_id"] == found["dfs.outcome.run_id"] == found["dfs.p2_run.run_id"]
    assert found["dfs.execution.run_id"] <= found["dfs.run.run_id"]
    assert found["dfs.time_slot.slot_mode"] == {"Service", "Visitor"}


def test_the_command_writes_what_it_is_asked_for(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["simulate", str(tmp_path), "--nights", "1", "--seed", "3", "--from", "2003-08-13"]
    assert simulate(Config(), parser().parse_args([*asked, "--without-frames"])) == 0
    files = {path.name: path.read_text("utf-8") for path in (tmp_path / "documents").iterdir()}
    assert files == dict(documents(*seasons(3, 1, date(2003, 8, 13))))
    # Of a period before 105.
    assert any(re.fullmatch(r"071\.[A-D]-0001\.p1\.json", name) for name in files)
    assert capsys.readouterr().out.startswith(f"0 frames and {len(files)} documents written")
    assert not (tmp_path / "raw").exists()


@pytest.mark.parametrize(
    ("option", "value"),
    [("--nights", "4001"), ("--seed", "-1"), ("--from", "1572-11-11"), ("--from", "soon")],
)
def test_the_command_tells_what_cannot_be_simulated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], option: str, value: str
) -> None:
    with pytest.raises(SystemExit) as stopped:
        parser().parse_args(["simulate", str(tmp_path / "none"), option, value])
    assert stopped.value.code == 2
    assert option in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
