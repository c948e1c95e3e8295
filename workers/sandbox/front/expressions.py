"""Metric math in GetMetricData: arithmetic on the other queries of the call, and the usual functions.

An expression is read with Python's own parser, whose grammar covers CloudWatch's here, and walked.
"""

import ast
import operator
from collections.abc import Callable, Mapping
from itertools import pairwise

from workers.sandbox.front.refusal import CloudError

Line = dict[float, float]
"""Values by time."""
Value = float | Line | list[Line]

_BINARY: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.BitXor: operator.pow,
    ast.Gt: lambda a, b: float(a > b),
    ast.GtE: lambda a, b: float(a >= b),
    ast.Lt: lambda a, b: float(a < b),
    ast.LtE: lambda a, b: float(a <= b),
    ast.Eq: lambda a, b: float(a == b),
}
_FOLDS: dict[str, Callable[[list[float]], float]] = {
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
    "MIN": min,
    "MAX": max,
}


def evaluate(expression: str, lines: Mapping[str, Line], period: int) -> Line:
    """The line that an expression makes of others; a ValidationError when it cannot be read."""
    try:
        found = _Reader(lines, period).read(ast.parse(expression, mode="eval").body)
    except (SyntaxError, KeyError, TypeError, ValueError) as error:
        raise CloudError("ValidationError", f"Error in expression '{expression}': {error}") from None
    if isinstance(found, dict):
        return found
    if isinstance(found, list):
        raise CloudError("ValidationError", f"Error in expression '{expression}': several lines at once")
    times = {at for line in lines.values() for at in line}
    return dict.fromkeys(sorted(times), found)


class _Reader:
    """Walks one expression."""

    def __init__(self, lines: Mapping[str, Line], period: int) -> None:
        self.lines, self.period = lines, period

    def read(self, node: ast.AST) -> Value:
        match node:
            case ast.Constant(value=int() | float() as number):
                return float(number)
            case ast.Name(id=name):
                return self.lines[name]
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return _each(self.read(inner), lambda value: -value)
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                return _pairs(self.read(left), self.read(right), None)
            case ast.BinOp(left=left, op=sign, right=right):
                return _pairs(self.read(left), self.read(right), _BINARY[type(sign)])
            case ast.Compare(left=left, ops=[sign], comparators=[right]):
                return _pairs(self.read(left), self.read(right), _BINARY[type(sign)])
            case ast.List(elts=items):
                return [line for item in items for line in _lines(self.read(item))]
            case ast.Call(func=ast.Name(id=name), args=arguments):
                return self._call(name.upper(), arguments)
            case _:
                raise ValueError("not supported")

    def _call(self, name: str, arguments: list[ast.expr]) -> Value:
        if name == "METRICS":
            return list(self.lines.values())
        first = self.read(arguments[0])
        if name in _FOLDS:
            return _fold(first, _FOLDS[name])
        if name == "FILL" and isinstance(first, dict):
            return self._fill(first, arguments[1])
        if name == "ABS":
            return _each(first, abs)
        if name == "PERIOD":
            return float(self.period)
        if name in ("RATE", "DIFF") and isinstance(first, dict):
            return _steps(first, name == "RATE")
        raise ValueError(f"{name} is not supported")

    def _fill(self, line: Line, filler: ast.expr) -> Line:
        times = sorted({at for other in self.lines.values() for at in other} | set(line))
        if isinstance(filler, ast.Name) and filler.id == "REPEAT":
            last, found = 0.0, {}
            for at in times:
                last = found[at] = line.get(at, last)
            return found
        value = self.read(filler)
        assert isinstance(value, float)
        return {at: line.get(at, value) for at in times}


def _each(value: Value, function: Callable[[float], float]) -> Value:
    if isinstance(value, list):
        return [{at: function(x) for at, x in line.items()} for line in value]
    return {at: function(x) for at, x in value.items()} if isinstance(value, dict) else function(value)


def _pairs(left: Value, right: Value, function: Callable[[float, float], float] | None) -> Value:
    """Both sides point by point, where both have one; a division by zero makes no point."""
    if isinstance(left, list) or isinstance(right, list):
        raise ValueError("arithmetic on several lines at once")
    if not isinstance(left, dict) and not isinstance(right, dict):
        return left / right if function is None else function(left, right)
    times = set(left if isinstance(left, dict) else right if isinstance(right, dict) else ())
    if isinstance(left, dict) and isinstance(right, dict):
        times &= set(right)
    found: Line = {}
    for at in sorted(times):
        a, b = (side[at] if isinstance(side, dict) else side for side in (left, right))
        if function is not None:
            found[at] = function(a, b)
        elif b:
            found[at] = a / b
    return found


def _fold(value: Value, function: Callable[[list[float]], float]) -> Value:
    """Of one line a number, of several lines one line."""
    if isinstance(value, float):
        return value
    if isinstance(value, dict):
        return function(list(value.values())) if value else 0.0
    lines = _lines(value)
    times = sorted({at for line in lines for at in line})
    return {at: function([line[at] for line in lines if at in line]) for at in times}


def _lines(value: Value) -> list[Line]:
    if isinstance(value, list):
        return value
    if isinstance(value, dict):
        return [value]
    raise ValueError("a number in a list of lines")


def _steps(line: Line, by_second: bool) -> Line:
    times = sorted(line)
    return {b: (line[b] - line[a]) / ((b - a) if by_second else 1) for a, b in pairwise(times)}
