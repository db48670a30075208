"""Golden values of layers/interpolate: writes interpolate.json."""

import torch.nn.functional as F

from cases import Cases, PerSample

cases = Cases(seed=7)
MODES = ["nearest", "bilinear", "bicubic"]


def resize(name, x, mode, align=None, size=(0, 0), scale=(0, 0)):
    cases.add(name, "interpolate",
              lambda x: F.interpolate(x, size if size[0] else None, scale if scale[0] else None,
                                      mode, align_corners=align),
              [x], mode=MODES.index(mode), align_corners=int(bool(align)), size=size, scale=scale)


for mode, align in (("nearest", None), ("bilinear", False), ("bilinear", True), ("bicubic", False),
                    ("bicubic", True)):
    name = f"{mode}_{align}"
    resize(f"{name}_up", PerSample(1, 3, 2), mode, align, size=(5, 3))
    resize(f"{name}_down", PerSample(1, 5, 4), mode, align, size=(2, 3))
    resize(f"{name}_one", PerSample(2, 3, 1), mode, align, size=(1, 2))
    resize(f"{name}_scaled", PerSample(1, 3, 3), mode, align, scale=(1.5, 0.7))
for mode in MODES[:2]:
    # Rows whose number stays, columns whose number doubles, by other factors than 1 and 2.
    resize(f"{mode}_kept", PerSample(1, 2, 2), mode, scale=(1.3, 2.4))

cases.write(__file__)
