"""Golden values of layers/reduce, matmul and shape_ops: writes tensor_ops.json."""

import torch

from cases import Cases, PerSample, Shared

cases = Cases(seed=2)

for op, function in {"sum": torch.sum, "mean": torch.mean}.items():
    cases.add(f"{op}_all", op, lambda x: function(x, (1, 2)), [PerSample(2, 3)], dims=[0, 1],
              keepdim=0)
    cases.add(f"{op}_rows", op, lambda x: function(x, 1), [PerSample(3, 2)], dims=[0], keepdim=0)
    cases.add(f"{op}_last", op, lambda x: function(x, 3, keepdim=True), [PerSample(2, 1, 3)],
              dims=[-1], keepdim=1)
    cases.add(f"{op}_outer", op, lambda x: function(x, (0, 2)), [Shared(2, 3, 4)], dims=[0, -1],
              keepdim=0)
    cases.add(f"{op}_middle", op, lambda x: function(x, 1, keepdim=True), [Shared(2, 3, 4)],
              dims=[1], keepdim=1)

matmul = torch.matmul
cases.add("shared_shared", "matmul", matmul, [Shared(2, 3), Shared(3, 4)])
cases.add("shared_vectors", "matmul", matmul, [Shared(5), Shared(5)])
cases.add("shared_lanes", "matmul", matmul, [Shared(2, 3), PerSample(3, 2)])
cases.add("shared_lanes_vector", "matmul", lambda a, x: x @ a.T, [Shared(4, 3), PerSample(3)])
cases.add("lanes_shared", "matmul", matmul, [PerSample(2, 3), Shared(3, 4)])
cases.add("lanes_vector_shared", "matmul", matmul, [PerSample(3), Shared(3, 2)])
cases.add("lanes_shared_vector", "matmul", matmul, [PerSample(2, 3), Shared(3)])
cases.add("lanes_lanes", "matmul", matmul, [PerSample(2, 3), PerSample(3, 2)])
cases.add("lanes_vectors", "matmul", lambda a, b: (a * b).sum(1), [PerSample(4), PerSample(4)])

cases.add("channels", "concatenate", lambda *x: torch.cat(x, 1),
          [PerSample(1, 2), PerSample(2, 2), PerSample(1, 2)], dim=0)
cases.add("mixed", "concatenate", lambda a, b: torch.cat([a, b.expand(16, 2, 2)], 2),
          [PerSample(2, 1), Shared(2, 2)], dim=-1)
cases.add("shared", "concatenate", lambda *x: torch.cat(x, 1), [Shared(2, 1, 3), Shared(2, 3, 3)],
          dim=1)
cases.add("lanes", "slice", lambda x: x[:, :, 1:3], [PerSample(2, 4)], dim=1, begin=1, end=3)
cases.add("shared", "slice", lambda x: x[:, 0:2], [Shared(2, 3, 4)], dim=1, begin=0, end=2)
cases.add("strided", "slice", lambda x: x[:, 1::2], [PerSample(6, 2)], dim=0, begin=1, end=6, step=2)
cases.add("strided_shared", "slice", lambda x: x[:, 0:4:3], [Shared(2, 5)], dim=-1, begin=0, end=4,
          step=3)
cases.add("lanes", "stack", lambda *x: torch.stack(x, 1), [PerSample(2, 3), PerSample(2, 3)], dim=0)
cases.add("mixed", "stack", lambda a, b: torch.stack([a, b.expand(16, 2)], 2),
          [PerSample(2), Shared(2)], dim=-1)
cases.add("shared", "stack", lambda *x: torch.stack(x, 1), [Shared(2, 3)] * 3, dim=1)
cases.add("lanes", "permute", lambda x: x.permute(0, 3, 1, 2), [PerSample(2, 1, 3)], dims=[2, 0, 1])
cases.add("shared", "permute", lambda x: x.permute(1, -1, 0), [Shared(2, 3, 4)], dims=[1, -1, 0])
cases.add("matrix", "transpose", lambda x: x.transpose(1, 2), [PerSample(2, 3)], dims=[0, 1])
cases.add("outer", "transpose", lambda x: x.transpose(0, 2), [Shared(2, 3, 4)], dims=[0, -1])
cases.add("inner", "transpose", lambda x: x.transpose(1, 0), [Shared(2, 3, 4)], dims=[1, 0])

cases.write(__file__)
