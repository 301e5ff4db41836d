"""Errors of all kinds, hostile ones among them: what fails, the places where it does, and around.

Every way to fail is put into every place; the cells of the catalogue's own tests come with them.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from itertools import product
from typing import Any

from tests.magics.tensors.explain import (
    test_first_steps,
    test_gradients,
    test_jax,
    test_keras,
    test_layers,
    test_losses,
    test_numpy,
    test_objects,
    test_shapes,
    test_tensorflow,
    test_types_and_devices,
)
from tests.magics.tensors.explain.explained import Case, raised_by

MODULES: list[Any] = [
    *(test_gradients, test_layers, test_losses, test_objects, test_shapes, test_types_and_devices),
    *(test_numpy, test_jax, test_tensorflow, test_keras, test_first_steps),
]
PLACES = (
    "{}",
    "def f():\n    {}\nf()",
    "class A:\n    def go(self):\n        {}\nA().go()",
    "class A:\n    {}",
    "def g():\n    yield 1\n    {}\nlist(g())",
    "import asyncio\nasync def h():\n    {}\nasyncio.run(h())",
    (
        "import asyncio\nasync def h():\n    yield 1\n    {}\nasync def k():\n"
        "    return [each async for each in h()]\nasyncio.run(k())"
    ),
    "try:\n    1 / 0\nexcept ZeroDivisionError:\n    {}",
    "try:\n    {}\nexcept BaseException as e:\n    raise ValueError('wrapped') from e",
    "try:\n    {}\nexcept BaseException as e:\n    raise ExceptionGroup('many', [KeyError(1), e])",
    "try:\n    {}\nexcept BaseException as e:\n    raise e.with_traceback(None)",
    (
        "try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    other = e.__traceback__\n"
        "try:\n    {}\nexcept BaseException as e:\n    raise e.with_traceback(other)"
    ),
    (
        "from concurrent.futures import ThreadPoolExecutor\ndef f():\n    {}\n"
        "with ThreadPoolExecutor(1) as pool:\n    pool.submit(f).result()"
    ),
    "for k in [1, 2]:\n    with torch.no_grad():\n        {}",
    "x = 1; {}; y = 2",
    "exec({!r})",
    "exec(compile({!r}, 'no such file', 'exec'), {{'torch': torch, **globals()}})",
    "def deep(k):\n    if k:\n        return deep(k - 1)\n    {}\ndeep(200)",
    "def f():\n    import torch as a, numpy as b\n    x = 3\n    del x, a\n    {}\nf()",
    "def f(*strange):\n    gone = dead_proxy()\n    {}\nf(Strange(), Blocking(), Untrue(), LIAR)",
)
FAILING = (
    # What cannot say what it is
    "raise Silent('a')",
    "raise Lying('a')",
    "raise Texts('mat1 and mat2 shapes cannot be multiplied (3x4 and 5x4)')",
    "raise Secret('a')",
    "raise Untrue('a') from Untrue('b')",
    "raise Nameless('a')",
    "raise KeyError(Silent('b')) from Silent('c')",
    # What says what it is not
    "raise RuntimeError()",
    "raise RuntimeError(torch.ones(3))",
    "raise RuntimeError(b'bytes', 3, None)",
    "raise RuntimeError('mat1 and mat2 shapes cannot be multiplied (3x4 and 5x4)')",
    "raise RuntimeError('grad can be implicitly created only for scalar outputs')",
    "raise ValueError('Caught X in DataLoader worker process 0.\\nXError: y')",
    "raise TypeError('from user code:\\n   File \"a\", line 3, in f')",
    "raise TypeError('from user code:\\n   File \"<cell of a test>\", line 1, in f')",
    "raise TypeError('Exception encountered when calling A.\\n\\nxyz\\n\\nArguments received')",
    "raise ValueError('einsum(): subscript j has size 5 for operand 1')",
    "raise RuntimeError('x' * 1_000_000)",
    "raise ValueError('\\x1b[31mred\\x00\\ud800')",
    # Plain Python
    "1 / 0",
    "undefined",
    "deep_forever(1)",
    "Endless().attribute",
    "import nothing_of_this_name",
    "eval('1 +')",
    "[][3]",
    "{{}}['a']",
    "int('x')",
    "raise OSError(3, 'x') from ValueError('a')",
    "assert torch.ones(3).sum() > 5, torch.ones(3)",
    "raise StopAsyncIteration",
    "next(iter([]))",
    "b'\\xff'.decode()",
    # PyTorch
    "torch.ones(3, 4) @ torch.ones(3, 4)",
    "Strange() @ torch.ones(3, 4)",
    "torch.ones(3, 4) + Strange()",
    "torch.nn.Linear(3, 2)(Strange())",
    "torch.nn.Linear(3, 2)(torch.ones(2, 4))",
    "torch.nn.Sequential(torch.nn.Linear(3, 2), Layer())(torch.ones(2, 3))",
    "[torch.ones(2)[k] for k in range(5)]",
    "torch.relu(*[1, 2], **{{'a': 3}})",
    "torch.ones(2, 3)[(0, *[1, 2])]",
    "(lambda v: v.backward())(torch.ones(3, requires_grad=True) * 2)",
    "eval('torch.ones(3) + torch.ones(4)')",
    "Own(torch.ones(3, 4)) @ torch.ones(3, 4)",
    "torch.einsum('ij,jk', torch.ones(3, 4), torch.ones(3, 4))",
    "torch.nn.functional.linear(torch.ones(3, 4), torch.ones(3, 3))",
    "torch.sparse_coo_tensor([[0], [1]], [1.0], (3, 4)) @ torch.ones(3, 4)",
    "torch.ones(3, 4, device='meta') @ torch.ones(3, 4)",
    "torch.autograd.grad(torch.ones(2).sum(), torch.ones(2))",
    # NumPy
    "np.ones((3, 4)) @ np.ones((3, 4))",
    "np.concatenate([np.ones(3), Strange()])",
    "np.array([[1, 2], [3]], dtype=float)",
    "bool(np.ones(3))",
    # JAX, TensorFlow and Keras
    "jnp.ones((3, 4)) @ jnp.ones((3, 4))",
    "jax.jit(lambda v: v if v > 0 else -v)(1.0)",
    "jax.grad(lambda v: v)(jnp.ones(3))",
    "tf.ones((3, 4)) @ tf.ones((3, 4))",
    "tf.function(lambda v: v @ v)(tf.ones((3, 4)))",
    "keras.layers.Dense(2)(Strange())",
    "keras.Sequential([keras.layers.Dense(2)]).fit(np.ones((3, 4)), np.ones(3))",
)
SETUP = """
import time, weakref
import jax
import jax.numpy as jnp
import keras
import numpy as np
import tensorflow as tf
import torch
class Silent(Exception):
    def __str__(self):
        raise ValueError("no text")
    __repr__ = __str__
class Lying(Exception):
    def __str__(self):
        return 3
class Text(str):
    def __hash__(self):
        raise RuntimeError("hash")
    __eq__ = split = __format__ = __hash__
class Texts(Exception):
    def __str__(self):
        return Text(self.args[0])
class Secret(Exception):
    @property
    def args(self):
        raise RuntimeError("args")
    __cause__ = __context__ = __suppress_context__ = __traceback__ = __notes__ = args
class Untrue(Exception):
    def __bool__(self):
        raise RuntimeError("bool")
    __eq__ = __hash__ = __len__ = __bool__
class Kind(type):
    @property
    def __name__(cls):
        raise RuntimeError("name")
    __module__ = __name__
class Nameless(Exception, metaclass=Kind):
    pass
class Strange:
    def __getattr__(self, name):
        raise RuntimeError(name)
    def __eq__(self, other):
        raise RuntimeError("equal")
    def __hash__(self):
        raise RuntimeError("hash")
    def __bool__(self):
        raise RuntimeError("bool")
    def __repr__(self):
        raise RuntimeError("repr")
class Liar:
    def __getattribute__(self, name):
        raise RuntimeError(name)
LIAR = Liar()
class Blocking:
    def __getattr__(self, name):
        time.sleep(60)
class Endless:
    def __getattr__(self, name):
        return getattr(self, name + "a")
class Own(torch.Tensor):
    def __repr__(self):
        raise RuntimeError("repr")
class Layer(torch.nn.Module):
    def named_modules(self, *_, **__):
        raise RuntimeError("modules")
    def forward(self, x):
        return x @ torch.ones(5, 5)
def dead_proxy():
    return weakref.proxy(Layer())
def deep_forever(k):
    return deep_forever(k + 1)
layer, blocking, strange, gone = Layer(), Blocking(), Strange(), dead_proxy()
"""


def cells() -> list[Case]:
    """Every way to fail in every place, and the cells of the catalogue's tests."""
    made = [Case(SETUP, _placed(place, failing), None) for place, failing in _pairs()]
    return [*made, *(case for module in MODULES for case in module.CASES)]


def _pairs() -> Iterator[tuple[str, str]]:
    """In an order in which neighbours have neither place nor failure in common."""
    count = len(PLACES) * len(FAILING)
    pairs = list(product(PLACES, FAILING))
    yield from (pairs[k * 577 % count] for k in range(count))


def _placed(place: str, failing: str) -> str:
    return place.format(failing.replace("{{", "{").replace("}}", "}"))


def error_of(case: Case) -> BaseException | None:
    """What the cell raises, without the warnings on the way; None where the place prevents it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return raised_by(case)[0]
