"""Do several models that run one after the other fit a device together? Weights of all are there, activations only of the one that runs."""

from collections.abc import Mapping

from grading.bench.fit import (
    FitVerdict,
    Need,
    Runtime,
    notes_of,
    peak_bytes,
    runtime_of,
    stored_of,
    stored_precision,
    sum_words,
    weight_bytes,
)
from grading.bench.pipeline import PipelineReport, StagePart
from hardware.profiles import DeviceProfile


def fit_together(
    report: PipelineReport,
    profile: DeviceProfile,
    *,
    runtimes: Mapping[str, str | None],
    precision: str | None = None,
    must_load: Mapping[str, bool],
) -> FitVerdict:
    """As `fit`, with the stages' sums.

    RAM: the largest peak of any stage, the weights of all where the device copies them, and each runtime's own share once.
    Flash: the files of all stages, and each runtime's code once.

    Args:
        runtimes, must_load: of each stage by its key, as `fit` takes them.
    """
    found = {
        stage.key: runtime_of(stage.report, profile, runtimes[stage.key], precision, must_load=must_load[stage.key])
        for stage in report.stages
    }
    as_ifs = {stage.key: _as_if(stage, precision) for stage in report.stages}
    weights = sum(weight_bytes(stage.report, as_ifs[stage.key]) for stage in report.stages)
    shares = {"activations": max(peak_bytes(stage.report, as_ifs[stage.key]) for stage in report.stages)}
    if profile.weights_in_ram:
        shares["weights"] = weights
    names = list(dict.fromkeys(one.name for one in found.values()))
    shares["runtime" if len(names) == 1 else "runtimes"] = sum(profile.runtime_bytes.get(name, 0) for name in names)
    ram = Need(sum(shares.values()), profile.left_bytes)
    stored = _stored(report, profile, found, as_ifs)
    flash = Need(sum(stored.values()), profile.flash_bytes)
    stops = [f"{stage.title}: {found[stage.key].why}" for stage in report.stages if not found[stage.key].supported]
    compared = [*((False, said) for said in stops), (ram.holds, sum_words("RAM", shares, ram))]
    if profile.flash_bytes:
        compared.append((flash.holds, sum_words("Flash", stored, flash)))
    as_if = next((one for one in as_ifs.values() if one), None)
    told = [f"{stage.title}: {note}" for stage in report.stages for note in found[stage.key].notes]
    compared += [(True, said) for said in (*told, *notes_of(profile, weights, as_if))]
    reasons = tuple(said for _, said in sorted(compared, key=lambda pair: pair[0]) if said)
    runtime = Runtime(" and ".join(names), not stops, " ".join(stops))
    return FitVerdict(profile.slug, all(holds for holds, _ in compared), ram, flash, runtime, reasons)


def _as_if(stage: StagePart, precision: str | None) -> str | None:
    return precision if precision and precision != stored_precision(stage.report) else None


def _stored(
    report: PipelineReport, profile: DeviceProfile, found: Mapping[str, Runtime], as_ifs: Mapping[str, str | None]
) -> dict[str, int]:
    """Of all stages by name; a runtime's code lies there once, however many stages it runs."""
    total: dict[str, int] = {}
    seen = set[str]()
    for stage in report.stages:
        name, as_if = found[stage.key].name, as_ifs[stage.key]
        rows = stored_of(stage.report, profile, name, weight_bytes(stage.report, as_if), as_if)
        code = rows.pop("runtime", None)
        for what, size in rows.items():
            plural = "model files" if what == "model file" else what
            total[plural] = total.get(plural, 0) + size
        if code is not None and name not in seen:
            total["runtime"] = total.get("runtime", 0) + code
        seen.add(name)
    return total
