"""The forms of the pages about accounts: fields with labels, buttons, and what was wrong with the last try.

Every form works without a script, and carries the value by which it is known to be ours (`sessions`).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from lxml import etree
from lxml.html.builder import E

from archive.protocol.xml import clean

from .sessions import FORM_FIELD

__all__ = ["Field", "form", "hidden", "notice"]


@dataclass(frozen=True, slots=True)
class Field:
    """An input; `complete` is what browsers may fill in (HTML, autocomplete)."""

    name: str
    label: str
    type: str = "text"
    value: str = ""
    complete: str = "off"
    help: str = ""
    required: bool = True
    longest: int = 200

    def element(self) -> etree._Element:
        attributes = {
            "name": self.name,
            "type": self.type,
            "autocomplete": self.complete,
            "maxlength": str(self.longest),
        }
        if self.value:
            attributes["value"] = clean(self.value)
        if self.required:
            attributes["required"] = "required"
        label = E.label(E.span(self.label), E.input(attributes))
        if self.help:
            label.append(E.small(self.help))
        return label


def form(
    address: str, token: str, fields: Iterable[Field], button: str, *more: etree._Element, small: bool = False
) -> etree._Element:
    """A form that is sent to `address`; `more` stands before the button."""
    return E.form(
        {"class": "inline" if small else "card", "method": "post", "action": address},
        hidden(FORM_FIELD, token),
        *(field.element() for field in fields),
        *more,
        E.button({"type": "submit"} if small else {"type": "submit", "class": "main"}, button),
    )


def hidden(name: str, value: str) -> etree._Element:
    return E.input(type="hidden", name=name, value=clean(value))


def notice(text: str, *, bad: bool = False) -> list[etree._Element]:
    """What came of the last form, if there is anything to say."""
    if not text:
        return []
    role = {"role": "alert", "class": "said bad"} if bad else {"role": "status", "class": "said"}
    return [E.p(role, clean(text[:1].upper() + text[1:]))]
