"""Phase 1: observing programmes and their investigators; their runs are in `runs`.

What the observatory decided about them is in `allocation`. Names and institutes of people are what files and
papers have as well; their addresses are for operators only, and telephone numbers are not archived.
"""

from __future__ import annotations

from dataclasses import replace

from ..columns import Column
from ..histories import history_table
from ..semantics import UTC
from ..tables import Example, Key, Table
from ..types import INTEGER, LONG, TEXT, TIMESTAMP
from . import runs
from .joins import OF_PROGRAMME, PERIOD, PROGRAMME_ID
from .runs import CONDITIONS, RUN, RUN_SETUP, RUN_TARGET

__all__ = [
    "ABSTRACT",
    "CONDITIONS",
    "INVESTIGATOR",
    "INVESTIGATOR_ACCOUNT",
    "PROGRAMME",
    "RUN",
    "RUN_SETUP",
    "RUN_TARGET",
    "TABLES",
]

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
        Column("orcid", TEXT, ucd="meta.ref.orcid", indexed=True, description="ORCID, if it was given"),
    ),
    description="Who proposed the programmes",
    title="Investigators",
    primary_key=("programme_id", "investigator_number"),
    whole=("programme_id",),
    keys=(OF_PROGRAMME,),
)

INVESTIGATOR_ACCOUNT = Table(
    "dfs.investigator_account",
    columns=(
        _PROGRAMME_ID,
        replace(INVESTIGATOR.by_name["investigator_number"], description="Their number in dfs.investigator"),
        Column(
            "email",
            TEXT,
            ucd="meta.email",
            indexed=True,
            principal=True,
            description="Address as the proposal has it, in small letters: an account that has proven the "
            "address to be its own has the rights of the investigator",
        ),
        Column(
            "account_name",
            TEXT,
            ucd="meta.id",
            principal=True,
            description="Name of an account at the observatory, as the proposal has it; it gives no rights",
        ),
    ),
    description="How the investigators are known as users: addresses and names of accounts",
    title="Accounts of investigators",
    primary_key=("programme_id", "investigator_number"),
    whole=("programme_id",),
    keys=(
        OF_PROGRAMME,
        Key(
            ("programme_id", "investigator_number"),
            "dfs.investigator",
            ("programme_id", "investigator_number"),
            "The investigator",
        ),
    ),
    restricted=True,
)

ABSTRACT = Table(
    "dfs.abstract",
    columns=(
        _PROGRAMME_ID,
        Column(
            "abstract",
            TEXT,
            ucd="meta.abstract;obs.proposal",
            nullable=False,
            principal=True,
            description="Abstract of the proposal",
        ),
    ),
    description="Abstracts of the proposals. Each is hidden from all but the investigators until the last "
    "data of its programme are public, and where there are none yet",
    title="Abstracts",
    primary_key=("programme_id",),
    whole=("programme_id",),
    keys=(OF_PROGRAMME,),
    hides="programme_id",
    hidden_at_first=True,
)

TABLES: tuple[Table, ...] = (
    PROGRAMME,
    history_table(PROGRAMME, "Every version of what a programme was, with the time from which it was so"),
    ABSTRACT,
    INVESTIGATOR,
    INVESTIGATOR_ACCOUNT,
    *runs.TABLES,
)
