# SPDX-License-Identifier: Apache-2.0
"""PyTorch's forward pass of BERT-base on the CPU; in turns (turns.py).

usage: scoring.py f32|bf16|int8 BATCH LENGTH|headlines THREADS

int8: torch's dynamic quantisation of the linear layers. headlines: sequences of the lengths that `ballast bench` takes,
padded to the longest, with an attention mask.
"""
import sys

import torch
from torch import nn
from torch.nn import functional

from turns import take_turns

HEADLINES = [12, 31, 9, 18, 24, 7, 15, 46, 21, 13, 28, 10, 17, 35, 11, 20]
WIDTH, HEADS, LAYERS = 768, 12, 12


class Layer(nn.Module):
    def __init__(self):
        super().__init__()
        self.q, self.k, self.v, self.out = (nn.Linear(WIDTH, WIDTH) for _ in range(4))
        self.up, self.down = nn.Linear(WIDTH, 4 * WIDTH), nn.Linear(4 * WIDTH, WIDTH)
        self.norm1, self.norm2 = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)

    def forward(self, x, mask):
        batch, length, _ = x.shape
        split = lambda y: y.view(batch, length, HEADS, -1).transpose(1, 2)
        q, k, v = split(self.q(x)), split(self.k(x)), split(self.v(x))
        scores = q @ k.transpose(-1, -2) / (WIDTH // HEADS) ** 0.5
        if mask is not None:
            scores = scores + mask
        y = (scores.softmax(dim=-1) @ v).transpose(1, 2).reshape(batch, length, WIDTH)
        x = self.norm1(x + self.out(y))
        return self.norm2(x + self.down(functional.gelu(self.up(x))))


class Bert(nn.Module):
    def __init__(self):
        super().__init__()
        self.words, self.positions = nn.Embedding(30522, WIDTH), nn.Embedding(512, WIDTH)
        self.norm = nn.LayerNorm(WIDTH)
        self.layers = nn.ModuleList(Layer() for _ in range(LAYERS))

    def forward(self, ids, mask=None):
        x = self.norm(self.words(ids) + self.positions.weight[: ids.shape[1]])
        for layer in self.layers:
            x = layer(x, mask)
        return x


def main():
    precision, batch, length, threads = sys.argv[1:]
    batch = int(batch)
    torch.set_num_threads(int(threads))
    torch.set_grad_enabled(False)
    torch.manual_seed(0)
    model = Bert().eval()
    if precision == "int8":
        model = torch.quantization.quantize_dynamic(model, {nn.Linear}, dtype=torch.qint8)
    if precision == "bf16":
        model = model.bfloat16()
    mask = None
    if length == "headlines":
        lengths = torch.tensor([HEADLINES[i % len(HEADLINES)] for i in range(batch)])
        longest = int(lengths.max())
        mask = torch.zeros(batch, 1, 1, longest)
        mask[torch.arange(longest)[None, None, None, :] >= lengths[:, None, None, None]] = -1e9
    else:
        longest = int(length)
    ids = torch.randint(0, 30522, (batch, longest))
    take_turns(batch, "sequences/s", lambda: model(ids, mask))


main()
