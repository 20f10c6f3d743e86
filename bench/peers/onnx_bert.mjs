// SPDX-License-Identifier: Apache-2.0
// BERT-base as an ONNX file with random weights: the plain operators that PyTorch's exporter writes (opset 17), and for
// int8 what ONNX Runtime's dynamic quantiser makes of its 72 linear products: DynamicQuantizeLinear, MatMulInteger
// with one scale a matrix, a cast and a product of scales. No package is needed: the few protobuf messages of an ONNX
// file are written here (onnx.proto of the ONNX project names the fields).
import { closeSync, openSync, writeSync } from 'node:fs';

const WIDTH = 768, HEADS = 12, LAYERS = 12, WORDS = 30522, POSITIONS = 512;
const FLOAT = 1, INT8 = 3, INT64 = 7;

function varint(value) {
  const bytes = [];
  let rest = BigInt.asUintN(64, BigInt(value));
  do {
    const low = Number(rest & 127n);
    rest >>= 7n;
    bytes.push(rest > 0n ? low | 128 : low);
  } while (rest > 0n);
  return Buffer.from(bytes);
}
const number = (field, value) => Buffer.concat([varint(field << 3), varint(value)]);
const bytes = (field, data) => Buffer.concat([varint((field << 3) | 2), varint(data.length), data]);
const text = (field, value) => bytes(field, Buffer.from(value));
const float = (field, value) => {
  const data = Buffer.alloc(4);
  data.writeFloatLE(value);
  return Buffer.concat([varint((field << 3) | 5), data]);
};

/** Uniform numbers in [-1, 1) from a seed of their own (xorshift). */
function random(count, scale) {
  const out = new Float32Array(count);
  let state = 2463534242;
  for (let i = 0; i < count; ++i) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    out[i] = (state / 2147483648) * scale;
  }
  return out;
}

class Graph {
  nodes = [];
  initializers = [];
  made = 0;

  node(kind, inputs, attributes = {}, outputs = 1) {
    const names = Array.from({ length: outputs }, () => `v${++this.made}`);
    const parts = [...inputs.map((n) => text(1, n)), ...names.map((n) => text(2, n)), text(4, kind)];
    for (const [name, value] of Object.entries(attributes)) {
      const list = Array.isArray(value);
      const whole = Number.isInteger(value) && name !== 'epsilon';
      const type = list ? 7 : whole ? 2 : 1; // INTS, INT, FLOAT
      const data = list ? value.map((v) => number(8, v)) : [whole ? number(3, value) : float(2, value)];
      parts.push(bytes(5, Buffer.concat([text(1, name), ...data, number(20, type)])));
    }
    this.nodes.push(bytes(1, Buffer.concat(parts)));
    return outputs === 1 ? names[0] : names;
  }

  /** A tensor of the file; `data` is a typed array. */
  tensor(type, dims, data) {
    const name = `w${++this.made}`;
    const raw = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    this.initializers.push([
      Buffer.concat([...dims.map((d) => number(1, d)), number(2, type), text(8, name), varint((9 << 3) | 2), varint(raw.length)]),
      raw,
    ]);
    return name;
  }
  floats(dims, scale = 0.02) {
    return this.tensor(FLOAT, dims, random(dims.reduce((a, b) => a * b, 1), scale));
  }
  constant(value) {
    return this.tensor(FLOAT, [], Float32Array.of(value));
  }
  shape(...dims) {
    return this.tensor(INT64, [dims.length], BigInt64Array.from(dims.map(BigInt)));
  }

  norm(x) {
    const scale = this.tensor(FLOAT, [WIDTH], new Float32Array(WIDTH).fill(1));
    return this.node('LayerNormalization', [x, scale, this.floats([WIDTH])], { axis: -1, epsilon: 1e-12 });
  }

  /** x · w + b. In int8 `x` is quantised once for all products that read it. */
  linears(x, shapes, int8) {
    const quantised = int8 ? this.node('DynamicQuantizeLinear', [x], {}, 3) : null;
    return shapes.map(([rows, cols]) => {
      const bias = this.floats([cols]);
      if (!int8) return this.node('Add', [this.node('MatMul', [x, this.floats([rows, cols])]), bias]);
      const values = Int8Array.from(random(rows * cols, 127), Math.round);
      const weight = this.tensor(INT8, [rows, cols], values);
      const zero = this.tensor(INT8, [], Int8Array.of(0));
      const scales = this.node('Mul', [quantised[1], this.constant(0.02 / 127)]);
      const sums = this.node('MatMulInteger', [quantised[0], weight, quantised[2], zero]);
      return this.node('Add', [this.node('Mul', [this.node('Cast', [sums], { to: FLOAT }), scales]), bias]);
    });
  }

  gelu(x) {
    const erf = this.node('Erf', [this.node('Div', [x, this.constant(Math.SQRT2)])]);
    return this.node('Mul', [this.node('Mul', [x, this.node('Add', [erf, this.constant(1)])]), this.constant(0.5)]);
  }

  layer(x, length, int8) {
    const split = (y, perm) =>
      this.node('Transpose', [this.node('Reshape', [y, this.shape(-1, length, HEADS, WIDTH / HEADS)])], { perm });
    const square = [WIDTH, WIDTH];
    const [q, k, v] = this.linears(x, [square, square, square], int8);
    const scores = this.node('MatMul', [split(q, [0, 2, 1, 3]), split(k, [0, 2, 3, 1])]);
    const shares = this.node('Softmax', [this.node('Div', [scores, this.constant(Math.sqrt(WIDTH / HEADS))])], { axis: -1 });
    const mixed = this.node('Transpose', [this.node('MatMul', [shares, split(v, [0, 2, 1, 3])])], { perm: [0, 2, 1, 3] });
    const [out] = this.linears(this.node('Reshape', [mixed, this.shape(-1, length, WIDTH)]), [square], int8);
    const h = this.norm(this.node('Add', [x, out]));
    const [up] = this.linears(h, [[WIDTH, 4 * WIDTH]], int8);
    const [down] = this.linears(this.gelu(up), [[4 * WIDTH, WIDTH]], int8);
    return this.norm(this.node('Add', [h, down]));
  }
}

function value(name, type, dims) {
  const shape = dims.map((d) => bytes(1, typeof d === 'string' ? text(2, d) : number(1, d)));
  return Buffer.concat([text(1, name), bytes(2, bytes(1, Buffer.concat([number(1, type), bytes(2, Buffer.concat(shape))])))]);
}

/** Writes BERT-base for sequences of `length` tokens to `file`; input "ids" [batch, length], output "out". */
export function writeBert(file, length, int8) {
  const g = new Graph();
  const positions = g.tensor(INT64, [1, length], BigInt64Array.from({ length }, (_, i) => BigInt(i)));
  const looked = [g.node('Gather', [g.floats([WORDS, WIDTH]), 'ids']), g.node('Gather', [g.floats([POSITIONS, WIDTH]), positions])];
  let x = g.norm(g.node('Add', looked));
  for (let i = 0; i < LAYERS; ++i) x = g.layer(x, length, int8);
  g.nodes.push(bytes(1, Buffer.concat([text(1, x), text(2, 'out'), text(4, 'Identity')])));

  const head = Buffer.concat([...g.nodes, text(2, 'bert')]);
  const tail = Buffer.concat([
    bytes(11, value('ids', INT64, ['batch', length])),
    bytes(12, value('out', FLOAT, ['batch', length, WIDTH])),
  ]);
  // Initializers are large: written one by one, with their length before them.
  const tensors = g.initializers.map(([front, raw]) => {
    const size = front.length + raw.length;
    return [Buffer.concat([varint((5 << 3) | 2), varint(size), front]), raw];
  });
  const size = head.length + tail.length + tensors.reduce((sum, [a, b]) => sum + a.length + b.length, 0);
  const out = openSync(file, 'w');
  const opset = bytes(8, Buffer.concat([text(1, ''), number(2, 17)]));
  writeSync(out, Buffer.concat([number(1, 8), opset, varint((7 << 3) | 2), varint(size), head]));
  for (const [front, raw] of tensors) {
    writeSync(out, front);
    for (let at = 0; at < raw.length; ) at += writeSync(out, raw, at);
  }
  writeSync(out, tail);
  closeSync(out);
}
