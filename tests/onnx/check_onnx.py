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

# name: (channels, side, widths of localization.0, .3, fc_loc.0, conv1, conv2, fc1, background);
# a list in place of conv1: the blocks of a deep classifier
NETWORKS = {
    "tutorial": (1, 28, 8, 10, 32, 10, 20, 50, 0),
    "tutorial, background -0.42": (1, 28, 8, 10, 32, 10, 20, 50, -0.4242),
    "tutorial-x2": (1, 28, 16, 20, 64, 20, 40, 100, 0),
    "tutorial-x4": (1, 28, 32, 40, 128, 40, 80, 200, 0),
    "tutorial-cnn": (1, 28, 0, 0, 0, 10, 20, 50, 0),
    "tutorial on 42x42": (1, 42, 8, 10, 32, 10, 20, 50, 0),
    "cifar": (3, 32, 64, 128, 256, 16, 32, 1024, 0),
    "cifar, background -1.9": (3, 32, 64, 128, 256, 16, 32, 1024, -1.9),
    "cifar-cnn": (3, 32, 0, 0, 0, 16, 32, 1024, 0),
    "cifar-deep": (3, 32, 16, 32, 64, [32, 64, 128], 1, 256, 0),
}


def read_safetensors(path):
    data = pathlib.Path(path).read_bytes()
    (length,) = struct.unpack("<Q", data[:8])
    header = json.loads(data[8 : 8 + length])
    header.pop("__metadata__", None)
    arrays = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        arrays[name] = numpy.frombuffer(data[begin:end], "<f4").reshape(entry["shape"])
    return arrays


def write_safetensors(path, arrays, metadata):
    header, blobs, offset = {"__metadata__": metadata}, [], 0
    for name, array in arrays.items():
        blobs.append(array.astype("<f4").tobytes())
        end = offset + len(blobs[-1])
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": [offset, end]}
        offset = end
    text = json.dumps(header).encode()
    pathlib.Path(path).write_bytes(struct.pack("<Q", len(text)) + text + b"".join(blobs))


def random_network(path, channels, side, loc1, loc2, fc_loc, conv1, conv2, fc, fill):
    """Weights that tell images apart (twice PyTorch's), and a transform that is not the identity."""
    random = numpy.random.default_rng(7)
    arrays = {}

    def add(name, *shape):
        bound = 2 * numpy.prod(shape[1:]) ** -0.5
        arrays[name + ".weight"] = random.uniform(-bound, bound, shape)
        arrays[name + ".bias"] = random.uniform(-bound, bound, shape[:1])

    def pooled(kernel):
        return (((side - kernel + 1) // 2) - 4) // 2

    if loc1:
        add("localization.0", loc1, channels, 7, 7)
        add("localization.3", loc2, loc1, 5, 5)
        add("fc_loc.0", fc_loc, loc2 * pooled(7) ** 2)
        add("fc_loc.2", 6, fc_loc)
        arrays["fc_loc.2.weight"] /= 8
        arrays["fc_loc.2.bias"] = numpy.array([0.9, 0.3, 0.1, -0.3, 1.2, -0.2])
    blocks = conv1 if isinstance(conv1, list) else []
    for i, (width, out) in enumerate(zip([channels] + blocks, blocks)):
        add(f"features.{6 * i}", out, width, 3, 3)
        add(f"features.{6 * i + 2}", out, out, 3, 3)
    if blocks:
        conv1 = 1
        add("fc1", fc, blocks[-1] * (side >> len(blocks)) ** 2)
    else:
        add("conv1", conv1, channels, 5, 5)
        add("conv2", conv2, conv1, 5, 5)
        add("fc1", fc, conv2 * pooled(5) ** 2)
    add("fc2", 10, fc)
    model = {
        "name": "check", "input": [channels, side, side], "transformer": bool(loc1), "fill": fill,
        "mean": [0.4] * channels, "stddev": [0.25] * channels,
        "class_names": [str(i) for i in range(10)], "classes": 10, "localization1": loc1 or 1,
        "localization2": loc2 or 1, "localization_fc": fc_loc or 1, "conv1": conv1, "conv2": conv2,
        "fc": fc, "blocks": blocks,
    }  # fmt: skip
    write_safetensors(path, arrays, {"fovea.format": "1", "fovea.model": json.dumps(model)})


def check(program, name, weights, folder):
    exported, samples = folder / "network.onnx", folder / "samples.safetensors"
    subprocess.run(
        [program, "export", "--weights", weights, "--onnx", exported, "--samples", samples],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    if onnx:
        onnx.checker.check_model(str(exported), full_check=True)
    expected = read_safetensors(samples)
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
        for network, widths in NETWORKS.items():
            weights = folder / "weights.safetensors"
            random_network(weights, *widths)
            good &= check(program, network, weights, folder)
        for weights in sys.argv[2:]:
            good &= check(program, pathlib.Path(weights).name, weights, folder)
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
