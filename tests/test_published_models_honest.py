"""What the honest forms of the published systems promise beyond the parametrised test."""

from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from emofuse.models import MODALITY_DROPOUT, MODELS, fused  # noqa: E402
from emofuse.models.token_fusion import Gates  # noqa: E402
from emofuse.training.export import export_onnx, largest_difference  # noqa: E402

torch.set_num_threads(1)
TWO = {"av_lt_honest", "av_it_honest", "av_ia_honest"}
MULTI = [*sorted(TWO), "mel_emonet_fusion_honest", "xlstm_trimodal_honest"]


def made(name: str, batch: int = 2, **sizes):
    """A network, its running statistics as if trained, and inputs in which nothing is missing."""
    torch.manual_seed(0)
    entry = MODELS[name]
    model = entry.build(**{**entry.small, **sizes}).train()
    inputs = entry.example(batch, entry.lengths[0], torch.Generator().manual_seed(1))
    inputs = {n: torch.ones_like(p) if p.dtype == torch.bool else p for n, p in inputs.items()}
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.momentum = 1.0
    with torch.no_grad():
        model(**inputs)
    return model.eval(), inputs


def states(name: str, model, inputs):
    """(batch, modalities, dim): what each modality holds after meeting the others."""
    if name in TWO:
        return model.states(**inputs)
    if name == "mel_emonet_fusion_honest":
        voice, voice_mask = model.mel(inputs["mel"], inputs["mel_mask"])
        tokens = {"voice": voice, "face": inputs["frames"]}
        return model.fusion.states(tokens, {"voice": voice_mask, "face": inputs["frames_mask"]})
    return model.fusion.states(*model.encode(**inputs))


def other(part):
    return (part + 7) % 50 if part.dtype == torch.int64 else part.flip(1) * 1.7 + 0.3


@pytest.mark.parametrize("name", MULTI)
def test_changing_any_modality_reaches_the_answer_through_every_other(name):
    """The published cross-attention had one key: nothing ever crossed."""
    model, inputs = made(name)
    signals = [n for n, p in inputs.items() if p.dtype != torch.bool]
    with torch.no_grad():
        before, answer = states(name, model, inputs), model(**inputs)
        for changed in signals:
            altered = inputs | {changed: other(inputs[changed])}
            moved = (states(name, model, altered) - before).abs().amax((0, 2))
            assert (moved > 1e-5).all(), f"{changed} does not reach all"
            assert (model(**altered) - answer).abs().max() > 1e-5


def test_published_trimodal_text_reaches_only_its_own_logit():
    entry = MODELS["xlstm_trimodal"]
    torch.manual_seed(0)
    model = entry.build(**entry.small).eval()
    voice, texts = torch.randn(2, 144), torch.randn(2, 2, model.text.width)
    with torch.no_grad():
        answers = [model.audio_attention(text, voice) for text in texts]
    assert torch.equal(*answers)


@pytest.mark.parametrize("name", MULTI)
def test_what_is_missing_does_not_matter_but_that_it_is_does(name):
    model, inputs = made(name)
    for mask in [n for n in inputs if n.endswith("_mask")]:
        signal = mask.removesuffix("_mask")
        gone = inputs | {mask: torch.zeros_like(inputs[mask])}
        with torch.no_grad():
            whole, absent = model(**inputs), model(**gone)
            noise = model(**gone | {signal: other(gone[signal])})
        torch.testing.assert_close(absent, noise, atol=1e-5, rtol=1e-5)
        assert (absent - whole).abs().max() > 1e-4


@pytest.mark.parametrize("name", MULTI)
def test_nothing_at_all_still_gives_a_finite_answer(name):
    model, inputs = made(name)
    nothing = {n: torch.zeros_like(p) if p.dtype == torch.bool else p for n, p in inputs.items()}
    with torch.no_grad():
        assert torch.isfinite(model(**nothing)).all()


def test_gates_sum_to_one_and_skip_what_is_missing():
    gates = Gates(8)
    present = torch.tensor([[True, True, True], [True, False, True], [False, False, False]])
    weight = gates(torch.randn(3, 3, 8), present)
    torch.testing.assert_close(weight.sum(1), torch.ones(3))
    assert weight[1, 1] == 0 and (weight[2] > 0).all()


@pytest.mark.parametrize(("multi_label", "total"), [(False, 1.0), (True, None)])
def test_one_label_or_several(multi_label, total):
    model, inputs = made("xlstm_trimodal_honest", classes=6, multi_label=multi_label)
    with torch.no_grad():
        p = model.probabilities(model(**inputs))
    assert p.shape == (2, 6) and ((p > 0) & (p < 1)).all()
    sums = p.sum(1)
    assert torch.allclose(sums, torch.ones(2)) is (total is not None)


def test_scalar_cells_can_stand_in():
    model, inputs = made("xlstm_trimodal_honest", cells=("mlstm", "slstm"))
    with torch.no_grad():
        assert torch.isfinite(model(**inputs)).all()


def test_fused_copy_of_the_whole_network_exports_and_answers_alike():
    pytest.importorskip("onnxruntime")
    model, inputs = made("xlstm_trimodal_honest")
    axes = {name: {0: "batch"} for name in inputs}
    file = export_onnx(fused(model), inputs, free_axes=axes)
    assert largest_difference(file, model, inputs) <= 1e-4


def test_layer_normalised_forms_train_alike_alone_and_in_a_batch():
    """Without batch normalisation, gradients of a batch are the mean of its halves'."""
    model, inputs = made("av_it_honest", batch=4, dropout=0.0)

    def gradient(rows: slice):
        model.zero_grad()
        model(**{n: p[rows] for n, p in inputs.items()}).square().mean().backward()
        return torch.cat([p.grad.flatten() for p in model.parameters() if p.grad is not None])

    halves = (gradient(slice(0, 2)) + gradient(slice(2, 4))) / 2
    torch.testing.assert_close(gradient(slice(0, 4)), halves, atol=1e-6, rtol=1e-4)


@pytest.mark.parametrize(("mode", "times"), [("softhard", 4), ("noise", 3), ("none", 1)])
def test_modality_dropout_cases(mode, times):
    audio, video = torch.rand(5, 3, 2) + 1, torch.rand(5, 4) + 1
    target = torch.arange(5)
    generator = torch.Generator().manual_seed(0)
    heard, seen, labels, present = MODALITY_DROPOUT[mode](audio, video, target, generator)
    assert len(heard) == len(seen) == len(labels) == len(present) == 5 * times
    assert labels.bincount().tolist() == [times] * 5
    untouched = 0
    for a, v, label, (has_audio, has_video) in zip(heard, seen, labels, present, strict=True):
        share = a / audio[label], v / video[label]
        if has_audio and has_video:
            c, d = (float(part.flatten()[0]) for part in share)
            untouched += c == d == 1
            assert all(torch.allclose(part, part.flatten()[0]) for part in share)
            assert c == d == 1 or c + d == pytest.approx(1, abs=1e-5)
        elif mode == "softhard":
            gone, kept = (a, share[1]) if has_video else (v, share[0])
            assert (gone == 0).all() and (kept == 1).all()
        else:
            assert torch.equal(
                share[1] if has_video else share[0], torch.ones_like(v if has_video else a)
            )
    assert untouched == 5
    assert present.sum(0).tolist() == [5 * {4: 3, 3: 2, 1: 1}[times]] * 2


def test_modality_dropout_feeds_the_honest_form():
    """On features, with `present` closing masks: missing tokens learn without a second encoding."""
    model, inputs = made("av_it_honest")
    audio, video, target, present = MODALITY_DROPOUT["softhard"](
        inputs["audio"], inputs["video"], torch.tensor([0, 1]), torch.Generator().manual_seed(0)
    )
    masks = {
        f"{name}_mask": torch.ones(8, part.shape[1], dtype=torch.bool) & present[:, i : i + 1]
        for i, (name, part) in enumerate((("audio", audio), ("video", video)))
    }
    loss = torch.nn.functional.cross_entropy(model(audio, video, **masks), target)
    loss.backward()
    assert all(p.missing.grad.abs().sum() > 0 for p in model.presence)
