"""Golden values of the samplers of layers/kernels/tap_sampler.cpp, bicubic and of volumes, and of
affine_grid3d: writes sampler_bicubic.json, sampler_volume.json,
sampler_volume_kinks.json (see sampler.py), sampler_nonfinite.json (coordinates that are NaN,
infinite or far outside, for all samplers: values only, because PyTorch 2.13's backward pass reads
out of bounds there) and sampler_pixels.json (pixels that are NaN or infinite)."""

import itertools
import pathlib

import torch
import torch.nn.functional as F

from cases import Cases, PerSample
from sampling import MODES, PADDINGS, Grid, sample

HERE = pathlib.Path(__file__).parent


class Pixels(PerSample):
    """A fifth of them not finite: with weight 0 they count where PyTorch lets them count."""

    def draw(self, generator):
        values = super().draw(generator)
        bad = torch.tensor([float("nan"), float("inf"), -float("inf")])
        chosen = bad[torch.randint(3, values.shape, generator=generator)]
        return torch.where(torch.rand(values.shape, generator=generator) < 0.2, chosen, values)


class Points(PerSample):
    """One of the values named, along an axis that changes from point to point; 0.1 elsewhere."""

    def draw(self, generator):
        bad = [float("nan"), float("inf"), -float("inf"), 50.3, -50.3]
        grid = torch.full((16, *self.shape), 0.1)
        axes = self.shape[-1]
        flat = grid.view(16, -1, axes)
        for sample, point in itertools.product(range(16), range(flat.shape[1])):
            flat[sample, point, (sample + point) % axes] = bad[(sample * 3 + point) % len(bad)]
        return grid


cases = Cases(seed=7)
for padding, align_corners in itertools.product(PADDINGS, (False, True)):
    sample(cases, PerSample(2, 2, 3), PerSample(1, 2, 2, low=-2.5, high=2.5), "bicubic", padding,
           align_corners)
    sample(cases, PerSample(1, 1, 1), PerSample(1, 1, 2, low=-2, high=2), "bicubic", padding,
           align_corners, name="1x1_")
    sample(cases, PerSample(1, 1, 4), PerSample(1, 1, 2, low=-4, high=4), "bicubic", padding,
           align_corners, name="1x5_")
    sample(cases, PerSample(1, 4, 2), Grid(2, 1, 2, low=-3, high=3), "bicubic", padding,
           align_corners, name="kinks_")
for align_corners in (False, True):
    sample(cases, PerSample(1, 2, 3), PerSample(1, 2, 2, low=-2, high=2), "bicubic", "zeros",
           align_corners, fill=-0.424)
cases.write(HERE / "sampler_bicubic.py")

cases = Cases(seed=8)
for mode, padding, align_corners in itertools.product(("bilinear", "nearest"), PADDINGS,
                                                      (False, True)):
    sample(cases, PerSample(1, 2, 2, 3), PerSample(1, 1, 2, 3, low=-2.5, high=2.5), mode,
           padding, align_corners)
    sample(cases, PerSample(2, 1, 2, 1), PerSample(1, 1, 1, 3, low=-3, high=3), mode, padding,
           align_corners, name="2x1_")
cases.write(HERE / "sampler_volume.py")

cases = Cases(seed=10)
for mode, padding, align_corners in itertools.product(("bilinear", "nearest"), PADDINGS,
                                                      (False, True)):
    sample(cases, PerSample(1, 2, 1, 2), Grid(1, 2, 1, 3, low=-3, high=3), mode, padding,
           align_corners, name="kinks_")
for mode in ("bilinear", "nearest"):
    sample(cases, PerSample(1, 2, 1, 3), PerSample(1, 1, 2, 3, low=-2, high=2), mode, "zeros",
           False, fill=0.7)
for (depth, height, width), align_corners in itertools.product(((1, 1, 1), (2, 3, 1)),
                                                               (False, True)):
    cases.add(f"{depth}x{height}x{width}_{align_corners}", "affine_grid3d",
              lambda t: F.affine_grid(t, (16, 1, depth, height, width), align_corners),
              [PerSample(3, 4, low=-2, high=2)],
              size=[depth, height, width], align_corners=int(align_corners))
cases.write(HERE / "sampler_volume_kinks.py")

cases = Cases(seed=9)
for mode, padding, align_corners in itertools.product(MODES, PADDINGS, (False, True)):
    sample(cases, PerSample(1, 3, 4), Points(1, 1, 2), mode, padding, align_corners,
           gradients=[], name="image_")
    if mode != "bicubic":
        sample(cases, PerSample(1, 2, 3, 2), Points(1, 1, 1, 3), mode, padding, align_corners,
               gradients=[], name="volume_")
cases.write(HERE / "sampler_nonfinite.py")

cases = Cases(seed=11)
for mode, padding, align_corners in itertools.product(MODES, PADDINGS, (False, True)):
    if mode == "bicubic":
        sample(cases, Pixels(1, 3, 4), Grid(1, 2, 2, low=-2, high=2), mode, padding, align_corners,
               name="pixels_")
    else:
        sample(cases, Pixels(1, 2, 2, 2), Grid(1, 1, 2, 3, low=-2, high=2), mode, padding,
               align_corners, name="voxels_")
cases.write(HERE / "sampler_pixels.py")
