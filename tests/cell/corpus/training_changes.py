"""Cells that train as people do: averages, clipping, schedules, buffers, counters and metrics."""

from __future__ import annotations

from tests.cell.corpus.changes import torch
from tests.cell.corpus.framework_changes import flax, jax, keras, tensorflow

# A cell stays together; the formatter would give each of its parts a line.
# fmt: off

_TWO_PLAYERS = """\
generator, critic = nn.Linear(2, 4), nn.Linear(4, 1)
of_generator = torch.optim.Adam(generator.parameters(), lr=0.1, betas=(0.5, 0.9))
of_critic = torch.optim.SGD(critic.parameters(), lr=0.1, momentum=0.9)
"""
_MOMENTUM_BY_HAND = """\
first = [tf.Variable(tf.zeros_like(p)) for p in net.trainable_variables]
count = tf.Variable(0, dtype=tf.int64)
"""
_CHAIN = """\
import optax
slope = optax.warmup_cosine_decay_schedule(0.0, 0.1, 2, 8)
rule = optax.chain(optax.clip_by_global_norm(0.5), optax.sgd(slope, momentum=0.9, nesterov=True))
state = rule.init(params)
"""

TORCH = (
    torch("an average of weights and of batch norm's buffers",
          "step(optimizer)\nwith torch.no_grad():\n"
          "    for name, value in model.state_dict().items():\n"
          "        if value.is_floating_point():\n            average[name].lerp_(value, 0.1)\n"
          "        else:\n            average[name].copy_(value)",
          "optimizer = torch.optim.SGD(model.parameters(), lr=0.1)\n"
          "average = {k: v.clone() for k, v in model.state_dict().items()}\n"),
    torch("gradients are clipped by value, scaled and given noise",
          "model(x).sum().backward()\nnn.utils.clip_grad_value_(model.parameters(), 0.05)\n"
          "for p in model.parameters():\n    p.grad.mul_(0.5).add_(torch.randn_like(p), alpha=0.01)"),
    torch("a warm-up and a decay one after the other",
          "rates = []\nfor _ in range(4):\n    step(optimizer)\n    both.step()\n"
          "    rates.append(both.get_last_lr()[0])",
          "optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)\n"
          "s = torch.optim.lr_scheduler\nboth = s.SequentialLR(optimizer, [\n"
          "    s.LinearLR(optimizer, 0.1, total_iters=2), s.ExponentialLR(optimizer, 0.5)], [2])\n"),
    torch("small batches add up to one step",
          "optimizer.zero_grad()\nfor part, label in zip(x.chunk(2), target.chunk(2)):\n"
          "    loss = nn.functional.cross_entropy(model(part), label) / 2\n    loss.backward()\n"
          "    seen += len(part)\noptimizer.step()",
          "optimizer, seen = torch.optim.AdamW(model.parameters(), lr=0.1), 0\n"),
    torch("two players take turns",
          "fake = generator(torch.randn(8, 2))\nof_critic.zero_grad()\n"
          "(critic(fake.detach()) - critic(x)).mean().backward()\nof_critic.step()\n"
          "for p in critic.parameters():\n    p.data.clamp_(-0.1, 0.1)\n"
          "of_generator.zero_grad()\n(-critic(fake).mean()).backward()\nof_generator.step()",
          _TWO_PLAYERS),
    torch("a memory of the last batches goes round",
          "for row in x:\n    ring['rows'][ring['next'] % 3].copy_(row)\n    ring['next'] += 1",
          "ring = {'rows': torch.zeros(3, 4), 'next': 2}\n"),
)
TENSORFLOW = (
    tensorflow("a running mean is assigned in a loop",
               "for row in x:\n    n.assign_add(1.0)\n    mean.assign_add((row - mean) / n)",
               "mean, n = tf.Variable(tf.zeros(2)), tf.Variable(0.0)\n"),
    tensorflow("a target network follows slowly",
               "net.w.assign(net.w * 1.5)\nfor a, b in zip(target.variables, net.variables):\n"
               "    a.assign(0.9 * a + 0.1 * b)", "target = Net()\n"),
    tensorflow("momentum by hand with clipped gradients",
               "with tf.GradientTape() as tape:\n    loss = tf.reduce_sum(net(x) ** 2)\n"
               "grads = tape.gradient(loss, net.trainable_variables, "
               "unconnected_gradients='zero')\ngrads, norm = tf.clip_by_global_norm(grads, 1.0)\n"
               "for m, p, g in zip(first, net.trainable_variables, grads):\n"
               "    m.assign(0.9 * m + g)\n    p.assign_sub(0.1 * m)\ncount.assign_add(1)",
               _MOMENTUM_BY_HAND),
    tensorflow("a nested dict of tensors and variables",
               "state['stats']['sum'] = state['stats']['sum'] + tf.reduce_sum(x, 0)\n"
               "state['layers'][1]['w'].assign_add(x[:2])\nstate['step'] += 1",
               "state = {'stats': {'sum': tf.zeros(2)}, 'step': 4,\n"
               "         'layers': [{'w': v}, {'w': tf.Variable(tf.ones((2, 2)))}]}\n"),
)
KERAS = (
    keras("two metrics are updated batch by batch",
          "for k in range(0, 12, 4):\n    out = keras.ops.softmax(model(x[k:k + 4]))\n"
          "    hits.update_state(y[k:k + 4], out)\n    area.update_state(y[k:k + 4], out[:, 1])\n"
          "scores = float(hits.result()), float(area.result())\nhits.reset_state()",
          "model = make()\nhits = keras.metrics.SparseCategoricalAccuracy()\n"
          "area = keras.metrics.AUC(num_thresholds=5)\n"),
    keras("momentum on a decaying rate", "model.fit(x, y, epochs=2, verbose=0)",
          "rate = keras.optimizers.schedules.ExponentialDecay(0.1, 1, 0.5)\n"
          "model = make(optimizer=keras.optimizers.SGD(rate, momentum=0.9, clipnorm=0.5))\n"),
)
JAX = (
    jax("an average of parameters follows",
        "for _ in range(2):\n    params = step(params, x)\n"
        "    average = jax.tree.map(lambda a, p: 0.9 * a + 0.1 * p, average, params)",
        "average = jax.tree.map(jnp.zeros_like, params)\n"),
    jax("clipping, momentum and a schedule of Optax",
        "for _ in range(3):\n    grads = jax.grad(loss_of)(params, x)\n"
        "    updates, state = rule.update(grads, state, params)\n"
        "    params = optax.apply_updates(params, updates)", _CHAIN),
    jax("momentum is carried through a scan",
        "(params, speed), losses = jax.lax.scan(move, (params, speed), jnp.stack([x, x + 1]))",
        "speed = jax.tree.map(jnp.zeros_like, params)\ndef move(carry, batch):\n"
        "    p, v = carry\n    loss, g = jax.value_and_grad(loss_of)(p, batch)\n"
        "    v = jax.tree.map(lambda a, b: 0.9 * a + b, v, g)\n"
        "    return (jax.tree.map(lambda a, b: a - 0.01 * b, p, v), v), loss\n"),
    flax("a metric of Flax and batch statistics in evaluation",
         "seen.update(values=model(x).sum(axis=1))\nmodel.eval()\nlast = model(x)\n"
         "mean = seen.compute()", "seen = nnx.metrics.Average()\n"),
)
CELLS = (*TORCH, *TENSORFLOW, *KERAS, *JAX)
