"""sLSTM, exact (Beck et al. 2024, xLSTM, arXiv 2405.04517): scalar memories, exponential gates.

c_t = f_t c_{t-1} + i_t tanh(z_t),  n_t = f_t n_{t-1} + i_t,  h_t = o_t c_t / n_t

With memory mixing the gates see the last answer and only steps are possible; without it all
steps are computed at once, and both ways agree.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .mlstm import NEVER, CausalConv, HeadNorm, close_gates, decay_exponents


def slstm_parallel(value: Tensor, *, log_input: Tensor, log_forget: Tensor) -> Tensor:
    """c_t / n_t for all steps at once; all three (batch, units, time), `value` is tanh(z)."""
    weight = decay_exponents(log_input, log_forget).softmax(-1)
    return (weight * value[:, :, None, :]).sum(-1)


class Mixing(nn.Module):
    """What the gates of a step add from the last answer, head by head (block-diagonal)."""

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        self.heads = heads
        self.weight = nn.Parameter(torch.randn(heads, dim // heads, 4 * dim // heads) * 0.02)

    def forward(self, answer: Tensor) -> Tensor:
        """(batch, dim) to four gate parts (batch, 4, dim)."""
        parts = torch.einsum("bhd,hde->bhe", answer.unflatten(-1, (self.heads, -1)), self.weight)
        return parts.unflatten(-1, (4, -1)).transpose(1, 2).flatten(2)


def slstm_recurrent(gates: Tensor, *, mask: Tensor | None, mixing: Mixing | None) -> Tensor:
    """Answers o c / n (batch, time, dim) step by step.

    `gates` (batch, 4, time, dim): input i~, forget, value z and output, before their activations.
    """
    batch, _, time, dim = gates.shape
    memory, norm, answer = gates.new_zeros(3, batch, dim)
    largest = gates.new_full((batch, dim), NEVER)
    out = []
    for t in range(time):
        now = gates[:, :, t] if mixing is None else gates[:, :, t] + mixing(answer)
        log_input, forget, value, output = now.unbind(1)
        here = None if mask is None else mask[:, t : t + 1]
        log_forget = F.logsigmoid(forget)
        if here is not None:
            log_input = log_input.masked_fill(~here, NEVER)
            log_forget = log_forget.masked_fill(~here, 0.0)
        kept = log_forget + largest
        largest = torch.maximum(kept, log_input)
        stay, write = (kept - largest).exp(), (log_input - largest).exp()
        memory, norm = stay * memory + write * value.tanh(), stay * norm + write
        found = output.sigmoid() * memory / norm
        # A hidden step must not speak to the next one through the mixing.
        answer = found if here is None else torch.where(here, found, answer)
        out.append(answer)
    return torch.stack(out, 1)


class SLSTM(nn.Module):
    """One residual sLSTM block with a gated feed-forward part: (batch, time, dim) to the same.

    Without `mixing` it exports to ONNX for any length; with it, steps are unrolled.
    """

    def __init__(self, dim: int, *, heads: int = 4, mixing: bool = False):
        super().__init__()
        self.norm = nn.LayerNorm(dim)
        self.conv = CausalConv(dim)
        self.gates = nn.Linear(dim, 2 * dim)  # input and forget, from the convolution
        self.values = nn.Linear(dim, 2 * dim)  # value and output, from the input
        self.mixing = Mixing(dim, heads=heads) if mixing else None
        self.head_norm = HeadNorm(dim, heads=heads)
        inner = -(-4 * dim // 3)
        self.up, self.down = nn.Linear(dim, 2 * inner), nn.Linear(inner, dim)
        with torch.no_grad():
            self.gates.bias[dim:] = torch.linspace(3, 6, dim)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        normed = self.norm(x)
        if mask is not None:
            normed = normed * mask[:, :, None].to(normed.dtype)
        seen = F.silu(self.conv(normed))
        hidden = self._hidden(self.gates(seen), self.values(normed), mask)
        wide, gate = self.up(self.head_norm(hidden)).chunk(2, -1)
        return x + self.down(wide * F.gelu(gate))

    def _hidden(self, gates: Tensor, values: Tensor, mask: Tensor | None) -> Tensor:
        if self.mixing is not None:
            parts = torch.stack([*gates.chunk(2, -1), *values.chunk(2, -1)], 1)
            return slstm_recurrent(parts, mask=mask, mixing=self.mixing)
        log_input, forget = gates.transpose(1, 2).chunk(2, 1)
        value, output = values.transpose(1, 2).chunk(2, 1)
        log_input, log_forget = close_gates(log_input, F.logsigmoid(forget), mask)
        found = slstm_parallel(value.tanh(), log_input=log_input, log_forget=log_forget)
        return (found * output.sigmoid()).transpose(1, 2)
