"""The training curve: one row an epoch, kept in the checkpoint and in a CSV file."""

from __future__ import annotations

import csv
import io
from pathlib import Path

from lightning.pytorch.callbacks import Callback

from .runs import write_text


class History(Callback):
    """Collects the epoch's logged values. A resumed run keeps the rows it already had."""

    def __init__(self, path: Path):
        self.path = path
        self.rows: list[dict[str, float]] = []

    def on_train_epoch_end(self, trainer, task) -> None:
        values = {name: float(value) for name, value in trainer.callback_metrics.items()}
        self.rows.append({"epoch": trainer.current_epoch, **values})
        if trainer.is_global_zero:
            self._write()

    def _write(self) -> None:
        names = sorted({name for row in self.rows for name in row} - {"epoch"})
        text = io.StringIO(newline="")
        table = csv.DictWriter(text, ["epoch", *names], lineterminator="\n")
        table.writeheader()
        table.writerows(self.rows)
        write_text(self.path, text.getvalue())

    def state_dict(self) -> dict:
        return {"rows": self.rows}

    def load_state_dict(self, state: dict) -> None:
        self.rows = list(state["rows"])
