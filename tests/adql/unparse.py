"""A syntax tree as ADQL with all parentheses written out: how the case files say what a text means."""

from __future__ import annotations

from typing import assert_never

from tap.adql import syntax


def statement(node: syntax.Statement) -> str:
    common = ", ".join(f"{name(table.name)} AS ({query(table.query)})" for table in node.common)
    return (f"WITH {common} " if common else "") + query(node.query)


def query(node: syntax.Query) -> str:
    if isinstance(node, syntax.SelectQuery):
        text = select(node)
    else:
        text = f"({query(node.operands[0])})"
        for operator, operand in zip(node.operators, node.operands[1:], strict=True):
            text += f" {operator.kind.value}{' ALL' if operator.all else ''} ({query(operand)})"
    if node.order:
        text += " ORDER BY " + ", ".join(order_term(term) for term in node.order)
    return text if node.offset is None else f"{text} OFFSET {node.offset}"


def select(node: syntax.SelectQuery) -> str:
    words = ["SELECT"]
    words += ["DISTINCT"] if node.distinct else []
    words += [f"TOP {node.top}"] if node.top is not None else []
    words += [", ".join(item(each) for each in node.items)]
    words += ["FROM", ", ".join(table(each) for each in node.tables)]
    words += ["WHERE", expression(node.where)] if node.where else []
    words += ["GROUP BY", values(node.group)] if node.group else []
    words += ["HAVING", expression(node.having)] if node.having else []
    return " ".join(words)


def item(node: syntax.SelectItem | syntax.AllColumns) -> str:
    if isinstance(node, syntax.AllColumns):
        return "".join(f"{name(part)}." for part in node.qualifier) + "*"
    return expression(node.value) + alias(node.alias)


def order_term(node: syntax.OrderTerm) -> str:
    text = str(node.value.number) if isinstance(node.value, syntax.Ordinal) else expression(node.value)
    return f"{text} DESC" if node.descending else text


def table(node: syntax.TableReference) -> str:
    match node:
        case syntax.TableName():
            return ".".join(name(part) for part in node.parts) + alias(node.alias)
        case syntax.DerivedTable():
            return f"({query(node.query)}){alias(node.alias)}"
        case syntax.Join():
            words = ["NATURAL"] if node.natural else []
            words += [node.kind.value, "JOIN", table(node.right)]
            words += ["ON", expression(node.on)] if node.on else []
            words += [f"USING ({', '.join(name(each) for each in node.using)})"] if node.using else []
            return f"({table(node.left)} {' '.join(words)})"
        case _:
            assert_never(node)


def alias(node: syntax.Identifier | None) -> str:
    return f" AS {name(node)}" if node else ""


def name(node: syntax.Identifier) -> str:
    return '"' + node.text.replace('"', '""') + '"' if node.quoted else node.text


def values(nodes: tuple[syntax.Value, ...]) -> str:
    return ", ".join(expression(node) for node in nodes)


def string(node: syntax.StringLiteral) -> str:
    return "'" + node.text.replace("'", "''") + "'"


def expression(node: syntax.Expression) -> str:
    match node:
        case syntax.NumberLiteral():
            return node.text
        case syntax.StringLiteral():
            return string(node)
        case syntax.Null():
            return "NULL"
        case syntax.ColumnReference():
            return "".join(f"{name(part)}." for part in node.qualifier) + name(node.name)
        case syntax.Signed():
            return f"({'-' if node.negative else '+'} {expression(node.operand)})"
        case syntax.Arithmetic():
            text = expression(node.operands[0])
            for operator, operand in zip(node.operators, node.operands[1:], strict=True):
                text += f" {operator.value} {expression(operand)}"
            return f"({text})"
        case syntax.Concatenation():
            return f"({' || '.join(expression(each) for each in node.operands)})"
        case syntax.Call():
            return f"{node.function.value}({values(node.arguments)})"
        case syntax.Shape():
            frame = f"{string(node.frame)}, " if node.frame else ""
            return f"{node.kind.value}({frame}{values(node.arguments)})"
        case syntax.Aggregate():
            argument = expression(node.argument) if node.argument else "*"
            return f"{node.function.value}({'DISTINCT ' if node.distinct else ''}{argument})"
        case syntax.UserCall():
            return f"{name(node.name)}({values(node.arguments)})"
        case syntax.Cast():
            length = f"({node.length})" if node.length else ""
            return f"CAST({expression(node.value)} AS {node.type.value}{length})"
        case syntax.InUnit():
            return f"IN_UNIT({expression(node.value)}, {string(node.unit)})"
        case syntax.ScalarSubquery():
            return f"({query(node.query)})"
        case _:
            return condition(node)


def condition(node: syntax.Condition) -> str:
    match node:
        case syntax.Comparison():
            return f"({expression(node.left)} {node.comparator.value} {expression(node.right)})"
        case syntax.Between():
            text = f"{expression(node.value)}{negation(node.negated)} BETWEEN"
            return f"({text} {expression(node.low)} AND {expression(node.high)})"
        case syntax.InList():
            return f"({expression(node.value)}{negation(node.negated)} IN ({values(node.items)}))"
        case syntax.InQuery():
            return f"({expression(node.value)}{negation(node.negated)} IN ({query(node.query)}))"
        case syntax.Like():
            word = "ILIKE" if node.folded else "LIKE"
            return f"({expression(node.value)}{negation(node.negated)} {word} {expression(node.pattern)})"
        case syntax.IsNull():
            return f"({expression(node.value)} IS{negation(node.negated)} NULL)"
        case syntax.Exists():
            return f"EXISTS ({query(node.query)})"
        case syntax.Not():
            return f"(NOT {expression(node.condition)})"
        case syntax.And():
            return f"({' AND '.join(expression(each) for each in node.conditions)})"
        case syntax.Or():
            return f"({' OR '.join(expression(each) for each in node.conditions)})"
        case _:
            assert_never(node)


def negation(negated: bool) -> str:
    return " NOT" if negated else ""
