"""Losses: values by hand, signs, and what the published one gets wrong."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from emofuse.training.losses import (  # noqa: E402
    asymmetric_loss,
    focal,
    focal_loss,
    published_focal,
)

SEVERAL = [asymmetric_loss, partial(asymmetric_loss, gamma_present=2.0, gamma_absent=2.0, margin=0)]


def draw(*shape, seed: int = 0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * 3


def test_focal_by_hand():
    p = torch.tensor([[0.9, 0.1], [0.3, 0.7]])
    by_hand = (0.8 * 0.1**2 * -np.log(0.9) + 0.8 * 0.7**2 * -np.log(0.3)) / 2
    found = focal_loss(p.log(), torch.tensor([0, 0]), weight=torch.tensor([0.8, 0.5]))
    assert float(found) == pytest.approx(by_hand, rel=1e-5)


def test_focal_without_focus_is_cross_entropy():
    logits, target = draw(16, 5), torch.arange(16) % 5
    torch.testing.assert_close(
        focal_loss(logits, target, gamma=0.0), torch.nn.functional.cross_entropy(logits, target)
    )


def test_focal_is_the_mean_of_its_rows_and_the_published_one_is_not():
    logits, target = draw(12, 4), torch.arange(12) % 4
    published = published_focal(target.numpy())

    def each(loss):
        return torch.stack([loss(logits[i : i + 1], target[i : i + 1]) for i in range(12)]).mean()

    torch.testing.assert_close(focal_loss(logits, target), each(focal_loss))
    assert abs(float(published(logits, target) - each(published))) > 0.05


def test_published_focal_equals_its_formula():
    truth = np.array([0] * 6 + [1] * 3 + [2])
    logits, target = draw(10, 3), torch.from_numpy(truth)
    mean = torch.nn.functional.cross_entropy(logits, target)
    weight = sum(10 / (3 * count) * count for count in (6, 3, 1)) / 10
    by_hand = weight * (1 - (-mean).exp()) ** 2 * mean
    torch.testing.assert_close(published_focal(truth)(logits, target), by_hand)


def test_one_hard_row_among_easy_ones_is_heard():
    logits = torch.tensor([[6.0, 0.0]] * 31 + [[0.0, 3.0]], requires_grad=True)
    target = torch.zeros(32, dtype=torch.long)

    def pull(loss):
        (gradient,) = torch.autograd.grad(loss(logits, target), logits)
        return float(gradient[-1].abs().max())

    assert pull(focal_loss) > 5 * pull(published_focal(np.array([0, 1])))


def test_focal_hears_rare_labels_more():
    loss = focal(np.array([0] * 90 + [1] * 10))
    wrong = torch.tensor([[0.0, 2.0], [2.0, 0.0]])
    common, rare = (float(loss(wrong[i : i + 1], torch.tensor([i]))) for i in (0, 1))
    assert rare == pytest.approx(9 * common, rel=1e-4)


@pytest.mark.parametrize("loss", SEVERAL)
def test_multi_label_loss_is_never_negative_and_falls_towards_the_truth(loss):
    target = (draw(64, 6, seed=1) > 0).float()
    for scale in (0.0, 1.0, 10.0, 60.0):
        wrong = loss(-scale * (2 * target - 1), target)
        right = loss(scale * (2 * target - 1), target)
        assert 0 <= float(right) <= float(wrong)


@pytest.mark.parametrize("loss", SEVERAL)
@pytest.mark.parametrize("truth", [0.0, 1.0])
def test_gradient_pushes_each_label_towards_its_truth(loss, truth):
    logits = torch.linspace(-2, 4, 13)[None].requires_grad_()
    loss(logits, torch.full((1, 13), truth)).backward()
    assert (logits.grad * (1 - 2 * truth) >= 0).all() and logits.grad.abs().sum() > 0


def test_a_wrongly_absent_label_is_pulled_however_sure_the_network_is():
    logits = torch.tensor([[-40.0]], requires_grad=True)
    asymmetric_loss(logits, torch.ones(1, 1)).backward()
    assert float(logits.grad) == pytest.approx(-1)


def test_asymmetric_loss_forgets_easy_negatives():
    nothing = torch.zeros(1, 1)
    assert float(asymmetric_loss(torch.tensor([[-4.0]]), nothing)) == 0
    assert float(asymmetric_loss(torch.tensor([[4.0]]), nothing)) > 1
