"""Golden values of layers/activations, and of angles in layers/math and arithmetic: writes
activations.json."""

import torch
import torch.nn.functional as F

from cases import Cases, PerSample, Shared

cases = Cases(seed=4)


def unary(op, function, low=-2.0, high=2.0, away=0.1, **attributes):
    for kind in (Shared, PerSample):
        shape = (21,) if kind is Shared else (3,)
        cases.add(f"{op}_{kind.__name__}", op, function,
                  [kind(*shape, low=low, high=high, away=away)], **attributes)


unary("relu", torch.relu)
unary("leaky_relu", lambda x: F.leaky_relu(x, 0.01), slope=0.01)
unary("leaky_relu", lambda x: F.leaky_relu(x, 0.3), slope=0.3)
unary("elu", lambda x: F.elu(x, 1.0), alpha=1)
unary("elu", lambda x: F.elu(x, 0.5), alpha=0.5)
unary("gelu", F.gelu, low=-4, high=4)
unary("gelu_tanh", lambda x: F.gelu(x, approximate="tanh"), low=-4, high=4)

for op, function in {"softmax": F.softmax, "log_softmax": F.log_softmax}.items():
    cases.add(f"{op}_classes", op, lambda x: function(x, 1), [PerSample(10, low=-4, high=4)], dim=0)
    cases.add(f"{op}_channels", op, lambda x: function(x, 1), [PerSample(3, 2)], dim=0)
    cases.add(f"{op}_middle", op, lambda x: function(x, 1), [Shared(2, 3, 4)], dim=1)
    cases.add(f"{op}_last", op, lambda x: function(x, -1), [Shared(2, 3)], dim=-1)

unary("silu", F.silu, low=-6, high=6)
unary("softplus", F.softplus, low=-6, high=6, beta=1, threshold=20)
unary("softplus", lambda x: F.softplus(x, 0.5, 2), low=-6, high=6, beta=0.5, threshold=2)
unary("logsigmoid", F.logsigmoid, low=-6, high=6)
unary("sin", torch.sin, low=-4, high=4)
unary("cos", torch.cos, low=-4, high=4)
cases.add("prelu_one", "prelu", F.prelu, [PerSample(2, 3, away=0.1), Shared(1)])
cases.add("prelu_channels", "prelu", F.prelu, [PerSample(3, 2, away=0.1), Shared(3)])
for name, y, x in [("lanes", PerSample(2, 2), PerSample(2, 2)), ("mixed", Shared(3), PerSample(2, 1)),
                   ("shared", Shared(2, 1), Shared(3))]:
    cases.add(f"atan2_{name}", "atan2", torch.atan2, [y, x])

cases.write(__file__)
