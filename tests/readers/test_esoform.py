"""Proposals in LaTeX: accents, macros and their arguments, tolerantly; nothing is executed."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from archive.errors import UnreadableFile
from ingest.readers.esoform import esoform
from ingest.readers.identifiers import find_programme, period_of, programme_of, run_of
from ingest.readers.tex import Macro, macros, plain
from tests.readers.mangling import survives, truncated
from tests.readers.phase1_documents import ESOFORM
from tests.readers.phase2_support import given, read, rows_of

NAME = "089.D-0123.tex"


def _rows(folder: Path, table: str, text: str = ESOFORM) -> list[dict[str, Any]]:
    return rows_of(read(esoform, folder, text, NAME), table)


@pytest.mark.parametrize(
    ("tex", "text"),
    [
        (r"Fran\c{c}ois", "François"),
        (r"{\"u}ber", "über"),
        (r"\"{u}ber", "über"),
        (r"\"uber", "über"),
        (r"\v{C}ern\'y", "Černý"),
        (r"\v Cern\' y", "Černý"),
        (r"Stra\ss e, Stra{\ss}e", "Straße, Straße"),
        (r"\O stlin \AA ngstr\"om", "Østlin Ångström"),
        (r"Garc{\'\i}a", "García"),
        (r"Erd\H{o}s, Ko\l{}o, \k{a}\d{h}\r{u}", "Erdős, Koło, ąḥů"),
        (r"a~b--c---d", "a b–c—d"),
        (r"$\alpha$~Cen at 5$\degr$", "α Cen at 5°"),
        (r"\textbf{bold {\it both}}", "bold both"),
        (r"100\% \& \#1 \_ \{x\} \$", "100% & #1 _ {x} $"),
        (r"``quoted'' don't", "“quoted” don't"),
        (r"one\\two\,three\-four", "one two threefour"),
        (r"\~{} and \^{}", "~ and ^"),
        ("東京 \\unknown{kept}", "東京 kept"),
        ("trailing \\", "trailing \\"),
        (r"\'", ""),
    ],
)
def test_texts_become_unicode(tex: str, text: str) -> None:
    assert plain(tex) == text


def test_macros_have_their_arguments_wherever_lines_break() -> None:
    text = (
        "%\\No{1}\n\\A{x {y} 50\\% % gone }\n}[opt]\n  {z}%\n{w}\n"
        "\\B \\C{}{\\D{1}}\n{\\E{2}}\\end{document}\\F{3}"
    )
    assert list(macros(text)) == [
        Macro("A", ("x {y} 50\\% \n", "z", "w"), 2),
        Macro("B", (), 6),
        Macro("C", ("", "\\D{1}", "\\E{2}"), 6),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\\A{x\n\\B{y}", "the brace in line 1 is never closed"),
        ("{" * 100 + "}" * 100, "more than 50 braces within each other"),
        ("x" * 3_000_000, "TeX of 3000000 characters"),
    ],
)
def test_what_is_no_form_is_refused(text: str, message: str) -> None:
    with pytest.raises(UnreadableFile, match=message):
        list(macros(text))


@pytest.mark.parametrize(
    ("run", "programme", "period"),
    [
        ("116.20AB.001", "116.20AB", 116),
        ("084.B-0123(A)", "084.B-0123", 84),
        ("0109.C-0001(B)", "0109.C-0001", 109),
        ("184.A-0001(C)", "184.A-0001", 84),
        ("60.A-9253(M)", "60.A-9253", 60),
        ("089.D-0123(A/alt)", "089.D-0123", 89),
        ("Zeitplan", None, None),
    ],
)
def test_runs_tell_programme_and_period(run: str, programme: str | None, period: int | None) -> None:
    assert (programme_of(run), period_of(run)) == (programme, period)
    assert find_programme(f"scan of {run}.tex") == programme


def test_runs_are_named_after_their_programme() -> None:
    assert run_of("116.20AB", 2) == "116.20AB.002"
    assert run_of("084.B-0123", 2) == "084.B-0123(B)"
    assert run_of("084.B-0123", 1, "C") == "084.B-0123(C)"


def test_a_form_becomes_a_programme(tmp_path: Path) -> None:
    assert _rows(tmp_path, "dfs.programme") == [
        {
            "programme_id": "089.D-0123",
            "period": 89,
            "cycle": "89A",
            "title": "The Hα line of über-giants: naïve – or not?",
            "programme_type": "Normal",
            "category": "D4",
            "pi_name": "TBRAHE",
        }
    ]


def test_the_abstract_and_the_account_are_rows_of_their_own(tmp_path: Path) -> None:
    assert _rows(tmp_path, "dfs.abstract") == [
        {
            "programme_id": "089.D-0123",
            "abstract": "We ask for 100% of the time within braces and braces.",
        }
    ]
    assert _rows(tmp_path, "dfs.investigator_account") == [
        {"programme_id": "089.D-0123", "investigator_number": 1, "account_name": "TBRAHE"}
    ]


def test_investigators_have_names_in_any_script(tmp_path: Path) -> None:
    people = _rows(tmp_path, "dfs.investigator")
    assert [(one["investigator_role"], one["full_name"]) for one in people] == [
        ("PI", "TBRAHE"),
        ("CoI", "J. Černý"),
        ("CoI", "Ø. Müller-Straße"),
        ("CoI", "García, Á."),
    ]
    assert people[1]["institute_code"] == "1597"
    assert (people[3]["institute"], people[3]["country"]) == ("Université de Liège", "B")


def test_runs_with_and_without_all_arguments(tmp_path: Path) -> None:
    first, second, third = _rows(tmp_path, "dfs.run")
    assert first == {
        "programme_id": "089.D-0123",
        "run_id": "089.D-0123(A)",
        "period": 89,
        "instrument": "FORS2",
        "observing_mode": "SM",
        "run_type": "Normal",
        "is_too": False,
        "time_requested": 12.0,
        "month_preferred": "feb",
        "moon": "d",
        "seeing": 0.8,
        "sky_transparency": "Clear",
    }
    assert (second["nights_requested"], second["run_type"], second["is_too"]) == (1.5, "ToO", True)
    assert (second["sky_transparency"], second["observing_mode"]) == ("Photometric", "VM")
    assert "seeing" not in second and "seeing" not in third
    assert "time_requested" not in third and "nights_requested" not in third


def test_setups_and_targets_belong_to_runs(tmp_path: Path) -> None:
    setups = _rows(tmp_path, "dfs.run_setup")
    assert [(one["setup_number"], one["instrument_mode"], one["setting"]) for one in setups] == [
        (1, "IMG", "v_HIGH"),
        (2, "LSS", "GRIS_300V"),
    ]
    targets = _rows(tmp_path, "dfs.run_target")
    assert [(one["run_id"][-2], one["target_number"], one["target_name"]) for one in targets] == [
        ("A", 1, "NGC 104"),
        ("A", 2, "47 Tuc X–9"),
        ("B", 2, "47 Tuc X–9"),
        ("A", 3, "M 31"),
    ]
    assert (targets[0]["ra"], targets[0]["dec"]) == pytest.approx((6.023625, -72.081278), abs=1e-5)
    assert (targets[0]["magnitude"], targets[0]["magnitude_band"]) == (4.1, "V")
    assert (targets[0]["angular_size"], targets[0]["time_requested"]) == ("30 min", 2.0)
    assert (targets[0]["remarks"], targets[1]["magnitude"]) == ("a cluster; S000123", 16.0)
    assert targets[1]["dec"] == pytest.approx(-72.082778, abs=1e-5)


@pytest.mark.parametrize(
    ("time", "column", "amount"),
    [
        ("10h", "time_requested", 10.0),
        ("3n", "nights_requested", 3.0),
        ("2H1", "nights_requested", 1.0),
        ("5=2x2+1x1", "nights_requested", 5.0),
        ("4.5n=3x1.5", "nights_requested", 4.5),
    ],
)
def test_times_of_visitors_have_halves_of_nights_and_parts(
    tmp_path: Path, time: str, column: str, amount: float
) -> None:
    text = f"\\ObservingRun{{A}}{{92}}{{SOFI}}{{{time}}}{{nov}}{{g}}{{$\\leq$ 0.8}}{{CLR}}{{v}}{{RRM}}"
    (run,) = _rows(tmp_path, "dfs.run", text)
    assert run[column] == amount
    assert (run["seeing"], run["is_too"]) == (0.8, True)


@pytest.mark.parametrize(
    ("ra", "dec"),
    [
        (r"03h32m28.5s", r"-27d48m30.5s"),
        (r"03$^{\rm h}$32$^{\rm m}$28$\fs$5", r"$-$27\degr 48\arcmin 30\farcs5"),
        (r"03 32 28.5", r"$-$27$^{\circ}$48$'$30.5$''$"),
        (r"03:32:28.5", r"--27:48:30.5"),
    ],
)
def test_positions_as_they_are_written_in_papers(tmp_path: Path, ra: str, dec: str) -> None:
    text = rf"\ObservingRun{{A}}\Target{{A}}{{X}}{{{ra}}}{{{dec}}}{{1}}{{V=6.7 mag}}{{21\farcm9}}{{}}{{}}"
    (target,) = _rows(tmp_path, "dfs.run_target", text)
    assert (target["ra"], target["dec"]) == pytest.approx((53.11875, -27.808472), abs=1e-6)
    assert (target["magnitude"], target["angular_size"]) == (6.7, "21′.9")


def test_the_position_of_what_is_not_known_yet_is_none(tmp_path: Path) -> None:
    text = r"\ObservingRun{A}\Target{A}{any GRB}{00 00 00}{00 00 00}{0.5}{}{}{}{}"
    (target,) = _rows(tmp_path, "dfs.run_target", text)
    assert "ra" not in target and "dec" not in target


def test_what_was_passed_over_is_told(tmp_path: Path) -> None:
    input = given(tmp_path, NAME, ESOFORM)
    assert len(list(esoform.reader(input))) > 0
    assert input.problems == [
        r"line 13, \ObservingRun: 'soon' is no time as 12h or 3n",
        r"line 26: \FancyMacro is not of the form, and passed over",
        r"line 24, \Target: 'Z' is no run of this proposal",
    ]


def test_the_name_of_the_file_has_to_tell_the_programme(tmp_path: Path) -> None:
    with pytest.raises(UnreadableFile, match=r"mine.tex: .* which programme it became; name the file after"):
        read(esoform, tmp_path, ESOFORM, "mine.tex")


def test_other_latex_is_not_taken_and_not_read(tmp_path: Path) -> None:
    assert esoform.accepts.looks is not None
    assert esoform.accepts.looks(ESOFORM.encode())
    assert not esoform.accepts.looks(b"\\documentclass{article}")
    with pytest.raises(UnreadableFile, match="none of the macros of esoform"):
        read(esoform, tmp_path, "\\documentclass{article}\\begin{document}Hello\\end{document}", NAME)


def test_truncated_forms_are_refused_or_read(tmp_path: Path) -> None:
    outcomes = [survives(esoform, tmp_path, part, NAME) for part in truncated(ESOFORM.encode(), 5)]
    assert {True, False} == set(outcomes)


def test_forms_with_any_character_anywhere_are_refused_or_read(tmp_path: Path) -> None:
    for place in range(0, len(ESOFORM), 79):
        for inserted in ("{", "}", "\\", "%", "\0", "$", "\\def\\x{\\x}\\x", "\\'", "東"):
            survives(esoform, tmp_path, ESOFORM[:place] + inserted + ESOFORM[place:], NAME)


@pytest.mark.parametrize(
    "text",
    [
        "\\" * 1_000_000,
        "%" * 1_000_000,
        "\\Title{" + "\\'" * 200_000 + "}",
        "\\Title" + "{}" * 150_000,
        "\\Title" + " " * 1_000_000 + "{x}",
        "\\Title[" * 100_000,
        "\\Target{A}" * 10_000 + "\\ObservingRun{A}",
        "\\INSconfig{A}{x}{y}{z}\n" * 10_000 + "\\ObservingRun{A}",
        "\\x{}" * 40_000,
        "\\PI{" + "a" * 1_000_000 + "}",
        "-" * 1_000_000 + "`" * 500_000,
        "\\Target{" + "A" * 1_000_000 + "}\\ObservingRun{A}",
    ],
    ids=range(12),
)
def test_hostile_tex_takes_bounded_time(tmp_path: Path, text: str) -> None:
    started = time.process_time()
    survives(esoform, tmp_path, text, NAME)
    assert time.process_time() - started < 10


def test_definitions_are_not_expanded(tmp_path: Path) -> None:
    bomb = (
        "\\def\\aa{\\bb\\bb}\\def\\bb{\\aa\\aa}\\input{/etc/passwd}\\write18{rm}"
        "\\Title{\\bb\\zz x}\\ObservingRun{A}"
    )
    (row,) = _rows(tmp_path, "dfs.programme", bomb)
    assert row["title"] == "x"
