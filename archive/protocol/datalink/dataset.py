"""The links of one identifier, made from facts: what stands in which row.

All rows of an identifier follow each other, the file itself first. A related file that the archive has not
got is a row with an error message, so that nobody takes the list for complete.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ...access import Caller
from ...config import Config
from ...declare.addresses import file_url, links_url
from ...declare.identifiers import dp_id_of
from ..descriptors import ServiceDescriptor
from ..soda import soda_descriptor
from .authorising import permission
from .documents import documents
from .facts import Facts
from .previews import previews
from .rows import Link
from .terms import PRODUCT_TYPES, Term, ancillary_term, calibration_term, source_term

__all__ = ["Linker", "fault"]

# In which one-dimensional spectra are delivered besides the file.
_FORMS = {"VOTable": "application/x-votable+xml", "FITS": "application/fits"}


def fault(identifier: str, authority: str) -> str:
    """Why an identifier that names no file of ours does not (DataLink 1.1, 3.4)."""
    if dp_id_of(authority, identifier) is None:
        if identifier.strip().lower().startswith("ivo://") and "?" in identifier:
            return f"NotFoundFault: {identifier} is no dataset of {authority}"
        return f"UsageFault: {identifier} is no identifier of a dataset, such as ivo://{authority}/ID?NAME"
    return f"NotFoundFault: the archive has no file {identifier}"


@dataclass(frozen=True)
class Linker:
    """Makes links for one caller; `descriptors` grows with the services that they refer to."""

    config: Config
    caller: Caller
    facts: Facts
    descriptors: list[ServiceDescriptor] = field(default_factory=list)

    def links(self, identifier: str, dp_id: str | None) -> list[Link]:
        """The rows of an identifier as the client wrote it; `dp_id` is None for what is none of ours."""
        if dp_id is None or not self.facts.is_known(dp_id):
            message = fault(identifier, self.config.authority)
            return [Link(identifier, Term.THIS.value, error_message=message)]
        return [
            *self._own(identifier, dp_id),
            *self._spectrum(identifier, dp_id),
            *self._ancillary(identifier, dp_id),
            *self._relations(identifier, dp_id),
            *documents(self.config.base_url, self.facts, identifier, dp_id),
        ]

    def _own(self, identifier: str, dp_id: str) -> Iterator[Link]:
        yield self._file(identifier, dp_id, Term.THIS, f"The file {self.facts.title(dp_id)}", "file")
        row = self.facts.datasets.get(dp_id)
        if row is None or dp_id not in self.facts.files:
            return
        allowed = self._allowed(dp_id)
        plotted = dp_id in self.facts.spectra
        for preview in previews(self.config.base_url, dp_id, row["dataproduct_type"], plotted):
            yield Link(
                identifier,
                preview.term.value,
                preview.description,
                access_url=preview.url,
                content_type=preview.media_type,
                local_semantics=preview.term.value.removeprefix("#"),
                **allowed,
            )
        number = len(self.descriptors) + 1
        descriptor = soda_descriptor(self.config.base_url, row, id=f"soda-{number}")
        if descriptor is not None:
            self.descriptors.append(descriptor)
            yield Link(
                identifier,
                Term.CUTOUT.value,
                descriptor.description,
                service_def=descriptor.id,
                content_type=descriptor.content_type,
                content_qualifier=PRODUCT_TYPES.get(row["dataproduct_type"]),
                local_semantics="cutout",
                **allowed,
            )

    def _spectrum(self, identifier: str, dp_id: str) -> Iterator[Link]:
        """A spectrum in the Spectrum model, whatever the layout of its file."""
        if dp_id not in self.facts.spectra or dp_id not in self.facts.files:
            return
        for name, media_type in _FORMS.items():
            yield Link(
                identifier,
                Term.PROCESSING.value,
                f"The spectrum in the Spectrum model, as {name}",
                access_url=f"{self.facts.spectra[dp_id]}?FORMAT={name.lower()}",
                content_type=media_type,
                content_qualifier=PRODUCT_TYPES["spectrum"],
                local_semantics=f"spectrum-{name.lower()}",
                **self._allowed(dp_id),
            )

    def _ancillary(self, identifier: str, dp_id: str) -> Iterator[Link]:
        files = sorted(
            self.facts.ancillary.get(dp_id, ()),
            key=lambda row: (row["eso_category"] or "", row["archive_id"]),
        )
        for row in files:
            category = row["eso_category"]
            description = f"{category or 'Ancillary file'}: {row['original_filename'] or row['archive_id']}"
            yield self._file(
                identifier,
                row["archive_id"],
                ancillary_term(category),
                description,
                category or "ancillary",
                category=category,
                origfile=row["original_filename"],
            )

    def _relations(self, identifier: str, dp_id: str) -> Iterator[Link]:
        facts, nature = self.facts, self._nature(dp_id)
        sources = [(source_term(self._nature(one), nature), one) for one in facts.sources.get(dp_id, ())]
        for term, source in sorted(
            sources, key=lambda pair: (pair[0] is Term.PROGENITOR, pair[0].value, pair[1])
        ):
            what = "Made of" if term is Term.PROGENITOR else "Calibrated with"
            yield self._file(
                identifier, source, term, f"{what} {self.facts.title(source)}", self.facts.category(source)
            )
        for product in sorted(facts.derived.get(dp_id, ())):
            yield self._file(
                identifier,
                product,
                Term.DERIVATION,
                f"Made of this: {self.facts.title(product)}",
                self.facts.category(product),
            )
        main = facts.main.get(dp_id, [])
        near = {dp_id, *main, *(row["archive_id"] for row in facts.ancillary.get(dp_id, ()))}
        for product in sorted(main):
            text = f"The product that this belongs to: {self.facts.title(product)}"
            yield self._file(identifier, product, Term.CODERIVED, text, "product")
        for product in sorted(set(facts.siblings.get(dp_id, ())) - near):
            text = f"Made of the same frames: {self.facts.title(product)}"
            yield self._file(identifier, product, Term.CODERIVED, text, self.facts.category(product))

    def _file(
        self,
        identifier: str,
        dp_id: str,
        term: Term,
        description: str,
        local_semantics: str | None,
        *,
        category: str | None = None,
        origfile: str | None = None,
    ) -> Link:
        """A link to a file of the archive, or the reason why there is none."""
        facts, base_url = self.facts, self.config.base_url
        file = facts.files.get(dp_id)
        dataset = facts.datasets.get(dp_id)
        if file is None:
            state: dict[str, Any] = {
                "error_message": f"NotFoundFault: the archive does not have the file {dp_id}"
            }
        else:
            state = {
                "access_url": file_url(base_url, dp_id),
                "content_type": file.media_type,
                "content_length": file.bytes,
                **self._allowed(dp_id),
            }
        return Link(
            identifier,
            term.value,
            description,
            content_qualifier=PRODUCT_TYPES.get(dataset["dataproduct_type"]) if dataset else None,
            local_semantics=local_semantics,
            eso_category=category or facts.category(dp_id),
            eso_origfile=origfile or facts.original_name(dp_id),
            eso_datalink=links_url(base_url, self.config.authority, dp_id),
            **state,
        )

    def _allowed(self, dp_id: str) -> dict[str, Any]:
        found = permission(self.caller, self.facts.guarded.get(dp_id))
        return {"link_auth": found.auth.value, "link_authorized": found.authorized}

    def _nature(self, dp_id: str) -> Term | None:
        """Which calibration a file is, None for science."""
        return None if self.facts.is_science(dp_id) else calibration_term(self.facts.category(dp_id))
