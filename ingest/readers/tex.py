"""TeX as far as forms need it: macros with their arguments, and texts as Unicode. Nothing is ever executed.

Macros that a document defines itself are not expanded, no file is included; what is not known is left out of
a text and its arguments stay. All of it takes time proportional to the length.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from archive.errors import UnreadableFile

__all__ = ["Macro", "macros", "plain"]

_LONGEST = 2 << 20  # characters; a proposal with everything has some 50,000
_DEEPEST = 50
_MOST_ARGUMENTS = 20

# A run of backslashes is taken whole, so that the last one escapes the percent sign or does not.
_COMMENT = re.compile(r"(\\\\|\\%)|%[^\n]*")
_TOKEN = re.compile(r"\\([A-Za-z]+)\*?|\\.|([{}])", re.DOTALL)
_BEFORE_ARGUMENT = re.compile(r"\s*(?:\[[^\]{}\n]{0,200}\]\s*)?")
_WORD = re.compile(
    r"\\(?P<word>[A-Za-z]+)\s*|\\(?P<sign>.)|(?P<brace>[{}])|(?P<dash>-{2,3})|(?P<quote>``|'')|(?P<tie>~)"
    r"|(?P<math>\$+)|(?P<text>[^\\{}~$`'\-]+|.)",
    re.DOTALL,
)

# Combining characters, and what an accent over nothing looks like.
_ACCENTS = {
    '"': ("\u0308", "\u00a8"),
    "'": ("\u0301", "\u00b4"),
    "`": ("\u0300", "`"),
    "^": ("\u0302", "^"),
    "~": ("\u0303", "~"),
    "=": ("\u0304", "\u00af"),
    ".": ("\u0307", "\u02d9"),
    "u": ("\u0306", "\u02d8"),
    "v": ("\u030c", "\u02c7"),
    "H": ("\u030b", "\u02dd"),
    "r": ("\u030a", "\u02da"),
    "c": ("\u0327", "\u00b8"),
    "k": ("\u0328", "\u02db"),
    "d": ("\u0323", ""),
    "b": ("\u0331", ""),
}
_LETTERS = dict(
    pair.split("=")
    for pair in """
    ss=ß o=ø O=Ø l=ł L=Ł ae=æ AE=Æ oe=œ OE=Œ aa=å AA=Å i=ı j=ȷ dh=ð DH=Ð th=þ TH=Þ ng=ŋ NG=Ŋ dj=đ DJ=Đ
    alpha=α beta=β gamma=γ delta=δ epsilon=ε varepsilon=ε zeta=ζ eta=η theta=θ iota=ι kappa=κ lambda=λ mu=μ
    nu=ν xi=ξ pi=π rho=ρ sigma=σ tau=τ upsilon=υ phi=φ varphi=φ chi=χ psi=ψ omega=ω Gamma=Γ Delta=Δ Theta=Θ
    Lambda=Λ Xi=Ξ Pi=Π Sigma=Σ Phi=Φ Psi=Ψ Omega=Ω times=× pm=± mp=∓ sim=~ simeq=≃ approx=≈ leq=≤ le=≤ geq=≥
    ge=≥ lesssim=≲ gtrsim=≳ la=≲ ga=≳ ll=≪ gg=≫ odot=☉ oplus=⊕ degr=° deg=° circ=° textdegree=° arcmin=′
    prime=′ arcsec=″ farcm=′. farcs=″. fdg=°. fd=d. fh=h.
    fm=m. fs=s. star=⋆ cdot=· infty=∞ rightarrow=→ to=→ ldots=… dots=… textendash=– textemdash=— textmu=µ
    micron=μm S=§ P=¶ pounds=£ AU=AU textasciitilde=~ textbackslash=\\
    """.split()
)
_SPACES = frozenset({"quad", "qquad", "par", "newline", "linebreak", "hspace", "space"})
_SIGNS = {"\\": " ", ",": " ", ";": " ", ":": " ", " ": " ", "\n": " ", "!": "", "-": "", "/": "", "@": ""}
_BASES = str.maketrans("ıȷ", "ij")


@dataclass(frozen=True, slots=True)
class Macro:
    """One macro outside all braces, with its arguments as they are written."""

    name: str
    arguments: tuple[str, ...]
    line: int

    def argument(self, number: int) -> str:
        """An argument, counted from 0, as Unicode; empty when there is none."""
        return plain(self.arguments[number]) if number < len(self.arguments) else ""


def macros(text: str) -> Iterator[Macro]:
    """The macros of a document in their order, as far as \\end{document}; what stands in arguments is theirs.

    Raises UnreadableFile for what is too long, nested too deeply, or ends within an argument.
    """
    if len(text) > _LONGEST:
        raise UnreadableFile(f"TeX of {len(text)} characters; a form has {_LONGEST} at most")
    text = _COMMENT.sub(lambda match: match[1] or "", text)
    closing = _closing_braces(text)
    line, counted, end = 1, 0, 0
    for match in _TOKEN.finditer(text):
        if match.start() < end or match[1] is None:
            # An argument of the macro before, or a group by itself, whose macros are not of the form.
            if match[2] == "{" and match.start() >= end:
                end = closing[match.start()]
            continue
        line, counted = line + text.count("\n", counted, match.start()), match.start()
        arguments, end = _arguments(text, match.end(), closing)
        if match[1] == "end" and arguments[:1] == ("document",):
            return
        yield Macro(match[1], arguments, line)


def plain(text: str) -> str:
    """A text as Unicode on one line: accents, letters and signs for their macros, other macros left out."""
    words: list[str] = []
    accent: tuple[str, str] | None = None
    for match in _WORD.finditer(text):
        word, sign = match["word"], match["sign"]
        name = word or sign
        if name and name in _ACCENTS:
            accent = _ACCENTS[name]
            continue
        piece = _piece(match)
        if accent and match["brace"] == "}":
            words.append(accent[1])
            accent = None
        elif accent and piece.strip():
            piece = piece.lstrip()
            words.append(piece[0].translate(_BASES) + accent[0] + piece[1:])
            accent = None
        else:
            words.append(piece)
    return " ".join(unicodedata.normalize("NFC", "".join(words)).split())


def _piece(match: re.Match[str]) -> str:
    """What a token contributes to a text."""
    if match["word"]:
        return " " if match["word"] in _SPACES else _LETTERS.get(match["word"], "")
    if match["sign"]:
        return _SIGNS.get(match["sign"], match["sign"])
    if match["dash"]:
        return "–" if len(match["dash"]) == 2 else "—"
    if match["quote"]:
        return "“" if match["quote"] == "``" else "”"
    if match["tie"]:
        return " "
    return match["text"] or ""


def _closing_braces(text: str) -> dict[int, int]:
    """Where the group ends that an opening brace begins: the place behind its closing brace."""
    opened: list[int] = []
    closing: dict[int, int] = {}
    for match in _TOKEN.finditer(text):
        if match[2] == "{":
            opened.append(match.start())
            if len(opened) > _DEEPEST:
                raise UnreadableFile(f"TeX with more than {_DEEPEST} braces within each other")
        elif match[2] == "}" and opened:
            closing[opened.pop()] = match.end()
    if opened:
        line = text.count("\n", 0, opened[-1]) + 1
        raise UnreadableFile(f"the brace in line {line} is never closed: the file is cut off, or no TeX")
    return closing


def _arguments(text: str, start: int, closing: dict[int, int]) -> tuple[tuple[str, ...], int]:
    found: list[str] = []
    end = start
    while len(found) < _MOST_ARGUMENTS:
        gap = _BEFORE_ARGUMENT.match(text, end)
        place = gap.end() if gap else end
        if place not in closing:
            break
        found.append(text[place + 1 : closing[place] - 1])
        end = closing[place]
    return tuple(found), end
