"""What the archive knows of some files and of those around them, fetched for all of them at once.

The number of statements does not depend on how many files are asked for. Published tables are read as the
reader and through the caller's catalogue, so that what he may not see is not there; which files there are
at all the store knows. What links are made of it is told in `dataset`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from ...access import Caller, Guarded, guarded_files
from ...store.listing import ListedFile, listed_files
from ..service import Archive
from ..table_reader import Row, TableReader

__all__ = ["Facts", "Product", "gather"]

_OBSCORE = (
    "dp_id",
    "obs_publisher_did",
    "dataproduct_type",
    "obs_title",
    "obs_collection",
    "instrument_name",
    "s_region",
    "em_min",
    "em_max",
    "t_min",
    "t_max",
    "pol_states",
    "release_description",
)
_RAW = ("dp_id", "dp_cat", "dp_type", "dp_tech", "object", "instrument", "origfile")
_FILES = ("file_id", "archive_id", "category", "name")
_PRODUCT_FILES = ("product_id", "archive_id", "eso_category", "original_filename")
_PROVENANCE = ("source_file", "product_file")


@dataclass(frozen=True, slots=True)
class Product:
    """A row of phase3v2.files: `category` is PRODCATG, or PRO CATG of a reduced calibration."""

    file_id: int
    dp_id: str
    category: str | None
    name: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """By dp_id: stored files, rows of ivoa.ObsCore, dbo.raw and phase3v2.files, and how they hang together.

    `ancillary` are the rows of phase3v2.product_files of a product, without its own; `main` the products
    that a file is ancillary to. `sources` are the files of which one was made, `derived` those that were made
    of it, `siblings` other products of the same science frames. `documents` are addresses by kind and name,
    as in util.docurl. `spectra` are addresses of one-dimensional spectra in the Spectrum model.
    `guarded` are the files that are not everybody's; such as are not even there for the caller are nowhere.
    """

    files: dict[str, ListedFile] = field(default_factory=dict)
    datasets: dict[str, Row] = field(default_factory=dict)
    raw: dict[str, Row] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    ancillary: dict[str, list[Row]] = field(default_factory=dict)
    main: dict[str, list[str]] = field(default_factory=dict)
    sources: dict[str, list[str]] = field(default_factory=dict)
    derived: dict[str, list[str]] = field(default_factory=dict)
    siblings: dict[str, list[str]] = field(default_factory=dict)
    documents: dict[tuple[str, str], str] = field(default_factory=dict)
    spectra: dict[str, str] = field(default_factory=dict)
    guarded: dict[str, Guarded] = field(default_factory=dict)

    def is_known(self, dp_id: str) -> bool:
        return dp_id in self.files or dp_id in self.datasets or dp_id in self.raw

    def is_science(self, dp_id: str) -> bool:
        """Whether a file shows what was observed: no calibration, in whatever state."""
        if dp_id in self.raw:
            return str(self.raw[dp_id]["dp_cat"] or "").upper() != "CALIB"
        if dp_id in self.datasets or dp_id not in self.products:
            return True
        return (self.products[dp_id].category or "").startswith(("SCIENCE", "ANCILLARY"))

    def category(self, dp_id: str) -> str | None:
        """PRODCATG or PRO CATG of a product, DPR TYPE of a raw frame."""
        product, raw = self.products.get(dp_id), self.raw.get(dp_id)
        if product is not None:
            return product.category
        return raw["dp_type"] if raw else None

    def original_name(self, dp_id: str) -> str | None:
        """What the file was called before it was archived."""
        product, raw, file = self.products.get(dp_id), self.raw.get(dp_id), self.files.get(dp_id)
        named = (product.name if product else None) or (raw["origfile"] if raw else None)
        return named or (file.name if file else None)

    def title(self, dp_id: str) -> str:
        """The identifier with what it is, as far as that is known."""
        dataset, raw = self.datasets.get(dp_id), self.raw.get(dp_id)
        if dataset is not None and dataset["obs_title"]:
            return f"{dp_id} ({dataset['obs_title']})"
        words = (raw["dp_cat"], raw["dp_type"], raw["object"]) if raw else (self.category(dp_id),)
        known = ", ".join(dict.fromkeys(str(word) for word in words if word))
        return f"{dp_id} ({known})" if known else dp_id


def gather(archive: Archive, reader: TableReader, caller: Caller, dp_ids: Iterable[str]) -> Facts:
    """Everything that the links of these files need, as far as the caller may know of it."""
    wanted = set(dp_ids)
    facts = Facts()
    _add_products(facts, reader.having("phase3v2.files", _FILES, archive_id=wanted))
    _gather_ancillary(facts, reader, wanted)
    _gather_provenance(facts, reader, wanted)
    everything = wanted.union(
        *(
            found
            for relation in (facts.main, facts.sources, facts.derived, facts.siblings)
            for found in relation.values()
        ),
        (row["archive_id"] for rows in facts.ancillary.values() for row in rows),
    )
    with archive.database.writer() as connection:
        facts.guarded.update(guarded_files(connection, everything))
        hidden = {
            file.dp_id for file in facts.guarded.values() if file.hidden and not file.is_open_to(caller)
        }
        facts.files.update(listed_files(connection, everything - hidden))
    _leave_out(facts, hidden)
    facts.datasets.update(_by_dp_id(reader.having("ivoa.ObsCore", _OBSCORE, dp_id=everything)))
    _gather_documents(facts, reader, wanted)
    _gather_spectra(facts, reader, wanted)
    return facts


def _leave_out(facts: Facts, hidden: set[str]) -> None:
    """Of what hangs together with them nobody is told of the hidden files either."""
    for relation in (facts.main, facts.sources, facts.derived, facts.siblings):
        for dp_id, found in relation.items():
            relation[dp_id] = [other for other in found if other not in hidden]
    for dp_id, rows in facts.ancillary.items():
        facts.ancillary[dp_id] = [row for row in rows if row["archive_id"] not in hidden]


def _by_dp_id(rows: Iterable[Row]) -> dict[str, Row]:
    return {row["dp_id"]: row for row in rows}


def _add_products(facts: Facts, rows: Iterable[Row]) -> None:
    for row in rows:
        facts.products[row["archive_id"]] = Product(
            row["file_id"], row["archive_id"], row["category"], row["name"]
        )


def _gather_ancillary(facts: Facts, reader: TableReader, wanted: set[str]) -> None:
    rows = reader.having("phase3v2.product_files", _PRODUCT_FILES, product_id=wanted, archive_id=wanted)
    for row in rows:
        product, file = row["product_id"], row["archive_id"]
        if product == file:
            continue
        if product in wanted:
            facts.ancillary.setdefault(product, []).append(row)
        if file in wanted:
            facts.main.setdefault(file, []).append(product)


def _gather_provenance(facts: Facts, reader: TableReader, wanted: set[str]) -> None:
    """What the files were made of, what was made of them, and what else was made of the same."""
    own = {product.file_id: product.dp_id for product in facts.products.values()}
    pairs = reader.having("phase3v2.provenance", _PROVENANCE, product_file=own, source_file=wanted)
    names = own | _named(facts, reader, {pair["product_file"] for pair in pairs} - own.keys())
    for pair in pairs:
        source, product = pair["source_file"], names.get(pair["product_file"])
        if product is None or product == source:
            continue
        if product in wanted:
            facts.sources.setdefault(product, []).append(source)
        if source in wanted:
            facts.derived.setdefault(source, []).append(product)
    sources = {source for found in facts.sources.values() for source in found}
    facts.raw.update(_by_dp_id(reader.having("dbo.raw", _RAW, dp_id=wanted | sources)))
    main = {product for found in facts.main.values() for product in found}
    unknown = (sources | main) - facts.raw.keys() - facts.products.keys()
    _add_products(facts, reader.having("phase3v2.files", _FILES, archive_id=unknown))
    _gather_siblings(facts, reader, names)


def _named(facts: Facts, reader: TableReader, file_ids: Iterable[int]) -> dict[int, str]:
    """The identifiers of products by their numbers; they become known as well."""
    rows = reader.having("phase3v2.files", _FILES, file_id=file_ids)
    _add_products(facts, rows)
    return {row["file_id"]: row["archive_id"] for row in rows}


def _gather_siblings(facts: Facts, reader: TableReader, names: dict[int, str]) -> None:
    # What shares no more than a calibration with a product is no relation of it: that may be the whole night.
    shared = {source for found in facts.sources.values() for source in found if facts.is_science(source)}
    pairs = reader.having("phase3v2.provenance", _PROVENANCE, source_file=shared)
    known = names | _named(facts, reader, {pair["product_file"] for pair in pairs} - names.keys())
    made: dict[str, list[str]] = {}
    for pair in pairs:
        if pair["product_file"] in known:
            made.setdefault(pair["source_file"], []).append(known[pair["product_file"]])
    for product, sources in facts.sources.items():
        others = dict.fromkeys(other for source in sources for other in made.get(source, ()))
        nearer = {product, *sources, *facts.derived.get(product, ())}
        facts.siblings[product] = [other for other in others if other not in nearer]


def _gather_documents(facts: Facts, reader: TableReader, wanted: set[str]) -> None:
    names = {
        name
        for dp_id in wanted
        for row, columns in (
            (facts.raw.get(dp_id), ("instrument",)),
            (facts.datasets.get(dp_id), ("instrument_name", "obs_collection")),
        )
        if row is not None
        for name in (row[column] for column in columns)
        if name
    }
    for row in reader.having("util.docurl", ("name", "kind", "url"), name=names):
        facts.documents[row["kind"], row["name"]] = row["url"]


def _gather_spectra(facts: Facts, reader: TableReader, wanted: set[str]) -> None:
    types = ((dp_id, facts.datasets[dp_id]["dataproduct_type"]) for dp_id in wanted & facts.datasets.keys())
    asked = [dp_id for dp_id, product in types if product == "spectrum"]
    for row in reader.having("dbo.ssa", ("dp_id", "spectrum_url"), dp_id=asked):
        facts.spectra[row["dp_id"]] = row["spectrum_url"]
