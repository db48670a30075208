"""Runs what `mnist_stn export` writes in onnxruntime and compares.

    python tests/onnx/check_onnx.py [build/mnist_stn] [WEIGHTS.safetensors ...]

Makes random weights for every kind of network, exports each, and checks that onnxruntime gives the
same log-probabilities within 1e-4 for batches of 1 and 64 images; then the same for the weights
named. Without numpy or onnxruntime it says so and passes.
"""

import json
import pathlib
import struct
import subprocess
import sys
import tempfile

try:
    import numpy
    import onnxruntime
except ImportError as error:
    print(f"skipped: {error}; `pip install numpy onnxruntime` to check exported networks")
    sys.exit(0)

try:
    import onnx
except ImportError:
    onnx = None
    print("not checked by the current onnx.checker: onnx is not installed")

TOLERANCE = 1e-4

# Options of `train` that make one of each kind of network; of images of which size.
MNIST, COLOUR = (1, 28), (3, 32)
NETWORKS = {
    "tutorial": ("--model tutorial", MNIST),
    "tutorial, PyTorch's padding": ("--model tutorial --fill 0", MNIST),
    "tutorial, translation": ("--model tutorial --model-option warp=translation", MNIST),
    "tutorial, attention": ("--model tutorial --model-option warp=attention", MNIST),
    "tutorial, similarity": ("--model tutorial --model-option warp=similarity", MNIST),
    "tutorial, bicubic": ("--model tutorial --model-option sampler=bicubic", MNIST),
    "tutorial, bicubic, border": (
        "--model tutorial --model-option sampler=bicubic --model-option padding=border", MNIST),
    "tutorial, reflection": ("--model tutorial --model-option padding=reflection", MNIST),
    "tutorial, nearest": ("--model tutorial --model-option sampler=nearest", MNIST),
    "tutorial-x2": ("--model tutorial-x2", MNIST),
    "tutorial-x4": ("--model tutorial-x4", MNIST),
    "tutorial-cnn": ("--model tutorial-cnn", MNIST),
    "tutorial on 42x42": ("--model tutorial", (1, 42)),
    "cifar": ("--model cifar", COLOUR),
    "cifar, background -1.9": ("--model cifar --fill -1.9", COLOUR),
    "cifar-cnn": ("--model cifar-cnn", COLOUR),
    "cifar-deep": ("--model cifar-deep", COLOUR),
    "fcn": ("--model fcn", MNIST),
    "cnn": ("--model cnn", MNIST),
    "st-fcn on 42x42": ("--model st-fcn", (1, 42)),
    "st-cnn": ("--model st-cnn", MNIST),
    "st-cnn, two transformers": ("--model st-cnn --model-option transformers=2", (1, 42)),
    "best on 42x42": ("--model best", (1, 42)),
    "best-cnn": ("--model best-cnn", MNIST),
    "features": ("--model features", MNIST),
    "features, similarity": ("--model features --model-option warp=similarity", MNIST),
}
# The layers that say theta.
THETA = ("fc_loc.2", "3.localization.8")


def read_safetensors(path):
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    arrays = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        arrays[name] = numpy.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
    return arrays, metadata


def write_safetensors(path, arrays, metadata):
    header, blobs, offset = {"__metadata__": metadata}, [], 0
    for name, array in arrays.items():
        blobs.append(array.astype("<f4").tobytes())
        end = offset + len(blobs[-1])
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def write_images(folder, channels, side):
    """A few random images of two classes, as PGM or PPM files."""
    random = numpy.random.default_rng(3)
    for split in ("train", "test"):
        for name in "ab":
            place = folder / split / name
            place.mkdir(parents=True)
            for i in range(4):
                pixels = random.integers(0, 256, side * side * channels, dtype=numpy.uint8)
                kind = "P5" if channels == 1 else "P6"
                (place / f"{i}.{'pgm' if channels == 1 else 'ppm'}").write_bytes(
                    f"{kind} {side} {side} 255\n".encode() + pixels.tobytes())


def random_network(program, options, size, folder):
    """Weights that tell images apart (twice PyTorch's), and a transform that is not the identity."""
    images, run = folder / f"images-{size[0]}-{size[1]}", folder / "run"
    if not images.exists():
        write_images(images, *size)
    subprocess.run(
        [program, "train", *options.split(), "--data", images, "--epochs", "1", "--quiet", "--out",
         run, "--overwrite"],
        check=True, stdout=subprocess.DEVNULL)  # fmt: skip
    arrays, metadata = read_safetensors(run / "best.safetensors")
    random = numpy.random.default_rng(7)
    for name, array in list(arrays.items()):
        layer, kind = name.rsplit(".", 1)
        bound = 2 * numpy.prod(arrays[layer + ".weight"].shape[1:]) ** -0.5
        values = random.uniform(-bound, bound, array.shape)
        if layer in THETA:
            values = values / 8 if kind == "weight" else array + random.uniform(-0.3, 0.3, array.shape)
        arrays[name] = values
    metadata.pop("fovea.crc32", None)
    weights = folder / "weights.safetensors"
    write_safetensors(weights, arrays, metadata)
    return weights


def check(program, name, weights, folder):
    exported, samples = folder / "network.onnx", folder / "samples.safetensors"
    subprocess.run(
        [program, "export", "--weights", weights, "--onnx", exported, "--samples", samples],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    if onnx:
        onnx.checker.check_model(str(exported), full_check=True)
    expected, _ = read_safetensors(samples)
    session = onnxruntime.InferenceSession(str(exported), providers=["CPUExecutionProvider"])
    worst = 0
    for batch in (1, 64):
        images = expected["images"][:batch]
        (found,) = session.run(["log_probabilities"], {"images": images})
        difference = numpy.abs(found - expected["log_probabilities"][:batch]).max()
        worst = max(worst, float(difference) if numpy.isfinite(found).all() else numpy.inf)
    good = worst <= TOLERANCE
    print(f"{'ok    ' if good else 'FAILED'}  {name:28} largest difference {worst:.2e}")
    return good


def main():
    program = sys.argv[1] if len(sys.argv) > 1 else "build/mnist_stn"
    print(f"onnxruntime {onnxruntime.__version__}")
    good = True
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        for network, (options, size) in NETWORKS.items():
            weights = random_network(program, options, size, folder)
            good &= check(program, network, weights, folder)
        for weights in sys.argv[2:]:
            good &= check(program, pathlib.Path(weights).name, weights, folder)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
