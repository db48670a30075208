"""Golden values of layers/losses beyond the plain ones of layers.py: writes losses.json."""

import torch
import torch.nn.functional as F

from cases import Cases, PerSample, Shared

cases = Cases(seed=9)
LABELS = [3, 0, 2, 1, 2, 2, 0, 3, 1, 1, 3, 0, 1, 2, 3, 0]
IGNORED = [3, -100, 2, 1, 2, 7, 0, 3, 1, -100, 3, 0, 7, 2, 3, 0]


def scores():
    return PerSample(4, low=-4, high=4)


class Positive(Shared):
    def __init__(self, *shape):
        super().__init__(*shape, low=0.1, high=2)


class Probabilities(PerSample):
    def draw(self, generator):
        return torch.round(torch.softmax(super().draw(generator), -1) * 1000) / 1000


for smoothing in (0.0, 0.1, 1.0):
    options = dict(reduction="none", label_smoothing=smoothing)
    labels = torch.tensor(LABELS)
    cases.add(f"weighted_{smoothing}", "cross_entropy",
              lambda x, w: F.cross_entropy(x, labels, w, **options), [scores(), Positive(4)],
              gradients=[0], labels=LABELS, ignore_index=-100, label_smoothing=smoothing)
    for ignore in (-100, 7):
        known = torch.tensor([0 if i in (-100, 7) and i != ignore else i for i in IGNORED])
        cases.add(f"ignored_{ignore}_{smoothing}", "cross_entropy",
                  lambda x, w: F.cross_entropy(x, known, w, ignore_index=ignore, **options),
                  [scores(), Positive(4) if smoothing else None], gradients=[0],
                  labels=known.tolist(), ignore_index=ignore, label_smoothing=smoothing)
    cases.add(f"soft_{smoothing}", "cross_entropy_soft",
              lambda x, t: F.cross_entropy(x, t, **options), [scores(), Probabilities(4)],
              label_smoothing=smoothing)
    cases.add(f"soft_weighted_{smoothing}", "cross_entropy_soft",
              lambda x, t, w: F.cross_entropy(x, t, w, **options),
              [scores(), Probabilities(4), Positive(4)], gradients=[0, 1],
              label_smoothing=smoothing)
cases.add("soft_shared", "cross_entropy_soft",
          lambda x, t: F.cross_entropy(x, t.expand(16, 4), reduction="none"),
          [scores(), Positive(4)], label_smoothing=0)


def mean(values):
    return values.flatten(1).mean(1)


PAIRS = {"lanes": (PerSample(2, 2), PerSample(2, 2)), "shared": (PerSample(3), Shared(3)),
         "equal": (PerSample(3, low=0, high=0), Shared(3, low=0, high=0))}
for name, pair in PAIRS.items():
    for op, options in (("l1_loss", {}), ("huber_loss", {"delta": 0.4}), ("huber_loss", {"delta": 1}),
                        ("smooth_l1_loss", {"beta": 0.4}), ("smooth_l1_loss", {"beta": 0})):
        function = getattr(F, op)
        cases.add(name, op, lambda x, t: mean(function(x, t.expand_as(x), reduction="none", **options)),
                  pair, **options)

bce = F.binary_cross_entropy_with_logits


def binary(name, x, target, weight=None, pos_weight=None):
    cases.add(name, "binary_cross_entropy_with_logits",
              lambda x, t, w, p: mean(bce(x, t.expand_as(x), w, reduction="none", pos_weight=p)),
              [x, target, weight, pos_weight], gradients=[0, 1])


binary("plain", PerSample(3, low=-4, high=4), PerSample(3, low=0))
binary("shared_target", PerSample(2, 2, low=-4, high=4), Shared(2, 2, low=0))
binary("weighted", PerSample(2, 2, low=-4, high=4), PerSample(2, 2, low=0), Positive(2))
binary("both", PerSample(3, low=-4, high=4), PerSample(3, low=0), Positive(3), Positive(3))
binary("positive", PerSample(2, 2, low=-4, high=4), PerSample(2, 2, low=0), None, Positive(2, 1))

cases.write(__file__)
