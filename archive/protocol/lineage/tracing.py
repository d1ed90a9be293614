"""Finding the lineage of a file in the published tables: upwards to its proposals, downwards to its products.

The number of statements grows with the longest chain, not with the files. Of the ancestors only the way up is
followed: what else was made with the same flat field is no relation.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from ...errors import NotFound
from ..table_reader import Row, TableReader
from .graph import Edge, Kind, Lineage, Node

__all__ = ["trace"]

_MOST = 5000  # nodes that are files
_RAW = ("dp_id", "dp_cat", "dp_type", "object", "instrument", "prog_id", "ob_id")
_FILES = ("file_id", "archive_id", "category", "name")
_DATASETS = ("dp_id", "obs_title", "dataproduct_type", "proposal_id")
_EXECUTIONS = ("execution_id", "ob_id", "run_id", "grade", "start_time")
_OBS = ("ob_id", "ob_name", "run_id", "ob_status")
_RUNS = ("run_id", "programme_id", "title", "instrument")
_PROGRAMMES = ("programme_id", "title", "pi_name")


def trace(reader: TableReader, dp_id: str) -> Lineage:
    """The lineage of a file as the reader's caller may see it; raises NotFound for what is in no table."""
    return _Tracer(reader, dp_id).traced()


@dataclass
class _Files:
    """Files by dp_id with what the tables say of them, and which was made of which."""

    asked: str
    known: set[str] = field(default_factory=set)
    made: set[tuple[str, str]] = field(default_factory=set)  # source, product
    raw: dict[str, Row] = field(default_factory=dict)
    products: dict[str, Row] = field(default_factory=dict)
    datasets: dict[str, Row] = field(default_factory=dict)
    is_complete: bool = True

    @property
    def sources(self) -> set[str]:
        return {source for source, _ in self.made}

    def node(self, dp_id: str) -> Node:
        raw, product, dataset = (found.get(dp_id) for found in (self.raw, self.products, self.datasets))
        if raw is not None:
            kind = Kind.CALIBRATION if _is_calibration(raw) else Kind.RAW
            return Node(kind, dp_id, _words(raw, "instrument", "dp_cat", "dp_type", "object"), "dbo.raw")
        title = str(dataset["obs_title"] or "") if dataset is not None else ""
        if product is not None:
            return Node(Kind.PRODUCT, dp_id, title or _words(product, "category", "name"), "phase3v2.files")
        if dataset is not None:
            return Node(Kind.PRODUCT, dp_id, title, "ivoa.ObsCore")
        return Node(Kind.FILE, dp_id)


class _Tracer:
    def __init__(self, reader: TableReader, dp_id: str) -> None:
        self._reader: Final = reader
        self._files: Final = _Files(dp_id)
        self._nodes: dict[tuple[Kind, str], Node] = {}
        self._edges: set[Edge] = set()

    def traced(self) -> Lineage:
        files = self._files
        self._follow(self._sources)
        self._follow(self._products)
        self._describe()
        if not files.made and files.node(files.asked).kind is Kind.FILE:
            raise NotFound(f"no published table has the file {files.asked}")
        for dp_id in files.known:
            self._add(files.node(dp_id))
        for source, product in files.made:
            self._link(files.node(source), files.node(product), "went into")
        self._observations()
        nodes = tuple(sorted(self._nodes.values()))
        return Lineage(files.node(files.asked).key, nodes, tuple(sorted(self._edges)), files.is_complete)

    def _follow(self, step: Callable[[set[str]], set[tuple[str, str]]]) -> None:
        """From the file that was asked for as far as it goes; pairs may make circles, and are seen once."""
        files = self._files
        frontier, seen = {files.asked}, {files.asked}
        while frontier:
            pairs = step(frontier)
            files.made |= pairs
            frontier = {dp_id for pair in pairs for dp_id in pair} - seen
            if len(files.known | seen | frontier) > _MOST:
                files.is_complete = False
                room = max(_MOST - len(files.known | seen), 0)
                frontier = set(sorted(frontier)[:room])
                files.made = {pair for pair in files.made if set(pair) <= files.known | seen | frontier}
            seen |= frontier
        files.known |= seen

    def _sources(self, products: set[str]) -> set[tuple[str, str]]:
        rows = self._product_rows(archive_id=products)
        names = {row["file_id"]: row["archive_id"] for row in rows}
        found = self._reader.having(
            "phase3v2.provenance", ("source_file", "product_file"), product_file=names.keys()
        )
        return {(row["source_file"], names[row["product_file"]]) for row in found}

    def _products(self, sources: set[str]) -> set[tuple[str, str]]:
        found = self._reader.having(
            "phase3v2.provenance", ("source_file", "product_file"), source_file=sources
        )
        rows = self._product_rows(file_id={row["product_file"] for row in found})
        names = {row["file_id"]: row["archive_id"] for row in rows}
        return {
            (row["source_file"], names[row["product_file"]]) for row in found if row["product_file"] in names
        }

    def _product_rows(self, **wanted: Iterable[str | int]) -> list[Row]:
        rows = self._reader.having("phase3v2.files", _FILES, **wanted)
        self._files.products.update((row["archive_id"], row) for row in rows)
        return rows

    def _describe(self) -> None:
        files = self._files
        files.raw.update(
            (row["dp_id"], row) for row in self._reader.having("dbo.raw", _RAW, dp_id=files.known)
        )
        rest = files.known - files.raw.keys()
        rows = self._reader.having("ivoa.ObsCore", _DATASETS, dp_id=rest)
        files.datasets.update((row["dp_id"], row) for row in rows)
        self._product_rows(archive_id=rest - files.products.keys())

    # --- above the files --------------------------------------------------------------------------------

    def _observations(self) -> None:
        """Executions, OBs, runs and programmes of science frames, and of the file itself whatever it is."""
        files = self._files
        taken = {
            dp_id: row for dp_id, row in files.raw.items() if dp_id == files.asked or not _is_calibration(row)
        }
        executions = self._executions(taken)
        runs: dict[str, list[Node]] = {}
        runs_of_obs: dict[int, str] = {}
        for dp_id, frame in taken.items():
            execution = executions.get(dp_id)
            first = execution if execution is not None else frame
            node = files.node(dp_id) if execution is None else _execution(execution)
            if first["ob_id"] is None:
                runs.setdefault(frame["prog_id"], []).append(node)
            else:
                relation = "took" if execution is None else "was executed in"
                self._link(Node(Kind.OB, str(first["ob_id"])), node, relation)
                runs_of_obs.setdefault(first["ob_id"], frame["prog_id"])
        rows = {row["ob_id"]: row for row in self._reader.having("dfs.ob", _OBS, ob_id=runs_of_obs)}
        for ob_id, run_id in runs_of_obs.items():
            row = rows.get(ob_id)
            node = self._add(_ob(ob_id, row))
            runs.setdefault((row and row["run_id"]) or run_id, []).append(node)
        for dp_id, dataset in files.datasets.items():
            # Products of which nobody said what they were made of.
            if not any(product == dp_id for _, product in files.made):
                runs.setdefault(dataset["proposal_id"], []).append(files.node(dp_id))
        self._runs({run_id: below for run_id, below in runs.items() if run_id})

    def _executions(self, taken: Iterable[str]) -> dict[str, Row]:
        """By dp_id the executions that took these frames, as far as they are known."""
        pairs = self._reader.having("dfs.execution_file", ("execution_id", "dp_id"), dp_id=taken)
        numbers = {pair["execution_id"] for pair in pairs}
        found = self._reader.having("dfs.execution", _EXECUTIONS, execution_id=numbers)
        rows = {row["execution_id"]: row for row in found}
        known = {pair["dp_id"]: rows[pair["execution_id"]] for pair in pairs if pair["execution_id"] in rows}
        for dp_id, row in known.items():
            self._link(self._add(_execution(row)), self._files.node(dp_id), "took")
        return known

    def _runs(self, runs: dict[str, list[Node]]) -> None:
        rows = {row["run_id"]: row for row in self._reader.having("dfs.run", _RUNS, run_id=runs)}
        programmes = {row["programme_id"] for row in rows.values()}
        known = {
            row["programme_id"]: row
            for row in self._reader.having("dfs.programme", _PROGRAMMES, programme_id=programmes)
        }
        for run_id, below in runs.items():
            row = rows.get(run_id)
            run = self._add(_run(run_id, row))
            for node in below:
                self._link(run, node, "has")
            if row is not None:
                programme = self._add(_programme(row["programme_id"], known.get(row["programme_id"])))
                self._link(programme, run, "has")

    def _add(self, node: Node) -> Node:
        if not self._nodes.get(node.key, Node(node.kind, node.id)).table:
            self._nodes[node.key] = node
        return node

    def _link(self, first: Node, second: Node, relation: str) -> None:
        self._edges.add(Edge(first.key, second.key, relation))


def _is_calibration(raw: Row) -> bool:
    return str(raw["dp_cat"] or "").upper() == "CALIB"


def _words(row: Row, *names: str) -> str:
    return ", ".join(dict.fromkeys(str(row[name]) for name in names if row[name]))


def _ob(ob_id: int, row: Row | None) -> Node:
    if row is None:
        return Node(Kind.OB, str(ob_id))
    return Node(Kind.OB, str(ob_id), _words(row, "ob_name", "ob_status"), "dfs.ob")


def _execution(row: Row) -> Node:
    title = _words(row, "start_time") + (f", grade {row['grade']}" if row["grade"] else "")
    return Node(Kind.EXECUTION, str(row["execution_id"]), title, "dfs.execution")


def _run(run_id: str, row: Row | None) -> Node:
    return Node(Kind.RUN, run_id, *((_words(row, "title", "instrument"), "dfs.run") if row else ()))


def _programme(programme_id: str, row: Row | None) -> Node:
    if row is None:
        return Node(Kind.PROGRAMME, programme_id)
    return Node(Kind.PROGRAMME, programme_id, _words(row, "title", "pi_name"), "dfs.programme")
