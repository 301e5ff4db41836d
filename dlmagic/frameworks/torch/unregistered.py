"""Layers and weights that a module keeps where PyTorch does not look for parameters."""

from __future__ import annotations

import ast
import dis
import linecache
import re
from collections.abc import Iterator, Mapping
from types import FunctionType

from torch import Tensor, nn

from dlmagic.cell.source import is_of_others
from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.torch.graph_questions import is_leaf
from dlmagic.frameworks.torch.reached import held_by, modules, optimisers
from dlmagic.frameworks.training import Unregistered

_OF_EVERY_MODULE = frozenset(vars(nn.Module()))
_KEEPERS = {
    ("list", nn.Module): "ModuleList",
    ("tuple", nn.Module): "ModuleList",
    ("dict", nn.Module): "ModuleDict",
    ("list", Tensor): "ParameterList",
    ("tuple", Tensor): "ParameterList",
    ("dict", Tensor): "ParameterDict",
    ("tensor", Tensor): "Parameter",
}
_DEPTH = 3


def unregistered(namespace: Mapping[str, object]) -> tuple[Unregistered, ...]:
    """What the user's modules keep in plain lists, or as tensors that are no parameters."""
    known = modules(namespace)
    # What is reached past another module's attribute is registered by nobody for that.
    direct = [m for name, m in known.items() if not name.startswith(tuple(f"{k}." for k in known))]
    trained = frozenset().union(*map(held_by, optimisers(namespace).values()))
    found: dict[tuple[int, str], Unregistered] = {}
    for name, model in known.items():
        for path, module in model.named_modules():
            for key, value in _attributes(module).items():
                keys = _left_out(value, direct) - trained
                each = _told(f"{name}.{path}" if path else name, type(module), key, value, keys)
                if keys and each is not None:
                    found.setdefault((id(module), key), each)
    return tuple(found.values())


def _left_out(value: object, direct: list[nn.Module]) -> frozenset[int]:
    """Identities of trainable parameters in a value that no other module has registered."""
    held = [each for each in _held(value) if _is_trainable(each)]
    mine = {id(each) for each in held}
    if len(mine) == 1 and not isinstance(value, nn.Module) and mine & set(map(id, direct)):
        return frozenset()  # a list of one hides a module of the notebook on purpose
    registered = {id(p) for each in direct if id(each) not in mine for p in each.parameters()}
    return frozenset(id(p) for each in held for p in _parameters(each)) - registered


def _told(
    place: str, kind: type, key: str, value: object, keys: frozenset[int]
) -> Unregistered | None:
    what = _kind(value)
    if not keys or what is None:
        return None
    frame = _setting(kind, key)
    made, alone = _value_of(frame, key) if frame is not None else (None, False)
    held = list(_held(value))
    layers = any(isinstance(each, nn.Module) for each in held)
    meant = layers or any(isinstance(each, nn.Parameter) for each in held)
    if not meant and (made is None or "requires_grad" not in ast.unparse(made)):
        return None  # tensors that are put there later, such as inputs
    keeper = _KEEPERS.get((what, nn.Module if layers else Tensor))
    simple = alone and not _is_nested(value)
    code = _fixed(frame, key, made, keeper) if frame and made is not None and simple else None
    return Unregistered(place, key, what, keys, frame, code)


def _attributes(module: nn.Module) -> dict[str, object]:
    """Those of a user's module that are not PyTorch's own, also those of its class."""
    kinds = [each for each in type(module).__mro__ if not is_of_others(_file_of(each))]
    if not kinds:
        return {}
    of_classes = {
        key: value
        for kind in reversed(kinds)
        for key, value in vars(kind).items()
        if isinstance(value, list | tuple | dict | nn.Module) and key[:2] != "__"
    }
    own = {key: value for key, value in vars(module).items() if key not in _OF_EVERY_MODULE}
    return {**of_classes, **own}


def _kind(value: object) -> str | None:
    if isinstance(value, nn.Module):
        return "class"
    if isinstance(value, Tensor):
        return "tensor"
    return next((each.__name__ for each in (list, tuple, dict) if isinstance(value, each)), None)


def _is_nested(value: object) -> bool:
    """Whether a container holds others, which the framework's own containers do not take."""
    if not isinstance(value, list | tuple | dict):
        return False
    inside = value.values() if isinstance(value, dict) else value
    return any(isinstance(each, list | tuple | dict) for each in inside)


def _held(value: object, depth: int = _DEPTH) -> Iterator[nn.Module | Tensor]:
    if isinstance(value, nn.Module | Tensor):
        yield value
    elif isinstance(value, list | tuple | dict) and depth:
        for each in value.values() if isinstance(value, dict) else value:
            yield from _held(each, depth - 1)


def _is_trainable(value: nn.Module | Tensor) -> bool:
    return any(each.requires_grad and is_leaf(each) for each in _parameters(value))


def _parameters(value: nn.Module | Tensor) -> list[Tensor]:
    return list(value.parameters()) if isinstance(value, nn.Module) else [value]


def _setting(kind: type, key: str) -> Frame | None:
    """The line that sets an attribute as a module is made."""
    made = getattr(kind, "__init__", None)
    called = made.__code__.co_names if isinstance(made, FunctionType) else ()
    for name in ("__init__", *called):
        method = getattr(kind, name, None)
        if isinstance(method, FunctionType):
            for instruction in dis.get_instructions(method.__code__):
                if instruction.opname == "STORE_ATTR" and instruction.argval == key:
                    line = instruction.positions.lineno if instruction.positions else None
                    return Frame(method.__code__.co_filename, line or 0, "")
    return None


def _file_of(kind: type) -> str:
    codes = (f.__code__ for f in vars(kind).values() if isinstance(f, FunctionType))
    return next((code.co_filename for code in codes), "<frozen nothing>")


def _value_of(frame: Frame, attribute: str) -> tuple[ast.expr | None, bool]:
    """What a line sets an attribute to, as it is written, and whether it does nothing else."""
    lines = linecache.getlines(frame.file)
    python = "".join("\n" if line[:1] in "%!" else line for line in lines)
    try:
        nodes = [node for node in ast.walk(ast.parse(python)) if isinstance(node, ast.Assign)]
    except (SyntaxError, ValueError):
        return None, False
    for node in nodes:
        if node.lineno <= frame.line <= (node.end_lineno or 0):
            for target in node.targets:
                for one, value in _pairs(target, node.value):
                    if isinstance(one, ast.Attribute) and one.attr == attribute:
                        alone = node.targets == [one] and node.end_lineno == node.lineno
                        return value, alone
    return None, False


def _pairs(target: ast.expr, value: ast.expr) -> list[tuple[ast.expr, ast.expr]]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        return list(zip(target.elts, value.elts, strict=False))
    return [(target, value)]


def _fixed(frame: Frame, attribute: str, value: ast.expr, keeper: str | None) -> str | None:
    """The statement with its value in what registers it."""
    if keeper is None:
        return None
    match value:
        case ast.Call(ast.Attribute(ast.expr() as tensor, "requires_grad_")):
            value = tensor
        case ast.Call(ast.Name("tuple" | "list"), [inner]):
            value = inner
        case ast.Call():
            value.keywords = [each for each in value.keywords if each.arg != "requires_grad"]
        case _:
            pass
    text = "".join(linecache.getlines(frame.file)).replace("torch.nn", "")
    home = "nn" if re.search(r"\bnn\.", text) else "torch.nn"
    inside = ast.unparse(value)
    inside = "" if inside in ("[]", "{}", "()") else inside
    if isinstance(value, ast.GeneratorExp):
        inside = inside[1:-1]
    return f"self.{attribute} = {home}.{keeper}({inside})"
