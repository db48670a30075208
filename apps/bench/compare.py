"""Runs the same networks and operations here (build/bench), in PyTorch and in JAX, in turns.

Usage: compare.py BENCH [--rounds N] [--seconds S] [--networks train,wide,...] [--no-operations]
                        [--setting '2 threads, channels_last']

Networks (compare_networks.py) train and are evaluated on batches that are in memory already;
PyTorch gets its best of 1 and 2 threads, with and without channels_last and torch.compile (found
anew for each network, or given by --setting); JAX, where it is installed, compiles whole steps and
uses the threads that it likes. Operations run on one thread on either side, forward and backward;
PyTorch gets its better memory format. Nobody sees environment variables that hold it back. Figures
are medians of the rounds.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from compare_networks import NETWORKS, jax_network, torch_network

HAMPERING = ("OPENBLAS_", "OMP_", "GOMP_", "KMP_", "MKL_", "DNNL_", "ONEDNN_", "ATEN_", "GOTO_",
             "XLA_")


def clean_environment():
    return {k: v for k, v in os.environ.items() if not k.startswith(HAMPERING)}


def setting_name(threads, channels_last, compiled):
    return "%d thread%s%s%s" % (
        threads, "s" if threads > 1 else "", ", channels_last" if channels_last else "",
        ", torch.compile" if compiled else "")


class Peer:
    """What takes steps of `batch` samples; rate() continues where it stopped."""

    def prepare(self):
        """Called before each measurement."""

    def rate(self, seconds):
        self.prepare()
        self.step()
        start, steps = time.perf_counter(), 0
        while time.perf_counter() - start < seconds:
            self.step()
            steps += 1
        return self.batch * steps / (time.perf_counter() - start)


class Config(Peer):
    """One way to run a network in PyTorch."""

    def __init__(self, torch, kind, training, threads, channels_last, compiled):
        self.torch, self.threads, self.training = torch, threads, training
        self.name = setting_name(threads, channels_last, compiled)
        torch.manual_seed(1)
        torch.set_num_threads(threads)
        net, shape = torch_network(torch, kind), NETWORKS[kind]["image"]
        layout = torch.channels_last if channels_last else torch.contiguous_format
        net = net.to(memory_format=layout).train(training)
        self.optimizer = torch.optim.SGD(net.parameters(), lr=0.01)
        self.net = torch.compile(net) if compiled else net
        self.batch = 64 if training else NETWORKS[kind]["evaluation_batch"]
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

    def prepare(self):
        self.torch.set_num_threads(self.threads)


class JaxConfig(Peer):
    """Whole steps, compiled."""

    def __init__(self, jax, kind, training):
        spec, jnp = NETWORKS[kind], jax.numpy
        self.jax, self.count, self.training = jax, 0, training
        self.batch = 64 if training else spec["evaluation_batch"]
        self.parameters, apply = jax_network(jax, kind)
        channels, height, width = spec["image"]
        count = max(2, 1024 // self.batch)
        keys = jax.random.split(jax.random.PRNGKey(2), 3)
        self.key = keys[2]
        images = jax.random.uniform(keys[0], (count, self.batch, height, width, channels))
        self.batches = list((images - 0.5) / 0.3)
        self.labels = list(jax.random.randint(keys[1], (count, self.batch), 0, 10))

        def loss(parameters, x, labels, key):
            out = apply(parameters, x, key)
            return -jnp.mean(jnp.take_along_axis(out, labels[:, None], 1))

        def step(parameters, x, labels, key):
            key, own = jax.random.split(key)
            grads = jax.grad(loss)(parameters, x, labels, own)
            return jax.tree.map(lambda p, g: p - 0.01 * g, parameters, grads), key

        self.train = jax.jit(step, donate_argnums=(0,))
        self.evaluate = jax.jit(apply)
        for _ in range(3):
            self.step()

    def step(self):
        i = self.count % len(self.batches)
        self.count += 1
        if self.training:
            self.parameters, self.key = self.train(self.parameters, self.batches[i],
                                                   self.labels[i], self.key)
            done = self.parameters
        else:
            done = self.evaluate(self.parameters, self.batches[i])
        self.jax.block_until_ready(done)


def best_config(torch, kind, training, seconds, setting):
    configs = []
    for compiled in (False, True):
        for channels_last in (False, True):
            for threads in (1, 2):
                if setting not in (None, setting_name(threads, channels_last, compiled)):
                    continue
                torch._dynamo.reset()  # every setting is compiled anew
                try:
                    config = Config(torch, kind, training, threads, channels_last, compiled)
                    rate = config.rate(seconds)
                except Exception as error:  # torch.compile wants a compiler and a lot else
                    print("  not possible here: torch.compile (%s)" % type(error).__name__)
                    continue
                print("  PyTorch, %-42s %8.0f samples/s" % (config.name, rate), flush=True)
                configs.append((rate, config))
    if not configs:
        sys.exit("compare: PyTorch has no setting '%s' here" % setting)
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


def compare_network(torch, jax, args, kind, training):
    """Medians of the rounds: Fovea, PyTorch, JAX or None."""
    best = best_config(torch, kind, training, args.seconds / 2, args.setting)
    peers = [best] + ([JaxConfig(jax, kind, training)] if jax else [])
    rounds = []
    for _ in range(args.rounds):
        rounds.append([bench_rate(args.bench, kind, training)] +
                      [peer.rate(args.seconds) for peer in peers])
        print("  Fovea, PyTorch%s: %s" % (", JAX" if jax else "",
              ", ".join("%.0f" % rate for rate in rounds[-1])), flush=True)
    medians = [statistics.median(side) for side in zip(*rounds)]
    print("  PyTorch %s with %s\n" % (torch.__version__, best.name), flush=True)
    return medians + [None] * (2 - len(peers))


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
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--no-operations", action="store_true")
    parser.add_argument("--setting")
    args = parser.parse_args()

    if clean_environment() != dict(os.environ):  # libraries read them as they are loaded
        os.execve(sys.executable, [sys.executable] + sys.argv, clean_environment())
    try:
        import torch
    except ImportError:
        print("compare: %s has no PyTorch, so there is nothing to compare with "
              "(PYTHON=... names another Python)" % sys.executable)
        return
    try:
        import jax
    except ImportError:
        jax = None
        print("compare: no JAX here, so PyTorch alone")
    table = []
    for kind in filter(None, args.networks.split(",")):
        for training in (True, False):
            name, batch = NETWORKS[kind]["name"], NETWORKS[kind]["evaluation_batch"]
            what = "training, batch 64" if training else "evaluation, batch %d" % batch
            print("%s network, %s" % (name, what))
            table.append((name, what, compare_network(torch, jax, args, kind, training)))
    if not args.no_operations:
        compare_operations(torch, args)
    print("samples/s, medians of %d rounds" % args.rounds)
    for name, what, (ours, torchs, jaxs) in table:
        line = "  %-14s %-22s Fovea %8.0f  PyTorch %8.0f  %5.1f x" % (
            name, what, ours, torchs, ours / torchs)
        print(line + ("  JAX %8.0f  %5.1f x" % (jaxs, ours / jaxs) if jaxs else ""))


if __name__ == "__main__":
    main()
