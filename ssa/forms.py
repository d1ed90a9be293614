"""The forms in which a spectrum can be had, and which of them FORMAT asks for (SSA 1.1, 4.1.1.5)."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from archive.declare.ssa import FITS, SPECTRUM_MODEL
from archive.errors import BadParameter

from .parameters import FORMAT
from .values import listed

__all__ = ["WORDS", "Form", "Wanted", "wanted"]

VOTABLE = "application/x-votable+xml"
GRAPHIC = "image/png"


class Form(Enum):
    """A form; the value is what is told of it."""

    ACCESS = "FITS that clients load by themselves"
    NATIVE = "the file as archived"
    FITS = "FITS in the Spectrum model"
    VOTABLE = "VOTable in the Spectrum model"
    GRAPHIC = "a plot"

    @property
    def media_type(self) -> str | None:
        """None where it is the file's own."""
        return {Form.FITS: FITS, Form.VOTABLE: VOTABLE, Form.GRAPHIC: GRAPHIC}.get(self)

    @property
    def model(self) -> str | None:
        """None where it is the file's own."""
        return {Form.FITS: SPECTRUM_MODEL, Form.VOTABLE: SPECTRUM_MODEL, Form.GRAPHIC: "none"}.get(self)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What FORMAT asks for: forms, files of certain media types, and whether it is the description only."""

    forms: tuple[Form, ...]
    file_types: tuple[str, ...] = ()
    metadata: bool = False

    @property
    def are_files(self) -> bool:
        return {Form.ACCESS, Form.NATIVE}.issuperset(self.forms)


_WORDS: dict[str, tuple[Form, ...]] = {
    "all": (Form.NATIVE, Form.FITS, Form.VOTABLE, Form.GRAPHIC),
    "compliant": (Form.VOTABLE, Form.FITS),
    "native": (Form.NATIVE,),
    "fits": (Form.FITS,),
    "votable": (Form.VOTABLE,),
    # The Spectrum model has an XML form of its own that nobody reads; VOTable is XML too.
    "xml": (Form.VOTABLE,),
    "graphic": (Form.GRAPHIC,),
}
# What FORMAT can say besides media types.
WORDS = (*_WORDS, "metadata")
_TYPES = {
    FITS: Form.ACCESS,
    VOTABLE: Form.VOTABLE,
    "text/xml": Form.VOTABLE,
    "application/xml": Form.VOTABLE,
    GRAPHIC: Form.GRAPHIC,
}


def wanted(text: str | None) -> Wanted:
    """Without FORMAT each spectrum is wanted once. Types that no spectrum has find none; words are known."""
    items = [] if text is None else listed(FORMAT.name, text)
    forms: list[Form] = [] if items else [Form.ACCESS]
    types: list[str] = []
    metadata = False
    for item in items:
        word = item.partition(";")[0].strip().lower()
        if word == "metadata":
            metadata = True
        elif word in _WORDS:
            forms += _WORDS[word]
        elif word in _TYPES:
            forms.append(_TYPES[word])
        elif "/" in word:
            types.append(word)
        else:
            known = ", ".join(WORDS)
            raise BadParameter(
                FORMAT.name, f"{item[:40]!r} is not known here", hint=f"use {known} or media types"
            )
    return Wanted(tuple(dict.fromkeys(forms)), tuple(dict.fromkeys(types)), metadata)
