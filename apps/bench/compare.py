"""Trains the same networks here (build/bench) and in PyTorch, in turns, and prints the ratio.

Usage: compare.py BENCH [--rounds N] [--seconds S] [--networks train,wide,deep]

PyTorch gets its best of 1 and 2 threads, with and without channels_last and torch.compile, on
batches that are in memory already, and neither side sees environment variables that hold it back.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

HAMPERING = ("OPENBLAS_", "OMP_", "GOMP_", "KMP_", "MKL_", "DNNL_", "ONEDNN_", "ATEN_", "GOTO_")


def clean_environment():
    return {k: v for k, v in os.environ.items() if not k.startswith(HAMPERING)}


def after(extent, kernel):
    return (extent - kernel + 1) // 2


def make_network(torch, kind):
    """The networks of apps/networks/: tutorial.cpp as PyTorch's tutorial writes it, and deep.cpp."""
    nn, F = torch.nn, torch.nn.functional
    c, size, l1, l2, lf = {
        "train": (1, 28, 8, 10, 32), "wide": (3, 32, 64, 128, 256), "deep": (3, 32, 16, 32, 64)
    }[kind]  # fmt: skip
    found = l2 * after(after(size, 7), 5) ** 2

    def classifier():
        if kind == "deep":
            layers, channels = [], c
            for out in (32, 64, 128):
                layers += [nn.Conv2d(channels, out, 3, padding=1), nn.ReLU(True),
                           nn.Conv2d(out, out, 3, padding=1), nn.MaxPool2d(2), nn.ReLU(True),
                           nn.Dropout2d(0.1)]  # fmt: skip
                channels = out
            features, fc = channels * (size // 8) ** 2, 256
        else:
            c1, c2, fc = (16, 32, 1024) if kind == "wide" else (10, 20, 50)
            layers = [nn.Conv2d(c, c1, 5), nn.MaxPool2d(2), nn.ReLU(True), nn.Conv2d(c1, c2, 5),
                      nn.Dropout2d(), nn.MaxPool2d(2), nn.ReLU(True)]  # fmt: skip
            features = c2 * after(after(size, 5), 5) ** 2
        return nn.Sequential(*layers, nn.Flatten(), nn.Linear(features, fc), nn.ReLU(True),
                             nn.Dropout(), nn.Linear(fc, 10), nn.LogSoftmax(1))  # fmt: skip

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.localization = nn.Sequential(
                nn.Conv2d(c, l1, 7), nn.MaxPool2d(2), nn.ReLU(True),
                nn.Conv2d(l1, l2, 5), nn.MaxPool2d(2), nn.ReLU(True))
            self.fc_loc = nn.Sequential(nn.Linear(found, lf), nn.ReLU(True), nn.Linear(lf, 6))
            self.fc_loc[2].weight.data.zero_()
            self.fc_loc[2].bias.data.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))
            self.classifier = classifier()

        def forward(self, x):
            theta = self.fc_loc(self.localization(x).flatten(1)).view(-1, 2, 3)
            grid = F.affine_grid(theta, list(x.shape), align_corners=False)
            return self.classifier(F.grid_sample(x, grid, align_corners=False))

    return Net(), (c, size, size)


class Config:
    """One way to train in PyTorch; rate() continues where it stopped."""

    def __init__(self, torch, kind, threads, channels_last, compiled):
        self.torch, self.threads = torch, threads
        self.name = "%d thread%s%s%s" % (
            threads, "s" if threads > 1 else "", ", channels_last" if channels_last else "",
            ", torch.compile" if compiled else "")
        torch.manual_seed(1)
        torch.set_num_threads(threads)
        net, shape = make_network(torch, kind)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        net = net.to(memory_format=layout)
        self.optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
        self.net = torch.compile(net) if compiled else net
        pixels = torch.randint(0, 256, (16, 64) + shape)
        self.batches = [((p / 255 - 0.5) / 0.3).contiguous(memory_format=layout) for p in pixels]
        self.labels = torch.randint(0, 10, (16, 64))
        self.count = 0
        for _ in range(3):
            self.step()

    def step(self):
        i = self.count % 16
        self.count += 1
        self.optimizer.zero_grad()
        out = self.net(self.batches[i])
        self.torch.nn.functional.nll_loss(out, self.labels[i]).backward()
        self.optimizer.step()

    def rate(self, seconds):
        self.torch.set_num_threads(self.threads)
        self.step()
        start, steps = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            self.step()
            steps += 1
        return 64 * steps / (time.perf_counter() - start)


def best_config(torch, kind, seconds):
    configs = []
    for compiled in (False, True):
        for channels_last in (False, True):
            for threads in (1, 2):
                try:
                    config = Config(torch, kind, threads, channels_last, compiled)
                    rate = config.rate(seconds)
                except Exception as error:  # torch.compile wants a compiler and a lot else
                    print("  not possible here: torch.compile (%s)" % type(error).__name__)
                    continue
                print("  PyTorch, %-42s %8.0f samples/s" % (config.name, rate), flush=True)
                configs.append((rate, config))
    return max(configs, key=lambda pair: pair[0])[1]


def bench_rate(bench, kind):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.json")
        subprocess.run([bench, "--only", kind, "--batch", "64", "--json", path], check=True,
                       stdout=subprocess.DEVNULL, env=clean_environment())
        with open(path) as out:
            result = json.load(out)
    speeds = (result if kind == "train" else result[kind])["train"]
    return max(speed["samples_per_second"] for speed in speeds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--networks", default="train,wide,deep")
    args = parser.parse_args()

    if clean_environment() != dict(os.environ):  # libraries read them as they are loaded
        os.execve(sys.executable, [sys.executable] + sys.argv, clean_environment())
    try:
        import torch
    except ImportError:
        print("compare: %s has no PyTorch, so there is nothing to compare with "
              "(PYTHON=... names another Python)" % sys.executable)
        return
    names = {"train": "tutorial", "wide": "wide CIFAR-10", "deep": "cifar-deep"}
    for kind in args.networks.split(","):
        print("%s network, batch 64" % names[kind])
        best = best_config(torch, kind, args.seconds / 2)
        rounds = []
        for _ in range(args.rounds):
            rounds.append((bench_rate(args.bench, kind), best.rate(args.seconds)))
            print("  Fovea %8.0f   PyTorch %8.0f" % rounds[-1], flush=True)
        ours, theirs = (statistics.median(side) for side in zip(*rounds))
        print("  median of %d rounds: Fovea %.0f, PyTorch %s (%s) %.0f: %.1f times as fast\n" % (
            args.rounds, ours, torch.__version__, best.name, theirs, ours / theirs))


if __name__ == "__main__":
    main()
