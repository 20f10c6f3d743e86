# SPDX-License-Identifier: Apache-2.0
"""PyTorch's GPT-2 124M reading a prompt and writing on, eager, keys and values kept; in turns (turns.py).

usage: decoding.py prefill|decode f32|bf16 AMOUNT THREADS

prefill: one prompt of AMOUNT tokens, logits of its last one. decode: the next token of each of AMOUNT texts, which have
read 16; each step reads one token more, up to 48, and then the texts start again, so that the length stays that of
`ballast bench`, give or take.
"""
import sys

import torch
from torch import nn
from torch.nn import functional

from turns import take_turns

WIDTH, HEADS, LAYERS, WORDS, POSITIONS = 768, 12, 12, 50257, 1024
READ, MOST = 16, 48


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.qkv, self.out = nn.Linear(WIDTH, 3 * WIDTH), nn.Linear(WIDTH, WIDTH)
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)

    def forward(self, x, keys, values, before, mask):
        batch, length, _ = x.shape
        q, k, v = (part.view(batch, length, HEADS, -1).transpose(1, 2)
                   for part in self.qkv(self.norm1(x)).split(WIDTH, dim=2))
        keys[:, :, before:before + length] = k
        values[:, :, before:before + length] = v
        scores = q @ keys[:, :, :before + length].transpose(-1, -2) * (WIDTH // HEADS) ** -0.5
        if mask is not None:
            scores = scores + mask
        mixed = scores.softmax(dim=-1) @ values[:, :, :before + length]
        x = x + self.out(mixed.transpose(1, 2).reshape(batch, length, WIDTH))
        return x + self.down(functional.gelu(self.up(self.norm2(x)), approximate="tanh"))


class Gpt2(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.positions = nn.Embedding(WORDS, WIDTH), nn.Embedding(POSITIONS, WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))
        self.norm = nn.LayerNorm(WIDTH)

    def cache(self, batch, length):
        shape = (batch, HEADS, length, WIDTH // HEADS)
        kind = self.words.weight.dtype
        return [(torch.zeros(shape, dtype=kind), torch.zeros(shape, dtype=kind)) for _ in self.layers]

    def forward(self, ids, cache, before):
        """Logits of the last token of each text."""
        length = ids.shape[1]
        x = self.words(ids) + self.positions.weight[before:before + length]
        mask = torch.full((length, length), float("-inf"), dtype=x.dtype).triu(1) if length > 1 else None
        for layer, (keys, values) in zip(self.layers, cache):
            x = layer(x, keys, values, before, mask)
        return self.norm(x[:, -1]) @ self.words.weight.t()


def main():
    what, precision, amount, threads = sys.argv[1:]
    amount = int(amount)
    torch.set_num_threads(int(threads))
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    model = Gpt2().eval()
    if precision == "bf16":
        model = model.bfloat16()
    if what == "prefill":
        ids = torch.randint(0, WORDS, (1, amount))
        cache = model.cache(1, amount)
        step = lambda: model(ids, cache, 0)
    else:
        cache = model.cache(amount, MOST)
        model(torch.randint(0, WORDS, (amount, READ)), cache, 0)
        token, at = torch.zeros(amount, 1, dtype=torch.long), READ

        def step():
            nonlocal token, at
            token = model(token, cache, at).argmax(dim=-1, keepdim=True)
            at = at + 1 if at + 1 < MOST else READ

    take_turns(amount, "tokens/s", step)


main()
