"""IVOA's vocabularies, as far as queries ask what is narrower than what (`vocabularies.csv`).

From https://www.ivoa.net/rdf, where they are in the public domain (CC0). Labels and definitions stay there.
"""

from __future__ import annotations

import csv
import io
from functools import cache
from importlib.resources import files

from ..errors import UsageError

__all__ = ["matching_terms"]

# Where "narrower" is a step, not a branch: Vocabularies in the VO 2.0, 5.2.3 (SKOS).
_THESAURI = frozenset({"product-type"})


@cache
def _narrower() -> dict[str, dict[str, tuple[str, ...]]]:
    """By vocabulary and term, what is one step narrower."""
    found: dict[str, dict[str, tuple[str, ...]]] = {}
    text = (files(__package__) / "vocabularies.csv").read_text(encoding="utf-8")
    rows = list(csv.DictReader(io.StringIO(text)))
    for row in rows:
        found.setdefault(row["vocabulary"], {})[row["term"]] = ()
    for row in rows:
        terms = found[row["vocabulary"]]
        for wider in row["wider"].split():
            terms[wider] += (row["term"],)
    return found


def _names() -> str:
    return ", ".join(sorted(_narrower()))


def matching_terms(vocabulary: str, term: str) -> tuple[str, ...]:
    """The term, without # or address, and all narrower ones; UsageError for what is not known."""
    terms = _narrower().get(vocabulary)
    if terms is None:
        raise UsageError(f"the vocabulary '{vocabulary}' is not known here", hint=f"known are {_names()}")
    name = term.rpartition("#")[2]
    if name not in terms:
        alike = [known for known in terms if known.lower() == name.lower()]
        hint = f"did you mean {alike[0]}?" if alike else f"see https://www.ivoa.net/rdf/{vocabulary}"
        raise UsageError(f"the vocabulary {vocabulary} has no term '{name}'", hint=hint)
    if vocabulary in _THESAURI:
        return (name, *terms[name])
    found = [name]
    for known in found:  # which grows meanwhile
        found += [narrower for narrower in terms[known] if narrower not in found]
    return tuple(found)
