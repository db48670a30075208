"""Trains the same two networks here (build/bench) and in PyTorch, in turns, and prints the ratio.

Usage: compare.py BENCH [--rounds N] [--seconds S]

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


def make_network(torch, wide):
    """The network of apps/networks/network.h, as the PyTorch tutorial writes it."""
    nn, F = torch.nn, torch.nn.functional
    c, size, l1, l2, lf, c1, c2, fc = (
        (3, 32, 64, 128, 256, 16, 32, 1024) if wide else (1, 28, 8, 10, 32, 10, 20, 50)
    )

    def after(extent, kernel):
        return (extent - kernel + 1) // 2

    found = l2 * after(after(size, 7), 5) ** 2
    features = c2 * after(after(size, 5), 5) ** 2

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv1 = nn.Conv2d(c, c1, 5)
            self.conv2 = nn.Conv2d(c1, c2, 5)
            self.conv2_drop = nn.Dropout2d()
            self.fc1 = nn.Linear(features, fc)
            self.fc2 = nn.Linear(fc, 10)
            self.localization = nn.Sequential(
                nn.Conv2d(c, l1, 7), nn.MaxPool2d(2), nn.ReLU(True),
                nn.Conv2d(l1, l2, 5), nn.MaxPool2d(2), nn.ReLU(True))
            self.fc_loc = nn.Sequential(nn.Linear(found, lf), nn.ReLU(True), nn.Linear(lf, 6))
            self.fc_loc[2].weight.data.zero_()
            self.fc_loc[2].bias.data.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))

        def forward(self, x):
            theta = self.fc_loc(self.localization(x).flatten(1)).view(-1, 2, 3)
            grid = F.affine_grid(theta, list(x.shape), align_corners=False)
            x = F.grid_sample(x, grid, align_corners=False)
            x = F.relu(F.max_pool2d(self.conv1(x), 2))
            x = F.relu(F.max_pool2d(self.conv2_drop(self.conv2(x)), 2))
            x = F.relu(self.fc1(x.flatten(1)))
            x = F.dropout(x, training=self.training)
            return F.log_softmax(self.fc2(x), dim=1)

    return Net(), (c, size, size)


class Config:
    """One way to train in PyTorch; rate() continues where it stopped."""

    def __init__(self, torch, wide, threads, channels_last, compiled):
        self.torch, self.threads = torch, threads
        self.name = "%d thread%s%s%s" % (
            threads, "s" if threads > 1 else "", ", channels_last" if channels_last else "",
            ", torch.compile" if compiled else "")
        torch.manual_seed(1)
        torch.set_num_threads(threads)
        net, shape = make_network(torch, wide)
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


def best_config(torch, wide, seconds):
    configs = []
    for compiled in (False, True):
        for channels_last in (False, True):
            for threads in (1, 2):
                try:
                    config = Config(torch, wide, threads, channels_last, compiled)
                    rate = config.rate(seconds)
                except Exception as error:  # torch.compile wants a compiler and a lot else
                    print("  not possible here: torch.compile (%s)" % type(error).__name__)
                    continue
                print("  PyTorch, %-42s %8.0f samples/s" % (config.name, rate), flush=True)
                configs.append((rate, config))
    return max(configs, key=lambda pair: pair[0])[1]


def bench_rate(bench, wide):
    section = "wide" if wide else "train"
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.json")
        subprocess.run([bench, "--only", section, "--batch", "64", "--json", path], check=True,
                       stdout=subprocess.DEVNULL, env=clean_environment())
        with open(path) as out:
            result = json.load(out)
    speeds = (result["wide"] if wide else result)["train"]
    return max(speed["samples_per_second"] for speed in speeds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    args = parser.parse_args()

    if clean_environment() != dict(os.environ):  # libraries read them as they are loaded
        os.execve(sys.executable, [sys.executable] + sys.argv, clean_environment())
    try:
        import torch
    except ImportError:
        print("compare: %s has no PyTorch, so there is nothing to compare with "
              "(PYTHON=... names another Python)" % sys.executable)
        return
    for wide in (False, True):
        print("%s network, batch 64" % ("wide CIFAR-10" if wide else "tutorial"))
        best = best_config(torch, wide, args.seconds / 2)
        rounds = []
        for _ in range(args.rounds):
            rounds.append((bench_rate(args.bench, wide), best.rate(args.seconds)))
            print("  Fovea %8.0f   PyTorch %8.0f" % rounds[-1], flush=True)
        ours, theirs = (statistics.median(side) for side in zip(*rounds))
        print("  median of %d rounds: Fovea %.0f, PyTorch %s (%s) %.0f: %.1f times as fast\n" % (
            args.rounds, ours, torch.__version__, best.name, theirs, ours / theirs))


if __name__ == "__main__":
    main()
