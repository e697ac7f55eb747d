"""Attention that exports to ONNX for any batch and length, blind to what a mask hides.

`torch.nn.MultiheadAttention` bakes batch and length into the exported graph; these layers hold the
same arithmetic over `scaled_dot_product_attention`.
"""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn


def attend(query: Tensor, key: Tensor, value: Tensor, *, heads: int, mask: Tensor | None) -> Tensor:
    """Scaled dot-product attention over `heads` slices of the last axis.

    query (batch, queries, dim), key and value (batch, keys, dim), `mask` (batch, keys) True where
    a key is present; at least one key of each clip must be.
    """

    def split(x: Tensor) -> Tensor:
        return x.unflatten(-1, (heads, -1)).transpose(1, 2)

    seen = None if mask is None else mask[:, None, None, :]
    out = F.scaled_dot_product_attention(split(query), split(key), split(value), attn_mask=seen)
    return out.transpose(1, 2).flatten(2)


class Attention(nn.Module):
    """Multi-head attention from one sequence to another, with a projection for each role."""

    def __init__(self, dim: int, *, heads: int, query: int | None = None, key: int | None = None):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(query or dim, dim)
        self.key = nn.Linear(key or dim, dim, bias=False)  # softmax cancels a bias of keys
        self.value = nn.Linear(key or dim, dim)
        self.out = nn.Linear(dim, dim)

    def forward(self, query: Tensor, keys: Tensor, mask: Tensor | None = None) -> Tensor:
        """query (batch, queries, ·), keys (batch, keys, ·) to (batch, queries, dim)."""
        found = attend(
            self.query(query), self.key(keys), self.value(keys), heads=self.heads, mask=mask
        )
        return self.out(found)


class SelfAttention(nn.Module):
    """`torch.nn.MultiheadAttention` of a sequence with itself: same names, same answers."""

    def __init__(self, dim: int, *, heads: int):
        super().__init__()
        self.heads = heads
        self.in_proj_weight = nn.Parameter(torch.empty(3 * dim, dim))
        self.in_proj_bias = nn.Parameter(torch.zeros(3 * dim))
        self.out_proj = nn.Linear(dim, dim)
        nn.init.xavier_uniform_(self.in_proj_weight)
        nn.init.zeros_(self.out_proj.bias)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        query, key, value = F.linear(x, self.in_proj_weight, self.in_proj_bias).chunk(3, -1)
        return self.out_proj(attend(query, key, value, heads=self.heads, mask=mask))


class EncoderLayer(nn.Module):
    """`torch.nn.TransformerEncoderLayer(batch_first=True)` with ReLU: same names, same answers.

    Normalisation comes after each residual sum (the original Transformer), or before each part
    with `norm_first`.
    """

    def __init__(
        self, dim: int, *, heads: int, hidden: int, dropout: float, norm_first: bool = False
    ):
        super().__init__()
        self.norm_first = norm_first
        self.self_attn = SelfAttention(dim, heads=heads)
        self.linear1 = nn.Linear(dim, hidden)
        self.linear2 = nn.Linear(hidden, dim)
        self.norm1 = nn.LayerNorm(dim)
        self.norm2 = nn.LayerNorm(dim)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        """`x` (batch, length, dim), `mask` (batch, length)."""
        if self.norm_first:
            x = x + self.dropout(self.self_attn(self.norm1(x), mask))
            return x + self._feed(self.norm2(x))
        x = self.norm1(x + self.dropout(self.self_attn(x, mask)))
        return self.norm2(x + self._feed(x))

    def _feed(self, x: Tensor) -> Tensor:
        return self.dropout(self.linear2(self.dropout(self.linear1(x).relu())))


class Encoder(nn.Module):
    """Several encoder layers; parameter names as in `torch.nn.TransformerEncoder`."""

    def __init__(self, dim: int, *, layers: int, heads: int, hidden: int, dropout: float, **kind):
        super().__init__()
        self.layers = nn.ModuleList(
            EncoderLayer(dim, heads=heads, hidden=hidden, dropout=dropout, **kind)
            for _ in range(layers)
        )

    def forward(self, x: Tensor, mask: Tensor | None = None) -> Tensor:
        for layer in self.layers:
            x = layer(x, mask)
        return x


class Exchange(nn.Module):
    """One sequence asks another: attention, then a feed-forward part, each with a residual."""

    def __init__(self, dim: int, *, keys: int, heads: int, dropout: float):
        super().__init__()
        self.norm_query = nn.LayerNorm(dim)
        self.norm_keys = nn.LayerNorm(keys)
        self.attention = Attention(dim, heads=heads, key=keys)
        self.dropout = nn.Dropout(dropout)
        self.feed = nn.Sequential(
            nn.LayerNorm(dim), nn.Linear(dim, 2 * dim), nn.GELU(), nn.Linear(2 * dim, dim)
        )

    def forward(self, x: Tensor, keys: Tensor, mask: Tensor | None = None) -> Tensor:
        """`x` (batch, queries, dim), `keys` (batch, keys, ·), `mask` (batch, keys)."""
        found = self.attention(self.norm_query(x), self.norm_keys(keys), mask)
        x = x + self.dropout(found)
        return x + self.dropout(self.feed(x))


def clock_positions(x: Tensor, *, hop_seconds: float) -> Tensor:
    """Sinusoids of the time of each step: (1, length, dim) for `x` (batch, length, dim).

    Steps of two modalities at the same second get the same code, whatever their rates. Periods
    run geometrically from 0.2 s to 20 s.
    """
    length, dim = x.shape[1], x.shape[2]
    seconds = torch.ones_like(x[:1, :, :1]).cumsum(1) * hop_seconds - hop_seconds
    exponent = torch.arange(dim // 2, device=x.device, dtype=x.dtype) / max(dim // 2 - 1, 1)
    angle = seconds * (2 * torch.pi / 0.2) * 100.0 ** (-exponent)
    return torch.cat([angle.sin(), angle.cos()], -1).reshape(1, length, -1)


def masked_mean(x: Tensor, mask: Tensor | None) -> Tensor:
    """Mean over the steps that are present: (batch, length, dim) to (batch, dim); none gives 0."""
    if mask is None:
        return x.mean(1)
    weight = mask[:, :, None].to(x.dtype)
    return (x * weight).sum(1) / weight.sum(1).clamp(min=1)
