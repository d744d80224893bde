"""Words a comparison as Markdown, for a pull request or a job summary."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.compare.verdicts import (
    COMPARED,
    NOT_MEASURED,
    UNMEASURED,
    Comparison,
    Gates,
    Judged,
)

EXPLAINED = {
    "failed": "raised, timed out or was not run at HEAD",
    "missing": "ran at BASE, is gone at HEAD and is not named in benchmarks/removed.txt",
    "unsteady": "the host changed its speed in too many rounds",
    "no base": "in BASE's suite, runs at HEAD, and failed at BASE: nothing to compare with. "
    "Where that is meant, name it in benchmarks/removed.txt, and it counts as new",
    "new": "not in BASE's suite, or said not to run there: listed, not gated",
    "removed": "named in benchmarks/removed.txt",
    "skipped": "skipped at both commits",
}
"""Verdicts that do not explain themselves."""


def markdown(comparison: Comparison, base: str, head: str, gates: Gates) -> str:
    """The report of ``head`` against ``base`` (revisions as a reader knows them)."""
    parts = [
        f"## {comparison.headline}",
        f"Exit code {comparison.exit_code}: {conclusion(comparison)}.",
        f"`{head}` against `{base}`, {len(comparison.drifts)} interleaved rounds. A difference "
        f"counts beyond a ratio of {gates.ratio:g} ({gates.round_ratio:g} in every round) and "
        f"{gates.seconds * 1e3:g} ms or {gates.bytes / 2**20:g} MiB; of bytes a row, beyond "
        f"{gates.exact:g}. {_drifts(comparison, gates)}",
        "\n".join(_table(comparison)),
    ]
    notes = "\n".join(_notes(comparison))
    return "\n\n".join(part for part in (*parts, notes) if part) + "\n"


def not_measured(reason: str) -> str:
    """The report of a comparison that ``reason`` kept from measuring; its first line is a
    sentence, further ones are quoted."""
    sentence, _, rest = reason.partition("\n")
    quoted = f"\n\n```\n{rest}\n```" if rest else ""
    headline = Comparison((), ()).headline
    return f"## {headline}\n\nExit code {NOT_MEASURED}: not measured: {sentence}{quoted}\n"


def conclusion(comparison: Comparison) -> str:
    """What the exit code means, in words."""
    if unmeasured := comparison.count(*UNMEASURED):
        return f"not measured: {unmeasured} of the benchmarks could not be compared"
    if not comparison.count(*COMPARED):
        return "not measured: no benchmark ran at both commits"
    slower = comparison.count("slower")
    return f"{slower} of the benchmarks became slower" if slower else "nothing became slower"


def _drifts(comparison: Comparison, gates: Gates) -> str:
    known = [drift for drift in comparison.drifts if drift is not None]
    if not known:
        return "No calibration ran: a drift of the host would not have been noticed."
    listed = ", ".join(f"{drift:.2f}" for drift in known)
    off = sum(not 1 / gates.drift <= drift <= gates.drift for drift in known)
    text = f"Calibration after/before, by round: {listed}"
    if off:
        return f"{text}: **the host drifted in {off} of them**, and they do not count."
    return f"{text}: the host was steady."


def _table(comparison: Comparison) -> Iterator[str]:
    yield "| benchmark | before | after | ratio | verdict |"
    yield "| --- | ---: | ---: | ---: | --- |"
    for line in comparison.lines:
        ratio = "" if line.ratio is None else f"{line.ratio:.2f}"
        verdict = line.verdict if line.verdict == "same" else f"**{line.verdict}**"
        name = line.name.replace("|", "\\|")
        amounts = f"{_amount(line, line.before)} | {_amount(line, line.after)}"
        yield f"| {name} | {amounts} | {ratio} | {verdict} |"


def _amount(line: Judged, value: float | None) -> str:
    if value is None:
        return ""
    if line.unit == "seconds":
        return f"{value * 1e3:.1f} ms"
    if line.unit == "bytes":
        return f"{value / 2**20:.1f} MiB"
    return f"{value:.4g} {line.unit}".strip()


def _notes(comparison: Comparison) -> Iterator[str]:
    for verdict in dict.fromkeys(line.verdict for line in comparison.lines):
        if verdict in EXPLAINED:
            yield f"- **{verdict}**: {EXPLAINED[verdict]}."
