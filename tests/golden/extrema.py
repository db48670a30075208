"""Golden values of maximum, minimum, where and of extrema over dimensions: writes extrema.json."""

import torch

from cases import Cases, PerSample, Shared

cases = Cases(seed=6)


class Few:
    """Values from {-1, 0, 1}: ties abound."""

    def draw(self, generator):
        return torch.round(super().draw(generator))


class FewShared(Few, Shared):
    pass


class FewPerSample(Few, PerSample):
    pass


PAIRS = {
    "lanes_lanes": (FewPerSample(2, 3), FewPerSample(2, 3)),
    "lanes_channel": (FewPerSample(3, 2), FewShared(3, 1)),
    "shared_shared": (FewShared(2, 1, 3), FewShared(4, 1)),
}
for op, function in {"maximum": torch.maximum, "minimum": torch.minimum}.items():
    for pair, inputs in PAIRS.items():
        cases.add(f"{op}_{pair}", op, function, inputs)
for op, function in {"greater": torch.greater, "less": torch.less}.items():
    for pair, inputs in PAIRS.items():
        cases.add(f"{op}_{pair}", op, lambda a, b: function(a, b) + 0 * (a + b), inputs)


def where(name, *inputs):
    cases.add(name, "where", lambda c, a, b: torch.where(c != 0, a, b), inputs, gradients=[1, 2])


where("lanes", FewPerSample(2, 2), PerSample(2, 2), PerSample(2, 2))
where("mask", FewShared(3), PerSample(2, 3), Shared(2, 1))
where("chosen_by_sample", FewPerSample(1, 1), Shared(3), Shared(2, 1))
where("shared", FewShared(2, 1), Shared(3), Shared(2, 3))

for op in ("max", "min"):
    for kind in (FewPerSample, FewShared):
        name, batch = kind.__name__, kind is FewPerSample
        for dim, keepdim in ((0, False), (1, True), (-1, False)):
            at = dim + 1 if batch and dim >= 0 else dim
            function, arg = getattr(torch, op), getattr(torch, "arg" + op)
            cases.add(f"{op}_{name}_{dim}", op, lambda x: function(x, at, keepdim)[0],
                      [kind(2, 3, 2)], dim=dim, keepdim=int(keepdim))
            cases.add(f"arg{op}_{name}_{dim}", "arg" + op,
                      lambda x: arg(x, at, keepdim).double() + 0 * function(x, at, keepdim)[0],
                      [kind(2, 3, 2)], dim=dim, keepdim=int(keepdim))
        for dims, keepdim in (([1], False), ([0, -1], True), ([0, 1, 2], False)):
            at = tuple(d + 1 if batch and d >= 0 else d for d in dims)
            function = getattr(torch, "a" + op)
            cases.add(f"a{op}_{name}_{len(dims)}", "a" + op, lambda x: function(x, at, keepdim),
                      [kind(2, 3, 2)], dims=dims, keepdim=int(keepdim))

cases.write(__file__)
