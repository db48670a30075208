"""Golden values of layers/arithmetic and math: writes elementwise.json."""

import torch

from cases import Cases, PerSample, Shared

cases = Cases(seed=1)

# Broadcasting: equal shapes, a channel's parameter, a missing dimension, both ways round.
PAIRS = {
    "lanes_lanes": (PerSample(2, 3, away=0.2), PerSample(2, 3, away=0.2)),
    "lanes_channel": (PerSample(3, 2, away=0.2), Shared(3, 1, away=0.2)),
    "vector_lanes": (Shared(3, away=0.2), PerSample(2, 3, away=0.2)),
    "column_row": (PerSample(2, 1, away=0.2), PerSample(1, 3, away=0.2)),
    "shared_shared": (Shared(2, 1, 3, away=0.2), Shared(4, 1, away=0.2)),
}
OPS = {"add": torch.add, "subtract": torch.sub, "multiply": torch.mul, "divide": torch.div}
for op, function in OPS.items():
    for pair, inputs in PAIRS.items():
        cases.add(f"{op}_{pair}", op, function, inputs)


def unary(op, function, low=-2.0, high=2.0, away=0.1, **attributes):
    for kind in (Shared, PerSample):
        shape = (21,) if kind is Shared else (3,)
        cases.add(f"{op}_{kind.__name__}", op, function,
                  [kind(*shape, low=low, high=high, away=away)], **attributes)


unary("scale", lambda x: x * 1.5 - 0.25, factor=1.5, offset=-0.25)
unary("negate", torch.neg)
unary("exp", torch.exp, low=-5, high=5)
unary("log", torch.log, low=0, high=5)
unary("sqrt", torch.sqrt, low=0, high=5)
unary("abs", torch.abs)
unary("power", lambda x: x**2, exponent=2)
unary("power", lambda x: x**3, exponent=3)
unary("power", lambda x: x**-1.5, low=0.1, exponent=-1.5)
unary("clamp", lambda x: torch.clamp(x, -0.75, 1.25), limits=[-0.75, 1.25])
unary("sigmoid", torch.sigmoid, low=-6, high=6)
unary("tanh", torch.tanh, low=-4, high=4)

cases.write(__file__)
