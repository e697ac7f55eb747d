"""xLSTM cells and RepVGG: two ways to compute the same thing agree, and a slow reference too."""

from __future__ import annotations

import copy

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from emofuse.models import count_parameters, fused  # noqa: E402
from emofuse.models.mlstm import (  # noqa: E402
    MLSTM,
    Bidirectional,
    mlstm_parallel,
    mlstm_recurrent,
)
from emofuse.models.repvgg import RepVGGBlock, face_trunk  # noqa: E402
from emofuse.models.slstm import SLSTM, slstm_parallel  # noqa: E402
from emofuse.models.xlstm_published import PublishedCell  # noqa: E402

torch.set_num_threads(1)
BATCH, HEADS, TIME, WIDTH = 2, 3, 17, 5


def draw(*shape, seed: int):
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64)


def gates(scale: float):
    """(query, key, value, log input, log forget) in double precision."""
    q, k, v = (draw(BATCH, HEADS, TIME, WIDTH, seed=seed) for seed in range(3))
    i, f = (scale * draw(BATCH, HEADS, TIME, seed=seed) for seed in (3, 4))
    return q, k * WIDTH**-0.5, v, i, torch.nn.functional.logsigmoid(f)


def unstabilised(q, k, v, log_input, log_forget):
    """The definition, word for word: exp without any shift, in double precision."""
    memory = torch.zeros(BATCH, HEADS, WIDTH, WIDTH, dtype=torch.float64)
    norm = torch.zeros(BATCH, HEADS, WIDTH, dtype=torch.float64)
    out = []
    for t in range(TIME):
        i, f = log_input[:, :, t].exp()[..., None], log_forget[:, :, t].exp()[..., None]
        memory = f[..., None] * memory + i[..., None] * v[:, :, t, :, None] * k[:, :, t, None, :]
        norm = f * norm + i * k[:, :, t]
        read = (memory * q[:, :, t, None, :]).sum(-1)
        out.append(read / (norm * q[:, :, t]).sum(-1, keepdim=True).abs().clamp(min=1))
    return torch.stack(out, 2)


@pytest.mark.parametrize("scale", [0.1, 1.0, 6.0])
@pytest.mark.parametrize("form", [mlstm_parallel, mlstm_recurrent])
def test_mlstm_equals_its_definition(form, scale):
    q, k, v, i, f = gates(scale)
    found = form(q, k, v, log_input=i, log_forget=f)
    torch.testing.assert_close(found, unstabilised(q, k, v, i, f), atol=1e-9, rtol=1e-9)


@pytest.mark.parametrize(
    ("shift", "kind"), [(0.0, torch.float32), (60.0, torch.float32), (5000.0, torch.float64)]
)
def test_mlstm_forms_agree_however_large_the_gates(shift, kind):
    q, k, v, i, f = (x.to(kind) for x in gates(2.0))
    parallel, recurrent = (
        form(q, k, v, log_input=i + shift, log_forget=f)
        for form in (mlstm_parallel, mlstm_recurrent)
    )
    assert torch.isfinite(parallel).all()
    torch.testing.assert_close(parallel, recurrent, atol=1e-5, rtol=1e-4)


def test_mlstm_block_forms_agree_and_gradients_do_too():
    torch.manual_seed(0)
    parallel = MLSTM(24)
    recurrent = copy.deepcopy(parallel)
    recurrent.recurrent = True
    for parameter, same in zip(parallel.parameters(), recurrent.parameters(), strict=True):
        with torch.no_grad():
            parameter.normal_(0, 0.3)
            same.copy_(parameter)
    x = torch.randn(2, 21, 24)
    mask = torch.arange(21)[None] < torch.tensor([[21], [13]])
    answers = [block(x, mask) for block in (parallel, recurrent)]
    torch.testing.assert_close(answers[0][mask], answers[1][mask], atol=1e-5, rtol=1e-5)
    for answer in answers:
        answer[mask].square().mean().backward()
    for a, b in zip(parallel.parameters(), recurrent.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad, atol=1e-5, rtol=1e-3)


def test_gradients_stay_finite_where_everything_is_hidden():
    for block in (MLSTM(16), SLSTM(16), SLSTM(16, mixing=True)):
        x = torch.randn(2, 6, 16, requires_grad=True)
        mask = torch.zeros(2, 6, dtype=torch.bool)
        mask[0, :3] = True
        (block(x, mask) * mask[:, :, None]).sum().backward()
        assert all(torch.isfinite(p.grad).all() for p in block.parameters())
        assert torch.isfinite(x.grad).all()


def test_slstm_forms_agree_without_mixing():
    torch.manual_seed(0)
    parallel, recurrent = SLSTM(16), SLSTM(16, mixing=True)
    recurrent.load_state_dict(parallel.state_dict(), strict=False)
    torch.nn.init.zeros_(recurrent.mixing.weight)
    x = torch.randn(2, 19, 16)
    mask = torch.arange(19)[None] < torch.tensor([[19], [11]])
    with torch.no_grad():
        torch.testing.assert_close(
            parallel(x, mask)[mask], recurrent(x, mask)[mask], atol=1e-5, rtol=1e-5
        )
        torch.nn.init.normal_(recurrent.mixing.weight)
        assert not torch.allclose(parallel(x), recurrent(x), atol=1e-3)


def test_slstm_equals_its_definition():
    value, i, f = (draw(2, 4, TIME, seed=seed) for seed in range(3))
    log_forget = torch.nn.functional.logsigmoid(f)
    memory, norm, out = torch.zeros_like(value[..., 0]), torch.zeros_like(value[..., 0]), []
    for t in range(TIME):
        memory = log_forget[..., t].exp() * memory + i[..., t].exp() * value[..., t]
        norm = log_forget[..., t].exp() * norm + i[..., t].exp()
        out.append(memory / norm)
    found = slstm_parallel(value, log_input=i, log_forget=log_forget)
    torch.testing.assert_close(found, torch.stack(out, -1))


@pytest.mark.parametrize("kind", [MLSTM, SLSTM])
def test_blocks_look_back_only(kind):
    """Causal over time, the convolution too; and it does see the past."""
    torch.manual_seed(0)
    block = kind(16)
    x = torch.randn(1, 12, 16)
    changed = x.clone()
    changed[:, 7] += 1
    with torch.no_grad():
        difference = (block(x) - block(changed)).abs().amax(-1)[0]
    assert (difference[:7] == 0).all() and (difference[7:] > 0).all()


def test_reading_backwards_uses_its_own_weights_and_the_whole_sequence():
    torch.manual_seed(0)
    net = Bidirectional([MLSTM(16)], [MLSTM(16)])
    x = torch.randn(1, 9, 16)
    last = x.clone()
    last[:, -1] += 1
    with torch.no_grad():
        first = (net(x) - net(last))[0, 0].abs()
        turned = net(x.flip(1)).flip(1)
        assert first[:16].sum() == 0 and first[16:].sum() > 0
        assert not torch.allclose(turned[..., :16], net(x)[..., 16:], atol=1e-3)


def published_loop(cell: PublishedCell, x):
    """The published cell step by step, as the specification writes it."""
    memory = x.new_zeros(len(x), 4, 18, 18)
    norm, largest = x.new_ones(len(x), 4, 18), x.new_zeros(len(x), 4)
    for step in x.unbind(1):
        normed = cell.norm(step)
        a, r = cell.left(normed), cell.right(normed)
        c = cell.conv(torch.nn.functional.pad(a[:, None], (3, 0)))[:, 0]
        c = torch.nn.functional.silu(c)
        q, k, v = (
            f(z).view(-1, 4, 18) for f, z in ((cell.query, c), (cell.key, c), (cell.value, a))
        )
        k = k * 18**-0.5
        i, f = cell.write(c), cell.forget(c)
        new = torch.maximum(f + largest, i)
        i, f = (i - new).exp(), (f + largest - new).exp()
        largest = new
        memory = f[..., None, None] * memory + i[..., None, None] * v[..., None] * k[..., None, :]
        norm = f[..., None] * norm + i[..., None] * k
        read = (memory @ q[..., None])[..., 0] / (norm * q).sum(-1, keepdim=True).clamp(min=1)
        hidden = cell.group_norm(cell.output(a).sigmoid() * read.flatten(1)) + cell.skip(c)
        out = cell.down(hidden * torch.nn.functional.silu(r)) + step
    return out


@pytest.mark.parametrize("steps", [1, 2, 15])
def test_published_cell_is_the_published_loop(steps):
    torch.manual_seed(steps)
    cell = PublishedCell()
    x = 3 * torch.randn(2, steps, 72)
    with torch.no_grad():
        torch.testing.assert_close(cell(x), published_loop(cell, x), atol=1e-5, rtol=1e-4)


def randomise(model):
    for module in model.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 2.0)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.3)
    return model


def test_fused_trunk_equals_the_training_one_and_leaves_it_alone():
    torch.manual_seed(0)
    trunk = randomise(face_trunk()).train()
    before = copy.deepcopy(trunk.state_dict())
    small = fused(trunk)
    assert (count_parameters(trunk), count_parameters(small)) == (1_811_584, 1_628_032)
    assert not any(isinstance(m, RepVGGBlock) for m in small.modules())
    assert trunk.training and all(p.requires_grad for p in trunk.parameters())
    assert all(torch.equal(before[name], value) for name, value in trunk.state_dict().items())
    faces = torch.randn(2, 3, 48, 48)
    with torch.no_grad():
        expected, found = trunk.eval()(faces), small(faces)
    assert float((expected - found).abs().max()) <= 1e-5 * float(expected.abs().max())


def test_a_fused_copy_is_not_touched_by_further_training():
    block = randomise(RepVGGBlock(4, 4))
    copy_of = fused(torch.nn.Sequential(block))
    x = torch.randn(1, 4, 6, 6)
    with torch.no_grad():
        before = copy_of(x)
        block.wide[0].weight.add_(1)
        torch.testing.assert_close(copy_of(x), before)
