"""Whether the metrics of a compiled model measure what their names say."""

from __future__ import annotations

from dlmagic.frameworks.keras.compiled import CATEGORICAL, SPARSE, Compiled, Metric, compiled
from dlmagic.frameworks.keras.labels_and_loss import numbers_of

_OF_NUMBERS = frozenset(
    {"MeanSquaredError", "MeanAbsoluteError", "Huber", "LogCosh", "MeanSquaredLogarithmicError"}
)


def problem_of_metrics(model: object, labels: object) -> tuple[str, str] | None:
    """The first metric that does not fit, to follow the model's name, and what to do about it.

    Args:
        model: Any value.
        labels: What it is trained with; None where that is not known.
    """
    found = compiled(model)
    if found is None:
        return None
    problems = (_problem(found, metric, labels) for metric in found.metrics)
    return next((each for each in problems if each is not None), None)


def _problem(model: Compiled, metric: Metric, labels: object) -> tuple[str, str] | None:
    if metric.name == "Accuracy":
        advice = 'Use metrics=["accuracy"], which picks the one that fits.'
        return "is measured by Accuracy(), which counts outputs that equal labels exactly", advice
    if model.expects_scores and model.activation == "linear":
        return _of_scores(metric)
    if metric.name == "CategoricalAccuracy" and model.loss == SPARSE:
        advice = 'Use SparseCategoricalAccuracy(), or metrics=["accuracy"].'
        return "has class ids for labels, and CategoricalAccuracy expects one-hot rows", advice
    if metric.name == "BinaryAccuracy" and model.loss in CATEGORICAL and (model.units or 0) > 1:
        advice = 'Use metrics=["accuracy"], which counts the likeliest class.'
        return "tells classes apart, and BinaryAccuracy counts each output alone", advice
    if metric.name == "BinaryAccuracy" and model.loss in _OF_NUMBERS and _are_numbers(labels):
        advice = "Use mean_absolute_error, or R2Score()."
        return "is trained towards numbers, and accuracy counts what is above 0.5", advice
    return None


def _of_scores(metric: Metric) -> tuple[str, str] | None:
    """Of a model that ends in scores: above 0 is what a probability above 0.5 is."""
    ends, settings = "ends in scores", metric.settings
    if metric.name == "BinaryAccuracy" and 0 < settings.get("threshold", 0.5) < 1:
        return (
            f"{ends}, and its accuracy compares them with 0.5",
            "Use BinaryAccuracy(threshold=0).",
        )
    if metric.name == "AUC" and not settings.get("from_logits", False):
        return f"{ends}, and AUC expects probabilities", "Use AUC(from_logits=True)."
    if metric.name in ("Precision", "Recall") and settings.get("thresholds") is None:
        advice = f"Use {metric.name}(thresholds=0)."
        return f"{ends}, and {metric.name} compares them with 0.5", advice
    return None


def _are_numbers(labels: object) -> bool:
    """Whether labels are more than 0 and 1."""
    found = None if labels is None else numbers_of(labels)
    return found is not None and bool(((found != 0) & (found != 1)).any())
