"""Phase 1: observing programmes and their investigators; their runs are in `runs`.

What the observatory decided about them is in `allocation`. Addresses and telephone numbers of people are not
archived: names and institutes are what files and papers have as well.
"""

from __future__ import annotations

from dataclasses import replace

from ..columns import Column
from ..histories import history_table
from ..semantics import UTC
from ..tables import Example, Table
from ..types import INTEGER, LONG, TEXT, TIMESTAMP
from . import runs
from .joins import OF_PROGRAMME, PERIOD, PROGRAMME_ID
from .runs import CONDITIONS, RUN, RUN_SETUP, RUN_TARGET

__all__ = ["CONDITIONS", "INVESTIGATOR", "PROGRAMME", "RUN", "RUN_SETUP", "RUN_TARGET", "TABLES"]

_PROGRAMME_ID = replace(PROGRAMME_ID, nullable=False)

PROGRAMME = Table(
    "dfs.programme",
    columns=(
        _PROGRAMME_ID,
        replace(PERIOD, description="Observing period of the call for proposals, such as 116"),
        Column(
            "cycle",
            TEXT,
            ucd="meta.id;obs.proposal.cycle",
            description="The call for proposals as the observatory names it, such as 89A",
        ),
        Column(
            "title",
            TEXT,
            ucd="meta.title;obs.proposal",
            principal=True,
            description="Title of the proposal",
        ),
        Column(
            "programme_type",
            TEXT,
            ucd="meta.code.class;obs.proposal",
            indexed=True,
            principal=True,
            description="Normal, Large, GTO, DDT, ToO, Calibration, Monitoring, Short, ...",
        ),
        Column(
            "category",
            TEXT,
            ucd="meta.code.class;obs.proposal",
            indexed=True,
            description="Scientific category, such as A1: a letter for the field, a number for the topic",
        ),
        Column(
            "pi_name",
            TEXT,
            ucd="meta.id.PI;obs.proposal",
            indexed=True,
            principal=True,
            folded=True,
            description="Name of the principal investigator; everybody is in dfs.investigator",
        ),
        Column(
            "status",
            TEXT,
            ucd="meta.code.status;obs.proposal",
            description="What state the proposal is in, as the proposal tool says: Submitted, Accepted, ...",
        ),
        Column(
            "submitted",
            TIMESTAMP,
            ucd="time.creation;obs.proposal",
            timesys=UTC,
            indexed=True,
            description="When the proposal was submitted, UTC",
        ),
        Column(
            "abstract",
            TEXT,
            ucd="meta.abstract;obs.proposal",
            description="Abstract; restricted until the proprietary time of the data ends",
        ),
        Column(
            "p1_proposal_id",
            LONG,
            ucd="meta.id;obs.proposal",
            indexed=True,
            description="Number that the proposal tool (p1) gives the proposal",
        ),
    ),
    description="Observing programmes as they were proposed",
    title="Programmes",
    primary_key=("programme_id",),
    covering=((("programme_id",), ("pi_name",)),),
    history="dfs.programme_version",
    examples=(
        Example(
            "programme-targets",
            "Which targets does a programme observe, with which instrument?",
            "SELECT p.programme_id, p.pi_name, r.run_id, r.instrument, t.target_name, t.ra, t.dec\n"
            "FROM dfs.programme AS p\nJOIN dfs.run AS r ON r.programme_id = p.programme_id\n"
            "JOIN dfs.run_target AS t ON t.run_id = r.run_id\nWHERE p.period = 116",
        ),
    ),
)

INVESTIGATOR = Table(
    "dfs.investigator",
    columns=(
        _PROGRAMME_ID,
        Column(
            "investigator_number",
            INTEGER,
            ucd="meta.number;obs.proposal",
            nullable=False,
            description="Place in the proposal's list, from 1; the principal investigator is the first",
        ),
        Column(
            "investigator_role",
            TEXT,
            ucd="meta.code.class;obs.proposal",
            nullable=False,
            principal=True,
            description="PI, dPI (has the rights of the PI by delegation) or CoI",
        ),
        Column(
            "full_name",
            TEXT,
            ucd="meta.bib.author",
            nullable=False,
            indexed=True,
            principal=True,
            folded=True,
            description="Name as the proposal has it, in any script; for the principal investigators of "
            "proposals in LaTeX it may be the name of an account",
        ),
        Column("first_name", TEXT, ucd="meta.bib.author", description="First names or initials"),
        Column("last_name", TEXT, ucd="meta.bib.author", folded=True, description="Surname"),
        Column(
            "institute",
            TEXT,
            ucd="meta.title;meta.curation",
            principal=True,
            folded=True,
            description="Institute, in any script",
        ),
        Column(
            "institute_code",
            TEXT,
            ucd="meta.id;meta.curation",
            description="Number of the institute in the observatory's list",
        ),
        Column(
            "country",
            TEXT,
            ucd="meta.code;meta.curation",
            indexed=True,
            description="Country of the institute, as the proposal has it",
        ),
        Column("orcid", TEXT, ucd="meta.ref.orcid", description="ORCID, if it was given"),
    ),
    description="Who proposed the programmes; addresses are not archived",
    title="Investigators",
    primary_key=("programme_id", "investigator_number"),
    whole=("programme_id",),
    keys=(OF_PROGRAMME,),
)

TABLES: tuple[Table, ...] = (
    PROGRAMME,
    history_table(PROGRAMME, "Every version of what a programme was, with the time from which it was so"),
    INVESTIGATOR,
    *runs.TABLES,
)
