"""The format of golden values; the scripts beside this one fill it with what PyTorch computes.

A file is {"torch": version, "cases": [case, ...]}, a case one call of an operation:

    name, op     strings; op is the C++ function
    inputs       list of tensors (null: not given), in the order of the C++ arguments
    attributes   name -> list of numbers: stride, dim, labels, ...
    output       tensor
    cotangent    tensor like the output: the gradient of sum(cotangent * output) is taken
    gradients    one tensor for each input, null where none is compared

A tensor is {"shape", "per_sample", "values"}. For a per-sample one the shape is that of one sample
and the values are PyTorch's batch [16, *shape], row-major; a shared one is as in PyTorch. All is
computed in double precision; inputs have three decimals, results nine significant digits; what is
not finite is a string: "nan", "inf", "-inf". Needs
torch 2.13 (other versions give the same values); tests/golden.h reads it.
"""

import json
import math
import pathlib

import torch

torch.set_default_dtype(torch.float64)
SAMPLES = 16


class Tensor:
    """Random values for one input: uniform in [low, high), at least `away` from zero."""

    def __init__(self, *shape, low=-1.0, high=1.0, away=0.0):
        self.shape, self.low, self.high, self.away = shape, low, high, away

    def draw(self, generator):
        full = (SAMPLES, *self.shape) if self.per_sample else self.shape
        values = torch.rand(full, generator=generator) * (self.high - self.low) + self.low
        values = values + self.away * torch.sign(values)
        return torch.round(values * 1000) / 1000


class Shared(Tensor):
    per_sample = False


class PerSample(Tensor):
    per_sample = True


def number(v):
    return float(f"{v:.9g}") if math.isfinite(v) else str(v)


def describe(values, per_sample):
    if values is None:
        return None
    shape = list(values.shape)
    return {
        "shape": shape[1:] if per_sample else shape,
        "per_sample": per_sample,
        "values": [number(v) for v in values.detach().flatten().tolist()],
    }


class Cases:
    def __init__(self, seed):
        self.generator = torch.Generator().manual_seed(seed)
        self.cases = []

    def add(self, name, op, function, inputs, gradients=None, **attributes):
        """Calls function(*inputs) on random inputs (Shared, PerSample or None) and notes it down.

        `gradients` lists the inputs to compare gradients of; without it, all of them.
        """
        drawn = [None if i is None else i.draw(self.generator) for i in inputs]
        for i, values in enumerate(drawn):
            if values is not None and (gradients is None or i in gradients):
                values.requires_grad_()
        output = function(*drawn)
        per_sample = any(i is not None and i.per_sample for i in inputs)
        cotangent = torch.rand(output.shape, generator=self.generator) * 2 - 1
        cotangent = torch.round(cotangent * 1000) / 1000
        if output.requires_grad:
            output.backward(cotangent)
        kinds = [i is not None and i.per_sample for i in inputs]
        self.cases.append({
            "name": name,
            "op": op,
            "inputs": [describe(v, k) for v, k in zip(drawn, kinds)],
            "attributes": {n: list(a) if isinstance(a, (list, tuple)) else [a]
                           for n, a in attributes.items()},
            "output": describe(output, per_sample),
            "cotangent": describe(cotangent, per_sample),
            "gradients": [describe(None if v is None else v.grad, k)
                          for v, k in zip(drawn, kinds)],
        })

    def write(self, script):
        """Writes <script>.json beside the script."""
        path = pathlib.Path(script).with_suffix(".json")
        lines = ",\n".join(json.dumps(case, separators=(",", ":")) for case in self.cases)
        path.write_text(f'{{"torch":"{torch.__version__}","cases":[\n{lines}\n]}}\n')
        size = path.stat().st_size
        print(f"{path}: {len(self.cases)} cases, {size} bytes")
        assert size < 100_000, "golden files are to stay below 100 KB"
