"""The model card of a bundle, written from its specifications and what else was measured.

Mitchell et al. (2019), "Model cards for model reporting", arXiv 1810.03993.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from emofuse.bundle import Specifications

OUT_OF_SCOPE = (
    "Decisions about people in hiring and at work, in education, in medicine or therapy, in policing, "
    "insurance, credit or migration; and any claim about what a person feels, thinks or intends. "
    "The model names what an expression looks or sounds like to others, nothing more."
)
SHARES = (
    *("accuracy", "uar", "macro_f1", "weighted_f1", "pooled_accuracy"),
    *("balanced_accuracy", "positive_f1", "average_precision"),
)


CALIBRATION = "calibration.svg"  # the plot beside a card, where it was drawn


def model_card(spec: Specifications, measured: Sequence[str] = ()) -> str:
    """Markdown: use, data, protocol, scores, calibration, `measured` sections, limits.

    With `measured` sections the card shows the calibration plot that lies beside it.
    """
    persons = (
        f"{len(spec.training_persons)} persons" if spec.training_persons else "persons unknown"
    )
    parts = [
        f"# {spec.name} {spec.version}",
        f"{spec.modality.capitalize()} model, {spec.parameters:,} values, label set "
        f"`{spec.label_set}`: {', '.join(spec.labels)}.",
        "## Intended use",
        spec.intended_use,
        "## Out of scope",
        OUT_OF_SCOPE,
        "## Training data and licence",
        f"{spec.training_data} ({persons}). Licence of the weights: {spec.licence}.",
        "## Input",
        "\n".join(
            f"- `{part.name}` {list(part.shape)} from `{part.front_end}` with {part.parameters}"
            for part in spec.inputs
        ),
        f"Analysis window {spec.window_seconds} s, hop {spec.hop_seconds} s.",
        "## Protocol",
        f"{spec.protocol}. Split hash `{spec.split_hash[:16]}`.",
        "## Held-out scores",
        *[_score_block(name, scores) for name, scores in spec.scores.items()],
        "## Calibration",
        f"Logits are divided by {spec.temperature:.3f}. Calibrated negative log-likelihood at the "
        f"analysis window: {spec.held_out_nll:.3f} nats.",
        *([f"![calibration]({CALIBRATION})"] if measured else []),
        *_reliability(spec),
        *measured,
        "## Limits",
        "\n".join(f"- {limit}" for limit in spec.limits),
        "## How to repeat it",
        f"`{spec.training_command}` ({spec.created})",
    ]
    return "\n\n".join(parts) + "\n"


def _score_block(name: str, scores: object) -> str:
    if not isinstance(scores, Mapping):
        return f"**{name}**: {scores}"
    lines = [f"**{name.replace('_', ' ')}**" + (f" (n = {scores['n']})" if "n" in scores else "")]
    table = [
        f"| {key.replace('_', ' ')} | {100 * value:.1f} % |"
        for key, value in scores.items()
        if key in SHARES
    ]
    table += [f"| {key} | {scores[key]:.3f} |" for key in ("nll", "brier", "ece") if key in scores]
    for interval, part in scores.get("intervals", {}).items():
        bounds = f"{100 * part['low']:.1f} … {100 * part['high']:.1f} %"
        table.append(f"| 95 % interval, {interval} | {bounds} ({part['n']} {part['over']}) |")
    if table:
        lines.append("| measure | value |\n|---|---|\n" + "\n".join(table))
    if "recall" in scores:
        each = ", ".join(f"{label} {100 * v:.0f} %" for label, v in scores["recall"].items())
        lines.append(f"Recall: {each}.")
    if "confusion" in scores:
        lines.append(_confusion(tuple(scores["recall"]), scores["confusion"]))
    if "note" in scores:
        lines.append(str(scores["note"]))
    return "\n\n".join(lines)


def _confusion(labels: Sequence[str], counts: Sequence[Sequence[int]]) -> str:
    """A row a true label, a column an answer."""
    lines = [("expressed, and answered →", *labels), ["---"] * (len(labels) + 1)]
    lines += [(label, *map(str, row)) for label, row in zip(labels, counts, strict=True)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def first_reliability(spec: Specifications) -> list[Mapping]:
    """The reliability bins of the first scored part, none where no part has any."""
    return next((part["reliability"] for part in spec.scores.values() if "reliability" in part), [])


def _reliability(spec: Specifications) -> list[str]:
    bins = first_reliability(spec)
    if not bins:
        return []
    rows = "\n".join(
        f"| {row['low']:.2f}–{row['high']:.2f} | {row['n']} | {row['confidence']:.2f} | "
        f"{row['accuracy']:.2f} |"
        for row in bins
    )
    return ["| top probability | clips | mean | right |\n|---|---|---|---|\n" + rows]
