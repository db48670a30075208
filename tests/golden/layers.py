"""Golden values of layers/group_norm, avg_pool2d and losses: writes layers.json."""

import torch
import torch.nn.functional as F

from cases import Cases, PerSample, Shared

cases = Cases(seed=3)


def norm(name, x, groups, weight=None, bias=None, eps=1e-5):
    cases.add(name, "group_norm", lambda x, w, b: F.group_norm(x, groups, w, b, eps),
              [x, weight, bias], groups=groups, eps=eps)


norm("two_groups", PerSample(4, 2, 1), 2, Shared(4), Shared(4))
norm("layer_norm", PerSample(3, 2), 1, Shared(3), None)
norm("instance_norm", PerSample(2, 1, 3), 2, Shared(2), Shared(2), eps=0.1)
norm("plain", PerSample(4), 2, eps=1e-3)


def pool(name, x, kernel, stride, padding=0, include=True):
    cases.add(name, "avg_pool2d", lambda x: F.avg_pool2d(x, kernel, stride, padding,
                                                         count_include_pad=include),
              [x], kernel=kernel, stride=stride, padding=padding, count_include_pad=int(include))


pool("two", PerSample(1, 4, 4), 2, 2)
pool("overlap", PerSample(2, 3, 4), 2, 1)
pool("odd", PerSample(1, 5, 4), 3, 2)
pool("padded", PerSample(1, 4, 3), 3, 2, padding=1)
pool("padded_excluded", PerSample(1, 4, 3), 3, 2, padding=1, include=False)
for height, width in ((1, 1), (2, 3), (3, 2), (6, 5)):
    cases.add(f"adaptive_{height}x{width}", "adaptive_avg_pool2d",
              lambda x: F.adaptive_avg_pool2d(x, (height, width)), [PerSample(1, 5, 3)],
              size=[height, width])

LABELS = [3, 0, 4, 1, 2, 2, 0, 3, 1, 4, 4, 0, 1, 2, 3, 0]
target = torch.tensor(LABELS)
cases.add("nll", "nll_loss", lambda x: F.nll_loss(x, target, reduction="none"), [PerSample(5)],
          labels=LABELS)
for smoothing in (0.0, 0.1, 1.0):
    cases.add(f"cross_entropy_{smoothing}", "cross_entropy",
              lambda x: F.cross_entropy(x, target, reduction="none", label_smoothing=smoothing),
              [PerSample(5, low=-4, high=4)], labels=LABELS, label_smoothing=smoothing)
cases.add("lanes_lanes", "mse_loss", lambda x, y: ((x - y) ** 2).mean((1, 2)),
          [PerSample(2, 2), PerSample(2, 2)])
cases.add("lanes_shared", "mse_loss", lambda x, y: ((x - y) ** 2).mean(1),
          [PerSample(3), Shared(3)])
cases.add("shared_lanes", "mse_loss", lambda x, y: ((x - y) ** 2).mean(1),
          [Shared(3), PerSample(3)])

cases.write(__file__)
