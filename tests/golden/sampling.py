"""What sampler.py and sampler_taps.py share."""

import torch
import torch.nn.functional as F

from cases import PerSample

MODES = ["bilinear", "nearest", "bicubic"]  # the order of the enums in layers/sampling.h
PADDINGS = ["zeros", "border", "reflection"]


class Grid(PerSample):
    """Multiples of 1/4; -1, 0 and 1 more often."""

    def draw(self, generator):
        quarters = torch.round(super().draw(generator) * 4) / 4
        return torch.where(torch.rand(quarters.shape, generator=generator) < 0.25,
                           torch.sign(quarters), quarters)


def sample(cases, x, grid, mode, padding, align_corners, fill=0.0, name="", gradients=None):
    if gradients is None:
        gradients = [0] if mode == "nearest" else [0, 1]
    # PyTorch has no fill value: samples x - fill, where outside is 0, and adds it again.
    cases.add(f"{name}{mode}_{padding}_{'corners' if align_corners else 'edges'}"
              + (f"_fill_{fill}" if fill else ""),
              "grid_sample",
              lambda x, g: F.grid_sample(x - fill, g, mode, padding, align_corners) + fill,
              [x, grid], gradients=gradients,
              mode=MODES.index(mode), padding=PADDINGS.index(padding),
              align_corners=int(align_corners), fill=fill)
