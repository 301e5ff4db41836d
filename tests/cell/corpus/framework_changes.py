"""Cells that change state of TensorFlow, Keras, JAX with Flax and Optax, and numba."""

from __future__ import annotations

from tests.cell.corpus.cell import CorpusCell as C

# A cell stays together; the formatter would give each of its parts a line.
# fmt: off

_TENSORFLOW = """\
import tensorflow as tf
tf.random.set_seed(3)
v = tf.Variable([[1.0, 2.0], [3.0, 4.0]])
x = tf.constant([[0.5, -1.0], [2.0, 0.25], [1.0, 1.0]])
class Net(tf.Module):
    def __init__(self):
        super().__init__()
        self.w = tf.Variable(tf.ones((2, 2)))
        self.rows = [tf.Variable(1.0), tf.Variable(2.0)]
        self.table = {'a': tf.Variable(3.0)}
        self.calls = 0
    def __call__(self, a):
        self.calls += 1
        return a @ self.w * self.rows[0] + self.table['a']
net = Net()
"""
_KERAS = """\
import numpy as np
import keras
from keras import layers
keras.utils.set_random_seed(3)
x = np.random.default_rng(0).standard_normal((12, 4)).astype('float32')
y = (x.sum(axis=1) > 0).astype('int32')
def make(*more, optimizer='sgd'):
    model = keras.Sequential([layers.Input((4,)), layers.Dense(5, 'relu'), *more, layers.Dense(2)])
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=['accuracy'])
    return model
"""
_FIT = "model.fit(x, y, batch_size=6, verbose=0)"
_TAPE = """\
import tensorflow as tf
def step(optimizer):
    with tf.GradientTape() as tape:
        loss = tf.reduce_mean(tf.square(model(x, training=True)))
    gradients = tape.gradient(loss, model.trainable_variables)
    optimizer.apply(gradients, model.trainable_variables)
    return loss
"""
_JAX = """\
import jax
import jax.numpy as jnp
import numpy as np
params = {'w': jnp.ones((3, 2)), 'b': [jnp.zeros(2)]}
x = jnp.arange(12.0).reshape(4, 3)
def loss_of(params, x):
    return jnp.mean((x @ params['w'] + params['b'][0]) ** 2)
@jax.jit
def step(params, x):
    return jax.tree.map(lambda p, g: p - 0.01 * g, params, jax.grad(loss_of)(params, x))
"""
_NNX = """\
import optax
from flax import nnx
class Net(nnx.Module):
    def __init__(self, rngs):
        self.first = nnx.Linear(3, 4, rngs=rngs)
        self.norm = nnx.BatchNorm(4, rngs=rngs)
        self.drop = nnx.Dropout(0.5, rngs=rngs)
        self.last = nnx.Linear(4, 2, rngs=rngs)
    def __call__(self, a):
        return self.last(self.drop(nnx.relu(self.norm(self.first(a)))))
model = Net(nnx.Rngs(0))
"""
_NUMBA = """\
import numpy as np
import numba
from numba import njit
a = np.arange(6.0)
"""


def tensorflow(name: str, text: str, setup: str = "") -> C:
    return C(name, text, _TENSORFLOW + setup, needs=("tensorflow",))


def keras(name: str, text: str, setup: str = "model = make()\n") -> C:
    return C(name, text, _KERAS + setup, needs=("tensorflow", "keras"))


def jax(name: str, text: str, setup: str = "") -> C:
    return C(name, text, _JAX + setup, needs=("jax",))


def flax(name: str, text: str, setup: str = "") -> C:
    return C(name, text, _JAX + _NNX + setup, needs=("jax", "flax", "optax"))


def numba(name: str, text: str, setup: str = "") -> C:
    return C(name, text, _NUMBA + setup, needs=("numba",))


def optimizers() -> list[C]:
    """Keras's optimizers with empty and with filled state, by fit and by hand."""
    cells = []
    for call in ("SGD(0.1, momentum=0.9)", "Adam(0.1)", "RMSprop(0.1, centered=True)",
                 "Adagrad(0.1)", "AdamW(0.1, use_ema=True)"):
        setup = f"model = make(optimizer=keras.optimizers.{call})\n"
        cells.append(keras(f"fit from the start: {call}", _FIT, setup))
        cells.append(keras(f"fit on its way: {call}", _FIT, setup + _FIT))
        tape = f"model = make()\noptimizer = keras.optimizers.{call}\n{_TAPE}"
        cells.append(keras(f"a tape from the start: {call}", "loss = step(optimizer)", tape))
        cells.append(keras(f"a tape on its way: {call}", "loss = step(optimizer)",
                           tape + "step(optimizer)\n"))
    return cells


TENSORFLOW = (
    tensorflow("a variable is assigned", "v.assign(v * 2)\nv.assign_add([[1.0, 1.0]] * 2)\nv.assign_sub(v)"),
    tensorflow("parts of a variable are assigned", "v[0].assign([7.0, 8.0])\nv[:, 1].assign([0.0, 0.0])"),
    tensorflow("rows of a variable are scattered to",
               "v.scatter_nd_add([[0]], [[1.0, 1.0]])\nv.scatter_nd_update([[1]], [[9.0, 9.0]])"),
    tensorflow("two names of a variable, one rebound", "w.assign(v * 3)\nw = 5", "w = v\n"),
    tensorflow("variables of other types", "i.assign_add([1])\nb.assign([True])\ns.assign(['z'])\nh.assign([2.0])",
               "i = tf.Variable([1])\nb = tf.Variable([False])\ns = tf.Variable(['a'])\n"
               "h = tf.Variable([1.0], dtype=tf.bfloat16)\n"),
    tensorflow("variables in containers", "for each in several['x']:\n    each.assign_add(1.0)\nseveral['x'].pop()",
               "several = {'x': [tf.Variable(1.0), tf.Variable(2.0)]}\n"),
    tensorflow("a variable in a closure", "count()\ncount()",
               "def make():\n    n = tf.Variable(0)\n    def count():\n        return n.assign_add(1)\n"
               "    return count\ncount = make()\n"),
    tensorflow("a variable that a helper reads", "double()", "def double():\n    v.assign(v * 2)\n"),
    tensorflow("attributes of a module", "net(x)\nnet.w.assign(net.w * 2)\nnet.note = 'new'"),
    tensorflow("a module's lists and dicts",
               "net.rows.append(tf.Variable(5.0))\nnet.rows[0].assign(7.0)\nnet.table['a'].assign(0.0)\n"
               "net.table['b'] = tf.Variable(1.0)"),
    tensorflow("a module's variable is replaced", "net.w = tf.Variable(tf.zeros((2, 2)))\ndel net.table"),
    tensorflow("a step by hand", "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(net(x) ** 2)\n"
               "for p, g in zip(net.trainable_variables, tape.gradient(loss, net.trainable_variables)):\n"
               "    if g is not None:\n        p.assign_sub(0.1 * g)"),
    tensorflow("the user's own graph updates variables", "train(x)\ntrain(x)",
               "@tf.function\ndef train(a):\n    v.assign_add(tf.ones_like(v) * tf.reduce_mean(a))\n    return v\n"),
    tensorflow("a graph that was traced before", "train(x)",
               "@tf.function\ndef train(a):\n    v.assign_add(tf.ones_like(v))\n    return v\ntrain(x)\n"),
    tensorflow("the global random seed", "tf.random.set_seed(5)"),
    tensorflow("the global random generator", "noise = tf.random.get_global_generator().normal((2,))"),
    tensorflow("a random generator of one's own", "noise = g.normal((2,))\ng.skip(3)",
               "g = tf.random.Generator.from_seed(1)\n"),
    tensorflow("functions are run eagerly", "tf.config.run_functions_eagerly(True)\nv.assign_add(v)"),
    tensorflow("eager tensors in containers", "rows.append(x * 2)\nrows[0] = x\ntable['n'] = x[0]",
               "rows, table = [x], {}\n"),
    tensorflow("a loop over a dataset", "for row in data:\n    total.assign_add(tf.reduce_sum(row))",
               "data = tf.data.Dataset.from_tensor_slices(x).batch(2)\ntotal = tf.Variable(0.0)\n"),
    tensorflow("a Keras metric", "m.update_state([1.0, 2.0])\nprint(float(m.result()))",
               "import keras\nm = keras.metrics.Mean()\nm.update_state([5.0])\n"),
)
KERAS = (
    *optimizers(),
    keras("fit with its history", "history = " + _FIT),
    keras("fit for the second time", _FIT, "model = make()\n" + _FIT),
    keras("fit of a model of functions", _FIT,
          "i = layers.Input((4,))\nmodel = keras.Model(i, layers.Dense(2)(layers.Dense(3, 'tanh')(i)))\n"
          "model.compile('adam', keras.losses.SparseCategoricalCrossentropy(from_logits=True))\n"),
    keras("fit of a class with a step of its own", _FIT,
          "import tensorflow as tf\n"
          "class Mine(keras.Model):\n"
          "    def __init__(self):\n        super().__init__()\n        self.d = layers.Dense(2)\n"
          "        self.seen = keras.metrics.Mean(name='seen')\n"
          "    def call(self, a):\n        return self.d(a)\n"
          "    def train_step(self, data):\n        a, b = data\n"
          "        with tf.GradientTape() as tape:\n            loss = self.compute_loss(a, b, self(a))\n"
          "        grads = tape.gradient(loss, self.trainable_variables)\n"
          "        self.optimizer.apply(grads, self.trainable_variables)\n"
          "        self.seen.update_state(loss)\n        return {'seen': self.seen.result()}\n"
          "model = Mine()\n"
          "model.compile('sgd', keras.losses.SparseCategoricalCrossentropy(from_logits=True))\n"),
    keras("fit with callbacks", "model.fit(x, y, validation_data=(x, y), epochs=2, verbose=0, callbacks=[stop, less])",
          "model = make()\nstop = keras.callbacks.EarlyStopping(patience=0)\n"
          "less = keras.callbacks.ReduceLROnPlateau(patience=0, min_delta=9.0)\n"),
    keras("fit over a dataset", "model.fit(data, shuffle=False, verbose=0)",
          "import tensorflow as tf\nmodel = make()\n"
          "data = tf.data.Dataset.from_tensor_slices((x, y)).batch(4)\n"),
    keras("evaluate", "scores = model.evaluate(x, y, verbose=0)"),
    keras("predict", "answer = model.predict(x, verbose=0)"),
    keras("train_on_batch", "loss = model.train_on_batch(x, y)"),
    keras("test_on_batch and predict_on_batch", "loss = model.test_on_batch(x, y)\nmodel.predict_on_batch(x)"),
    keras("a model that is built by its first fit", _FIT,
          "model = keras.Sequential([layers.Dense(3), layers.Dense(2)])\n"
          "model.compile('adam', keras.losses.SparseCategoricalCrossentropy(from_logits=True))\n"),
    keras("BatchNormalization", _FIT, "model = make(layers.BatchNormalization())\n"),
    keras("Dropout", "model(x, training=True)", "model = make(layers.Dropout(0.5))\n"),
    keras("a normalization learns its mean", "norm.adapt(x)", "norm = layers.Normalization()\nnorm.build((None, 4))\n"),
    keras("a stateful recurrent layer", "rnn(x[None])",
          "rnn = layers.GRU(3, stateful=True)\nrnn(x[None])\n"),
    keras("weights are set", "model.set_weights([w * 2 for w in model.get_weights()])"),
    keras("a kernel is assigned", "model.layers[0].kernel.assign(model.layers[0].kernel * 2)"),
    keras("the learning rate", "model.optimizer.learning_rate = 0.5"),
    keras("a layer is frozen", "model.layers[0].trainable = False"),
    keras("a model is compiled anew", "model.compile('adam', 'mse')\nmodel.run_eagerly = True"),
    keras("a metric is reset", "model.reset_metrics()", "model = make()\n" + _FIT),
    keras("a loss tracker of one's own", "m.update_state([1.0])\nm.reset_state()\nm.update_state([2.0, 4.0])",
          "m = keras.metrics.Mean()\nm.update_state([7.0])\n"),
    keras("the global seed", "keras.utils.set_random_seed(11)"),
    keras("the type of floats", "keras.config.set_floatx('float64')\nkeras.config.set_epsilon(1e-3)"),
    keras("the policy of types", "keras.config.set_dtype_policy('mixed_float16')"),
    keras("a seed generator", "keras.random.normal((2,), seed=seeds)", "seeds = keras.random.SeedGenerator(5)\n"),
)
JAX = (
    jax("parameters are bound anew", "for _ in range(3):\n    params = step(params, x)"),
    jax("a dict of arrays is changed", "params['w'] = params['w'] + 1\nparams['b'].append(x)\nparams['new'] = 1"),
    jax("arrays in objects", "box.v = box.v.at[0].set(7.0)\nbox.all.clear()",
        "class Box: pass\nbox = Box()\nbox.v, box.all = jnp.ones(2), [x]\n"),
    jax("a random key is split", "key, own = jax.random.split(key)\nnoise = jax.random.normal(own, (2,))",
        "key = jax.random.key(0)\n"),
    jax("an array that a helper adds to", "add()", "total = jnp.zeros(2)\ndef add():\n    global total\n"
        "    total = total + 1\n"),
    jax("settings", "jax.config.update('jax_enable_x64', True)\njax.config.update('jax_debug_nans', True)"),
    jax("a NumPy array that JAX reads", "a += 1\nb = jnp.asarray(a) * 2", "a = np.ones(3)\n"),
    jax("an optimizer of Optax", "updates, state = adam.update(jax.grad(loss_of)(params, x), state)\n"
        "params = optax.apply_updates(params, updates)",
        "import optax\nadam = optax.adam(0.1)\nstate = adam.init(params)\n"),
    jax("buffers are given away", "params = give(params, x)",
        "from functools import partial\n@partial(jax.jit, donate_argnums=0)\ndef give(p, x):\n"
        "    return jax.tree.map(lambda a: a + x.mean(), p)\n"),
    flax("a module's variables", "model.first.kernel[...] = model.first.kernel[...] * 2\nmodel.last = None"),
    flax("running statistics and dropout", "model(x)"),
    flax("a step with an optimizer of Flax",
         "grads = nnx.grad(lambda m: (m(x) ** 2).mean())(model)\noptimizer.update(model, grads)",
         "optimizer = nnx.Optimizer(model, optax.adam(0.1), wrt=nnx.Param)\n"),
    flax("a jitted step with an optimizer of Flax", "train(model, optimizer, x)",
         "optimizer = nnx.Optimizer(model, optax.adam(0.1), wrt=nnx.Param)\n"
         "@nnx.jit\ndef train(model, optimizer, x):\n"
         "    grads = nnx.grad(lambda m: (m(x) ** 2).mean())(model)\n    optimizer.update(model, grads)\n"),
    flax("evaluation mode", "model.eval()\nmodel.note = 3"),
    jax("a train state of Flax", "state = state.apply_gradients(grads=jax.grad(loss_of)(state.params, x))",
        "import optax\nfrom flax.training.train_state import TrainState\n"
        "state = TrainState.create(apply_fn=loss_of, params=params, tx=optax.sgd(0.1))\n"),
)
NUMBA = (
    numba("a compiled loop writes to an array", "fill(a)",
          "@njit\ndef fill(a):\n    for i in range(len(a)):\n        a[i] = a[i] * 2 + i\n"),
    numba("a function is compiled for another type", "n = total(a) + total(a.astype('int64'))\na[0] = n",
          "@njit\ndef total(a):\n    s = 0\n    for v in a:\n        s += v\n    return s\n"),
    numba("a typed list", "rows.append(3.0)\nrows[0] = 9.0\nrows.pop(1)",
          "rows = numba.typed.List([1.0, 2.0])\n"),
    numba("a typed dict", "table['b'] = 2\ntable['a'] += 1", "table = numba.typed.Dict()\ntable['a'] = 1\n"),
    numba("typed lists in a typed list", "rows[0].append(3)\nrows.append(numba.typed.List([4]))",
          "rows = numba.typed.List([numba.typed.List([1, 2])])\n"),
    numba("a typed list of arrays", "rows[0][0] = 7.0\nrows.append(a)", "rows = numba.typed.List([a.copy()])\n"),
    numba("a typed dict of arrays", "table[1] *= 2\ntable[2] = a", "table = numba.typed.Dict()\ntable[1] = a.copy()\n"),
    numba("compiled random numbers", "noise = draw()\na[0] = noise",
          "@njit\ndef draw():\n    return np.random.random()\ndraw()\n"),
    numba("the number of threads", "numba.set_num_threads(1)\na[0] = 2", "numba.set_num_threads(numba.config.NUMBA_NUM_THREADS)\n"),
)
CELLS = (*TENSORFLOW, *KERAS, *JAX, *NUMBA)
