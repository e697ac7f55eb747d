"""mLSTM, exact (Beck et al. 2024, xLSTM, arXiv 2405.04517): parallel to train, recurrent to stream.

C_t = f_t C_{t-1} + i_t v_t k_tᵀ,  n_t = f_t n_{t-1} + i_t k_t,  h_t = C_t q_t / max(|n_t·q_t|, 1)
with f = sigmoid and i = exp. Both forms scale by exp(−m_t), m_t the largest exponent so far, and
give the same answer: the bound 1 becomes exp(−m_t).
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

NEVER = -1e9  # logarithm of an input gate that masks close
_LARGEST = 80.0  # exp of more overflows 32 bits


def close_gates(log_input: Tensor, log_forget: Tensor, mask: Tensor | None):
    """Gates (batch, heads, time) that let masked steps neither write nor forget."""
    if mask is None:
        return log_input, log_forget
    here = mask[:, None, :]
    return log_input.masked_fill(~here, NEVER), log_forget.masked_fill(~here, 0.0)


def decay_exponents(log_input: Tensor, log_forget: Tensor) -> Tensor:
    """log of what step s still weighs at step t ≥ s: (…, time) gates to (…, time t, time s)."""
    total = log_forget.cumsum(-1)
    exponent = total[..., :, None] - total[..., None, :] + log_input[..., None, :]
    step = torch.arange(exponent.shape[-1], device=exponent.device)
    return exponent.masked_fill(step[None, :] > step[:, None], 2 * NEVER)


def mlstm_parallel(
    query: Tensor, key: Tensor, value: Tensor, *, log_input: Tensor, log_forget: Tensor
) -> Tensor:
    """All steps at once. query, key, value (batch, heads, time, width); gates (batch, heads, time).

    `key` comes scaled by 1/√width; `log_input` is i~, `log_forget` is log f ≤ 0.
    """
    exponent = decay_exponents(log_input, log_forget)
    largest = exponent.amax(-1, keepdim=True)
    score = (query @ key.transpose(-1, -2)) * (exponent - largest).exp()
    bound = (-largest).clamp(max=_LARGEST).exp()
    return score @ value / torch.maximum(score.sum(-1, keepdim=True).abs(), bound)


def mlstm_recurrent(
    query: Tensor, key: Tensor, value: Tensor, *, log_input: Tensor, log_forget: Tensor
) -> Tensor:
    """The same step by step, with constant memory."""
    batch, heads, time, width = query.shape
    memory = query.new_zeros(batch, heads, width, width)
    norm = query.new_zeros(batch, heads, width)
    largest = query.new_full((batch, heads), NEVER)
    out = []
    for t in range(time):
        kept = log_forget[:, :, t] + largest
        largest = torch.maximum(kept, log_input[:, :, t])
        forget = (kept - largest).exp()[..., None]
        write = (log_input[:, :, t] - largest).exp()[..., None] * key[:, :, t]
        memory = forget[..., None] * memory + value[:, :, t, :, None] * write[..., None, :]
        norm = forget * norm + write
        read = (memory @ query[:, :, t, :, None]).squeeze(-1)
        weight = (norm * query[:, :, t]).sum(-1, keepdim=True).abs()
        bound = (-largest).clamp(max=_LARGEST).exp()[..., None]
        out.append(read / torch.maximum(weight, bound))
    return torch.stack(out, 2)


class CausalConv(nn.Module):
    """Depthwise convolution over time that looks back only: (batch, time, channels)."""

    def __init__(self, channels: int, *, kernel: int = 4):
        super().__init__()
        self.kernel = kernel
        self.conv = nn.Conv1d(channels, channels, kernel, groups=channels)

    def forward(self, x: Tensor) -> Tensor:
        past = F.pad(x.transpose(1, 2), (self.kernel - 1, 0))
        return self.conv(past).transpose(1, 2)


class HeadNorm(nn.Module):
    """Normalises each head's slice of the last axis, then one gain for each value."""

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        self.heads = heads
        self.weight, self.bias = nn.Parameter(torch.ones(dim)), nn.Parameter(torch.zeros(dim))

    def forward(self, x: Tensor) -> Tensor:
        parts = x.unflatten(-1, (self.heads, -1))
        normed = F.layer_norm(parts, (parts.shape[-1],))
        return normed.flatten(-2) * self.weight + self.bias


class MLSTM(nn.Module):
    """One residual mLSTM block: (batch, time, dim) to the same."""

    def __init__(self, dim: int, *, heads: int = 4, factor: int = 2, recurrent: bool = False):
        super().__init__()
        self.heads, self.recurrent = heads, recurrent
        inner = factor * dim
        self.norm = nn.LayerNorm(dim)
        self.left, self.right = nn.Linear(dim, inner), nn.Linear(dim, inner)
        self.conv = CausalConv(inner)
        self.query, self.key = nn.Linear(inner, inner), nn.Linear(inner, inner)
        self.value, self.output = nn.Linear(inner, inner), nn.Linear(inner, inner)
        self.gates = nn.Linear(inner, 2 * heads)
        self.skip = nn.Linear(inner, inner, bias=False)
        self.head_norm = HeadNorm(inner, heads=heads)
        self.down = nn.Linear(inner, dim)
        with torch.no_grad():  # as in the authors' code: remember long, write little at first
            self.gates.weight.zero_()
            self.gates.bias[:heads].normal_(0, 0.1)
            self.gates.bias[heads:] = torch.linspace(3, 6, heads)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """`mask` (batch, time): what it hides changes no other step."""
        normed = self.norm(x)
        left = self.left(normed)
        if mask is not None:
            left = left * mask[:, :, None].to(left.dtype)
        seen = F.silu(self.conv(left))
        log_input, forget = self.gates(seen).transpose(1, 2).chunk(2, 1)
        log_input, log_forget = close_gates(log_input, F.logsigmoid(forget), mask)
        query, key, value = map(self._split, (self.query(seen), self.key(seen), self.value(left)))
        key = key * key.shape[-1] ** -0.5
        run = mlstm_recurrent if self.recurrent else mlstm_parallel
        hidden = run(query, key, value, log_input=log_input, log_forget=log_forget)
        hidden = hidden.transpose(1, 2).flatten(2) * self.output(left).sigmoid()
        hidden = self.head_norm(hidden) + self.skip(seen)
        return x + self.down(hidden * F.silu(self.right(normed)))

    def _split(self, x: Tensor) -> Tensor:
        return x.unflatten(-1, (self.heads, -1)).transpose(1, 2)


class Bidirectional(nn.Module):
    """Two stacks of blocks, one reading the sequence backwards, side by side.

    (batch, time, dim) to (batch, time, 2 × dim). Padding comes last; read backwards it comes
    first, where closed gates keep the memory empty.
    """

    def __init__(self, forwards: list[nn.Module], backwards: list[nn.Module]):
        super().__init__()
        self.forwards, self.backwards = nn.ModuleList(forwards), nn.ModuleList(backwards)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        ahead, back = x, x.flip(1)
        turned = None if mask is None else mask.flip(1)
        for block in self.forwards:
            ahead = block(ahead, mask)
        for block in self.backwards:
            back = block(back, turned)
        return torch.cat([ahead, back.flip(1)], -1)
