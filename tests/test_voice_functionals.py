"""Functionals inside the network: what they say of voices whose course is known."""

import pytest

torch = pytest.importorskip("torch", reason="needs the train extra")

from emofuse.models.voice_cnn import Averaged  # noqa: E402
from emofuse.models.voice_functionals import (  # noqa: E402
    moments,
    slope,
    voice_functionals,
)


def test_moments_are_those_of_what_has_weight():
    x = torch.randn(3, 50, 4, generator=torch.Generator().manual_seed(0))
    weight = torch.zeros(3, 50)
    weight[:, 10:30] = 1.0
    mean, deviation, skewness = moments(x, weight)
    inside = x[:, 10:30]
    torch.testing.assert_close(mean, inside.mean(1))
    torch.testing.assert_close(deviation, inside.std(1, correction=0), atol=1e-3, rtol=1e-3)
    expected = ((inside - mean[:, None]) ** 3).mean(1) / inside.std(1, correction=0) ** 3
    torch.testing.assert_close(skewness, expected, atol=1e-2, rtol=1e-2)


@pytest.mark.parametrize("sign", [-1.0, 1.0])
def test_a_rising_voice_has_a_positive_slope(sign):
    place = torch.arange(60.0)[None, :, None]
    rise = sign * place / 10
    weight = torch.ones(1, 60)
    assert slope(rise, place, weight).item() == pytest.approx(sign, abs=0.02)


def test_functionals_do_not_see_what_lies_around_speech():
    """Silence before and after a voice moves no functional."""
    model = voice_functionals().eval()
    draw = torch.Generator().manual_seed(1)
    voice = torch.randn(1, 60, 96, generator=draw).abs()
    silence = torch.cat([torch.full((1, 40, 48), -6.0), torch.zeros(1, 40, 48)], 2)
    around = torch.cat([silence, voice, silence], 1)
    torch.testing.assert_close(
        model.functionals(around), model.functionals(voice), atol=2e-3, rtol=2e-3
    )


def test_an_average_keeps_its_weights():
    class Says(torch.nn.Module):
        def __init__(self, value: float):
            super().__init__()
            self.value = value

        def forward(self, mel, mask=None):
            return torch.full((len(mel), 2), self.value)

    mel = torch.zeros(3, 5, 4)
    assert Averaged([Says(3.0), Says(0.0)], (2, 1))(mel).unique().item() == pytest.approx(2.0)
    assert Averaged([Says(3.0), Says(0.0)])(mel).unique().item() == pytest.approx(1.5)
