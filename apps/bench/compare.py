"""Runs the same networks and operations here (build/bench) and in PyTorch, in turns: the ratios.

Usage: compare.py BENCH [--rounds N] [--seconds S] [--networks train,wide,deep] [--no-operations]

Networks train and are evaluated on batches that are in memory already; PyTorch gets its best of 1
and 2 threads, with and without channels_last and torch.compile. Operations run on one thread on
either side, forward and backward; PyTorch gets its better memory format. Neither side sees
environment variables that hold it back. Figures are medians of the rounds.
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
    """One way to run a network in PyTorch; rate() continues where it stopped."""

    def __init__(self, torch, kind, training, threads, channels_last, compiled):
        self.torch, self.threads, self.training = torch, threads, training
        self.name = "%d thread%s%s%s" % (
            threads, "s" if threads > 1 else "", ", channels_last" if channels_last else "",
            ", torch.compile" if compiled else "")
        torch.manual_seed(1)
        torch.set_num_threads(threads)
        net, shape = make_network(torch, kind)
        layout = torch.channels_last if channels_last else torch.contiguous_format
        net = net.to(memory_format=layout).train(training)
        self.optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
        self.net = torch.compile(net) if compiled else net
        self.batch = 64 if training else evaluation_batch(kind)
        pixels = torch.randint(0, 256, (max(2, 1024 // self.batch), self.batch) + shape)
        self.batches = [((p / 255 - 0.5) / 0.3).contiguous(memory_format=layout) for p in pixels]
        self.labels = torch.randint(0, 10, (len(self.batches), self.batch))
        self.count = 0
        for _ in range(3):
            self.step()

    def step(self):
        i = self.count % len(self.batches)
        self.count += 1
        if not self.training:
            with self.torch.inference_mode():
                return self.net(self.batches[i])
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
        return self.batch * steps / (time.perf_counter() - start)


def evaluation_batch(kind):
    """As bench has it."""
    return 1024 if kind == "train" else 256


def best_config(torch, kind, training, seconds):
    configs = []
    for compiled in (False, True):
        for channels_last in (False, True):
            for threads in (1, 2):
                torch._dynamo.reset()  # every setting is compiled anew
                try:
                    config = Config(torch, kind, training, threads, channels_last, compiled)
                    rate = config.rate(seconds)
                except Exception as error:  # torch.compile wants a compiler and a lot else
                    print("  not possible here: torch.compile (%s)" % type(error).__name__)
                    continue
                print("  PyTorch, %-42s %8.0f samples/s" % (config.name, rate), flush=True)
                configs.append((rate, config))
    return max(configs, key=lambda pair: pair[0])[1]


def bench_json(bench, *arguments):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "bench.json")
        subprocess.run([bench, "--json", path, *arguments], check=True, stdout=subprocess.DEVNULL,
                       env=clean_environment())
        with open(path) as out:
            return json.load(out)


def bench_rate(bench, kind, training):
    part = kind if training or kind != "train" else "eval"
    result = bench_json(bench, "--only", part, "--batch", "64")
    speeds = (result if kind == "train" else result[kind])["train" if training else "eval"]
    return max(speed["samples_per_second"] for speed in speeds)


def compare_network(torch, args, kind, training):
    best = best_config(torch, kind, training, args.seconds / 2)
    rounds = []
    for _ in range(args.rounds):
        rounds.append((bench_rate(args.bench, kind, training), best.rate(args.seconds)))
        print("  Fovea %8.0f   PyTorch %8.0f" % rounds[-1], flush=True)
    ours, theirs = (statistics.median(side) for side in zip(*rounds))
    print("  median of %d rounds: Fovea %.0f, PyTorch %s (%s) %.0f: %.1f times as fast\n" % (
        args.rounds, ours, torch.__version__, best.name, theirs, ours / theirs), flush=True)
    return ours, theirs


def operation(torch, case, layout):
    """Returns (run, input, parameters) of an operation of bench on 64 samples."""
    F, sizes, batch = torch.nn.functional, dict(case["sizes"]), 64
    if case["operation"] == "linear":
        layer = torch.nn.Linear(sizes["in"], sizes["out"])
        return layer, torch.randn(batch, sizes["in"], requires_grad=True), list(layer.parameters())
    x = torch.randn(batch, sizes["in"], sizes["height"], sizes["width"])
    x = x.contiguous(memory_format=layout).requires_grad_()
    if case["operation"] == "conv2d":
        layer = torch.nn.Conv2d(sizes["in"], sizes["out"], sizes["kernel"],
                                padding=sizes["padding"]).to(memory_format=layout)
        return layer, x, list(layer.parameters())
    if case["operation"] == "max_pool2d":
        return (lambda x: F.max_pool2d(x, 2)), x, []
    if case["operation"] == "grid_sample":
        grid = torch.randn(batch, sizes["height"], sizes["width"], 2) * 0.4
        return (lambda x: F.grid_sample(x, grid, align_corners=False)), x, []
    raise ValueError("compare.py does not know the operation " + case["operation"])


def operation_times(torch, case, seconds):
    """Microseconds a sample on one thread: forward, and backward to everything; the better format."""
    torch.set_num_threads(1)
    best = None
    for layout in (torch.contiguous_format, torch.channels_last):
        run, x, parameters = operation(torch, case, layout)
        seed = torch.randn_like(run(x))
        times, end = [], time.perf_counter() + seconds
        while time.perf_counter() < end or len(times) < 4:
            start = time.perf_counter()
            y = run(x)
            middle = time.perf_counter()
            torch.autograd.grad(y, [x] + parameters, seed)
            times.append((middle - start, time.perf_counter() - middle))
        both = [1e6 / 64 * statistics.median(side) for side in zip(*times)]
        if best is None or sum(both) < sum(best):
            best = both
    return best


def compare_operations(torch, args):
    rounds = []
    for _ in range(args.rounds):
        ours = bench_json(args.bench, "--only", "operations")["operations"]
        rounds.append([(case, operation_times(torch, case, args.seconds / 10)) for case in ours])
    print("operations, us a sample on one thread (Fovea / PyTorch), medians of %d rounds" %
          args.rounds)
    print("  %-34s %18s %8s %18s %8s" % ("", "forward", "", "backward", ""))
    for turns in zip(*rounds):
        forward = statistics.median(case["forward"]["us_per_sample"] for case, _ in turns)
        backward = statistics.median(
            sum(case[part]["us_per_sample"] for part in ("input_grad", "weight_grad")
                if part in case) for case, _ in turns)
        theirs = [statistics.median(side) for side in zip(*(times for _, times in turns))]
        print("  %-34s %8.2f %9.2f %6.1f x %8.2f %9.2f %6.1f x" % (
            turns[0][0]["name"], forward, theirs[0], theirs[0] / forward,
            backward, theirs[1], theirs[1] / backward))
    print()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("bench")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2)
    parser.add_argument("--networks", default="train,wide,deep")
    parser.add_argument("--no-operations", action="store_true")
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
    table = []
    for kind in filter(None, args.networks.split(",")):
        for training in (True, False):
            what = "training, batch 64" if training else "evaluation, batch %d" % (
                evaluation_batch(kind))
            print("%s network, %s" % (names[kind], what))
            table.append((names[kind], what) + compare_network(torch, args, kind, training))
    if not args.no_operations:
        compare_operations(torch, args)
    print("samples/s, medians of %d rounds" % args.rounds)
    for name, what, ours, theirs in table:
        print("  %-14s %-24s Fovea %8.0f  PyTorch %8.0f  %5.1f x" % (
            name, what, ours, theirs, ours / theirs))


if __name__ == "__main__":
    main()
