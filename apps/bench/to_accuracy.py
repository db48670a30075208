"""Time to an accuracy on held-out training images: mnist_stn beside PyTorch, the same recipe.

Usage: to_accuracy.py MNIST_STN --data DIR --network train|deep --target PERCENT --epochs N
                      [--seeds 1,2,3] [--lr X] [--loc-scale X] [--weight-decay X] [--no-torch]

Both train with AdamW and PyTorch's one-cycle schedule over N epochs of the training images without
5,000, batch 64, no augmentation; what is told is the first epoch whose accuracy on those 5,000 is
at least the target, the seconds of training up to it (loading and judging are not in them), and
the seconds of an epoch. DIR: MNIST's four files, or folders train/CLASS/*.jpg. PyTorch runs as
compare.py found it fastest: two threads, channels_last.
"""

import argparse
import csv
import gzip
import os
import statistics
import subprocess
import tempfile
import time

from compare_networks import torch_network


def fovea_run(args, seed):
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run([
            args.program, "train", "--data", args.data, "--validation", "5000", "--model",
            {"train": "tutorial", "deep": "cifar-deep"}[args.network], "--epochs",
            str(args.epochs), "--lr", str(args.lr), "--lr-loc-scale", str(args.loc_scale),
            "--weight-decay", str(args.weight_decay), "--no-augment", "--seed", str(seed),
            "--out", os.path.join(folder, "run"), "--quiet"], check=True,
            stdout=subprocess.DEVNULL)  # fmt: skip
        with open(os.path.join(folder, "run", "log.csv")) as log:
            rows = [row for row in csv.DictReader(log) if row["kind"] == "epoch"]
    # `seconds` is the run's so far; an epoch's training is its images by its rate.
    images = 45000 if args.network == "deep" else 55000
    return [(100 * float(row["validation_accuracy"]), images / float(row["samples_per_second"]))
            for row in rows]


def read_idx(path):
    import numpy
    with (gzip.open(path + ".gz") if os.path.exists(path + ".gz") else open(path, "rb")) as file:
        data = numpy.frombuffer(file.read(), numpy.uint8)
    offset = 4 + 4 * data[3]
    shape = [int.from_bytes(data[4 + 4 * i:8 + 4 * i].tobytes(), "big") for i in range(data[3])]
    return data[offset:].reshape(shape)


def read_images(folder):
    """Training images [N, C, H, W] of bytes, and their classes."""
    import numpy
    if not os.path.isdir(os.path.join(folder, "train")):
        images = read_idx(os.path.join(folder, "train-images-idx3-ubyte"))
        return images[:, None], read_idx(os.path.join(folder, "train-labels-idx1-ubyte"))
    from PIL import Image
    images, labels = [], []
    for label, name in enumerate(sorted(os.listdir(os.path.join(folder, "train")))):
        for file in sorted(os.listdir(os.path.join(folder, "train", name))):
            images.append(numpy.asarray(Image.open(os.path.join(folder, "train", name, file))))
            labels.append(label)
    return numpy.stack(images).transpose(0, 3, 1, 2), numpy.array(labels)


def torch_run(torch, args, seed, images, labels):
    """Accuracy and seconds of training of every epoch."""
    torch.manual_seed(seed)
    torch.set_num_threads(2)
    x = torch.tensor(images).float() / 255
    axes = (0, 2, 3)
    x = (x - x.mean(axes, keepdim=True)) / x.std(axes, keepdim=True)
    x = x.contiguous(memory_format=torch.channels_last)
    y = torch.tensor(labels).long()
    order = torch.randperm(len(x))
    held_out, rest = order[:5000], order[5000:]
    net = torch_network(torch, args.network).to(memory_format=torch.channels_last)
    if args.network == "deep":  # as Fovea's starts: He's uniform in the classifier's convolutions
        for layer in net.classifier:
            if isinstance(layer, torch.nn.Conv2d):
                torch.nn.init.kaiming_uniform_(layer.weight, nonlinearity="relu")
    finder = list(net.localization.parameters()) + list(net.regression.parameters())
    rates = [args.lr * args.loc_scale, args.lr]
    optimizer = torch.optim.AdamW([{"params": finder}, {"params": net.classifier.parameters()}],
                                  lr=args.lr, weight_decay=args.weight_decay)
    steps = (len(rest) + 63) // 64
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, rates,
                                                   total_steps=steps * args.epochs)
    epochs = []
    for _ in range(args.epochs):
        start = time.perf_counter()
        net.train()
        shuffled = rest[torch.randperm(len(rest))]
        for batch in shuffled.split(64):
            optimizer.zero_grad()
            torch.nn.functional.nll_loss(net(x[batch]), y[batch]).backward()
            optimizer.step()
            schedule.step()
        seconds = time.perf_counter() - start
        net.eval()
        with torch.inference_mode():
            right = sum((net(x[b]).argmax(1) == y[b]).sum().item() for b in held_out.split(250))
        epochs.append((100 * right / len(held_out), seconds))
    return epochs


def tell(name, args, seed, epochs):
    """epochs: accuracy and seconds of training of each"""
    reached = next((i for i, (accuracy, _) in enumerate(epochs) if accuracy >= args.target), None)
    each = statistics.median(seconds for _, seconds in epochs)
    line = "  %-8s seed %d: " % (name, seed)
    if reached is None:
        line += "not reached in %d epochs, best %.2f%%" % (
            len(epochs), max(accuracy for accuracy, _ in epochs))
    else:
        line += "epoch %d, %.1f s" % (reached + 1, sum(s for _, s in epochs[:reached + 1]))
    print(line + ", %.2f s an epoch; last %.2f%%" % (each, epochs[-1][0]), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("program")
    parser.add_argument("--data", required=True)
    parser.add_argument("--network", choices=("train", "deep"), required=True)
    parser.add_argument("--target", type=float, required=True)
    parser.add_argument("--epochs", type=int, required=True)
    parser.add_argument("--seeds", default="1,2,3")
    parser.add_argument("--lr", type=float, default=0.004)
    parser.add_argument("--loc-scale", type=float, default=1.0)
    parser.add_argument("--weight-decay", type=float, default=0.01)
    parser.add_argument("--no-torch", action="store_true")
    args = parser.parse_args()
    seeds = [int(seed) for seed in args.seeds.split(",")]
    print("to %g%% of held-out training images, %d epochs" % (args.target, args.epochs))
    for seed in seeds:
        tell("Fovea", args, seed, fovea_run(args, seed))
    if not args.no_torch:
        import torch
        images, labels = read_images(args.data)
        for seed in seeds:
            tell("PyTorch", args, seed, torch_run(torch, args, seed, images, labels))


if __name__ == "__main__":
    main()
