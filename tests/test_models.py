"""Every registered network: shapes, gradients, masks, batches, and its ONNX file."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from emofuse.models import MODELS  # noqa: E402
from emofuse.training.export import export_onnx, half_weights, largest_difference  # noqa: E402

ENTRIES = pytest.mark.parametrize("entry", MODELS.values(), ids=list(MODELS))


def build(entry, *, seed: int = 0):
    """The network with random running statistics: at their defaults many mistakes hide."""
    torch.manual_seed(seed)
    model = entry.build(**entry.small)
    for module in model.modules():
        if isinstance(module, torch.nn.modules.batchnorm._BatchNorm):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2.0)
            if module.affine:
                torch.nn.init.uniform_(module.weight, 0.5, 1.5)
                torch.nn.init.normal_(module.bias, 0, 0.3)
    return model.eval()


def example(entry, batch: int, length: int, *, seed: int = 1):
    return entry.example(batch, length, torch.Generator().manual_seed(seed))


def pad(inputs, extra: int):
    """The clips followed by `extra` steps of nonsense that masks hide."""
    if not any(part.dtype == torch.bool for part in inputs.values()):
        (only,) = inputs.values()
        inputs = inputs | {"mask": torch.ones(only.shape[:2], dtype=torch.bool)}

    def longer(part):
        more = torch.zeros(len(part), extra, *part.shape[2:], dtype=part.dtype)
        if part.dtype == torch.float32:
            more.normal_(0, 50)
        elif part.dtype == torch.int64:
            more.random_(0, 50)
        return torch.cat([part, more], dim=1)  # False goes on after a mask

    return {name: longer(part) for name, part in inputs.items()}


@ENTRIES
def test_name_is_the_function(entry):
    assert entry.build.__name__ == entry.name
    assert entry.parameters() > 1000


@ENTRIES
def test_gradients_reach_every_parameter_but_the_declared(entry):
    model = build(entry).train()
    inputs = example(entry, 4, entry.lengths[0])
    model(**inputs).square().sum().backward()
    still = {
        name
        for name, p in model.named_parameters()
        if p.requires_grad and (p.grad is None or not p.grad.abs().sum() > 0)
    }
    declared = {name for name, _ in model.named_parameters() if name.startswith(entry.inert)}
    assert still == declared


@ENTRIES
def test_one_equals_many(entry):
    model = build(entry)
    inputs = example(entry, 4, entry.lengths[0])
    batch = pad(inputs, 40) if entry.masked else inputs  # another clip of the batch is longer
    with torch.no_grad():
        together = model(**batch)
        alone = torch.cat([model(**{k: v[i : i + 1] for k, v in inputs.items()}) for i in range(4)])
    same = torch.allclose(together, alone, atol=1e-4)
    assert same is not entry.batch_dependent


@ENTRIES
def test_any_length_unless_declared(entry):
    model = build(entry)
    for length in entry.lengths:
        with torch.no_grad():
            assert torch.isfinite(model(**example(entry, 2, length))).all()
    if entry.fixed_shape:
        with pytest.raises((RuntimeError, ValueError)):
            model(**example(entry, 2, 2 * entry.lengths[0]))


PADDED = {name: e for name, e in MODELS.items() if e.masked and not e.batch_dependent}


@pytest.mark.parametrize("entry", PADDED.values(), ids=list(PADDED))
@pytest.mark.parametrize("extra", [1, 2, 7, 40])
def test_padding_changes_nothing(entry, extra):
    """A clip padded with noise under a mask answers as the clip alone, whatever its length."""
    model = build(entry)
    for length in entry.lengths:
        inputs = example(entry, 2, length)
        with torch.no_grad():
            alone, hidden = model(**inputs), model(**pad(inputs, extra))
        torch.testing.assert_close(hidden, alone, atol=1e-4, rtol=1e-4)


@ENTRIES
def test_onnx_equals_torch_at_every_length(entry):
    pytest.importorskip("onnxruntime")
    model = build(entry)
    inputs = example(entry, 2, entry.lengths[0])
    longer = example(entry, 2, 2 * entry.lengths[0])
    axes = {
        name: {0: "batch"}
        | {
            i: f"{name}_{i}"
            for i in range(1, part.ndim)
            if not entry.fixed_shape and part.shape[i] != longer[name].shape[i]
        }
        for name, part in inputs.items()
    }
    full = export_onnx(model, inputs, free_axes=axes)
    shapes = zip((1, 3, 2), entry.lengths * 3, strict=False)
    inputs = [example(entry, batch, length, seed=length) for batch, length in shapes]
    assert largest_difference(full, model, *inputs) <= 1e-4
    if entry.small:  # the graph itself outweighs its tables
        return
    half = half_weights(full)
    assert len(half) < 0.65 * len(full)
    with torch.no_grad():
        spread = float(model(**inputs[-1]).abs().max())
    assert largest_difference(half, model, inputs[-1]) <= 1e-2 * max(1.0, spread)


def test_face_answer_needs_the_mouth():
    """Not a constant: another lower half of the picture changes the answer."""
    entry = MODELS["face_cnn"]
    model, image = build(entry), example(entry, 1, 64)["image"]
    other = image.clone()
    other[:, :, 40:] = torch.randn(1, 1, 24, 64)
    with torch.no_grad():
        assert not np.allclose(model(image), model(other), atol=1e-3)
