"""ALBERT (Lan et al., ICLR 2020) through transformers, by the user's own folder or by its shape."""

from __future__ import annotations

import torch
from torch import Tensor, nn

# albert-base-v2, for when only its shape is wanted.
BASE = {
    "vocab_size": 30_000,
    "embedding_size": 128,
    "hidden_size": 768,
    "num_hidden_layers": 12,
    "num_attention_heads": 12,
    "intermediate_size": 3072,
    "max_position_embeddings": 512,
    "hidden_dropout_prob": 0.0,
    "attention_probs_dropout_prob": 0.0,
}
TINY = {
    "vocab_size": 60,
    "embedding_size": 16,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
}


class Albert(nn.Module):
    """Token ids (batch, tokens) to hidden states (batch, tokens, width).

    `checkpoint` is a folder (or hub name); without one the weights are random and `config`
    overrides the shape of albert-base-v2. `pooler` adds the layer that nobody here uses.
    """

    def __init__(self, *, checkpoint: str | None = None, pooler: bool = False, **config):
        super().__init__()
        from transformers import AlbertConfig, AlbertModel

        kind = {"attn_implementation": "eager", "add_pooling_layer": pooler}
        if checkpoint is not None:
            self.encoder = AlbertModel.from_pretrained(checkpoint, **kind)
        else:
            shape = AlbertConfig(**(BASE | config), attn_implementation="eager")
            self.encoder = AlbertModel(shape, add_pooling_layer=pooler)
        self.width = self.encoder.config.hidden_size

    def forward(self, tokens: Tensor, mask: Tensor) -> Tensor:
        """`mask` (batch, tokens) is True where a token is."""
        lowest = torch.finfo(torch.float32).min
        hidden = torch.zeros(mask.shape, device=mask.device).masked_fill(~mask, lowest)
        found = self.encoder(input_ids=tokens, attention_mask=hidden[:, None, None, :])
        return found.last_hidden_state
