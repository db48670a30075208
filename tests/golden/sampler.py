"""Golden values of layers/affine_grid, grid_sample and spatial_transform: writes sampler.json
(random coordinates) and sampler_kinks.json (coordinates on pixel centres, pixel edges and the
border, where the gradient takes one side and nearest rounds; and a fill value)."""

import itertools
import pathlib

import torch.nn.functional as F

from cases import Cases, PerSample
from sampling import PADDINGS, Grid, sample

HERE = pathlib.Path(__file__).parent
MODES = ("bilinear", "nearest")

cases = Cases(seed=5)
for height, width in ((1, 1), (1, 4), (3, 2)):
    for align_corners in (False, True):
        cases.add(f"{height}x{width}_{align_corners}", "affine_grid",
                  lambda t: F.affine_grid(t, (16, 1, height, width), align_corners),
                  [PerSample(2, 3, low=-2, high=2)],
                  size=[height, width], align_corners=int(align_corners))
for mode, padding, align_corners in itertools.product(MODES, PADDINGS, (False, True)):
    sample(cases, PerSample(2, 3, 2), PerSample(2, 1, 2, low=-2.5, high=2.5), mode, padding,
           align_corners)


def transform(name, size, align_corners, fill=0.0):
    def function(x, theta):
        grid = F.affine_grid(theta, (16, 1, *size), align_corners)
        return F.grid_sample(x - fill, grid, align_corners=align_corners) + fill

    cases.add(name, "spatial_transform", function,
              [PerSample(1, 3, 3), PerSample(2, 3, low=-1.5, high=1.5)],
              size=size, align_corners=int(align_corners), fill=fill)


transform("smaller", (2, 2), False)
transform("larger_corners", (3, 4), True, fill=0.5)
cases.write(HERE / "sampler.py")


cases = Cases(seed=6)
for mode, padding, align_corners in itertools.product(MODES, PADDINGS, (False, True)):
    sample(cases, PerSample(1, 4, 2), Grid(2, 2, 2, low=-3, high=3), mode, padding, align_corners,
           name="kinks_")
for mode, align_corners in itertools.product(MODES, (False, True)):
    sample(cases, PerSample(1, 1, 3), PerSample(1, 2, 2, low=-2, high=2), mode, "zeros",
           align_corners, fill=-0.424)
cases.write(HERE / "sampler_kinks.py")
