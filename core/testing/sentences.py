"""The sentences a package says no with, or why, or what its settings ask for, found in its source; refusals.cfg names it.

Code says `DomainError(f"order {head.number} is {head.status}", remedy="reload the order")` and nothing more. Each such
text is a sentence whose values are places, here `order {number} is {status}`; the console knows a sentence again by its
fixed words (core/web/sentences.py), so what was stored years ago is translated as well as what was refused just now.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from itertools import islice, product
from string import Formatter
from typing import IO

from ..kernel import errors

REASONS = frozenset({"remedy", "reason", "because", "note", "why", "what", "problem", "says"})
"""Arguments and variables that hold a sentence for people, whoever they are handed to."""
ERRORS = frozenset(name for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, Exception))
ELSEWHERE = frozenset({"SignInRefused", "Unpriced", "SealError", "SettingsMissing", "Verdict"})
"""Errors and verdicts that rooms define for themselves, and that carry sentences as those of the kernel do."""
PLACES: dict[str, tuple[int, ...]] = {
    **dict.fromkeys(("quantity", "one_line", "bounded", "code", "words", "day", "checked", "SettingField"), (1,)),
    "wrong": (1,),
    "problem": (2,),
    "note": (3,),
    "hold": (3,),
    "Problem": (3,),
    "ReservationsLost": (3,),
    "park": (3, 4),
    "put_back": (4, 5),
    "Shift": (8,),
}
"""Functions of the core that take such a sentence by position: which arguments it may be."""
_SQL = re.compile(r"\b(SELECT|FROM|WHERE|RETURNING|interval)\b|= \?|\bIN \(|%Y-%m|[<>]='")
_DEEP = 6
_MOST = 64

Found = tuple[int, None, str, list[str]]


def extract(file: IO[bytes], keywords: object, comment_tags: object, options: object) -> Iterator[Found]:
    """Babel's way to ask: the line, no function, the sentence, no comment."""
    for sentence, line in sorted(sentences(file.read().decode()).items(), key=lambda pair: pair[1]):
        yield line, None, sentence, []


def sentences(source: str) -> dict[str, int]:
    """Every sentence of a module and its first line."""
    tree = ast.parse(source)
    reader = _Reader(tree)
    for node in ast.walk(tree):
        reader.look(node)
    return reader.found


class _Reader:
    def __init__(self, tree: ast.Module) -> None:
        self.found: dict[str, int] = {}
        self._scopes: dict[ast.AST, dict[str, list[ast.expr]]] = {}
        self._home: dict[ast.AST, ast.AST] = {}
        self._functions = {one.name: one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef)}
        self._settle(tree, tree)
        self._tree = tree

    def _settle(self, node: ast.AST, home: ast.AST) -> None:
        """Note for each node the function it stands in, and for each function what is assigned in it."""
        self._home[node] = home
        inside = node if isinstance(node, ast.FunctionDef | ast.Module) else home
        if inside is node:
            self._scopes[node] = {}
        for child in ast.iter_child_nodes(node):
            self._settle(child, inside)
            match child:
                case (
                    ast.Assign(targets=[ast.Name(id=name)], value=value)
                    | ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value)
                ):
                    self._assigned(inside, name, value)
                case ast.Call(func=ast.Attribute(value=ast.Name(id=name), attr="append"), args=[value]):
                    self._assigned(inside, name, value)
                case ast.For(target=ast.Tuple(elts=[_, ast.Name(id=name)]), iter=ast.Call(func=ast.Attribute(value, "items"))):
                    self._assigned(inside, name, value)
                case ast.Assign(targets=[ast.Tuple(elts=names)], value=value):
                    for position, one in enumerate(names):
                        for part in _parts(value, position):
                            if isinstance(one, ast.Name):
                                self._assigned(inside, one.id, part)

    def _assigned(self, home: ast.AST, name: str, value: ast.expr) -> None:
        self._scopes[home].setdefault(name, []).append(value)

    def look(self, node: ast.AST) -> None:
        match node:
            case ast.Call(func=func, args=args, keywords=named):
                if _name(func) in ERRORS | ELSEWHERE or _is_super(func):
                    for argument in args:
                        self._keep(argument)
                if _name(func) == "Transitions" and _is_text(args[0]):
                    self.found.setdefault(f"{self._texts(args[0], 0)[0]} {{name}}", node.lineno)
                for position, argument in enumerate(args):
                    if position in PLACES.get(_name(func), ()) or self._parameter(func, position) in REASONS:
                        self._keep(argument)
                    elif _name(args[0]) == "uow" and any(" " in text for text in self._texts(argument, 0)):
                        self._keep(argument)  # a command, told why
                for keyword in named:
                    if keyword.arg in REASONS or (keyword.arg == "help" and _name(func) == "SettingField"):
                        self._keep(keyword.value)
                if isinstance(func, ast.Attribute) and func.attr == "append":
                    self._keep(args[0], whole=_name(func.value) != "done")
            case ast.Assign(targets=[ast.Name(id=name) | ast.Attribute(attr=name)], value=value) if (
                name.strip("_").lower() in REASONS
            ):
                self._keep(value)
            case ast.Assign(targets=[ast.Tuple(elts=names)], value=value) if not isinstance(value, ast.Tuple):
                if any(_name(one) in REASONS for one in names):
                    self._keep(value)
            case ast.Assign(targets=[ast.Subscript()], value=said) | ast.DictComp(value=said) | ast.ListComp(elt=said):
                self._keep(said, whole=True)
            case ast.Dict(keys=keys, values=values):
                for key, value in zip(keys, values, strict=True):
                    if isinstance(key, ast.Constant) and key.value in REASONS | {"refused"}:
                        self._keep(value)
            case ast.FunctionDef(returns=ast.Name(id="str")):
                for answer in _answers(node):
                    self._keep(answer, whole=True)
            case ast.FunctionDef(returns=ast.Subscript(value=ast.Name(id="list"), slice=ast.Name(id="str"))):
                for answer in _answers(node):
                    for one in answer.elts if isinstance(answer, ast.List) else ():
                        self._keep(one, whole=not isinstance(one, ast.Constant))

    def _parameter(self, func: ast.expr, position: int) -> str:
        """What a function of this module calls the argument at a position."""
        name = _name(func)
        given = [one.arg for one in self._functions[name].args.args] if name in self._functions else []
        given = given[1:] if given[:1] == ["self"] else given
        return given[position] if position < len(given) else ""

    def _keep(self, expr: ast.expr, *, whole: bool = False) -> None:
        """Note what an expression says; only if it is `whole` words, where anything else may stand too."""
        for text in self._texts(expr, 0):
            if _says_something(text) and (not whole or _reads_well(text)):
                self.found.setdefault(text, expr.lineno)

    def _texts(self, expr: ast.expr, depth: int) -> list[str]:
        """Each sentence an expression may come to; none where it is not written here."""
        if depth > _DEEP:
            return []
        match expr:
            case ast.Constant(value=str(text)):
                return [text.replace("{", "{{").replace("}", "}}")]
            case ast.JoinedStr(values=values):
                return _joined([self._piece(one, depth) for one in values])
            case ast.BinOp(op=ast.Add(), left=left, right=right):
                sides = [self._texts(side, depth) or [self._place(side, depth)] for side in (left, right)]
                return _joined(sides) if any(map(_says_something, (text for side in sides for text in side))) else []
            case ast.IfExp(body=body, orelse=orelse):
                return [*self._texts(body, depth), *self._texts(orelse, depth)]
            case ast.BoolOp(values=values):
                return [text for one in values for text in self._texts(one, depth)]
            case ast.Dict(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
                return [text for one in values for text in self._texts(one, depth + 1)]
            case ast.Subscript(value=ast.Name() as name):
                return self._texts(name, depth + 1)
            case ast.GeneratorExp(elt=element) | ast.ListComp(elt=element):
                return self._texts(element, depth + 1)
            case ast.Name(id=name):
                for home in (self._home[expr], self._tree):
                    if name in self._scopes[home]:
                        return [text for one in self._scopes[home][name] for text in self._texts(one, depth + 1)]
            case ast.Call(func=ast.Name(id=name)) if name in self._functions:
                return [text for one in _answers(self._functions[name]) for text in self._texts(one, depth + 1)]
            case ast.Call(func=ast.Attribute(value=value, attr="strip" | "rstrip" | "removesuffix" | "format")):
                return self._texts(value, depth)
            case ast.Call(func=ast.Attribute(value=ast.Constant(), attr="join"), args=[joined]):
                return self._texts(joined, depth)
            case ast.Call(func=ast.Attribute(value=ast.Name() as name, attr="get"), args=[_, *default]):
                return [text for one in (name, *default) for text in self._texts(one, depth + 1)]
        return []

    def _piece(self, part: ast.expr, depth: int) -> list[str]:
        """What may stand in one place of an f-string: its alternatives where both are written there, else a place."""
        match part:
            case ast.Constant():
                return self._texts(part, depth)
            case ast.FormattedValue(value=ast.IfExp(body=body, orelse=orelse)):
                return [self._place(one, depth) if not _is_text(one) else self._texts(one, depth)[0] for one in (body, orelse)]
            case ast.FormattedValue(value=value):
                return [self._place(value, depth)]
        return []

    def _place(self, value: ast.expr, depth: int) -> str:
        """A place named after its value; what the value itself says is a sentence of its own, said inside this one."""
        inner = value.args[0] if isinstance(value, ast.Call) and value.args else value
        inner = inner.value if isinstance(inner, ast.Subscript) else inner
        mine = not isinstance(inner, ast.Name) or inner.id in self._scopes[self._home[inner]]
        for text in self._texts(value, depth + 1) if not isinstance(value, ast.Attribute) else []:
            if _says_something(text) and (_reads_well(text) if isinstance(value, ast.Subscript) else mine):
                self.found.setdefault(text, value.lineno)
        return "{" + _place_name(value) + "}"


def _answers(function: ast.AST) -> list[ast.expr]:
    return [one.value for one in ast.walk(function) if isinstance(one, ast.Return) and one.value is not None]


def _joined(pieces: Iterable[list[str]]) -> list[str]:
    return [_numbered("".join(one)) for one in islice(product(*pieces), _MOST)]


def _numbered(text: str) -> str:
    """Two places of one name become `name` and `name2`."""
    seen: dict[str, int] = {}
    out = []
    for literal, name, _spec, _conversion in Formatter().parse(text):
        out.append(literal.replace("{", "{{").replace("}", "}}"))
        if name is not None:
            base = name.rstrip("0123456789") or name
            seen[base] = seen.get(base, 0) + 1
            out.append("{" + (base if seen[base] == 1 else f"{base}{seen[base]}") + "}")
    return "".join(out)


def _parts(value: ast.expr, position: int) -> list[ast.expr]:
    match value:
        case ast.Tuple(elts=elements) if position < len(elements):
            return [elements[position]]
        case ast.IfExp(body=body, orelse=orelse):
            return [*_parts(body, position), *_parts(orelse, position)]
    return []


def _is_text(value: ast.expr) -> bool:
    return isinstance(value, ast.JoinedStr) or (isinstance(value, ast.Constant) and isinstance(value.value, str))


def _is_super(func: ast.expr) -> bool:
    return isinstance(func, ast.Attribute) and func.attr == "__init__" and isinstance(func.value, ast.Call)


def _name(func: ast.expr) -> str:
    match func:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Subscript(value=generic):
            return _name(generic)
    return ""


def _place_name(value: ast.expr) -> str:
    match value:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name.strip("_").lower()
        case ast.Subscript(slice=ast.Constant(value=str(name))) if name.isidentifier():
            return name
        case ast.Subscript(value=inner) | ast.BinOp(left=inner) | ast.BoolOp(values=[inner, *_]):
            return _place_name(inner)
        case ast.Call(func=ast.Attribute(attr="join"), args=[inner]) | ast.Starred(value=inner):
            return _place_name(inner)
        case ast.GeneratorExp(generators=[one, *_]) | ast.ListComp(generators=[one, *_]):
            return _place_name(one.iter)
        case ast.Call(
            func=ast.Name(id="str" | "len" | "sorted" | "max" | "min" | "abs" | "sum" | "repr" | "int"), args=[inner, *_]
        ):
            return _place_name(inner)
        case ast.Call(func=func):
            return _place_name(func)
    return "value"


def _says_something(text: str) -> bool:
    """Whether there are words in it: `{a}: {b}` says nothing of its own, `to_ship` is a code, and SQL is for nobody."""
    if _SQL.search(text) or (" " not in text and re.search(r"[_/:]", text)):
        return False
    return any(char.isascii() and char.islower() for literal, *_ in Formatter().parse(text) for char in literal)


def _reads_well(text: str) -> bool:
    """Whether it is surely English: three words or places, two of them words, and begun small."""
    words, places = len(re.findall(r"[A-Za-z']+", re.sub(r"{\w+}", "", text))), text.count("{")
    return words > 1 and words + places > 2 and " " in text and bool(re.match(r"[a-z{]", text))
