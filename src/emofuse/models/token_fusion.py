"""Fusion of several token sequences, any of which may be absent: the core of our honest forms."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor, nn

from .attention import Exchange, clock_positions, masked_mean


class Presence(nn.Module):
    """Puts one learned token before a sequence: "here I am", or "I am missing".

    So attention always has something to look at, and absence is information, not zeros.
    """

    def __init__(self, dim: int):
        super().__init__()
        self.present = nn.Parameter(torch.randn(dim) * 0.02)
        self.missing = nn.Parameter(torch.randn(dim) * 0.02)

    def forward(self, x: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """(batch, length, dim) and its mask to both with one more step in front."""
        here = mask.any(1, keepdim=True)
        token = torch.where(here, self.present, self.missing)
        return torch.cat([token[:, None], x], 1), torch.cat([here | ~here, mask], 1)


class Gates(nn.Module):
    """Weights of the modalities that sum to one; what is missing gets none."""

    def __init__(self, dim: int):
        super().__init__()
        self.score = nn.Linear(dim, 1)

    def forward(self, states: Tensor, present: Tensor) -> Tensor:
        """states (batch, modalities, dim), present (batch, modalities) to weights alike."""
        usable = present | ~present.any(1, keepdim=True)  # nobody there: all count alike
        score = self.score(states).squeeze(-1)
        return score.masked_fill(~usable, torch.finfo(score.dtype).min).softmax(-1)


class TokenFusion(nn.Module):
    """Every modality attends to all others over their sequences, then gated sum and classifier.

    `widths` gives each modality's feature size by name, `hops` the seconds between its steps (or
    None where time is unknown, as for words). Residuals everywhere; layer normalisation only, so
    a clip never depends on its batch.
    """

    def __init__(
        self,
        widths: Mapping[str, int],
        *,
        hops: Mapping[str, float | None],
        classes: int,
        dim: int = 128,
        layers: int = 2,
        heads: int = 4,
        dropout: float = 0.2,
    ):
        super().__init__()
        self.names, self.hops = tuple(widths), dict(hops)
        self.enter = nn.ModuleDict(
            {
                name: nn.Sequential(nn.Linear(w, dim), nn.LayerNorm(dim))
                for name, w in widths.items()
            }
        )
        self.presence = nn.ModuleDict({name: Presence(dim) for name in widths})
        self.exchange = nn.ModuleList(
            nn.ModuleDict(
                {name: Exchange(dim, keys=dim, heads=heads, dropout=dropout) for name in widths}
            )
            for _ in range(layers)
        )
        self.norm = nn.LayerNorm(dim)
        self.gates = Gates(dim)
        self.drop = nn.Dropout(dropout)
        self.head = nn.Linear(dim, classes)

    def states(self, tokens: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> Tensor:
        """(batch, modalities, dim): what each modality holds after asking the others.

        `tokens[name]` is (batch, length, width), `masks[name]` (batch, length).
        """
        x, seen = {}, {}
        for name in self.names:
            steps = self.enter[name](tokens[name])
            if self.hops[name] is not None:
                steps = steps + clock_positions(steps, hop_seconds=self.hops[name])
            x[name], seen[name] = self.presence[name](steps, masks[name])
        for layer in self.exchange:
            x = {name: layer[name](x[name], *self._others(name, x, seen)) for name in self.names}
        return torch.stack([masked_mean(self.norm(x[n]), seen[n]) for n in self.names], 1)

    def _others(self, name: str, x: Mapping, seen: Mapping) -> tuple[Tensor, Tensor]:
        rest = [other for other in self.names if other != name]
        return torch.cat([x[o] for o in rest], 1), torch.cat([seen[o] for o in rest], 1)

    def forward(self, tokens: Mapping[str, Tensor], masks: Mapping[str, Tensor]) -> Tensor:
        """Logits (batch, classes)."""
        states = self.states(tokens, masks)
        present = torch.stack([masks[name].any(1) for name in self.names], 1)
        weight = self.gates(states, present)
        return self.head(self.drop((states * weight[:, :, None]).sum(1)))


def all_present(x: Tensor, mask: Tensor | None) -> Tensor:
    """`mask`, or one that hides no step of `x` (batch, length, …)."""
    if mask is not None:
        return mask
    return torch.ones_like(x.flatten(2)[:, :, 0] if x.ndim > 2 else x, dtype=torch.bool)
