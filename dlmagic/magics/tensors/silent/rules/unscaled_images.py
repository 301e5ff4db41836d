"""Images with numbers from 0 to 255 in a convolution that is trained."""

from __future__ import annotations

from dlmagic.frameworks.captured import Frame
from dlmagic.frameworks.operations import Event, Operation, Seen
from dlmagic.magics.tensors.silent.rule import Listening, Mistake, Sure

_CONVOLUTIONS = frozenset({"conv2d", "conv3d"})
_CHANNELS = frozenset({1, 3, 4})
_TO_FLOAT = frozenset({"float", "to", "double", "half", "type", "tensor", "as_tensor"})
_LARGEST = 10


class Rule(Listening):
    """The first convolution: what it gets comes out of no layer."""

    kind = "unscaled-images"
    sure: Sure = "likely"

    def hear(self, event: Event) -> None:
        """A convolution with weights that are learned."""
        if not isinstance(event, Operation) or event.name not in _CONVOLUTIONS:
            return
        if len(event.inputs) < 2 or event.data_range is None:
            return
        images, weights = event.inputs[:2]
        smallest, largest = event.data_range
        if images.requires_grad or not weights.requires_grad or not _is_images(images):
            return
        if smallest >= 0 and _LARGEST < largest <= 255 and not self.found:
            message = (
                f"The first convolution gets images with numbers up to {largest:g}: it learns "
                "badly from those."
            )
            place = _where_made(images) or event.frame
            advice = "Divide them by 255, or normalise them as the model expects it."
            self.found.append(Mistake(message, place, text=advice))


def _is_images(seen: Seen) -> bool:
    axes = len(seen.shape)
    return (
        axes in (4, 5)
        and seen.shape[1] in _CHANNELS
        and seen.dtype.startswith(("float", "bfloat"))
        and min(seen.shape[2:]) > 3
    )


def _where_made(seen: Seen) -> Frame | None:
    """Where whole numbers became floating point ones."""
    while seen.maker is not None:
        maker = seen.maker
        if maker.name in _TO_FLOAT and (not maker.inputs or maker.inputs[0].dtype != seen.dtype):
            return maker.frame
        if not maker.inputs:
            return None
        seen = maker.inputs[0]
    return None
