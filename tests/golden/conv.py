"""Golden values of layers/conv2d, max_pool2d and linear: writes conv.json."""

import torch
import torch.nn.functional as F

from cases import Cases, PerSample, Shared

cases = Cases(seed=4)


def conv(name, x, out, kernel, bias=True, stride=(1, 1), padding=(0, 0), dilation=(1, 1),
         groups=1):
    cases.add(name, "conv2d",
              lambda x, w, b: F.conv2d(x, w, b, stride, padding, dilation, groups),
              [x, Shared(out, x.shape[0] // groups, *kernel), Shared(out) if bias else None],
              stride=stride, padding=padding, dilation=dilation, groups=groups)


conv("plain", PerSample(1, 4, 4), 3, (3, 3))
conv("wide", PerSample(2, 2, 7), 1, (1, 6), bias=False)
conv("strided", PerSample(1, 4, 4), 2, (3, 2), stride=(2, 1), padding=(1, 2))
conv("dilated", PerSample(2, 5, 4), 2, (2, 3), bias=False, padding=(0, 1), dilation=(3, 2))
conv("grouped", PerSample(4, 3, 2), 6, (2, 2), groups=2)
conv("depthwise", PerSample(3, 3, 3), 3, (3, 3), padding=(1, 1), stride=(2, 2), groups=3)


class Steps(PerSample):
    """Values on a coarse scale, so that many are equal and the choice among them shows."""

    def draw(self, generator):
        return torch.round(super().draw(generator) * 2) / 2


def pool(name, x, kernel, stride, padding=(0, 0)):
    cases.add(name, "max_pool2d", lambda x: F.max_pool2d(x, kernel, stride, padding), [x],
              kernel=kernel, stride=stride, padding=padding)


pool("two", PerSample(1, 5, 4), (2, 2), (2, 2))
pool("ties", Steps(1, 5, 5), (3, 3), (1, 1))
pool("ties_apart", Steps(1, 6, 5), (2, 3), (2, 2))
pool("padded", Steps(1, 4, 5), (3, 2), (2, 1), padding=(1, 1))
pool("gaps", PerSample(1, 4, 7), (1, 2), (2, 3))

cases.add("bias", "linear", F.linear, [PerSample(5), Shared(3, 5), Shared(3)])
cases.add("no_bias", "linear", F.linear, [PerSample(4), Shared(7, 4), None])
cases.add("one", "linear", F.linear, [PerSample(1), Shared(1, 1), Shared(1)])

cases.write(__file__)
