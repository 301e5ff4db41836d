"""One report for all hosts of a cluster: each is read once, by the first engine on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from dlmagic.cluster.engines import Engines
from dlmagic.devices.gpus.owned import OwnedProcess
from dlmagic.devices.leases.values import Holding
from dlmagic.devices.reading import Reason
from dlmagic.environment import Environment
from dlmagic.finding import Finding
from dlmagic.magics.gpus.findings import wrong_with
from dlmagic.magics.gpus.freedom import verdict_on, verdict_on_part
from dlmagic.magics.gpus.result import GpuInfo, GpuReport, Machine, PartInfo

_READ = "dlmagic.magics.gpus.ranks.there:read"
Ranks = Mapping[int, int]
"""The rank of each engine on a host, by the number of its process there."""


def report_on(engines: Engines) -> GpuReport:
    """The devices of all hosts on which engines are.

    Raises:
        RankError: An engine cannot tell.
    """
    hosts: dict[str, list[int]] = {}
    for rank, host in enumerate(engines.hosts):
        hosts.setdefault(host, []).append(rank)
    told = engines.run(_READ, {"readers": [ranks[0] for ranks in hosts.values()]})
    reports = {host: GpuReport.from_dict(told[ranks[0]]) for host, ranks in hosts.items()}
    names = short_names(list(hosts))
    gpus: dict[object, GpuInfo] = {}
    for host, report in reports.items():
        processes = {engines.facts[rank].process: rank for rank in hosts[host]}
        for gpu in report.gpus:
            seen = _seen_from_cluster(gpu, names[host], processes)
            # Two containers on one machine have two names, and the same GPUs.
            gpus.setdefault(gpu.uuid if isinstance(gpu.uuid, str) else id(gpu), seen)
    machines = tuple(_machine(host, hosts[host], report) for host, report in reports.items())
    return _joined(tuple(gpus.values()), machines, list(reports.values()))


def short_names(hosts: Sequence[str]) -> dict[str, str]:
    """What to call hosts in front of a GPU's number: nothing where there is only one.

    >>> short_names(["node7.example.org", "node8.example.org"])
    {'node7.example.org': 'node7', 'node8.example.org': 'node8'}
    """
    if len(hosts) == 1:
        return {hosts[0]: ""}
    short = {host: host.partition(".")[0] for host in hosts}
    return short if len(set(short.values())) == len(hosts) else {host: host for host in hosts}


def _joined(
    gpus: tuple[GpuInfo, ...], machines: tuple[Machine, ...], reports: Sequence[GpuReport]
) -> GpuReport:
    first = reports[0]
    return GpuReport(
        environment=Environment.capture(),
        findings=(*wrong_with(gpus), *_of_frameworks(reports)),
        gpus=gpus,
        missing="" if gpus else " ".join(dict.fromkeys(each.missing for each in machines)),
        driver=first.driver,
        cuda=first.cuda,
        host=first.host,
        frameworks=first.frameworks,
        read_at=min(each.read_at for each in reports),
        seconds=max(each.seconds for each in reports),
        machines=machines,
    )


def _machine(name: str, ranks: Sequence[int], report: GpuReport) -> Machine:
    return Machine(
        name=name,
        ranks=tuple(ranks),
        missing=report.missing,
        driver=report.driver,
        cuda=report.cuda,
        host=report.host,
        frameworks=report.frameworks,
        seconds=report.seconds,
    )


def _of_frameworks(reports: Sequence[GpuReport]) -> tuple[Finding, ...]:
    """What frameworks on the engines will do to the GPUs, each once."""
    told = (each for report in reports for each in report.findings)
    return tuple(dict.fromkeys(each for each in told if each.kind == "preallocation"))


def _seen_from_cluster(gpu: GpuInfo, machine: str, ranks: Ranks) -> GpuInfo:
    """The same GPU, with engines called by their ranks."""
    whole = replace(
        gpu,
        machine=machine,
        processes=_with_ranks(gpu.processes, ranks),
        held_by=_held(gpu.held_by, ranks),
    )
    if isinstance(gpu.parts, tuple):
        whole = replace(whole, parts=tuple(_part(each, whole, ranks) for each in gpu.parts))
    verdict = verdict_on(whole)
    return replace(whole, free=verdict.free, why=verdict.why)


def _part(part: PartInfo, gpu: GpuInfo, ranks: Ranks) -> PartInfo:
    seen = replace(
        part,
        processes=_with_ranks(part.processes, ranks),
        held_by=_held(part.held_by, ranks),
    )
    verdict = verdict_on_part(seen, gpu)
    return replace(seen, free=verdict.free, why=verdict.why)


def _with_ranks(
    processes: tuple[OwnedProcess, ...] | Reason, ranks: Ranks
) -> tuple[OwnedProcess, ...] | Reason:
    if isinstance(processes, Reason):
        return processes
    return tuple(replace(each, rank=ranks.get(each.pid)) for each in processes)


def _held(holding: Holding | None, ranks: Ranks) -> Holding | None:
    if holding is None or isinstance(holding.pid, Reason):
        return holding
    return replace(holding, rank=ranks.get(holding.pid))
