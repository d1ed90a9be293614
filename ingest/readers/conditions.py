"""The conditions that runs, setups and requests to exposure-time calculators ask for, from JSON."""

from __future__ import annotations

from .documents import Node, parse_number

__all__ = ["conditions", "first_number", "first_text"]


def conditions(*nodes: Node) -> dict[str, object]:
    """Values of the columns CONDITIONS of `dataflow.runs`, each of the first node that has it.

    Names are those of p1, p2 and the exposure-time calculators.
    """
    return {
        "seeing": first_number(nodes, "seeing", "iq", "imageQuality"),
        "turbulence": _percentage(nodes, "turbulence", "turbulenceCategory", "turbulence_category", "atm"),
        "sky_transparency": first_text(nodes, "skyTransparency", "transparency"),
        "fli": first_number(nodes, "fli", "moon_fli", "moonFli"),
        "moon": first_text(nodes, "moon", "lunarPhase"),
        "airmass": first_number(nodes, "airmass"),
        "pwv": first_number(nodes, "waterVapour", "pwv"),
    }


def first_number(nodes: tuple[Node, ...], *names: str) -> float | None:
    """The first of these members that any of these objects has."""
    for node, name in _members(nodes, names):
        return node.number(name)
    return None


def first_text(nodes: tuple[Node, ...], *names: str) -> str | None:
    """The first of these members that any of these objects has."""
    for node, name in _members(nodes, names):
        return node.text(name)
    return None


def _percentage(nodes: tuple[Node, ...], *names: str) -> float | None:
    """0.5, 50 and "50%": ESO's calculators have all of them, as categories go from 10 to 100."""
    for node, name in _members(nodes, names):
        text = node.text(name) or ""
        number = parse_number(text.removesuffix("%"))
        if number is None:
            raise node.any(name).wrong("a percentage")
        return number * 100 if number <= 1 and not text.endswith("%") else number
    return None


def _members(nodes: tuple[Node, ...], names: tuple[str, ...]) -> list[tuple[Node, str]]:
    return [(node, name) for node in nodes for name in names if name in node][:1]
