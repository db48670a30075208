"""Ten training steps of the tutorial's network in PyTorch: writes replay.json.

Images, labels and initial weights come from one integer sequence that test_replay.cpp makes too, so
the file holds little more than losses. Dropout is off; double precision."""

import json
import math
import pathlib

import torch
import torch.nn as nn
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)
SAMPLES = 64


class Sequence:
    """The linear congruential generator of Numerical Recipes; the upper 16 bits count."""

    def __init__(self, seed):
        self.state = seed

    def next(self):
        self.state = (self.state * 1664525 + 1013904223) % 2**32
        return self.state >> 16


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 10, 5), nn.Conv2d(10, 20, 5)
        self.fc1, self.fc2 = nn.Linear(320, 50), nn.Linear(50, 10)
        self.localization = nn.Sequential(
            nn.Conv2d(1, 8, 7), nn.MaxPool2d(2, 2), nn.ReLU(),
            nn.Conv2d(8, 10, 5), nn.MaxPool2d(2, 2), nn.ReLU())
        self.fc_loc = nn.Sequential(nn.Linear(90, 32), nn.ReLU(), nn.Linear(32, 6))

    def theta(self, x):
        return self.fc_loc(self.localization(x).flatten(1)).view(-1, 2, 3)

    def forward(self, x):
        theta = self.theta(x)
        x = F.grid_sample(x, F.affine_grid(theta, x.size(), False), align_corners=False)
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        x = F.relu(self.fc1(x.flatten(1)))
        return F.log_softmax(self.fc2(x), 1)


def image(i, sequence):
    """A smooth spot on a slope; its height depends on the label, i % 10. Noise would make theta's
    gradient chaotic, and single precision would no longer follow double for ten steps."""
    label, pixels = i % 10, []
    centre_x, wide, tall = (8 + sequence.next() % 12, 1 + sequence.next() % 5,
                            1 + sequence.next() % 5)
    for y in range(28):
        for x in range(28):
            spot = 170 - wide * (x - centre_x) ** 2 - tall * (y - 4 - 2 * label) ** 2
            pixels.append(max(0, spot) + x + 2 * y)
    return pixels


def initialise(net):
    sequence = Sequence(7)
    for name, p in net.named_parameters():
        bound = 1 / math.sqrt(p[0].numel()) if p.dim() > 1 else 0.125
        if name.startswith("fc_loc.2"):  # near the identity
            bound = 0.0625
        values = [(sequence.next() / 32768 - 1) * bound for _ in range(p.numel())]
        if name == "fc_loc.2.bias":
            values = [v + one for v, one in zip(values, (1, 0, 0, 0, 1, 0))]
        with torch.no_grad():
            p.copy_(torch.tensor(values).view_as(p))


SETTINGS = {
    "sgd": (torch.optim.SGD, dict(lr=0.01)),
    "sgd_nesterov": (torch.optim.SGD,
                     dict(lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.0005)),
    "sgd_momentum_dampening": (torch.optim.SGD, dict(lr=0.01, momentum=0.9, dampening=0.1)),
    "adam": (torch.optim.Adam, dict(lr=0.001)),
    "adam_decay": (torch.optim.Adam,
                   dict(lr=0.001, weight_decay=0.0001, betas=(0.8, 0.99), eps=1e-7)),
    "adamw": (torch.optim.AdamW, dict(lr=0.002, weight_decay=0.02)),
}

sequence = Sequence(1)
pixels = torch.tensor([image(i, sequence) for i in range(SAMPLES)], dtype=torch.float64)
images = ((pixels / 255 - 0.125) / 0.25).view(SAMPLES, 1, 28, 28)
labels = torch.arange(SAMPLES) % 10

net = Net()
out = {"torch": torch.__version__, "optimisers": {}}


def rounded(values):
    return [float(f"{v.item():.12g}") for v in values]


def summaries(tensors):
    """Of each tensor its norm and its product with the tensor 1, 2, ..., 7, 1, 2, ..."""
    return {name: rounded([t.norm(), (t.flatten() * (torch.arange(t.numel()) % 7 + 1)).sum()])
            for name, t in tensors}


initialise(net)
F.nll_loss(net(images), labels).backward()
out["gradients"] = summaries((n, p.grad) for n, p in net.named_parameters())
out["theta"] = rounded(net.theta(images)[:4].flatten())
out["log_probs"] = rounded(net(images)[:4].flatten())
for name, (kind, options) in SETTINGS.items():
    initialise(net)
    optimizer = kind(net.parameters(), **options)
    losses = []
    for _ in range(10):
        optimizer.zero_grad()
        loss = F.nll_loss(net(images), labels)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    out["optimisers"][name] = {
        "options": options,
        "losses": [float(f"{v:.12g}") for v in losses],
        "weights": summaries((n, p.detach()) for n, p in net.named_parameters()),
    }

pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(out, indent=1) + "\n")
