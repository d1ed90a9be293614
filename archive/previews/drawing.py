"""A drawing of lines and words, which becomes SVG or a picture of pixels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from lxml import etree
from PIL import Image, ImageDraw, ImageFont

__all__ = ["Drawing"]

_INK, _CURVE, _PAPER = "#1c2733", "#1f5a96", "#ffffff"
_SHARPNESS = 2  # drawn so many times larger and then made smaller, which smooths the lines
_SVG = "http://www.w3.org/2000/svg"
Point = tuple[float, float]


@dataclass(frozen=True)
class _Line:
    points: tuple[Point, ...]
    width: float
    color: str


@dataclass(frozen=True)
class _Text:
    place: Point
    words: str
    size: float
    anchor: str
    turned: bool


@dataclass
class Drawing:
    """Sizes and places in pixels, from the top left corner."""

    width: int
    height: int
    _parts: list[_Line | _Text] = field(default_factory=list)

    def line(self, points: Sequence[Point], width: float, *, curve: bool = False) -> None:
        self._parts.append(_Line(tuple(points), width, _CURVE if curve else _INK))

    def frame(self, left: float, top: float, right: float, bottom: float) -> None:
        corners = [(left, top), (right, top), (right, bottom), (left, bottom), (left, top)]
        self.line(corners, 1.0)

    def text(self, x: float, y: float, words: str, size: float, anchor: str, *, turned: bool = False) -> None:
        """`y` is where the letters stand; `anchor` start, middle or end; `turned` runs upwards."""
        self._parts.append(_Text((x, y), words, size, anchor, turned))

    def svg(self) -> bytes:
        root = etree.Element(f"{{{_SVG}}}svg", nsmap={None: _SVG})
        for name, value in (
            ("width", self.width),
            ("height", self.height),
            ("viewBox", f"0 0 {self.width} {self.height}"),
        ):
            root.set(name, str(value))
        etree.SubElement(root, f"{{{_SVG}}}rect", width="100%", height="100%", fill=_PAPER)
        for part in self._parts:
            match part:
                case _Line(points, width, color):
                    etree.SubElement(
                        root,
                        f"{{{_SVG}}}polyline",
                        {
                            "points": _numbers(points),
                            "fill": "none",
                            "stroke": color,
                            "stroke-width": f"{width:g}",
                        },
                    )
                case _Text((x, y), words, size, anchor, turned):
                    attributes = {
                        "x": f"{x:.1f}",
                        "y": f"{y:.1f}",
                        "font-size": f"{size:.1f}",
                        "font-family": "sans-serif",
                        "text-anchor": anchor,
                        "fill": _INK,
                    }
                    if turned:
                        attributes["transform"] = f"rotate(-90 {x:.1f} {y:.1f})"
                    etree.SubElement(root, f"{{{_SVG}}}text", attributes).text = words
        return etree.tostring(root, xml_declaration=True, encoding="UTF-8")

    def picture(self) -> Image.Image:
        large = Image.new("RGB", (self.width * _SHARPNESS, self.height * _SHARPNESS), _PAPER)
        pen = ImageDraw.Draw(large)
        for part in self._parts:
            match part:
                case _Line(points, width, color):
                    scaled = [(x * _SHARPNESS, y * _SHARPNESS) for x, y in points]
                    pen.line(scaled, color, round(width * _SHARPNESS), joint="curve")
                case _Text():
                    _write(large, pen, part)
        return large.resize((self.width, self.height), Image.Resampling.LANCZOS)


def _numbers(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _write(large: Image.Image, pen: ImageDraw.ImageDraw, text: _Text) -> None:
    font = ImageFont.load_default(text.size * _SHARPNESS)
    x, y = (coordinate * _SHARPNESS for coordinate in text.place)
    if not text.turned:
        pen.text((x, y), text.words, _INK, font, {"start": "ls", "middle": "ms", "end": "rs"}[text.anchor])
        return
    width, height = round(pen.textlength(text.words, font)) + 2, round(1.5 * text.size * _SHARPNESS)
    words = Image.new("RGB", (width, height), _PAPER)
    ImageDraw.Draw(words).text((width / 2, 0.9 * height), text.words, _INK, font, "ms")
    standing = words.transpose(Image.Transpose.ROTATE_90)
    large.paste(standing, (round(x - 0.9 * height), round(y - width / 2)))
