"""Write the tables of README.md from the shipped bundles and from results/.

    python scripts/readme_tables.py          # rewrites the marked parts of README.md

No number in the README is typed by hand; a test runs this and compares.
"""

from __future__ import annotations

import json
import re
from pathlib import Path

from emofuse.bundle import find_bundle, shipped_names
from emofuse.systems.unshipped import SHARES as UNSHIPPED_SHARES
from emofuse.systems.unshipped import share, unshipped_rows

REPOSITORY = Path(__file__).resolve().parents[1]
SHARES = ("accuracy", "uar", "macro_f1")


def models_table() -> str:
    """A row a shipped bundle and scored part: what it scored on people it never saw."""
    lines = [
        "| model | measured on | clips | accuracy | UAR | macro-F1 | ECE | licence |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for name in shipped_names():
        spec = find_bundle(name).spec
        for part, values in spec.scores.items():
            if not isinstance(values, dict) or "accuracy" not in values:
                continue
            shares = " | ".join(f"{100 * values[key]:.1f} %" for key in SHARES)
            where = f"{spec.protocol.partition(';')[0]}: {part.replace('_', ' ')}"
            lines.append(
                f"| `{name}` ({spec.modality}, {spec.parameters:,} parameters) | {where} "
                f"| {values['n']} | {shares} | {values['ece']:.3f} | {spec.licence} |"
            )
    return "\n".join(lines)


def audit_table() -> str:
    """The published late-fusion system: claimed, rebuilt, honest."""
    audit = json.loads((REPOSITORY / "results/audit/xlsr-au-fusion.json").read_text("utf-8"))
    columns = ("claimed", "as_published", "honest", "strict", "person_adapted")
    lines = [
        "| " + " | ".join(("system", *(c.replace("_", " ") for c in columns), "stamp")) + " |",
        "|" + "---|" * (len(columns) + 2),
    ]
    for row in audit["rows"]:
        cells = ["–" if row[name] is None else f"{row[name]:.2f}" for name in columns]
        lines.append("| " + " | ".join([row["name"], *cells, row["stamp"].lower()]) + " |")
    return "\n".join(lines)


def research_table() -> str:
    """Systems that are measured but not shipped, mean ± sd over seeds; adapted ones apart."""
    lines = [
        "| system | measured on | clips | accuracy | UAR | weighted F1 | ECE | stamps |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in unshipped_rows(REPOSITORY / "results"):
        cells = [f"`{row['name']}`, {row['row']}", f"`{row['protocol']}`", str(row["scores"]["n"])]
        cells += [share(row, key) for key in UNSHIPPED_SHARES]
        stamps = ", ".join(row["stamps"]).lower() or "–"
        lines.append("| " + " | ".join([*cells, f"{row['scores']['ece']:.3f}", stamps]) + " |")
    return "\n".join(lines)


TABLES = {"models": models_table, "research": research_table, "audit": audit_table}


def filled(text: str) -> str:
    """`text` with every marked part replaced by its table."""
    for name, table in TABLES.items():
        pattern = rf"(<!-- {name}:begin -->\n).*?(<!-- {name}:end -->)"
        text, found = re.subn(
            pattern, lambda m, t=table: f"{m[1]}{t()}\n{m[2]}", text, flags=re.DOTALL
        )
        if found != 1:
            raise SystemExit(f"README.md has no part marked {name!r}")
    return text


if __name__ == "__main__":
    readme = REPOSITORY / "README.md"
    readme.write_text(filled(readme.read_text("utf-8")), "utf-8")
