"""Plot, page and overlay: everything a reader needs is in them, whatever the recording."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from emofuse.core import LABEL_SETS, InputError, Timeline
from emofuse.export import blur, colours, draw_moment, save, save_overlay
from emofuse.export.figure import MOST_PERSONS, draw_figure
from emofuse.export.overlay import box_at, window_at
from emofuse.export.page import page
from emofuse.export.palette import ink_on, rgb
from emofuse.export.thinning import thin
from timelines import empty, talk, timelines

NASTY = "</script><script>alert(1)</script> $x$ \"&' \x00.mp4"
examples = settings(
    max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


def texts(figure) -> list[str]:
    found = [text.get_text() for text in figure.texts]
    for axes in figure.axes:
        found += [axes.get_ylabel(), *(text.get_text() for text in axes.texts)]
    for legend in figure.legends:
        found += [text.get_text() for text in legend.get_texts()]
    return [text for text in found if text]


@pytest.mark.parametrize("labels", LABEL_SETS.values(), ids=list(LABEL_SETS))
def test_labels_of_a_set_have_colours_that_differ(labels) -> None:
    tints = colours(labels)
    assert len(set(tints.values())) == len(labels)


def test_one_meaning_has_one_colour_and_readable_ink() -> None:
    assert colours(["joy"])["joy"] == colours(["sad", "happy"])["happy"]
    assert ink_on("#0072B2") == "#FFFFFF" and ink_on("#F0E442") == "#000000"
    assert rgb("#0072B2") == (0, 114, 178)


def test_figure_says_what_there_is() -> None:
    words = texts(draw_figure(talk()))
    for wanted in ("interview.mp4", "p1", "p2", "scene", "face", "voice", "text", "fused"):
        assert wanted in words
    for wanted in ("NoFace", "SpeakerUnknown", "NoText", "Silence", "uncertain", "happy"):
        assert wanted in words
    everything = " ".join(words)
    for wanted in ("IN-SAMPLE", "not what is felt", "CC BY-NC-SA 4.0", "not for decisions"):
        assert wanted in everything


def test_figure_marks_missing_and_uncertain_spans() -> None:
    figure = draw_figure(talk())
    hatched = [c for axes in figure.axes for c in axes.collections if c.get_hatch()]
    assert sum(len(c.get_paths()) for c in hatched) > 4
    clocks = {tuple(np.round(axes.get_xlim(), 6)) for axes in figure.axes}
    assert clocks == {(0.0, 30.0)}


def test_figure_of_a_long_talk_is_thinned_and_says_so() -> None:
    assert any("Each column is the mean of" in t for t in texts(draw_figure(talk(seconds=600))))


def test_figure_with_a_crowd_shows_some_and_counts_the_rest() -> None:
    one = talk(seconds=3).persons[0]
    crowd = tuple(replace(one, person=f"p{i}") for i in range(MOST_PERSONS + 3))
    words = texts(draw_figure(replace(talk(seconds=3), persons=crowd, thumbnails=())))
    assert "p1" in words and f"p{MOST_PERSONS}" not in words
    assert any("3 more persons" in text for text in words)


def test_figure_with_nobody_says_why() -> None:
    assert any("NoFace, NoSpeech" in text for text in texts(draw_figure(empty())))


@given(timeline=timelines())
@examples
def test_any_timeline_can_be_drawn(tmp_path: Path, timeline: Timeline) -> None:
    draw_figure(timeline)
    assert "<html" in page(timeline)


def test_names_are_text_in_the_png(tmp_path: Path) -> None:
    path = save(talk(seconds=3, name=NASTY), tmp_path / "t.png")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_thinning_keeps_edges_masks_and_means() -> None:
    timeline = talk(seconds=61)
    small = thin(timeline, most=20)
    size = -(-len(timeline) // 20)
    np.testing.assert_allclose(small.cell_edges[:-1], timeline.cell_edges[:-1][::size])
    assert small.cell_edges[-1] == timeline.cell_edges[-1]
    one, other = timeline.persons[0], small.persons[0]
    np.testing.assert_allclose(other.fused[-1], one.fused[(len(small) - 1) * size :].mean(0))
    for i, known in enumerate(other.mask):
        assert known == one.mask[i * size : (i + 1) * size].any()
    np.testing.assert_allclose(other.fused[other.mask].sum(1), 1.0)
    assert thin(timeline, most=len(timeline)) is timeline


class Collector(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict]] = []

    def handle_starttag(self, tag: str, attributes: list) -> None:
        self.tags.append((tag, dict(attributes)))


def test_page_asks_nothing_of_the_network() -> None:
    collector = Collector()
    collector.feed(page(talk()))
    for _, attributes in collector.tags:
        assert not {"src", "href", "srcset", "action"} & set(attributes)
    script = page(talk()).partition('<script type="module">')[2]
    assert set(re.findall(r"https?://[^\"\s]+", script)) == {"http://www.w3.org/2000/svg"}
    assert "fetch(" not in script and "innerHTML" not in script


def test_page_escapes_what_comes_from_outside() -> None:
    timeline = talk(seconds=4, name=NASTY)
    odd = replace(timeline.persons[0], person=NASTY)
    text = page(replace(timeline, persons=(odd,), stamps=(NASTY,), notes=(NASTY,)))
    assert "<script>alert" not in text
    assert [tag for tag, _ in _tags(text)].count("script") == 2
    embedded = re.search(r'id="data">(.*?)</script>', text, re.DOTALL)[1]
    assert json.loads(embedded)["persons"][0]["person"] == NASTY.replace(" \x00", " ")
    assert html.escape("</script><script>alert(1)") in text


def _tags(text: str) -> list[tuple[str, dict]]:
    collector = Collector()
    collector.feed(text)
    return collector.tags


def test_page_tables_hold_the_answers_without_script() -> None:
    timeline = talk()
    text = page(timeline)
    assert text.count("<tr>") > len(timeline.segments("p1")) + len(timeline.segments("p2"))
    for part in timeline.persons:
        for s in timeline.segments(part.person):
            assert (
                f"<td>{s.start_seconds:.2f}</td><td>{s.end_seconds:.2f}</td><td>{s.label}" in text
            )


@pytest.mark.browser
def test_page_draws_itself(tmp_path: Path) -> None:
    browser = shutil.which("chromium") or shutil.which("google-chrome")
    if not browser:
        pytest.skip("no Chromium found")
    path = save(talk(), tmp_path / "t.html")
    flags = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--virtual-time-budget=3000",
        "--dump-dom",
    ]
    command = [browser, *flags, f"--user-data-dir={tmp_path / 'profile'}", path.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.count('class="frame"') == 6 + 6 + 5  # nothing is said about the scene's face
    assert done.stdout.count('class="card"') == 3
    for wanted in ('class="why"', ">NoFace<", "aria-valuetext=", "url(#hatch)", "p1: fear"):
        assert wanted in done.stdout


def test_blur_hides_detail_inside_the_box_only() -> None:
    image = np.random.default_rng(0).integers(0, 255, (120, 160, 3), dtype=np.uint8)
    before, hidden = image.copy(), blur(image, (0.25, 0.25, 0.75, 0.75))
    np.testing.assert_array_equal(image, before)
    outside = np.ones((120, 160), bool)
    outside[30:90, 40:120] = False
    np.testing.assert_array_equal(hidden[outside], image[outside])
    # Nothing of the noise is left: every patch is its mean.
    assert hidden[~outside].std() < 0.2 * image[~outside].std()


@pytest.mark.parametrize("box", [(1.2, 1.2, 1.5, 1.5), (-1, -1, -0.5, -0.5), (0.5, 0.5, 0.5, 0.5)])
def test_blur_outside_the_picture_changes_nothing(box) -> None:
    image = np.full((20, 20, 3), 9, np.uint8)
    np.testing.assert_array_equal(blur(image, box), image)


def test_box_moves_between_windows_and_stops_where_nobody_is() -> None:
    timeline = talk()
    part = timeline.persons[0]
    centres = timeline.starts + 1.0
    one, two = np.array(box_at(timeline, part, centres[0])), part.boxes[1]
    np.testing.assert_allclose(one, part.boxes[0])
    halfway = box_at(timeline, part, (centres[0] + centres[1]) / 2)
    np.testing.assert_allclose(halfway, (one + two) / 2)
    assert box_at(timeline, part, centres[8]) is None
    assert box_at(timeline, part, centres[6], reach=1) is not None
    assert window_at(timeline, 1e9) == len(timeline) - 1
    assert window_at(empty(), 0.0) is None


@pytest.mark.parametrize("size", [(720, 1280), (90, 120), (1920, 1080), (17, 2001)])
@pytest.mark.parametrize("seconds", [0.0, 4.0, 29.9, 99.0])
def test_any_picture_can_be_drawn_on(size: tuple[int, int], seconds: float) -> None:
    image = np.full((*size, 3), 127, np.uint8)
    drawn = draw_moment(talk(), image, seconds, blur_faces=True)
    assert drawn.dtype == np.uint8 and drawn.shape[0] % size[0] == 0
    assert drawn.shape[1] / size[1] == drawn.shape[0] / size[0]
    assert (drawn != 127).any() and (image == 127).all()


def test_overlay_blurs_faces_only_when_asked() -> None:
    image = np.random.default_rng(0).integers(0, 255, (720, 1280, 3), dtype=np.uint8)
    timeline = talk()
    left, top, right, bottom = box_at(timeline, timeline.persons[0], 1.0)
    inside = np.s_[
        int(top * 720) + 9 : int(bottom * 720) - 9, int(left * 1280) + 9 : int(right * 1280) - 9
    ]
    plain = draw_moment(timeline, image, 1.0)[inside]
    hidden = draw_moment(timeline, image, 1.0, blur_faces=True)[inside]
    np.testing.assert_array_equal(plain, image[inside])
    assert hidden.std() < 0.3 * image[inside].std()


@pytest.fixture(scope="module")
def recording(tmp_path_factory) -> Path:
    from emofuse.media import encode_video

    path = tmp_path_factory.mktemp("overlay") / "in.mp4"
    frames = (np.full((240, 320, 3), 5 * i, np.uint8) for i in range(30))
    sound = np.sin(np.arange(16000 * 3) / 5).astype(np.float32) / 3
    return encode_video(path, frames, frame_rate=10, audio=sound, sample_rate=16000)


def test_overlay_keeps_clock_and_sound(recording: Path, tmp_path: Path) -> None:
    from emofuse.media import VideoFrame, load_audio, read

    path = save_overlay(talk(seconds=3), recording, tmp_path / "new" / "out.mp4")
    stamps = [f.seconds for f in read(recording) if isinstance(f, VideoFrame)]
    drawn = [f for f in read(path) if isinstance(f, VideoFrame)]
    assert [f.seconds for f in drawn] == pytest.approx(stamps, abs=0.001)
    assert drawn[0].image.shape == (480, 640, 3)
    sound, wanted = load_audio(path), load_audio(recording)
    assert len(sound) == pytest.approx(len(wanted), abs=2048)
    assert sound.std() == pytest.approx(wanted.std(), rel=0.1)


def test_overlay_of_sound_alone_is_refused(tmp_path: Path) -> None:
    from emofuse.media import write_wav

    source = write_wav(tmp_path / "in.wav", np.zeros(16000, np.float32), sample_rate=16000)
    with pytest.raises(InputError, match="no picture to draw on"):
        save_overlay(talk(seconds=3), source, tmp_path / "out.mp4")
    assert [p.name for p in tmp_path.iterdir()] == ["in.wav"]
