# SPDX-License-Identifier: Apache-2.0
"""PyTorch's training step of a GPT-2 on the CPU: forward, backward, AdamW; in turns (turns.py).

usage: training.py gpt2_124m|gpt2_6x256 BATCH LENGTH f32|bf16 THREADS
"""
import sys

import torch
from torch import nn
from torch.nn import functional

from turns import take_turns

SHAPES = {"gpt2_124m": (12, 768, 12, 50257, 1024), "gpt2_6x256": (6, 256, 8, 16384, 256)}


class Layer(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm1, self.norm2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv, self.out = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x, hidden):
        batch, length, width = x.shape
        split = lambda y: y.view(batch, length, self.heads, -1).transpose(1, 2)
        q, k, v = (split(y) for y in self.qkv(self.norm1(x)).chunk(3, dim=-1))
        scores = q @ k.transpose(-1, -2) / (width // self.heads) ** 0.5
        weights = scores.masked_fill(hidden[:length, :length], float("-inf")).softmax(dim=-1)
        x = x + self.out((weights @ v).transpose(1, 2).reshape(batch, length, width))
        return x + self.down(functional.gelu(self.up(self.norm2(x))))


class Gpt2(nn.Module):
    def __init__(self, layers, width, heads, vocabulary, positions):
        super().__init__()
        self.words, self.positions = nn.Embedding(vocabulary, width), nn.Embedding(positions, width)
        self.layers = nn.ModuleList(Layer(width, heads) for _ in range(layers))
        self.norm = nn.LayerNorm(width)
        self.register_buffer("hidden", torch.ones(positions, positions, dtype=torch.bool).triu(1))
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, ids):
        x = self.words(ids) + self.positions.weight[: ids.shape[1]]
        for layer in self.layers:
            x = layer(x, self.hidden)
        return self.norm(x) @ self.words.weight.t()


def main():
    name, batch, length, precision, threads = sys.argv[1:]
    batch, length = int(batch), int(length)
    torch.set_num_threads(int(threads))
    torch.manual_seed(0)
    shape = SHAPES[name]
    model = Gpt2(*shape)
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4)
    ids = torch.randint(0, shape[3], (batch, length + 1))

    def step():
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=precision == "bf16"):
            logits = model(ids[:, :-1])
            loss = functional.cross_entropy(logits.reshape(-1, shape[3]).float(), ids[:, 1:].reshape(-1))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)

    take_turns(batch * length, "tokens/s", step)


main()
