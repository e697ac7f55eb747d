"""`emofuse protocols`: how clips are split, and what each split keeps apart."""

from __future__ import annotations

import dataclasses

import typer

from .printing import JSON_HELP, emit_json, show_table


def protocol_rows() -> list[dict[str, object]]:
    """One row a protocol: corpora, what may not be on both sides, parameters, stamps, source."""
    from emofuse.protocols import PROTOCOLS

    return [
        {
            "name": name,
            "corpora": [corpus or "any" for corpus in cls.corpora],
            "separates": list(cls.separates),
            "parameters": [part.name for part in dataclasses.fields(cls)],
            "stamps": [str(stamp) for stamp in cls.stamps],
            "leaky": cls.leaky,
            "source": cls.source,
        }
        for name, cls in PROTOCOLS.items()
    ]


def protocols(
    json_file: str = typer.Option(None, "--json", metavar="FILE", help=JSON_HELP),
) -> None:
    """List the protocols: what they keep apart, their parameters and stamps."""
    rows = protocol_rows()
    if json_file is not None:
        emit_json(rows, json_file)
        return
    shown = ("name", "corpora", "separates", "parameters", "stamps")
    show_table(
        [{key: row[key] for key in shown} for row in rows],
        note="a parameter is set with --set protocol.NAME=VALUE; leaky ones need --allow-leakage",
    )


def register(app: typer.Typer) -> None:
    app.command(epilog="Example:  emofuse protocols --json")(protocols)
