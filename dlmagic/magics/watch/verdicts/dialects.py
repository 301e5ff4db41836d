"""What is advised, in the names that the framework of the model has for it."""

from __future__ import annotations

from collections.abc import Mapping

_TORCH = {
    "clipping": "torch.nn.utils.clip_grad_norm_ or its like before the step",
    "clearing": ", and see that gradients are cleared before each step",
    "log": "x.clamp_min(1e-8).log()",
    "log_sigmoid": "logsigmoid",
    "root": "(x + 1e-8).sqrt()",
    "normalised": "torch.nn.functional.normalize(x, eps=1e-8)",
    "power": "x.clamp_min(1e-8) ** p",
    "between": "x.clamp(-1 + 1e-6, 1 - 1e-6)",
    "scores": "scores (logits) rather than probabilities",
    "in_float32": "torch.autocast(..., enabled=False)",
    "naming": "; torch.autograd.set_detect_anomaly(True) names the operation, at some cost",
}
_JAX = {
    "clipping": "optax.clip_by_global_norm before the optimiser in optax.chain",
    "clearing": "",
    "log": "jnp.log(jnp.maximum(x, 1e-8))",
    "log_sigmoid": "log_sigmoid",
    "root": "jnp.sqrt(x + 1e-8)",
    "normalised": "x / optax.safe_norm(x, 1e-8)",
    "power": "jnp.maximum(x, 1e-8) ** p",
    "between": "jnp.clip(x, -1 + 1e-6, 1 - 1e-6)",
    "scores": "scores (logits) rather than probabilities",
    "in_float32": "x.astype(jnp.float32)",
    "naming": '; jax.config.update("jax_debug_nans", True) names the operation, at some cost',
}
_KERAS = {
    "clipping": "an optimiser with global_clipnorm=1.0 (or clipnorm=1.0, for each weight)",
    "clearing": "",
    "log": "keras.ops.log(keras.ops.maximum(x, 1e-8))",
    "log_sigmoid": "log_sigmoid",
    "root": "keras.ops.sqrt(x + 1e-8)",
    "normalised": "keras.ops.normalize(x, epsilon=1e-8)",
    "power": "keras.ops.maximum(x, 1e-8) ** p",
    "between": "keras.ops.clip(x, -1 + 1e-6, 1 - 1e-6)",
    "scores": "scores rather than probabilities (no softmax at the end, and from_logits=True)",
    "in_float32": 'dtype="float32"',
    "naming": "",
}
_WORDS: Mapping[str, Mapping[str, str]] = {"torch": _TORCH, "jax": _JAX, "keras": _KERAS}


def in_words_of(framework: str, advice: str) -> str:
    """An advice with its placeholders, such as ``{log}``, filled in.

    Args:
        framework: As a watcher names it, such as ``"jax"``.
        advice: The advice.
    """
    return advice.format_map(_WORDS[framework])
