"""The past as one message, for a page that opens later or has been hidden."""

from __future__ import annotations

from collections.abc import Sequence

from dlmagic.magics.watch.live.measures import Condenser
from dlmagic.magics.watch.live.message import Message
from dlmagic.magics.watch.live.watched import Past

LARGEST = 600_000
"""Bytes of it."""

_MOST_LOSSES = 2000


def past_of(past: Past, layers: Sequence[str]) -> Message:
    """What is known of all steps so far, in as many columns as there is room for.

    Args:
        past: What was measured.
        layers: The paths of all layers of the model, in its order.
    """
    with past.still():
        rows, steps, courses, losses = past.rows, past.steps, past.courses(), past.losses
    condenser = Condenser(rows, layers)
    message = Message({"snapshot": True})
    message.add_layers(condenser)
    if len(steps):
        message.add_columns(condenser.condense(courses), list(steps), LARGEST)
    message.add_losses(losses, _MOST_LOSSES)
    return message
