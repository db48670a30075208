"""Runs what `mnist_stn export` writes in onnxruntime and compares.

    python tests/onnx/check_onnx.py [build/mnist_stn] [WEIGHTS.safetensors ...]

Makes random weights for every kind of network, exports each, and checks that onnxruntime gives the
same log-probabilities within 1e-4 for batches of 1 and 64 images; then the same for the weights
named. Without numpy or onnxruntime it says so and passes.
"""

import json
import pathlib
import re
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
MNIST, LARGE, COLOUR = (1, 28), (1, 42), (3, 32)


def options_of(model, *options):
    return f"--model {model}" + "".join(f" --model-option {option}" for option in options)


NETWORKS = {
    "tutorial": ("--model tutorial", MNIST),
    "tutorial, PyTorch's padding": ("--model tutorial --fill 0", MNIST),
    "tutorial-x2": ("--model tutorial-x2", MNIST),
    "tutorial-x4": ("--model tutorial-x4", MNIST),
    "tutorial-cnn": ("--model tutorial-cnn", MNIST),
    "tutorial on 42x42": ("--model tutorial", LARGE),
    "cifar": ("--model cifar", COLOUR),
    "cifar, background -1.9": ("--model cifar --fill -1.9", COLOUR),
    "cifar-cnn": ("--model cifar-cnn", COLOUR),
    "cifar-deep": ("--model cifar-deep", COLOUR),
    "fcn": ("--model fcn", MNIST),
    "cnn": ("--model cnn", MNIST),
    "st-cnn, two transformers": (options_of("st-cnn", "transformers=2"), LARGE),
    "st-fcn, two of splines": (options_of("st-fcn", "transformers=2", "warp=tps"), LARGE),
    "best-cnn": ("--model best-cnn", MNIST),
    "features": ("--model features", MNIST),
    "features, similarity": (options_of("features", "warp=similarity"), MNIST),
    "smaller output": (options_of("tutorial", "output=20"), MNIST),
    "smaller, anti-aliased": (options_of("tutorial", "output=20", "antialias=true"), LARGE),
}
FAMILIES = ["translation", "attention", "similarity", "affine", "pose:scale=1.5,angle=60",
            "projective", "tps", "tps:points=5,limit=0.3", "flow:rows=5,columns=7",
            "flow:limit=0.2"]  # fmt: skip
for warp in FAMILIES:
    NETWORKS[f"tutorial, {warp}"] = (options_of("tutorial", f"warp={warp}"), MNIST)
for warp in ("translation", "attention", "similarity", "affine", "projective"):
    NETWORKS[f"{warp}, two looks"] = (options_of("tutorial", f"warp={warp}", "steps=2"), MNIST)
for model in ("st-fcn", "st-cnn", "best"):
    for warp in ("affine", "projective", "tps"):
        NETWORKS[f"{model}, {warp}"] = (options_of(model, f"warp={warp}"), LARGE)
for sampler in ("bilinear", "nearest", "bicubic"):
    for padding in ("zeros", "border", "reflection"):
        options = options_of("tutorial", f"sampler={sampler}", f"padding={padding}")
        NETWORKS[f"{sampler}, {padding}"] = (options, MNIST)


def theta_layers(arrays):
    """The layers that say theta: the last one of each localisation network."""
    last = {}
    for name in arrays:
        if match := re.fullmatch(r"(.*?(?:localization|fc_loc))\.(\d+)\.weight", name):
            last[match[1]] = max(last.get(match[1], 0), int(match[2]))
    return {f"{place}.{index}" for place, index in last.items()
            if place.replace("localization", "fc_loc") not in last or place.endswith("fc_loc")}  # fmt: skip


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
    random, theta = numpy.random.default_rng(7), theta_layers(arrays)
    for name, array in list(arrays.items()):
        layer, kind = name.rsplit(".", 1)
        bound = 2 * numpy.prod(arrays[layer + ".weight"].shape[1:]) ** -0.5
        values = random.uniform(-bound, bound, array.shape)
        if layer in theta:
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
