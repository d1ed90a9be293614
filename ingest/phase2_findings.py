"""What follows from observation blocks and instrument packages just written: status changes, findings.

Readers see one input only; here the former state is known. Runs in the transaction that wrote the rows, so
that an input and what follows from it are there together or not at all.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice

import pyarrow as pa

from archive.access.hidden_rows import hide_named
from archive.database import lock_tables
from archive.declare.dataflow.packages import CONSTRAINTS, INSTRUMENT_PACKAGE
from archive.declare.dataflow.phase2 import OB, OB_FINDING, OB_STATUS
from archive.store import Connection

from .phase2_checks import Finding, Parameter, Rule, Setting, StatusChange, check_changes, check_settings

__all__ = ["follow_phase2"]

Batches = Mapping[str, Iterable[pa.RecordBatch]]
_Package = tuple[str, str]  # instrument and version
_Signatures = Mapping[str, Mapping[str, Parameter] | None]
_Found = tuple[int, Finding]

_OF_PACKAGE = "WHERE instrument = %s AND ip_version = %s"
_AT_ONCE = 500  # observation blocks that are checked together


def follow_phase2(connection: Connection, batches: Batches, moment: datetime) -> None:
    """`batches` are the rows that were written, by the names of their tables; `moment` is in UTC.

    Keeps a change for every observation block whose status is another than the last one kept, and what is
    found in all that the rows concern: those of an instrument package concern all that were made by it.
    """
    telling = _numbers(batches, OB_STATUS.name)
    written = _numbers(batches, OB.name)
    blocks = written | telling
    packages = _packages(batches)
    if not blocks and not packages:
        return
    # A block and its package may arrive at the same time, and whoever comes second has to see the other one.
    # Every input takes this lock after those of its own tables, so that no two wait for each other.
    lock_tables(connection, (OB_FINDING,))
    # A block that only a change is told of may be older in the archive than the change.
    _keep_changes(connection, written, telling, moment)
    for package in sorted(packages):
        made_by_it = connection.execute(f"SELECT ob_id FROM dfs.ob {_OF_PACKAGE}", package)
        blocks.update(row[0] for row in made_by_it)
    remaining = iter(sorted(blocks))
    while some := list(islice(remaining, _AT_ONCE)):
        _keep_findings(connection, some, set(_findings(connection, some)), moment)


def _numbers(batches: Batches, table: str) -> set[int]:
    return {ob_id for batch in batches.get(table, ()) for ob_id in batch.column("ob_id").to_pylist()}


def _packages(batches: Batches) -> set[_Package]:
    return {
        (row["instrument"], row["ip_version"])
        for batch in batches.get(INSTRUMENT_PACKAGE.name, ())
        for row in batch.select(["instrument", "ip_version"]).to_pylist()
    }


def _keep_changes(connection: Connection, blocks: set[int], telling: set[int], moment: datetime) -> None:
    """`telling` are blocks whose input told the changes itself, so that the last of those counts."""
    connection.execute(
        "INSERT INTO dfs.ob_status (ob_id, changed, from_status, to_status, is_stated)"
        " SELECT ob.ob_id, %(moment)s, last.to_status, ob.ob_status, false FROM dfs.ob AS ob"
        " LEFT JOIN LATERAL (SELECT to_status FROM dfs.ob_status AS kept WHERE kept.ob_id = ob.ob_id"
        " AND (kept.is_stated OR ob.ob_id <> ALL (%(telling)s)) ORDER BY changed DESC LIMIT 1)"
        " AS last ON true WHERE ob.ob_id = ANY (%(blocks)s) AND ob.ob_status <> coalesce(last.to_status, '')"
        " ON CONFLICT DO NOTHING",
        {"moment": moment, "telling": sorted(telling), "blocks": sorted(blocks)},
    )


def _findings(connection: Connection, blocks: Sequence[int]) -> Iterator[_Found]:
    known = connection.execute(
        "SELECT ob.ob_id, ob.instrument, ob.ip_version, coalesce(p2_run.observing_mode,"
        " (SELECT observing_mode FROM dfs.run WHERE run.run_id = ob.run_id LIMIT 1))"
        " FROM dfs.ob AS ob LEFT JOIN dfs.p2_run USING (p2_run_id) WHERE ob_id = ANY (%s)",
        (blocks,),
    ).fetchall()
    settings, changes = _settings(connection, blocks), _changes(connection, blocks)
    signatures = _signatures(connection, {(row[1], row[2]) for row in known})
    for ob_id, instrument, version, mode in known:
        found = list(check_changes(changes[ob_id], mode))
        if (instrument, version) in signatures:
            found += _check_block(settings[ob_id], signatures[instrument, version])
        for finding in found:
            yield ob_id, finding


def _check_block(settings: Mapping[int, Setting], signatures: _Signatures) -> Iterator[Finding]:
    # A package may tell of its templates only.
    told = [one for one in settings.values() if one.template != CONSTRAINTS or CONSTRAINTS in signatures]
    return check_settings(told, signatures)


def _settings(connection: Connection, blocks: Sequence[int]) -> Mapping[int, Mapping[int, Setting]]:
    """Templates by their number, and the set of constraints as number 0, of each block."""
    found: dict[int, dict[int, Setting]] = defaultdict(dict)
    values: dict[tuple[int, int], dict[str, str | None]] = defaultdict(dict)
    for ob_id, number, name, value in connection.execute(
        "SELECT ob_id, template_number, parameter, value_text FROM dfs.ob_parameter"
        " WHERE ob_id = ANY (%(blocks)s) UNION ALL"
        " SELECT ob_id, 0, constraint_name, value_text FROM dfs.ob_constraint WHERE ob_id = ANY (%(blocks)s)",
        {"blocks": blocks},
    ):
        values[ob_id, number][name] = value
    for ob_id, number, template in connection.execute(
        "SELECT ob_id, template_number, template_name FROM dfs.ob_template WHERE ob_id = ANY (%s)", (blocks,)
    ):
        found[ob_id][number] = Setting(f"template {number}", template, values.pop((ob_id, number), {}))
    for (ob_id, number), rest in values.items():
        if number == 0:
            found[ob_id][0] = Setting("constraints", CONSTRAINTS, rest)
    return found


def _changes(connection: Connection, blocks: Sequence[int]) -> Mapping[int, list[StatusChange]]:
    found: dict[int, list[StatusChange]] = defaultdict(list)
    for ob_id, *change in connection.execute(
        "SELECT ob_id, changed, from_status, to_status, is_stated FROM dfs.ob_status WHERE ob_id = ANY (%s)"
        " ORDER BY ob_id, changed",
        (blocks,),
    ):
        one = StatusChange(*change)
        if one.before is None and found[ob_id]:
            # Nobody told what it was before, but somebody did at an earlier time.
            one = replace(one, before=found[ob_id][-1].after, is_stated=False)
        found[ob_id].append(one)
    return found


def _signatures(connection: Connection, packages: set[_Package]) -> Mapping[_Package, _Signatures]:
    """Those of the packages that the archive has."""
    found: dict[_Package, dict[str, dict[str, Parameter] | None]] = {}
    for package in packages:
        if not connection.execute(f"SELECT FROM dfs.instrument_package {_OF_PACKAGE}", package).rowcount:
            continue
        templates: dict[str, dict[str, Parameter]] = defaultdict(dict)
        for template, name, *parameter in connection.execute(
            "SELECT template_name, parameter, value_type, default_value, minimum, maximum, allowed_values"
            f" FROM dfs.signature_parameter {_OF_PACKAGE}",
            package,
        ):
            templates[template][name] = Parameter(*parameter)
        found[package] = {
            template: templates[template] if has_parameters else None
            for template, has_parameters in connection.execute(
                f"SELECT template_name, has_parameters FROM dfs.template_signature {_OF_PACKAGE}", package
            )
        }
    return found


def _keep_findings(
    connection: Connection, blocks: Sequence[int], found: set[_Found], moment: datetime
) -> None:
    """What is found no more goes; what is found still keeps its time."""
    kept = {
        (ob_id, Finding(Rule(rule), place, message))
        for ob_id, rule, place, message in connection.execute(
            "SELECT ob_id, rule, place, message FROM dfs.ob_finding WHERE ob_id = ANY (%s)", (blocks,)
        )
    }
    with connection.cursor() as cursor:
        cursor.executemany(
            "DELETE FROM dfs.ob_finding WHERE ob_id = %s AND rule = %s AND place = %s",
            [(ob_id, finding.rule.value, finding.place) for ob_id, finding in kept - found],
        )
        cursor.executemany(
            "INSERT INTO dfs.ob_finding (ob_id, rule, place, message, found_at) VALUES (%s, %s, %s, %s, %s)"
            " ON CONFLICT (ob_id, rule, place) DO UPDATE SET message = excluded.message",
            [
                (ob_id, finding.rule.value, finding.place, finding.message, moment)
                for ob_id, finding in found - kept
            ],
        )
    hide_named(connection, OB_FINDING, {"ob_id": {ob_id for ob_id, _ in found - kept}})
