"""Looking and taking as one step: while one process chooses, all others wait for their turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dlmagic.devices.cuda.allocation import read_allocation
from dlmagic.devices.cuda.asked import ask_cuda
from dlmagic.devices.cuda.naming import Naming, name_devices
from dlmagic.devices.gpus.reader import GpuReader
from dlmagic.devices.leases.folder import LeaseFolder
from dlmagic.devices.leases.leases import Leases
from dlmagic.devices.leases.queue import Place
from dlmagic.devices.leases.turn import Turn
from dlmagic.devices.leases.values import Claim, Holding, Party
from dlmagic.devices.reading import Reason
from dlmagic.errors import PickError
from dlmagic.magics.gpus.inspection import inspected
from dlmagic.magics.gpus.leasing import without_leases
from dlmagic.magics.gpus.pick.choosing import Candidate, judged
from dlmagic.magics.gpus.pick.handle import Pick
from dlmagic.magics.gpus.pick.lateness import refuse_if_late
from dlmagic.magics.gpus.pick.possible import check_given, check_possible, check_present
from dlmagic.magics.gpus.pick.sight import Sight
from dlmagic.magics.gpus.request import PickRequest


@dataclass(frozen=True)
class Claimed:
    """What was taken.

    Attributes:
        sight: What there was to choose from.
        devices: What was chosen.
        naming: How to name it to CUDA.
        leases: On it.
    """

    sight: Sight
    devices: tuple[Candidate, ...]
    naming: Naming
    leases: Leases


class Claimer:
    """Chooses devices for a process, and takes leases on them.

    Args:
        request: What is wanted.
        environment: The variables as they were inherited.
        reader: Reads the GPUs.
        folder: Where leases are taken.
        own: The pick that this one replaces; None for none.
    """

    def __init__(
        self,
        request: PickRequest,
        environment: Mapping[str, str],
        reader: GpuReader,
        folder: LeaseFolder,
        own: Pick | None = None,
    ) -> None:
        self.request, self.folder, self.own = request, folder, own
        self._environment, self._reader = environment, reader
        self._told_by_cuda: tuple[str, ...] | Reason | None = None

    def look(self) -> Sight:
        """What there is.

        Raises:
            PickError: What is wanted cannot be had here, however long one waits.
        """
        readings = self._reader.read()
        check_present(readings)
        allocation = read_allocation(readings, self._environment, self._ask_once)
        check_given(allocation)
        infos = dict(zip(map(id, readings.gpus), inspected(readings, without_leases), strict=True))
        candidates = tuple(
            judged(device, infos[id(device.gpu)], self.request) for device in allocation.devices
        )
        check_possible(self.request, allocation, candidates)
        return Sight(readings, allocation, candidates, self.request.count)

    def attempt(self, place: Place | None = None) -> Claimed | Sight:
        """Take what is best, or nothing at all: then why not.

        Args:
            place: In the queue, for who waits.

        Raises:
            PickError: It cannot be had here, or no lease can be taken at all.
        """
        sight = self.look()  # which alone keeps nobody waiting
        if sight.choice is None:
            return self.with_holders(sight)
        with self.folder.turn() as turn:
            if isinstance(turn, Reason):
                raise PickError(f"No GPU could be picked: {turn}.", "Try again in a moment.")
            return self._take(turn, place)

    def with_holders(self, sight: Sight) -> Sight:
        """The same, with who holds what."""
        uuids = [each.uuid for each in sight.candidates if each.uuid]
        return replace(sight, parties=self._others(self.folder.holding(uuids)))

    def _take(self, turn: Turn, place: Place | None) -> Claimed | Sight:
        sight = self.look()  # again: from here on nobody else takes anything
        claims = [each.claim for each in sight.candidates if each.uuid]
        sight = replace(sight, parties=self._others(turn.obstacles(claims, place)))
        while (choice := sight.choice) is not None:
            naming = self._named(choice, sight)
            refuse_if_late(self.request, self._reader)
            taken = self._exchanged(turn, [each.claim for each in choice])
            if isinstance(taken, Leases):
                return Claimed(sight, choice, naming, taken)
            if isinstance(taken, Reason):
                raise PickError(f"No GPU could be picked, as none can be locked: {taken}.")
            sight = replace(sight, parties={**sight.parties, **_barred_by(taken, choice)})
        return sight

    def _exchanged(self, turn: Turn, claims: Sequence[Claim]) -> Leases | Holding | Reason:
        """Take these instead of what this process has; or leave it what it has."""
        if self.own is None:
            return turn.take(claims)
        self.own.leases.release()
        taken: Leases | Holding | Reason | None = None
        try:
            taken = turn.take(claims)
        finally:
            if not isinstance(taken, Leases):
                self.own.take_again(turn)
        return taken

    def _named(self, choice: Sequence[Candidate], sight: Sight) -> Naming:
        devices = [each.device for each in choice]
        wish = self.request.form
        naming = name_devices(devices, sight.readings, self._environment, wish)
        if isinstance(naming, Reason):
            raise PickError(f"No GPU could be picked: {naming}.")
        return naming

    def _others(self, parties: Mapping[str, Party]) -> dict[str, Party]:
        """Without what this process would give back."""
        own = self.own.leases.uuids if self.own is not None else ()
        return {uuid: party for uuid, party in parties.items() if uuid not in own}

    def _ask_once(self, environment: Mapping[str, str]) -> tuple[str, ...] | Reason:
        """To ask CUDA takes a second; its answer does not change."""
        if self._told_by_cuda is None:
            self._told_by_cuda = ask_cuda(environment)
        return self._told_by_cuda


def _barred_by(holding: Holding, choice: Sequence[Candidate]) -> dict[str, Party]:
    """What cannot be had since this is held: itself, and the instances of it."""
    wanted = [each.claim for each in choice]
    return {c.uuid: holding for c in wanted if holding.uuid in (c.uuid, c.parent)}
