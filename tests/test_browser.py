"""The page in headless Chromium, with a camera and a microphone made from the example clip."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path

import av
import pytest

from emofuse import export
from emofuse.media import load_audio, write_example, write_wav
from servers import ServerProcess, served

pytestmark = pytest.mark.browser
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ANSWER_MS, ANALYSIS_MS = 60_000, 180_000


@pytest.fixture(scope="module")
def artefacts(tmp_path_factory):
    """Where screenshots are left: `EMOFUSE_ARTEFACTS`, else a temporary folder."""
    given = os.environ.get("EMOFUSE_ARTEFACTS")
    folder = Path(given) if given else tmp_path_factory.mktemp("artefacts")
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def example(tmp_path_factory):
    return write_example(tmp_path_factory.mktemp("example") / "example.mp4")


@pytest.fixture(scope="module")
def devices(example):
    """Files that Chromium plays as its camera and microphone."""
    camera, microphone = example.with_suffix(".mjpeg"), example.with_suffix(".wav")
    with av.open(example) as source, av.open(camera, "w", format="mjpeg") as out:
        picture = source.streams.video[0]
        stream = out.add_stream("mjpeg", rate=30)
        stream.width, stream.height = picture.width, picture.height
        stream.pix_fmt = "yuvj420p"
        for frame in source.decode(picture):
            out.mux(stream.encode(frame.reformat(format="yuvj420p")))
        out.mux(stream.encode(None))
    write_wav(microphone, load_audio(example), sample_rate=16_000)
    return camera, microphone


@pytest.fixture(scope="module")
def browser(devices):
    if CHROMIUM is None:
        pytest.skip("no Chromium; install it with: apt-get install chromium")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="no playwright; install it with: pip install playwright"
    )
    camera, microphone = devices
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=CHROMIUM,
            args=[
                "--use-fake-ui-for-media-stream",
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={camera}",
                f"--use-file-for-fake-audio-capture={microphone}",
                "--autoplay-policy=no-user-gesture-required",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-background-networking",
            ],
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    with served(tmp_path_factory.mktemp("server")) as at:
        yield at


@pytest.fixture
def page(browser, address):
    """The page, freshly opened; what it asks of other hosts and what breaks in it is an error."""
    page = browser.new_page(viewport={"width": 1100, "height": 900})
    trouble = []
    page.on("pageerror", lambda error: trouble.append(str(error)))
    page.on("console", lambda line: trouble.append(line.text) if broken(line) else None)

    def intercept(route):
        if not route.request.url.startswith(f"http://{address}/"):
            trouble.append(f"external request to {route.request.url}")
        route.continue_()

    page.route("**/*", intercept)
    page.on(
        "websocket",
        lambda socket: (
            socket.url.startswith(f"ws://{address}/") or trouble.append(f"external {socket.url}")
        ),
    )
    page.goto(f"http://{address}/")
    yield page
    page.close()
    assert trouble == []


def broken(line):
    """A console line that tells of a fault; a refused upload (422) is none."""
    return line.type == "error" and "status of 422" not in line.text


def start(page):
    page.check("#accept")
    page.click("#start")
    page.wait_for_selector("#people .person", timeout=ANSWER_MS)


def outcome(page, modality, expected):
    page.wait_for_selector(
        f'#people [data-modality="{modality}"][data-outcome="{expected}"]', timeout=ANSWER_MS
    )


def test_the_notice_blocks_until_it_is_accepted(page, artefacts):
    sent = []
    page.on("websocket", lambda socket: sent.append(socket.url))
    assert page.is_disabled("#start") and page.is_hidden("#stage")
    page.eval_on_selector("#start", "button => button.click()")
    assert "127.0.0.1" in page.inner_text("#notice") and not sent
    page.screenshot(path=artefacts / "notice.png")
    page.focus("#accept")
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")  # the whole way goes by keyboard
    page.wait_for_selector("#people .person", timeout=ANSWER_MS)
    assert sent


def test_live_windows_arrive_and_a_muted_track_goes_missing(page, artefacts):
    start(page)
    page.wait_for_selector('.person[data-person="person-1"]', timeout=ANSWER_MS)
    page.wait_for_function("document.querySelector('#latency').textContent.includes('ms a window')")
    assert page.locator("#history canvas").count() >= 1
    drawn = "c => c.getContext('2d').getImageData(0, 0, c.width, c.height).data.some(v => v)"
    assert page.eval_on_selector("#outline", drawn)
    page.screenshot(path=artefacts / "live.png")
    page.click("#mute")
    outcome(page, "voice", "Silence")
    assert page.locator('.person[data-person="person-1"]').count() == 1  # the face is still there
    page.click("#mute")
    page.click("#hide")
    outcome(page, "face", "NoFace")
    page.screenshot(path=artefacts / "hidden.png")


def test_after_the_server_was_killed_the_camera_goes_on(browser, tmp_path):
    server, page = ServerProcess(tmp_path), browser.new_page()
    try:
        page.goto(f"http://{server.address}/")
        start(page)
        page.wait_for_selector('.person[data-person="person-1"]', timeout=ANSWER_MS)
        server.kill()
        page.wait_for_selector("#status:has-text('trying again')", timeout=ANSWER_MS)
        page.eval_on_selector("#people", "people => people.replaceChildren()")
        server = ServerProcess(tmp_path, port=server.port)
        page.wait_for_selector('.person[data-person="person-1"]', timeout=ANSWER_MS)
    finally:
        page.close()
        server.kill()


def test_a_live_recording_is_downloaded_and_can_be_analysed(page, tmp_path):
    start(page)
    page.click("#record")
    page.wait_for_timeout(3000)
    page.click("#record")
    files = {}
    for name in ("Download recording", "Download answers"):
        with page.expect_download(timeout=ANSWER_MS) as download:
            page.click(f"text={name}")
        files[name] = tmp_path / download.value.suggested_filename
        download.value.save_as(files[name])
    answers = json.loads(files["Download answers"].read_text())
    assert answers["format"] == "emofuse.live" and len(answers["windows"]) >= 2
    page.click("#stop")
    page.wait_for_selector("#notice", state="visible")
    page.click("#tab-file")
    page.set_input_files("#files", files["Download recording"])
    page.wait_for_selector("#result", state="visible", timeout=ANALYSIS_MS)
    assert page.locator("#timelines canvas").count() >= 1


def test_a_file_is_analysed_linked_to_the_player_and_exported(page, example, artefacts, tmp_path):
    page.click("#tab-file")
    page.wait_for_selector("#model-b option:nth-child(2)", state="attached")
    page.select_option("#model-b", index=1)
    page.set_input_files("#files", [example, example.with_suffix(".srt")])
    page.wait_for_selector("#result", state="visible", timeout=ANALYSIS_MS)
    page.wait_for_function("document.querySelector('#player').readyState > 0")
    assert page.locator("#timelines .beside > div").count() == 2
    page.click(".thumbnails button >> nth=2")
    page.wait_for_function("document.querySelector('#player').currentTime > 1")
    timeline = page.locator("#timelines canvas").first
    timeline.click(position={"x": 5, "y": 20})
    page.wait_for_function("document.querySelector('#player').currentTime < 0.5")
    timeline.press("ArrowRight")
    page.wait_for_function("document.querySelector('#player').currentTime >= 0.5")
    answer = page.locator("#timelines h3").first.inner_text()
    assert re.fullmatch(r"person-1: \w+ \(\d+ %\)", answer), answer
    page.screenshot(path=artefacts / "file.png", full_page=True)
    for format in ("json", "csv", "vtt", "eaf", "textgrid"):
        with page.expect_download(timeout=ANSWER_MS) as download:
            page.click(f'#exports button[data-format="{format}"] >> nth=0')
        saved = tmp_path / download.value.suggested_filename
        download.value.save_as(saved)
        kept = export.load(saved) if format in ("json", "csv") else export.read_segments(saved)
        assert len(kept) > 0 and saved.stem == "example"


def test_on_a_phone_nothing_is_wider_than_the_screen(page, example, artefacts):
    page.set_viewport_size({"width": 375, "height": 700})
    page.emulate_media(color_scheme="dark")
    wider = "document.documentElement.scrollWidth > innerWidth"
    assert not page.evaluate(wider)
    page.click("#tab-file")
    page.set_input_files("#files", example.with_suffix(".srt"))
    page.wait_for_selector("#result", state="visible", timeout=ANALYSIS_MS)
    assert not page.evaluate(wider)
    page.screenshot(path=artefacts / "phone.png", full_page=True)


def test_a_file_that_is_no_recording_says_why(page, tmp_path):
    page.click("#tab-file")
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"\0" * 1000)
    page.set_input_files("#files", broken)
    page.wait_for_selector("#jobs li:has-text('format known here')", timeout=ANSWER_MS)


def test_the_tabs_follow_the_arrow_keys(page):
    page.focus("#tab-live")
    page.keyboard.press("ArrowRight")
    assert page.is_visible("#drop") and page.is_hidden("#notice")
    assert page.get_attribute("#tab-file", "aria-selected") == "true"
