"""The arithmetic of `{{ expr: total * 1.2 + shipping }}`.

    sum     = product (("+" | "-") product)*
    product = sign (("*" | "/" | "%") sign)*
    sign    = "-" sign | operand
    operand = number | path | "(" sum ")"

A path is any run of characters that are no operator: names may hold spaces, names with operators are written by slug.
`%` keeps the sign of the dividend. Numbers are decimals (number.py).
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal, DecimalException

from pydantic import JsonValue

from ichor_models.errors import TemplateError
from ichor_models.number import ARITHMETIC, as_decimal
from ichor_models.path import Path
from ichor_models.text import as_text, shown
from ichor_models.truncation import told_cut

type Lookup = Callable[[Path], JsonValue]
_TOKEN = re.compile(r"\s*([-+*/%()]|[^-+*/%()]+)")
_NUMBER = re.compile(r"[0-9]+(?:\.[0-9]+)?")
_DEEPEST = 50
_MOST_OPERATORS = 200


@dataclass(frozen=True, slots=True)
class Operation:
    """An operator with its two sides."""

    operator: str
    left: "Node"
    right: "Node"


type Node = Decimal | Path | Operation
_OPERATIONS: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": ARITHMETIC.add,
    "-": ARITHMETIC.subtract,
    "*": ARITHMETIC.multiply,
    "/": ARITHMETIC.divide,
    "%": ARITHMETIC.remainder,
}


def parse_expression(text: str) -> Node:
    """Read an expression.

    Raises:
        TemplateError: it is malformed, saying where.
    """
    parser = _Parser(text)
    parser.check_length()
    node = parser.sum(0)
    parser.end()
    return node


def paths(node: Node) -> Iterator[Path]:
    """Yield the paths that an expression reads."""
    if isinstance(node, Path):
        yield node
    elif isinstance(node, Operation):
        yield from paths(node.left)
        yield from paths(node.right)


def evaluate(node: Node, lookup: Lookup) -> Decimal:
    """Calculate.

    Raises:
        TemplateError: a value is no number, a division by zero, or a result beyond all bounds.
    """
    if not isinstance(node, Operation):
        return _calculated(node, ARITHMETIC.plus, _number(node, lookup(node)) if isinstance(node, Path) else node)
    left, right = evaluate(node.left, lookup), evaluate(node.right, lookup)
    if node.operator in "/%" and right == 0:
        raise TemplateError(f"division by zero: {shown(as_written(node.right))} is 0")
    return _calculated(node, _OPERATIONS[node.operator], left, right)


def as_written(node: Node) -> str:
    """Write an expression back as text."""
    if isinstance(node, Operation):
        return f"({as_written(node.left)} {node.operator} {as_written(node.right)})"
    return node.text if isinstance(node, Path) else str(node)


def _calculated(node: Node, operation: Callable[..., Decimal], *operands: Decimal) -> Decimal:
    try:
        return operation(*operands)
    except DecimalException as error:
        raise TemplateError(f"{shown(as_written(node))} cannot be calculated: its numbers are too large") from error


def _number(path: Path, value: JsonValue) -> Decimal:
    number = as_decimal(value)
    if number is None:
        met = "missing" if value is None else f"{shown(as_text(value))}, which is no number{told_cut(value)}"
        raise TemplateError(f"expr needs a number, but {shown(path.text)} is {met}")
    return number


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = [token.strip() for token in _TOKEN.findall(text) if token.strip()]
        self._next = 0

    def check_length(self) -> None:
        if sum(token in "+-*/%" for token in self._tokens) > _MOST_OPERATORS:
            raise self._error(f"it has more than {_MOST_OPERATORS} operators; write a shorter one")

    def sum(self, depth: int) -> Node:
        node = self._product(depth)
        while (operator := self._take("+-")) is not None:
            node = Operation(operator, node, self._product(depth))
        return node

    def end(self) -> None:
        if self._next < len(self._tokens):
            raise self._error(
                f"{shown(self._tokens[self._next])} is not expected there; remove it, or write an operator before it"
            )

    def _product(self, depth: int) -> Node:
        node = self._sign(depth)
        while (operator := self._take("*/%")) is not None:
            node = Operation(operator, node, self._sign(depth))
        return node

    def _sign(self, depth: int) -> Node:
        if depth > _DEEPEST:
            raise self._error(f"it is nested more than {_DEEPEST} deep; remove parentheses")
        if self._take("-") is not None:
            return Operation("-", Decimal(0), self._sign(depth + 1))
        if self._take("(") is not None:
            node = self.sum(depth + 1)
            if self._take(")") is None:
                raise self._error("a ) is missing; add it")
            return node
        return self._operand()

    def _operand(self) -> Node:
        if self._next == len(self._tokens):
            raise self._error("a number or a path is missing at its end; add it")
        token = self._tokens[self._next]
        if token in "+*/%)":
            raise self._error(f"a number or a path is missing before {token!r}; add it")
        self._next += 1
        return Decimal(token) if _NUMBER.fullmatch(token) else self._path(token)

    def _path(self, token: str) -> Path:
        path = Path.of(token)
        if not path.well_formed:
            raise self._error(f"{shown(token)} is neither a number nor a path; write 0.5 or customer.total")
        return path

    def _take(self, operators: str) -> str | None:
        if self._next < len(self._tokens) and self._tokens[self._next] in operators:
            self._next += 1
            return self._tokens[self._next - 1]
        return None

    def _error(self, why: str) -> TemplateError:
        return TemplateError(
            f"the expression {shown(self._text.strip())} cannot be read: {why}", code="invalid_expression"
        )
