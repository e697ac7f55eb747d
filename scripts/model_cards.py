"""Write the cards of the shipped bundles: from each spec, and from what results/ measured of it.

    python scripts/model_cards.py    # rewrites card.md and calibration.svg in every shipped bundle

Run it after a bundle, a robustness table, a fairness table or the person baseline has changed; a
test compares.
"""

from __future__ import annotations

from pathlib import Path

from emofuse.bundle import CARD, Bundle, find_bundle, shipped_names
from emofuse.evaluation import reliability_plot
from emofuse.training.card import CALIBRATION, first_reliability, model_card
from emofuse.training.card_measured import measured_sections

REPOSITORY = Path(__file__).resolve().parents[1]


def card(bundle: Bundle) -> str:
    """The card of one bundle with everything that was measured of it."""
    spec = bundle.spec
    return model_card(spec, measured_sections(spec.name, spec.modality, REPOSITORY / "results"))


if __name__ == "__main__":
    for name in shipped_names():
        bundle = find_bundle(name)
        plot = reliability_plot(first_reliability(bundle.spec))
        (bundle.folder / CALIBRATION).write_text(plot, "utf-8")
        (bundle.folder / CARD).write_text(card(bundle), "utf-8")
        print(bundle.folder / CARD)
