#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A .gguf file with the shape of Qwen2.5-0.5B (24 layers, tied words) and random weights in Q8_0 or Q4_0, with a
byte-level vocabulary of the full size whose merges are made up: to time the start to the first token.

usage: bench/random_gguf.py FILE [--type q8_0|q4_0]
"""
import argparse
import random
import struct

WIDTH, LAYERS, HEADS, KEY_HEADS, INNER, WORDS = 896, 24, 14, 2, 4864, 151936
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
UINT32, FLOAT32, STRING, ARRAY, INT32 = 4, 6, 8, 9, 5
TYPES = {"f32": (0, 1, 4), "q4_0": (2, 32, 18), "q8_0": (8, 32, 34)}  # number, values of a block, its bytes


def text(value):
    data = value.encode()
    return struct.pack("<Q", len(data)) + data


def field(name, kind, value):
    if kind == UINT32:
        return text(name) + struct.pack("<II", kind, value)
    if kind == FLOAT32:
        return text(name) + struct.pack("<If", kind, value)
    if kind == STRING:
        return text(name) + struct.pack("<I", kind) + text(value)
    of, items = value
    data = b"".join(map(text, items)) if of == STRING else struct.pack(f"<{len(items)}i", *items)
    return text(name) + struct.pack("<IIQ", ARRAY, of, len(items)) + data


def byte_letters():
    """GPT-2's letters for the 256 bytes."""
    printable = [*range(33, 127), *range(161, 173), *range(174, 256)]
    rest = [b for b in range(256) if b not in set(printable)]
    return [chr(b) for b in printable] + [chr(256 + i) for i in range(len(rest))]


def vocabulary(chance):
    tokens, merges = byte_letters(), []
    known = set(tokens)
    while len(tokens) < WORDS - len(SPECIAL):
        # Early tokens meet more often, as in real vocabularies.
        left, right = (tokens[int(len(tokens) * chance.random() ** 2)] for _ in range(2))
        joined = left + right
        if len(joined) > 12 or joined in known:
            continue
        known.add(joined)
        tokens.append(joined)
        merges.append(left + " " + right)
    return tokens + SPECIAL, merges


def tensors(quantised):
    yield "token_embd.weight", (WORDS, WIDTH), quantised
    kv = WIDTH // HEADS * KEY_HEADS
    for i in range(LAYERS):
        for name, rows, columns in (("attn_q", WIDTH, WIDTH), ("attn_k", kv, WIDTH), ("attn_v", kv, WIDTH),
                                    ("attn_output", WIDTH, WIDTH), ("ffn_gate", INNER, WIDTH),
                                    ("ffn_up", INNER, WIDTH), ("ffn_down", WIDTH, INNER)):
            yield f"blk.{i}.{name}.weight", (rows, columns), quantised
            if name in ("attn_q", "attn_k", "attn_v"):
                yield f"blk.{i}.{name}.bias", (rows,), "f32"
        yield f"blk.{i}.attn_norm.weight", (WIDTH,), "f32"
        yield f"blk.{i}.ffn_norm.weight", (WIDTH,), "f32"
    yield "output_norm.weight", (WIDTH,), "f32"


def size_of(shape, kind):
    _, values, block = TYPES[kind]
    count = 1
    for n in shape:
        count *= n
    return count // values * block


def random_blocks(kind, chance):
    """Many blocks: random values, each with a scale near 0.001."""
    if kind == "f32":
        return struct.pack("<f", 1.0) * WIDTH
    block = TYPES[kind][2]
    count = 1 << 18
    data = bytearray(chance.randbytes(count * block))
    data[0::block] = chance.randbytes(count)
    data[1::block] = bytes([0x14]) * count
    return bytes(data)


def main():
    arguments = argparse.ArgumentParser(description="a random model to time the start with")
    arguments.add_argument("file")
    arguments.add_argument("--type", choices=("q8_0", "q4_0"), default="q8_0")
    given = arguments.parse_args()
    chance = random.Random(1)
    tokens, merges = vocabulary(chance)
    kinds = [1] * (WORDS - len(SPECIAL)) + [3] * len(SPECIAL)
    fields = [field("general.architecture", STRING, "qwen2"), field("general.name", STRING, "random")]
    for name, value in (("context_length", 32768), ("embedding_length", WIDTH), ("block_count", LAYERS),
                        ("feed_forward_length", INNER), ("attention.head_count", HEADS),
                        ("attention.head_count_kv", KEY_HEADS)):
        fields.append(field("qwen2." + name, UINT32, value))
    fields += [field("qwen2.rope.freq_base", FLOAT32, 1e6),
               field("qwen2.attention.layer_norm_rms_epsilon", FLOAT32, 1e-6),
               field("tokenizer.ggml.model", STRING, "gpt2"), field("tokenizer.ggml.pre", STRING, "qwen2"),
               field("tokenizer.ggml.tokens", ARRAY, (STRING, tokens)),
               field("tokenizer.ggml.token_type", ARRAY, (INT32, kinds)),
               field("tokenizer.ggml.merges", ARRAY, (STRING, merges)),
               field("tokenizer.ggml.eos_token_id", UINT32, WORDS - 1)]
    entries, offset = [], 0
    placed = list(tensors(given.type))
    for name, shape, kind in placed:
        sizes = struct.pack(f"<I{len(shape)}Q", len(shape), *reversed(shape))
        entries.append(text(name) + sizes + struct.pack("<IQ", TYPES[kind][0], offset))
        offset += -(-size_of(shape, kind) // 32) * 32
    header = b"GGUF" + struct.pack("<IQQ", 3, len(entries), len(fields)) + b"".join(fields) + b"".join(entries)
    blocks = {kind: random_blocks(kind, chance) for kind in ("f32", given.type)}
    with open(given.file, "wb") as out:
        out.write(header + bytes(-len(header) % 32))
        for _, shape, kind in placed:
            left = size_of(shape, kind)
            padding = -left % 32
            while left > 0:
                piece = blocks[kind][:left]
                out.write(piece)
                left -= len(piece)
            out.write(bytes(padding))


main()
