"""Calls of user-defined functions: which form is meant, what its arguments may be, what becomes of it.

Which functions there are is `archive.query.functions`'s business; shapes in other frames are
`resolve_frames`'s.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from typing import NoReturn, TypeVar, assert_never

from archive.declare.columns import Field
from archive.declare.types import DOUBLE, INTEGER, INTERVAL, POINT, TEXT, TIMESTAMP, Type
from archive.errors import DeclarationError, UnknownFunction, UsageError
from archive.query.functions import NAMES_TABLE, find_functions, is_offered, offered_functions
from archive.query.tree import (
    Arithmetic,
    Cast,
    ColumnValue,
    GeometryValue,
    Indicator,
    InList,
    Literal,
    Operator,
    Origin,
    Output,
    Point,
    Scan,
    Select,
    Subquery,
    UserCall,
    UserCondition,
    Value,
)
from archive.query.user_functions import Argument, Meaning, UserFunction
from archive.query.vocabularies import matching_terms

from . import syntax
from .hints import FOREIGN_FUNCTIONS
from .resolve_conversions import Conversions
from .resolve_geometry import constant
from .resolve_scope import Scope
from .resolve_types import convert, is_null, kind_name
from .resolve_units import SPECTRAL_UCDS, Spectral, has_unit, spectral_conversion, unit_of

__all__ = ["UserFunctions"]

_FLAG = Field("", INTEGER)
_MOST_BINS = 10_000
_DOUBLE = Field("", DOUBLE)
_WORDS_FOUND = 8  # spellings of a name that are looked for
# A constant over a value, where the value is not 0.
_INVERSE = UserFunction("", (("expr", DOUBLE), ("factor", DOUBLE)), DOUBLE, "", "({1} / nullif({0}, 0))")

_Result = TypeVar("_Result")


class UserFunctions(Conversions):
    def user_call(self, node: syntax.UserCall, scope: Scope) -> Value:
        form = self._form(node)
        match form.meaning:
            case Meaning.VALUE:
                return _called(form, self._arguments(node, scope, form))
            case Meaning.CONDITION:
                return Indicator(UserCondition(form, self._arguments(node, scope, form)), _FLAG)
            case Meaning.AGGREGATE:
                arguments = self.aggregating(
                    node.at, form.name, scope, lambda: self._arguments(node, scope, form)
                )
                self._check_bins(node, form, arguments)
                return _called(form, arguments)
            case Meaning.TRANSFORM:
                source, target, shape = node.arguments
                return self.transformed(_word(source), _word(target), shape, scope)
            case Meaning.DISTANCE:
                point = self.point(node.arguments[0], scope, f"the argument p of {form.name}")
                return self.distance_of(node.at, point, self.geometry(node.arguments[1], scope))
            case Meaning.OVERLAP:
                first, second = (self.geometry(argument, scope) for argument in node.arguments)
                return self.overlap(node.at, first, second)
            case Meaning.SPECTRAL:
                return self._spectral(node, scope, form)
            case Meaning.VOCABULARY:
                return self._vocabulary(node, scope, form)
            case Meaning.NAME:
                return self._named(node, form)
            case _:
                assert_never(form.meaning)

    # ------------------------------------------------------------------------------------ forms and arguments

    def _form(self, node: syntax.UserCall) -> UserFunction:
        """The form with that many arguments, those that have to be written out being so."""
        forms = self.profile.find_functions(node.name.text)
        forms += [form for form in find_functions(node.name.text) if is_offered(form, self.catalogue)]
        if not forms:
            self._unknown_function(node)
        fitting = [form for form in forms if len(form.parameters) == len(node.arguments)]
        if not fitting:
            signatures = " or ".join(form.signature for form in forms)
            self.fail(node.at, f"{forms[0].name} does not take {len(node.arguments)} arguments", signatures)
        form = fitting[0]
        for (name, kind), argument in zip(form.parameters, node.arguments, strict=True):
            if kind is Argument.WORD and not isinstance(argument, syntax.StringLiteral):
                self.fail(
                    argument.at,
                    f"the argument {name} of {form.name} has to be a text in single quotes",
                    form.signature,
                )
        return form

    def _unknown_function(self, node: syntax.UserCall) -> NoReturn:
        name = node.name.text
        hint = FOREIGN_FUNCTIONS.get(name.upper())
        if hint is None and find_functions(name):
            hint = f"this archive has no table {NAMES_TABLE} to look names up in"
        if hint is None:
            offered = (*self.profile.functions, *offered_functions(self.catalogue))
            names = [function.name for function in offered] + [word.value for word in syntax.Function]
            folded = {known.lower(): known for known in names}
            near = difflib.get_close_matches(name.lower(), folded, n=2, cutoff=0.6)
            hint = "did you mean " + " or ".join(folded[n] for n in near) + "?" if near else None
        line, column = self.place(node.at)
        raise UnknownFunction(f"unknown function {name}", line=line, column=column, hint=hint)

    def _arguments(self, node: syntax.UserCall, scope: Scope, form: UserFunction) -> tuple[Value, ...]:
        return tuple([self._argument(argument, scope, form, i) for i, argument in enumerate(node.arguments)])

    def _argument(self, node: syntax.Value, scope: Scope, form: UserFunction, i: int) -> Value:
        name, kind = form.parameters[i]
        what = f"the argument {name} of {form.name}"
        match kind:
            case Argument.GEOMETRY:
                return self.geometry_value(self.geometry(node, scope))
            case Argument.WORD:
                return Literal(_word(node).text, Field("", TEXT))
            case Argument.LIMIT | Argument.COUNT:
                return self._written_number(node, scope, what, kind)
            case _:
                return self._typed(node, scope, what, kind, form)

    def _typed(self, node: syntax.Value, scope: Scope, what: str, kind: Type, form: UserFunction) -> Value:
        if kind == POINT:
            return self.geometry_value(self.point(node, scope, what))
        if kind.is_numeric:
            value = self.number(node, scope, what)
            if kind.is_integer and not (is_null(value) or value.field.type.is_integer):
                self.fail(node.at, f"{what} has to be an integer", form.signature)
            return convert(value, kind)
        value = self.value(node, scope)
        if is_null(value):
            return convert(value, kind)
        if kind == TIMESTAMP:
            value = self.as_time(value, node.at)
            value = Cast(value, Field("", TIMESTAMP)) if value.field.type.is_text else value
        have = value.field.type
        if kind_name(have) != kind_name(kind) or (kind == INTERVAL and have != INTERVAL):
            wanted = "an interval" if kind == INTERVAL else kind_name(kind)
            self.fail(node.at, f"{what} has to be {wanted}, not {kind_name(have)}")
        return convert(value, kind)

    def _written_number(self, node: syntax.Value, scope: Scope, what: str, kind: Argument) -> Value:
        value = self.number(node, scope, what)
        known = constant(value)
        if known is None:
            self.fail(node.at, f"{what} has to be written out as a number")
        if kind is Argument.LIMIT:
            return convert(value, DOUBLE)
        if not (value.field.type.is_integer and 1 <= known <= _MOST_BINS):
            self.fail(node.at, f"{what} has to be an integer from 1 to {_MOST_BINS}")
        return convert(value, INTEGER)

    # -------------------------------------------------------------------------------------------- aggregates

    def aggregating(self, at: int, name: str, scope: Scope, argument: Callable[[], _Result]) -> _Result:
        """What `argument` resolves, as the argument of an aggregate called `name`."""
        self.check_aggregate(at, name, scope)
        mark, outside = len(scope.pending), _pending_outside(scope)
        scope.aggregating = True
        found = argument()
        scope.aggregating = False
        if len(scope.pending) == mark and _pending_outside(scope) > outside:
            self.fail(at, f"{name} has no column of its own query", "aggregate in the query around this one")
        del scope.pending[mark:]
        return found

    def check_aggregate(self, at: int, name: str, scope: Scope) -> None:
        """Whether one may stand here, which the scope then remembers."""
        if scope.no_aggregates:
            hint = "use HAVING" if scope.no_aggregates == "WHERE" else None
            self.fail(at, f"{name} cannot stand in {scope.no_aggregates}", hint)
        if scope.aggregating:
            self.fail(at, f"{name} cannot stand in another aggregate", "aggregate in a subquery first")
        scope.aggregated = True

    def _check_bins(self, node: syntax.UserCall, form: UserFunction, arguments: tuple[Value, ...]) -> None:
        limits = [
            constant(value)
            for (_, kind), value in zip(form.parameters, arguments, strict=True)
            if kind is Argument.LIMIT
        ]
        if limits and None not in limits and sorted(set(limits), key=lambda x: x or 0.0) != limits:
            self.fail(node.at, f"lower has to be less than upper in {form.name}", form.signature)

    # ---------------------------------------------------------------------------------------- looked up here

    def _spectral(self, node: syntax.UserCall, scope: Scope, form: UserFunction) -> Value:
        value = self.number(node.arguments[0], scope, f"the argument expr of {form.name}")
        value = convert(value, DOUBLE) if is_null(value) else value
        target = _word(node.arguments[-1])
        known = unit_of(value) if has_unit(value) else None
        if len(node.arguments) == 3:
            given = _word(node.arguments[1])
            if known and known != given.text.strip():
                self.fail(given.at, f"the unit of this expression is {known}", "leave the unit out")
            source, at = given.text.strip(), given.at
        elif known:
            source, at = known, node.arguments[0].at
        else:
            self.fail(
                node.arguments[0].at,
                "the unit of this expression is not known",
                "gavo_specconv(656, 'nm', 'eV') says it",
            )
        found = self._conversion(source, at, target)
        kind = Field("", DOUBLE, target.text.strip(), SPECTRAL_UCDS[found.kind])
        factor = Literal(found.factor, _DOUBLE)
        if found.inverse:
            return UserCall(_INVERSE, (convert(value, DOUBLE), factor), kind)
        return Arithmetic((value, factor), (Operator.MULTIPLY,), kind)

    def _conversion(self, source: str, at: int, target: syntax.StringLiteral) -> Spectral:
        for unit, place in ((source, at), (target.text.strip(), target.at)):
            try:
                known = spectral_conversion(unit, unit)
            except DeclarationError as error:
                self.fail(place, error.message.rstrip(". "), "VOUnits has nm, GHz, keV")
            if known is None:
                self.fail(
                    place,
                    f"'{unit}' is no unit of wavelength, frequency or energy",
                    "such are nm, GHz or keV",
                )
        found = spectral_conversion(source, target.text.strip())
        assert found is not None
        return found

    def _vocabulary(self, node: syntax.UserCall, scope: Scope, form: UserFunction) -> Value:
        vocabulary, term = _word(node.arguments[0]), _word(node.arguments[1])
        value = self._typed(node.arguments[2], scope, f"the argument matchagainst of {form.name}", TEXT, form)
        try:
            terms = matching_terms(vocabulary.text, term.text)
        except UsageError as error:
            at = vocabulary.at if "vocabulary '" in error.message else term.at
            self.fail(at, error.message, error.hint)
        address = f"www.ivoa.net/rdf/{vocabulary.text}#"
        prefixes = ("", "#", f"http://{address}", f"https://{address}")
        words = [Literal(prefix + word, Field("", TEXT)) for prefix in prefixes for word in terms]
        return Indicator(InList(value, tuple(words)), _FLAG)

    def _named(self, node: syntax.UserCall, form: UserFunction) -> Value:
        name = _word(node.arguments[0])
        table = self.catalogue.table(NAMES_TABLE)
        source = self.next_source()
        missing = {"name", "ra", "dec"} - set(table.by_name)
        if missing:
            self.fail(node.at, f"the table {NAMES_TABLE} has no column {sorted(missing)[0]}")
        columns = {
            key: ColumnValue(source, key, table.by_name[key].field, Origin(table, key))
            for key in ("name", "ra", "dec")
        }
        spellings = tuple(Literal(text, Field("", TEXT)) for text in _spellings(name.text))
        place = GeometryValue(Point(columns["ra"], columns["dec"]), Field("place", POINT))
        body = Select(
            (Output(place, place.field),),
            (Scan(source, table),),
            where=InList(columns["name"], spellings),
            limit=1,
        )
        found = Subquery(body, Field("", POINT))
        return _called(form, (found, Literal(name.text, Field("", TEXT))))


def _called(form: UserFunction, arguments: tuple[Value, ...]) -> UserCall:
    assert isinstance(form.returns, Type)
    return UserCall(form, arguments, Field("", form.returns, form.unit, form.ucd))


def _word(node: syntax.Value) -> syntax.StringLiteral:
    assert isinstance(node, syntax.StringLiteral)
    return node


def _spellings(name: str) -> list[str]:
    """An object's name as it was written, and as Simbad would: blanks single, letters apart from numbers."""
    plain = " ".join(name.split())
    apart = "".join(
        f" {character}" if i and character.isdigit() and plain[i - 1].isalpha() else character
        for i, character in enumerate(plain)
    )
    found = [name, plain, plain.upper(), apart, apart.upper()]
    return list(dict.fromkeys(found))[:_WORDS_FOUND]


def _pending_outside(scope: Scope) -> int:
    total, outer = 0, scope.parent
    while outer is not None:
        total, outer = total + len(outer.pending), outer.parent
    return total
