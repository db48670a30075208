"""Golden values of layers/pad, and of ceil_mode, dilation and rectangles in pooling: writes
padding.json."""

import torch.nn.functional as F

from cases import Cases, PerSample, Shared

cases = Cases(seed=8)


def pad(name, x, padding, mode="constant", value=0.0):
    cases.add(name, "pad", lambda x: F.pad(x, padding, mode, value), [x], padding=padding,
              mode=["constant", "reflect", "replicate", "circular"].index(mode), value=value)


pad("constant", PerSample(1, 2, 3), [1, 0, 2, 1], value=0.5)
pad("constant_cut", PerSample(2, 3), [-1, 2])
pad("constant_all", Shared(2, 1), [1, 1, 0, 1], value=-1.5)
for mode in ("reflect", "replicate", "circular"):
    pad(f"{mode}_image", PerSample(1, 3, 2), [1, 0, 2, 1], mode)
    pad(f"{mode}_row", PerSample(1, 3), [2, 1], mode)
    pad(f"{mode}_cut", PerSample(1, 4), [-1, 1], mode)
    pad(f"{mode}_cut_before", PerSample(1, 4), [1, -2], mode)
    pad(f"{mode}_shared", Shared(1, 2, 2), [1, 1], mode)


def pool(name, op, x, kernel, stride, padding=(0, 0), ceil=True, **more):
    function = F.max_pool2d if op == "max_pool2d" else F.avg_pool2d
    arguments = {k: bool(v) if k == "count_include_pad" else v for k, v in more.items()}
    cases.add(name, op, lambda x: function(x, kernel, stride, padding, ceil_mode=ceil, **arguments),
              [x], kernel=kernel, stride=stride, padding=padding, ceil=int(ceil), **more)


pool("ceil", "max_pool2d", PerSample(1, 4, 3), (2, 2), (3, 2), dilation=(1, 1))
pool("ceil_padded", "max_pool2d", PerSample(1, 3, 4), (2, 3), (2, 2), (1, 1), dilation=(1, 1))
pool("dilated", "max_pool2d", PerSample(1, 5, 4), (2, 2), (1, 2), ceil=False, dilation=(3, 2))
pool("dilated_ceil", "max_pool2d", PerSample(1, 5, 4), (3, 2), (2, 3), (1, 0), dilation=(2, 1))
for include in (1, 0):
    pool(f"ceil_{include}", "avg_pool2d", PerSample(1, 4, 3), (3, 2), (2, 2), (1, 0),
         count_include_pad=include)
    pool(f"rectangle_{include}", "avg_pool2d", PerSample(1, 3, 5), (2, 4), (1, 2), (1, 2),
         ceil=False, count_include_pad=include)
    pool(f"ceil_padded_{include}", "avg_pool2d", PerSample(1, 4, 5), (3, 3), (3, 4), (1, 1),
         count_include_pad=include)

cases.write(__file__)
