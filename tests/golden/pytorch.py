"""Weights between PyTorch and Fovea.

Without arguments: writes pytorch.safetensors, a small network's state_dict, and pytorch.json, what
PyTorch computes with it. With a program and an empty folder: does there what the README's section
'Weights to and from PyTorch' says, word for word, and compares both programs' answers."""

import json
import os
import pathlib
import struct
import subprocess
import sys

import safetensors.torch
import torch
import torch.nn as nn
import torch.nn.functional as F

HERE = pathlib.Path(__file__).resolve().parent


class Net(nn.Module):
    """The tutorial's network in any width; `fill` is the value outside of the image."""

    def __init__(self, loc1=8, loc2=10, loc_fc=32, conv1=10, conv2=20, fc=50):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, conv1, 5), nn.Conv2d(conv1, conv2, 5)
        self.fc1, self.fc2 = nn.Linear(16 * conv2, fc), nn.Linear(fc, 10)
        self.localization = nn.Sequential(
            nn.Conv2d(1, loc1, 7), nn.MaxPool2d(2, 2), nn.ReLU(),
            nn.Conv2d(loc1, loc2, 5), nn.MaxPool2d(2, 2), nn.ReLU())
        self.fc_loc = nn.Sequential(nn.Linear(9 * loc2, loc_fc), nn.ReLU(), nn.Linear(loc_fc, 6))
        with torch.no_grad():
            self.fc_loc[2].weight *= 0.3
            self.fc_loc[2].bias.copy_(torch.tensor([0.9, 0.1, 0.05, -0.1, 1.1, -0.05]))

    def theta(self, x):
        return self.fc_loc(self.localization(x).flatten(1)).view(-1, 2, 3)

    def forward(self, x, fill=0.0):
        grid = F.affine_grid(self.theta(x), x.size(), align_corners=False)
        x = F.grid_sample(x - fill, grid, align_corners=False) + fill
        x = F.relu(F.max_pool2d(self.conv1(x), 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        return F.log_softmax(self.fc2(F.relu(self.fc1(x.flatten(1)))), 1)


def write_fixture():
    torch.manual_seed(3)
    net = Net(2, 2, 4, 2, 2, 4).eval()
    safetensors.torch.save_file(net.state_dict(), HERE / "pytorch.safetensors")
    # Image n has the byte (x * (n + 3) + y * y) % 256 at (x, y): the C++ test makes them, too.
    pixels = torch.tensor([[[[(x * (n + 3) + y * y) % 256 for x in range(28)] for y in range(28)]]
                           for n in range(3)])
    x = (pixels / 255 - 0.1307) / 0.3081
    with torch.no_grad():
        out = {"theta": net.theta(x).flatten(1).tolist(), "log_probs": net(x).tolist()}
    (HERE / "pytorch.json").write_text(json.dumps(out) + "\n")


def write_digits():
    """A little data set where the program looks for one."""
    folder = pathlib.Path("datasets/mnist")
    folder.mkdir(parents=True)
    for name, count in (("train", 640), ("t10k", 100)):
        pixels = torch.randint(0, 256, (count, 28, 28), dtype=torch.uint8).numpy().tobytes()
        labels = bytes(i % 10 for i in range(count))
        (folder / f"{name}-images-idx3-ubyte").write_bytes(
            struct.pack(">4I", 0x803, count, 28, 28) + pixels)
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + labels)


def readme_lines():
    text = (HERE.parent.parent / "README.md").read_text()
    section = text.split("## Weights to and from PyTorch")[1].split("\n## ")[0]
    return [line[4:].removeprefix("build/") for line in section.splitlines() if line.startswith("    ")]


def compare(program, net, weights, fill):
    subprocess.run([program, "export", "--weights", weights, "--onnx", "net.onnx", "--samples",
                    "samples.safetensors"], check=True, stdout=subprocess.DEVNULL)
    samples = safetensors.torch.load_file("samples.safetensors")
    with torch.no_grad():
        difference = (net(samples["images"], fill) - samples["log_probabilities"]).abs().max().item()
    print(f"{weights}: log-probabilities differ by {difference:.1e} at most")
    assert difference < 1e-4


def follow_readme(program, folder):
    os.chdir(folder)
    torch.manual_seed(5)
    net = Net().eval()
    torch.save(net.state_dict(), "stn.pt")
    write_digits()
    shell = [line for line in readme_lines() if line.startswith(("python ", "mnist_stn "))]
    assert len(shell) == 3, shell
    script = f"python() {{ '{sys.executable}' \"$@\"; }}\nmnist_stn() {{ '{program}' \"$@\"; }}\n"
    environment = {k: v for k, v in os.environ.items() if k != "FOVEA_DATA"}
    subprocess.run(["bash", "-ec", script + "\n".join(shell)], check=True, env=environment)
    compare(program, net, "stn.safetensors", 0.0)

    code = [line for line in readme_lines() if line.startswith("net.load_state_dict")]
    assert len(code) == 1
    net = Net().eval()
    exec(code[0], {"net": net, "safetensors": safetensors})
    compare(program, net, "runs/first/best.safetensors", 0.0)
    # The default recipe samples black outside of the image, not zero.
    subprocess.run([program, "train", "--epochs", "1", "--quiet", "--out", "black"], check=True,
                   env=environment)
    net.load_state_dict(safetensors.torch.load_file("black/best.safetensors"))
    with safetensors.safe_open("black/best.safetensors", "pt") as file:
        fill = json.loads(file.metadata()["fovea.model"])["fill"]
    assert fill < -0.1
    compare(program, net, "black/best.safetensors", fill)


if __name__ == "__main__":
    if len(sys.argv) == 3:
        follow_readme(os.path.abspath(sys.argv[1]), sys.argv[2])
    else:
        write_fixture()
