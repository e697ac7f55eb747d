"""ELAN annotation format (EAF 3.0): a tier per person and modality, ready to correct by hand.

Labels come from a controlled vocabulary; each tier has a child tier with the probabilities.
Times are whole milliseconds, probabilities have four decimals.
"""

from __future__ import annotations

import mimetypes
from datetime import datetime
from itertools import count
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree as ET

from emofuse.core import UNCERTAIN, Segment, Timeline

from .tiers import MEANING, PROBABILITY, STATED, clean, malformed, read_probability, tiers

_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
Boundary = tuple[str, int, int]
_LANGUAGE = "http://cdb.iso.org/lg/CDB-00138502-001"


def write_eaf(timeline: Timeline, path: Path) -> None:
    root = ET.Element(
        "ANNOTATION_DOCUMENT",
        {
            "xmlns:xsi": _XSI,
            "xsi:noNamespaceSchemaLocation": _SCHEMA,
            "AUTHOR": "emofuse",
            "DATE": datetime.now().astimezone().isoformat(timespec="seconds"),
            "FORMAT": "3.0",
            "VERSION": "3.0",
        },
    )
    found = tiers(timeline)
    annotations = sum(map(len, found.values()))
    _header(root, timeline, last_annotation=2 * annotations)
    slots, numbers = _time_order(root, found), count(1)
    for name, segments in found.items():
        ids = [f"a{next(numbers)}" for _ in segments]
        _label_tier(root, name, segments, ids, slots)
        _probability_tier(root, name, segments, ids, numbers)
    _types(root)
    _vocabulary(root, timeline)
    ET.indent(root)
    ET.ElementTree(root).write(path, encoding="UTF-8", xml_declaration=True)


def read_eaf(path: Path) -> dict[str, list[Segment]]:
    """Tier name -> segments of the time-aligned tiers, also of a file corrected in ELAN.

    Raises `InputError` when the file is malformed or declares a DOCTYPE: EAF has none, and
    entities could read other files or swell to gigabytes.
    """
    try:
        root = ET.parse(path, ET.XMLParser(target=_NoDoctype())).getroot()
        if root.tag != "ANNOTATION_DOCUMENT":
            raise ValueError(f"the root element is {root.tag!r}")
        slots = {s.get("TIME_SLOT_ID"): s.get("TIME_VALUE") for s in root.iter("TIME_SLOT")}
        numbers = {
            node.get("ANNOTATION_REF"): read_probability(_value(node))
            for tier in root.findall("TIER")
            if tier.get("TIER_ID", "").endswith(PROBABILITY)
            for node in tier.iter("REF_ANNOTATION")
        }
        return {
            tier.attrib["TIER_ID"]: [
                _segment(node, slots, numbers) for node in tier.iter("ALIGNABLE_ANNOTATION")
            ]
            for tier in root.findall("TIER")
            if tier.get("PARENT_REF") is None
        }
    except (ET.ParseError, ValueError, TypeError, KeyError) as error:
        raise malformed(path, "EAF", error) from error


class _NoDoctype(ET.TreeBuilder):
    def doctype(self, name: str, public_id: str | None, system: str | None) -> None:
        raise ValueError("it declares a DOCTYPE")


def _header(root: ET.Element, timeline: Timeline, *, last_annotation: int) -> None:
    header = ET.SubElement(root, "HEADER", MEDIA_FILE="", TIME_UNITS="milliseconds")
    name = timeline.source.name
    url = "./" + quote(name, errors="replace")
    kind = mimetypes.guess_type(name)[0] or "unknown"
    ET.SubElement(header, "MEDIA_DESCRIPTOR", MEDIA_URL=url, RELATIVE_MEDIA_URL=url, MIME_TYPE=kind)
    models = [
        ("model", f"{m.modality}: {m.name} {m.version}, {m.licence}") for m in timeline.models
    ]
    for key, value in (
        ("lastUsedAnnotationId", str(last_annotation)),
        ("source-sha256", timeline.source.sha256),
        ("meaning", MEANING),
        *(("stamp", stamp) for stamp in timeline.stamps),
        *models,
    ):
        ET.SubElement(header, "PROPERTY", NAME=key).text = clean(value)


def _time_order(root: ET.Element, found: dict[str, list[Segment]]) -> dict[Boundary, str]:
    """Two time slots a segment, in order of time; slot id of each (tier, place, side)."""
    order = ET.SubElement(root, "TIME_ORDER")
    boundaries = sorted(
        (round(seconds * 1000), (name, place, side))
        for name, segments in found.items()
        for place, segment in enumerate(segments)
        for side, seconds in enumerate((segment.start_seconds, segment.end_seconds))
    )
    slots = {}
    for number, (value, boundary) in enumerate(boundaries, 1):
        slots[boundary] = f"ts{number}"
        ET.SubElement(order, "TIME_SLOT", TIME_SLOT_ID=slots[boundary], TIME_VALUE=str(value))
    return slots


def _label_tier(
    root: ET.Element,
    name: str,
    segments: list[Segment],
    ids: list[str],
    slots: dict[Boundary, str],
) -> None:
    tier = ET.SubElement(
        root,
        "TIER",
        TIER_ID=name,
        LINGUISTIC_TYPE_REF="emotion",
        PARTICIPANT=name.rpartition("/")[0],
    )
    for place, (segment, annotation) in enumerate(zip(segments, ids, strict=True)):
        node = ET.SubElement(
            ET.SubElement(tier, "ANNOTATION"),
            "ALIGNABLE_ANNOTATION",
            ANNOTATION_ID=annotation,
            TIME_SLOT_REF1=slots[name, place, 0],
            TIME_SLOT_REF2=slots[name, place, 1],
        )
        ET.SubElement(node, "ANNOTATION_VALUE").text = segment.label


def _probability_tier(
    root: ET.Element, name: str, segments: list[Segment], ids: list[str], numbers: count
) -> None:
    tier = ET.SubElement(
        root,
        "TIER",
        TIER_ID=name + PROBABILITY,
        LINGUISTIC_TYPE_REF="probability",
        PARENT_REF=name,
        PARTICIPANT=name.rpartition("/")[0],
    )
    for segment, parent in zip(segments, ids, strict=True):
        node = ET.SubElement(
            ET.SubElement(tier, "ANNOTATION"),
            "REF_ANNOTATION",
            ANNOTATION_ID=f"a{next(numbers)}",
            ANNOTATION_REF=parent,
        )
        ET.SubElement(node, "ANNOTATION_VALUE").text = f"{segment.probability:.4f}"


def _types(root: ET.Element) -> None:
    ET.SubElement(
        root,
        "LINGUISTIC_TYPE",
        LINGUISTIC_TYPE_ID="emotion",
        TIME_ALIGNABLE="true",
        GRAPHIC_REFERENCES="false",
        CONTROLLED_VOCABULARY_REF="emotion",
    )
    ET.SubElement(
        root,
        "LINGUISTIC_TYPE",
        LINGUISTIC_TYPE_ID="probability",
        TIME_ALIGNABLE="false",
        GRAPHIC_REFERENCES="false",
        CONSTRAINTS="Symbolic_Association",
    )
    ET.SubElement(root, "LANGUAGE", LANG_ID="eng", LANG_DEF=_LANGUAGE, LANG_LABEL="English (eng)")
    ET.SubElement(
        root,
        "CONSTRAINT",
        STEREOTYPE="Symbolic_Association",
        DESCRIPTION="1-1 association with a parent annotation",
    )


def _vocabulary(root: ET.Element, timeline: Timeline) -> None:
    vocabulary = ET.SubElement(root, "CONTROLLED_VOCABULARY", CV_ID="emotion")
    description = ET.SubElement(vocabulary, "DESCRIPTION", LANG_REF="eng")
    description.text = f"label set {clean(timeline.label_set.name)}"
    labels = dict.fromkeys([*map(clean, timeline.label_set), UNCERTAIN])
    for place, label in enumerate(labels, 1):
        entry = ET.SubElement(vocabulary, "CV_ENTRY_ML", CVE_ID=f"cveid{place}")
        ET.SubElement(entry, "CVE_VALUE", LANG_REF="eng", DESCRIPTION="").text = label


def _segment(node: ET.Element, slots: dict, numbers: dict[str | None, float]) -> Segment:
    start, end = (int(slots[node.attrib[f"TIME_SLOT_REF{i}"]]) / 1000 for i in (1, 2))
    if end <= start:
        raise ValueError(f"annotation {node.get('ANNOTATION_ID')} ends before it starts")
    return Segment(start, end, _value(node), numbers.get(node.get("ANNOTATION_ID"), STATED))


def _value(node: ET.Element) -> str:
    return node.findtext("ANNOTATION_VALUE") or ""
