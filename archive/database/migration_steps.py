"""The steps from a table that is there to the one that is declared: what each does, in words and in SQL.

Nothing here asks the database anything; what has to be known of the rows comes in `Facts`. Which steps are
taken, and when, is decided in `migration`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

from psycopg import sql

from ..declare.names import quote_identifier
from ..declare.tables import HIDDEN_FOR, HIDDEN_UNTIL
from .migration_shapes import Constraint, Name, Shape, StoredColumn

__all__ = ["ALL", "SAFE", "START", "Facts", "Phase", "Step", "Terms", "steps"]

_BIG = 256 << 20  # bytes; less is read, written or indexed in some seconds


class Phase(IntEnum):
    """The order of steps over all tables: what others stand on comes later, when they are out of the way."""

    TABLE = 0  # new ones; made by `publication`
    UNINDEX = 1
    UNLINK = 2
    UNCONSTRAIN = 3
    RELEASE = 4
    REMOVE = 5
    ADD = 6
    TYPE = 7
    VALUES = 8
    CONSTRAIN = 9
    INDEX = 10
    DESCRIBE = 11
    LINK = 12
    DROP = 13


@dataclass(frozen=True, slots=True)
class Step:
    """One change of one table.

    `destructive`: values or rows are lost, or what makes them unique changes. `long`: a big table is read or
    written whole. `needed`: without it this version of the archive cannot work with the table. `apart`: not
    in the transaction of the others, since readers and writers shall go on meanwhile; such a step may be
    interrupted and done again. `locking`: nobody else can use the table from then on until the end.
    `table` is what people call it, `stored` what PostgreSQL does.
    """

    table: str
    stored: Name
    phase: Phase
    words: str
    statements: tuple[str, ...] = ()
    destructive: bool = False
    long: bool = False
    needed: bool = True
    apart: bool = False
    locking: bool = True


@dataclass(frozen=True, slots=True)
class Terms:
    """Which steps may be taken. A table of more than `big` bytes is a big one."""

    destructive: bool
    long: bool
    big: int = _BIG

    def allow(self, step: Step) -> bool:
        return not (
            step.apart or (step.destructive and not self.destructive) or (step.long and not self.long)
        )


START = Terms(destructive=False, long=False)
SAFE = Terms(destructive=False, long=True)
ALL = Terms(destructive=True, long=True)


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of a table's rows. `nulls` counts those without a value in a column, `rows` all.

    `private` tables are the archive's own bookkeeping, whose indexes and constraints are nobody else's;
    of a published table `indexes` are those that the archive has made.
    """

    empty: bool
    big: bool
    rows: Callable[[], int]
    nulls: Callable[[str], int]
    private: bool = False
    indexes: frozenset[str] = frozenset()


# Every value of the first is one of the second too, digit by digit.
_WIDER = {
    "smallint": {"integer", "bigint", "real", "double precision"},
    "integer": {"bigint", "double precision"},
    "real": {"double precision"},
}
_NUMBERS = {"smallint", "integer", "bigint", "real", "double precision", "numeric"}


def steps(table: str, name: Name, wanted: Shape, there: Shape, facts: Facts) -> Iterator[Step]:
    """`table` is what people call it, `name` what PostgreSQL does."""
    return _Comparison(table, name, wanted, there, facts).steps()


@dataclass(frozen=True)
class _Comparison:
    table: str
    name: Name
    wanted: Shape
    there: Shape
    facts: Facts

    def steps(self) -> Iterator[Step]:
        yield from self._undeclared_columns()
        yield from self._new_columns()
        for column in self.wanted.columns:
            if column in self.there.columns:
                yield from self._column(column)
        yield from self._primary_key()
        yield from self._constraints()
        yield from self._indexes()
        yield from self._comments()

    @property
    def _qualified(self) -> str:
        return ".".join(quote_identifier(part) for part in self.name)

    def _alter(self, *actions: str) -> str:
        return f"ALTER TABLE {self._qualified} {', '.join(actions)}"

    def _step(
        self,
        phase: Phase,
        words: str,
        statements: tuple[str, ...],
        *,
        destructive: bool = False,
        long: bool = False,
        needed: bool = True,
        apart: bool = False,
        locking: bool = True,
    ) -> Step:
        return Step(
            self.table, self.name, phase, words, statements, destructive, long, needed, apart, locking
        )  # fmt: skip

    def _loses(self) -> bool:
        """Whether there is anything to lose."""
        return not self.facts.empty

    # --- columns ------------------------------------------------------------------------------------------

    def _undeclared_columns(self) -> Iterator[Step]:
        gone = {name: c for name, c in self.there.columns.items() if name not in self.wanted.columns}
        for name, column in gone.items():
            quoted = quote_identifier(name)
            if not column.nullable and not column.default and not column.identity:
                yield self._step(
                    Phase.RELEASE,
                    f"column {name} may stay empty, as it is not declared any more",
                    (self._alter(f"ALTER COLUMN {quoted} DROP NOT NULL"),),
                )
        if gone:
            one = len(gone) == 1
            yield self._step(
                Phase.REMOVE,
                f"{_columns(gone)} not declared any more: {'it is' if one else 'they are'} removed with"
                f" {'its' if one else 'their'} values",
                (self._alter(*(f"DROP COLUMN {quote_identifier(name)}" for name in gone)),),
                destructive=self._loses(),
                needed=False,
            )

    def _new_columns(self) -> Iterator[Step]:
        new = {name: c for name, c in self.wanted.columns.items() if name not in self.there.columns}
        free = {name: c for name, c in new.items() if c.nullable or c.default or c.identity}
        if free:
            blind = [name for name in free if self._loses() and self._was_text(name)]
            unfound = "; rows that are there are not found by it until they are written anew" if blind else ""
            yield self._step(
                Phase.ADD,
                f"{_columns(free)} added{unfound}",
                (
                    self._alter(*(_addition(name, column) for name, column in free.items())),
                    *self._known(free),
                ),
                long=self.facts.big and any(column.identity for column in free.values()),
            )
        for name, column in new.items():
            if name in free:
                continue
            emptying = (f"DELETE FROM {self._qualified}",) if self._loses() else ()
            lost = f", which removes all {self.facts.rows():,} rows: none has a value" if emptying else ""
            yield self._step(
                Phase.ADD,
                f"column {name}, in which every row needs a value, is added{lost}",
                (*emptying, self._alter(_addition(name, column))),
                destructive=self._loses(),
                long=self.facts.big,
            )

    def _known(self, new: Iterable[str]) -> tuple[str, ...]:
        """Where rows can be hidden every query asks for it, and the planner should know how many are."""
        names = [quote_identifier(name) for name in (HIDDEN_UNTIL, HIDDEN_FOR) if name in new]
        if self.facts.empty or not names:
            return ()
        return (f"ANALYZE {self._qualified} ({', '.join(names)})",)

    def _was_text(self, name: str) -> bool:
        """Whether it is the hidden part of a region, whose text is there already."""
        region, mark, part = name.rpartition("__")
        return bool(mark) and part == "bounds" and region in self.there.columns

    def _column(self, name: str) -> Iterator[Step]:
        wanted, there = self.wanted.columns[name], self.there.columns[name]
        if wanted.type != there.type:
            yield self._type(name, wanted, there)
        if wanted.nullable != there.nullable:
            yield self._mandatory(name, wanted.nullable)
        if (wanted.default, wanted.identity) != (there.default, there.identity):
            quoted = quote_identifier(name)
            yield self._step(
                Phase.VALUES,
                f"column {name} gets {_said_default(wanted)} when none is given",
                (self._alter(*(f"ALTER COLUMN {quoted} {action}" for action in _default(wanted, there))),),
            )

    def _type(self, name: str, wanted: StoredColumn, there: StoredColumn) -> Step:
        quoted = quote_identifier(name)
        widened = _is_wider(there.type, wanted.type)
        words = f"column {name} becomes {wanted.type} instead of {there.type}"
        if self.facts.empty:
            conversion = f" USING NULL::{wanted.type}"
        elif _element(wanted.type) in _NUMBERS and _element(there.type) in _NUMBERS:
            conversion = ""
        else:
            conversion = f" USING {quoted}::text::{wanted.type}"
        if not widened and self._loses():
            words += "; values are rounded or written anew, and one that does not fit stops everything"
        actions = [f"ALTER COLUMN {quoted} TYPE {wanted.type}{conversion}"]
        if there.default:
            # A default of the old type may not be one of the new.
            actions.insert(0, f"ALTER COLUMN {quoted} DROP DEFAULT")
            actions += [f"ALTER COLUMN {quoted} SET DEFAULT {wanted.default}"] if wanted.default else []
        return self._step(
            Phase.TYPE,
            words,
            tuple(self._alter(action) for action in actions),
            destructive=not widened and self._loses(),
            long=self.facts.big,
        )

    def _mandatory(self, name: str, nullable: bool) -> Step:
        quoted = quote_identifier(name)
        if nullable:
            return self._step(
                Phase.RELEASE,
                f"column {name} may be NULL",
                (self._alter(f"ALTER COLUMN {quoted} DROP NOT NULL"),),
            )
        lacking = self.facts.nulls(name)
        removal = f"DELETE FROM {self._qualified} WHERE {quoted} IS NULL"
        lost = f", which removes {lacking:,} rows without one" if lacking else ""
        return self._step(
            Phase.VALUES,
            f"column {name} must have a value{lost}",
            (*([removal] if lacking else []), self._alter(f"ALTER COLUMN {quoted} SET NOT NULL")),
            destructive=lacking > 0,
            long=self.facts.big,
            needed=lacking > 0,
        )

    # --- constraints --------------------------------------------------------------------------------------

    def _primary_key(self) -> Iterator[Step]:
        wanted, there = _primary(self.wanted), _primary(self.there)
        if (wanted and wanted.definition) == (there and there.definition):
            return
        if there:
            yield self._unconstrained(there, destructive=self._loses())
        if wanted:
            yield self._step(
                Phase.CONSTRAIN,
                f"{wanted.definition} is made; rows that agree in it stop everything",
                (self._constraint(wanted),),
                destructive=self._loses(),
                long=self.facts.big,
            )

    def _constraint(self, constraint: Constraint) -> str:
        return self._alter(f"ADD CONSTRAINT {quote_identifier(constraint.name)} {constraint.definition}")

    def _unconstrained(self, constraint: Constraint, *, destructive: bool = False) -> Step:
        return self._step(
            Phase.UNLINK if constraint.kind == "f" else Phase.UNCONSTRAIN,
            f"{constraint.definition} is given up",
            (self._alter(f"DROP CONSTRAINT {quote_identifier(constraint.name)}"),),
            destructive=destructive,
        )

    def _constraints(self) -> Iterator[Step]:
        """All but the primary key; a published table has none of the archive's but keys."""
        kinds = {"f", "u", "c", "x"} if self.facts.private else {"f"}
        there = {c.definition: c for c in self.there.constraints if c.kind in kinds}
        wanted = {c.definition: c for c in self.wanted.constraints if c.kind in kinds}
        for definition, constraint in there.items():
            if definition not in wanted:
                yield self._unconstrained(constraint)
        for definition, constraint in wanted.items():
            if definition not in there:
                yield self._step(
                    Phase.LINK if constraint.kind == "f" else Phase.CONSTRAIN,
                    f"{definition} holds; rows that break it stop everything",
                    (self._constraint(constraint),),
                    long=self.facts.big,
                )

    # --- indexes and comments -----------------------------------------------------------------------------

    def _indexes(self) -> Iterator[Step]:
        for name in self.there.indexes:
            if name not in self.wanted.indexes and (self.facts.private or name in self.facts.indexes):
                yield self._step(
                    Phase.UNINDEX,
                    f"index {name}, which is not declared any more, is removed",
                    (self._unindex(name),),
                    needed=False,
                )
        for name, definition in self.wanted.indexes.items():
            if self.there.indexes.get(name) != definition:
                yield from self._index(name, definition)

    def _unindex(self, name: str, how: str = "") -> str:
        return f"DROP INDEX {how}{quote_identifier(self.name[0])}.{quote_identifier(name)}"

    def _index(self, name: str, definition: str) -> Iterator[Step]:
        stale = name in self.there.indexes
        words = f"index {name} is made{' anew' if stale else ''}"
        if self.facts.big and not self.facts.private:
            made = definition.replace(" INDEX ", " INDEX CONCURRENTLY ", 1)
            before = (self._unindex(name, "CONCURRENTLY "),) if stale else ()
            words += ", while the table is in use"
            yield self._step(
                Phase.INDEX, words, (*before, made), long=True, needed=False, apart=True,
                locking=False,
            )  # fmt: skip
            return
        if stale:
            removed = f"index {name}, which differs from the declared one, is removed"
            yield self._step(Phase.UNINDEX, removed, (self._unindex(name),))
        yield self._step(Phase.INDEX, words, (definition,), needed=False, locking=False)

    def _comments(self) -> Iterator[Step]:
        """For whoever looks with psql."""
        statements = []
        if self.wanted.comment != self.there.comment:
            statements.append(_comment(f"TABLE {self._qualified}", self.wanted.comment))
        for name, column in self.wanted.columns.items():
            there = self.there.columns.get(name)
            if column.comment != (there.comment if there else ""):
                what = f"COLUMN {self._qualified}.{quote_identifier(name)}"
                statements.append(_comment(what, column.comment))
        if statements:
            words = f"{len(statements)} comments are renewed" if statements[1:] else "a comment is renewed"
            yield self._step(
                Phase.DESCRIBE, words, tuple(statements), needed=False, locking=False
            )  # fmt: skip


def _columns(names: Iterable[str]) -> str:
    listed = list(names)
    return f"columns {', '.join(listed)} are" if listed[1:] else f"column {listed[0]} is"


def _addition(name: str, column: StoredColumn) -> str:
    parts = [f"ADD COLUMN {quote_identifier(name)} {column.type}"]
    parts += [f"DEFAULT {column.default}"] if column.default else []
    parts += [f"GENERATED {column.identity} AS IDENTITY"] if column.identity else []
    return " ".join(parts + ([] if column.nullable else ["NOT NULL"]))


def _default(wanted: StoredColumn, there: StoredColumn) -> Iterator[str]:
    if there.identity and there.identity != wanted.identity:
        yield "DROP IDENTITY"
    if there.default and not wanted.default:
        yield "DROP DEFAULT"
    if wanted.default and wanted.default != there.default:
        yield f"SET DEFAULT {wanted.default}"
    if wanted.identity and there.identity != wanted.identity:
        yield f"ADD GENERATED {wanted.identity} AS IDENTITY"


def _said_default(column: StoredColumn) -> str:
    return column.default or ("a number of its own" if column.identity else "NULL")


def _element(type_: str) -> str:
    return type_.removesuffix("[]")


def _is_wider(there: str, wanted: str) -> bool:
    if there.endswith("[]") != wanted.endswith("[]"):
        return False
    return _element(wanted) in _WIDER.get(_element(there), set())


def _primary(shape: Shape) -> Constraint | None:
    return next((constraint for constraint in shape.constraints if constraint.kind == "p"), None)


def _comment(what: str, text: str) -> str:
    return f"COMMENT ON {what} IS {sql.Literal(text).as_string(None) if text else 'NULL'}"
