"""The published networks to the last weight, and what they get wrong, as declared."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from emofuse.core import InputError  # noqa: E402
from emofuse.models import MODELS, count_parameters, load_weights  # noqa: E402
from emofuse.models.au_bilstm import au_bilstm  # noqa: E402
from emofuse.models.av_published import PublishedFusion  # noqa: E402
from emofuse.models.efficientface import _PUBLIC_NAMES as efficientface_names  # noqa: E402
from emofuse.models.emonet import SMALL, emonet  # noqa: E402
from emofuse.models.mel_transformer import mel_transformer  # noqa: E402
from emofuse.models.two_stream_audio import stream_audio_2d, weight_penalty  # noqa: E402
from emofuse.models.two_stream_face import stream_dcnn  # noqa: E402
from emofuse.models.weights import _rename as rename  # noqa: E402
from emofuse.models.xlsr import TINY, local_features, xlsr, xlsr_honest  # noqa: E402
from emofuse.models.xlstm_published import PublishedCell, PublishedVoice  # noqa: E402

torch.set_num_threads(1)
PAGE = Path(__file__).resolve().parents[1] / "docs" / "models.md"
PARAMETERS = {
    "efficientface": 1_268_118,
    "av_lt": 2_045_550,
    "av_it": 1_938_414,
    "av_ia": 1_854_766,
    "au_bilstm": 106_609,
    "xlstm_trimodal": 59_106_986 - 495_850,  # the original counts its face detector
    "mel_transformer": 395_176,
    "emonet": 13_963_410,
    "emonet_lstm": 14_838_490,
    "mel_emonet_fusion": 15_233_802,
    "stream_audio_1d": 296_903,
    "stream_audio_2d": 60_359,
    "stream_audio_2d_wide": 239_495,
    "stream_audio_2d_long": 387_335,
}


def on_meta(name: str, **sizes):
    with torch.device("meta"):
        return MODELS[name].build(**sizes)


def of(model, *prefixes: str) -> int:
    return sum(p.numel() for n, p in model.named_parameters() if n.startswith(prefixes))


def frozen(model) -> int:
    return sum(p.numel() for p in model.parameters() if not p.requires_grad)


@pytest.mark.parametrize("name", PARAMETERS)
def test_parameters_to_the_last(name):
    assert MODELS[name].parameters() == PARAMETERS[name]
    assert MODELS[name].form == "published"


@pytest.mark.parametrize("entry", MODELS.values(), ids=list(MODELS))
def test_documentation_states_what_the_registry_knows(entry):
    declared = [f"inert: {', '.join(f'`{prefix}`' for prefix in entry.inert)}"] * bool(entry.inert)
    declared = ["batch dependent"] * entry.batch_dependent + declared
    declared = "; ".join(["fixed shape"] * entry.fixed_shape + declared) or "–"
    row = f"| `{entry.name}` | {entry.parameters():,} | {entry.form} | {declared} |"
    assert row in PAGE.read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize(
    ("name", "parameters"), [("av_lt", 2_043_490), ("av_it", 1_936_354), ("av_ia", 1_852_706)]
)
@pytest.mark.parametrize("heads", [1, 4])
def test_audio_video_with_four_classes(name, parameters, heads):
    assert count_parameters(on_meta(name, classes=4, heads=heads)) == parameters


@pytest.mark.parametrize(
    ("name", "inert", "meeting"),
    [("av_lt", 2_064, 264_704), ("av_it", 2_064, 157_568), ("av_ia", 22_736, 73_920)],
)
def test_audio_video_parts(name, inert, meeting):
    model = on_meta(name)
    assert of(model, *MODELS[name].inert) == inert
    assert of(model, "fuse.av.", "fuse.va.") == meeting
    assert of(model, "fuse.video1.", "fuse.video2.") == 283_776
    assert of(model, "fuse.audio1.", "fuse.audio2.") == 224_832


@pytest.mark.parametrize(
    ("name", "values"), [("stream_dcnn", 2_030_215), ("stream_resnet50", 24_640_391)]
)
def test_keras_counts_running_statistics_too(name, values):
    model = on_meta(name)
    running = [b for n, b in model.named_buffers() if "running" in n]
    assert count_parameters(model) + sum(b.numel() for b in running) == values


def test_frozen_and_trainable_parts():
    assert frozen(on_meta("emonet")) == 12_106_504
    for name, trainable in (("emonet_lstm", 2_731_986), ("mel_emonet_fusion", 3_127_298)):
        assert count_parameters(on_meta(name)) - frozen(on_meta(name)) == trainable
    net = on_meta("stream_resnet50")
    assert count_parameters(net) - frozen(net) == 1_052_679
    wave = on_meta("xlsr")
    assert of(wave, "head.") == 1_057_800
    assert frozen(wave) == of(wave, "encoder.feature_extractor.") > 0


def test_trimodal_parts():
    model = on_meta("xlstm_trimodal")
    assert of(model, "voice.waveform.") == 295_830
    assert of(model, "voice.fc1.") == 10_440
    assert count_parameters(PublishedCell()) == 74_605
    assert count_parameters(PublishedVoice()) == 530_523
    assert of(model, "text.") == 11_683_584
    assert of(model, "faces.trunk.") == 1_811_584
    assert of(model, "visual_attention.") == 2_463_040
    assert of(model, "audio_attention.") == 2_586_000
    never = of(model, *MODELS["xlstm_trimodal"].inert)
    assert never / 59_106_986 == pytest.approx(0.628 - 495_850 / 59_106_986, abs=5e-4)


def expected_mel_names() -> dict[str, tuple[int, ...]]:
    """Names and shapes of the public checkpoint, from torch's own Transformer encoder."""
    shapes = {"out_linear.weight": (8, 320), "out_linear.bias": (8,)}
    for index, (before, after) in zip((0, 5, 10, 15), ((1, 16), (16, 32), (32, 64), (64, 64))):
        shapes[f"conv2Dblock.{index}.weight"] = (after, before, 3, 3)
        shapes[f"conv2Dblock.{index}.bias"] = (after,)
        for part in ("weight", "bias", "running_mean", "running_var"):
            shapes[f"conv2Dblock.{index + 1}.{part}"] = (after,)
        shapes[f"conv2Dblock.{index + 1}.num_batches_tracked"] = ()
    reference = torch_encoder().state_dict()
    return shapes | {f"transf_encoder.{n}": tuple(p.shape) for n, p in reference.items()}


def torch_encoder():
    layer = torch.nn.TransformerEncoderLayer(64, 4, 512, dropout=0.4, batch_first=True)
    return torch.nn.TransformerEncoder(layer, 4, enable_nested_tensor=False)


def test_mel_transformer_loads_the_public_names_strictly(tmp_path):
    generator = torch.Generator().manual_seed(0)
    state = {
        name: torch.rand(shape, generator=generator) if shape else torch.tensor(12_843)
        for name, shape in expected_mel_names().items()
    }
    model = mel_transformer()
    model.load_state_dict(state, strict=True)
    torch.save(state, tmp_path / "net.pt")
    loaded = mel_transformer(weights=tmp_path / "net.pt")
    mel = torch.randn(1, 1, 128, 563, generator=generator)
    with torch.no_grad():
        torch.testing.assert_close(loaded.eval()(mel), model.eval()(mel))


def test_our_encoder_answers_as_torchs_own():
    torch.manual_seed(0)
    reference, ours = torch_encoder().eval(), mel_transformer().transf_encoder.eval()
    ours.load_state_dict(reference.state_dict())
    x, mask = torch.randn(2, 9, 64), torch.arange(9)[None] < torch.tensor([[9], [6]])
    with torch.no_grad():
        expected = reference(x, src_key_padding_mask=~mask)
        torch.testing.assert_close(ours(x, mask)[mask], expected[mask], atol=1e-5, rtol=1e-5)


def test_published_mel_transformer_has_no_sense_of_order():
    model = mel_transformer().eval()
    tokens = torch.randn(1, 140, 64)
    with torch.no_grad():
        there, back = (model.transf_encoder(t).mean(1) for t in (tokens, tokens.flip(1)))
    torch.testing.assert_close(there, back, atol=1e-5, rtol=1e-5)


def test_published_gates_make_video_ten_times_louder():
    """Row sums of a softmax: weights of 15 frames sum to 150, those of 150 sounds to 15."""
    fusion = PublishedFusion(8, fusion="ia", heads=1).eval()
    sound, sight = torch.randn(2, 150, 128), torch.randn(2, 15, 64)
    with torch.no_grad():
        video = fusion.av.matrix(sound, sight).mean(1).sum(1)
        audio = fusion.va.matrix(sight, sound).mean(1).sum(1)
    torch.testing.assert_close(video.mean(1), torch.full((2,), 10.0))
    torch.testing.assert_close(audio.mean(1), torch.full((2,), 0.1))


def test_half_of_the_values_projection_never_learns_in_ia():
    fusion = PublishedFusion(8, fusion="ia", heads=4)
    fusion(torch.randn(2, 10, 156), torch.randn(2, 15, 1024)).square().sum().backward()
    key, value = fusion.av.kv.weight.grad.chunk(2)
    assert key.abs().sum() > 0 and value.abs().sum() == 0


def test_frozen_part_of_emonet_drifts_in_training_mode():
    """As the published fine-tuning did; the honest forms read embeddings of a net in eval."""
    net = emonet(**SMALL)
    before = net.bn1.running_mean.clone()
    net.train()(torch.rand(2, 3, 64, 64))
    assert not torch.equal(before, net.bn1.running_mean)


def test_emonet_weights_come_with_their_licence(tmp_path):
    source = emonet(**SMALL)
    torch.save({f"module.{n}": p for n, p in source.state_dict().items()}, tmp_path / "net.pth")
    with pytest.warns(UserWarning, match="CC BY-NC-ND"):
        loaded = emonet(**SMALL, weights=tmp_path / "net.pth")
    assert all(torch.equal(p, loaded.state_dict()[n]) for n, p in source.state_dict().items())


def test_public_names_of_efficientface_lead_to_ours():
    """Every rename leads to a weight that exists, and together they cover the regrouped parts."""
    ours = MODELS["efficientface"].build().state_dict()
    old = [f"local.{k}{q}_{p}.weight" for k in ("conv", "bn") for q in range(1, 5) for p in (1, 2)]
    gates = "modulator.spatial_att.gate_s.gate_s_"
    old += [f"{gates}{n}.weight" for n in ("conv_reduce0", "conv_di_1", "bn_di_0", "conv_final")]
    old += ["module.conv1.0.weight", "modulator.channel_att.gate_c.gate_c_fc_final.weight"]
    state = {name: torch.zeros(()) for name in [*old, "fc.weight"]}
    new = rename(state, efficientface_names)
    assert len(new) == len(old) and set(new) <= set(ours)


def test_emonet_at_full_size():
    net = emonet().eval()
    with torch.no_grad():
        expression, valence, arousal = net.affect(torch.rand(1, 3, 256, 256))
    assert expression.shape == (1, 8) and valence.shape == arousal.shape == (1,)


def test_bilstm_attention_is_bounded_by_its_tanh():
    model = au_bilstm().eval()
    with torch.no_grad():
        score = model.score(model._read(100 * torch.randn(1, 50, 35), None))
    assert float(score.exp().max() / score.exp().min()) <= float(torch.e**2) + 1e-4


@pytest.mark.parametrize("order", ["shipped", "notebook"])
def test_dcnn_orders(order):
    kinds = [type(m).__name__ for m in stream_dcnn(order=order).layers]
    norms = [i for i, kind in enumerate(kinds) if kind.startswith("BatchNorm")]
    before = [kinds[i - 1] for i in norms]
    later = "ELU" if order == "shipped" else "Conv2d"
    assert before[:4] == ["Conv2d", later, later, later]
    assert count_parameters(stream_dcnn(order=order)) == 2_028_999


def test_weight_penalty_counts_the_declared_layers():
    net = stream_audio_2d()
    for parameter in net.parameters():
        torch.nn.init.ones_(parameter)
    kernels = 18_432 + 36_864 + 4_096
    assert float(weight_penalty(net).detach()) == pytest.approx(1e-3 * kernels + 1e-2 * 192)


def test_xlsr_from_a_checkpoint_folder_in_the_real_format(tmp_path):
    source = xlsr(**TINY)
    source.encoder.save_pretrained(tmp_path)
    loaded = xlsr_honest(checkpoint=str(tmp_path)).eval()
    wave = torch.randn(2, 500)
    with torch.no_grad():
        here = source.eval().encoder(wave).last_hidden_state
        torch.testing.assert_close(loaded.encoder(wave).last_hidden_state, here)
    assert local_features(loaded.encoder, wave[:1]).shape == (1, 16)


def test_masked_mean_differs_from_the_published_one_only_in_padding():
    published = xlsr(**TINY).eval()
    honest = xlsr_honest(**TINY).eval()
    honest.load_state_dict(published.state_dict())
    wave = torch.randn(2, 500)
    full, part = torch.ones(2, 500, dtype=torch.bool), torch.arange(500)[None] < 350
    with torch.no_grad():
        torch.testing.assert_close(published(wave, full), honest(wave, full))
        assert not torch.allclose(
            published(wave, part.expand(2, -1)), honest(wave, part.expand(2, -1)), atol=1e-3
        )


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"not a checkpoint", "no tensors can be read"),
        ({"weights": [1, 2]}, "not a state dict"),
        ({"out_linear.weight": torch.zeros(8, 320)}, "lacks"),
    ],
)
def test_wrong_weight_files_are_one_line(tmp_path, content, reason):
    path = tmp_path / "wrong.pt"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        torch.save(content, path)
    with pytest.raises(InputError, match=reason) as caught:
        load_weights(mel_transformer(), path)
    assert "\n" not in str(caught.value)


def test_weights_of_another_shape_are_refused(tmp_path):
    torch.save(mel_transformer(classes=7).state_dict(), tmp_path / "seven.pt")
    with pytest.raises(InputError, match="shape"):
        mel_transformer(classes=8, weights=tmp_path / "seven.pt")
