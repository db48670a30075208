"""Golden values of the families of layers/warps: writes warps.json (those that
keep lines straight), warps_tps.json and warps_flow.json. Maps are written out in PyTorch,
sampling is PyTorch's grid_sample; thin-plate splines are solved by torch.linalg. Where scipy and kornia
are there, their answers to the same questions must agree (the last functions), or nothing is written."""

import math
import pathlib

import torch
import torch.nn.functional as F

from cases import SAMPLES, Cases, PerSample

HORIZON = 1 / 16


def output_points(height, width, corners=False):
    identity = torch.eye(2, 3).expand(1, 2, 3)
    return F.affine_grid(identity, (1, 1, height, width), corners)  # [1, H, W, 2]


def homography(theta):
    return torch.cat([theta, torch.ones(len(theta), 1)], 1).reshape(-1, 3, 3)


def projective(theta, points):
    ones = torch.ones_like(points[..., :1])
    mapped = torch.einsum("nij,hwj->nhwi", homography(theta), torch.cat([points, ones], -1)[0])
    return mapped[..., :2] / mapped[..., 2:].clamp(min=HORIZON)


def controls(side):
    axis = torch.linspace(-1, 1, side)
    return torch.stack(torch.meshgrid(axis, axis, indexing="xy"), -1).reshape(-1, 2)


def kernel(a, b):
    squared = ((a[:, None] - b[None]) ** 2).sum(-1)
    return torch.where(squared > 0, squared * torch.log(squared.clamp(min=1e-300)), 0.0)


def tps_weights(moved):  # [N, n, 2] -> [N, n + 3, 2]
    n = moved.shape[1]
    at = controls(math.isqrt(n))
    affine = torch.cat([torch.ones(n, 1), at], 1)
    system = torch.cat([torch.cat([kernel(at, at), affine], 1),
                        torch.cat([affine.T, torch.zeros(3, 3)], 1)])
    return torch.linalg.solve(system, torch.cat([moved, torch.zeros(len(moved), 3, 2)], 1))


def limited(theta, limit):
    return limit * torch.tanh(theta / limit) if limit else theta


def tps(theta, points, limit=0.0):
    moved = limited(theta, limit).reshape(len(theta), -1, 2)
    at = controls(math.isqrt(moved.shape[1]))
    flat = points.reshape(-1, 2)
    basis = torch.cat([kernel(flat, at), torch.ones(len(flat), 1), flat], 1)
    return (flat + basis @ tps_weights(moved)).reshape(len(theta), *points.shape[1:])


def bending(theta, limit=0.0):
    moved = limited(theta, limit).reshape(len(theta), -1, 2)
    return 16 * math.pi * (moved * tps_weights(moved)[:, :-3]).sum((1, 2))


def flow(theta, points, limit=0.0):
    # The field is an image, sampled between the middles of its pixels and constant beyond.
    field = limited(theta, limit).permute(0, 3, 1, 2)
    moves = F.grid_sample(field, points.expand(len(theta), -1, -1, -1), padding_mode="border",
                          align_corners=False)
    return points + moves.permute(0, 2, 3, 1)


def pose(theta, points, scale=2.0, angle=90.0, shift=1.0):
    s = torch.exp(limited(theta[:, 0], math.log(scale)))
    phi = 2 * torch.atan(limited(theta[:, 1] / 2, math.tan(math.radians(angle / 2))))
    x, y = limited(theta[:, 2], shift), limited(theta[:, 3], shift)
    a, b = s * torch.cos(phi), s * torch.sin(phi)
    matrix = torch.stack([a, -b, x, b, a, y], 1).reshape(-1, 2, 3)
    ones = torch.ones_like(points[..., :1])
    return torch.einsum("nij,hwj->nhwi", matrix, torch.cat([points, ones], -1)[0])


FAMILIES = {  # the number that tests know a family by: its place here
    "projective": (projective, PerSample(8, low=-0.4, high=0.4), {}),
    "tps": (tps, PerSample(4, 4, 2, low=-0.5, high=0.5), {}),
    "tps:points=3,limit=0.3": (tps, PerSample(3, 3, 2), {"limit": 0.3}),
    "flow:rows=3,columns=4": (flow, PerSample(3, 4, 2, low=-0.5, high=0.5), {}),
    "flow:rows=2,columns=2,limit=0.5": (flow, PerSample(2, 2, 2), {"limit": 0.5}),
    "pose": (pose, PerSample(4, low=-2, high=2), {}),
    "pose:scale=1.5,angle=30,shift=0.5": (pose, PerSample(4, low=-2, high=2),
                                          {"scale": 1.5, "angle": 30.0, "shift": 0.5}),
}


def compose(outer, inner):
    product = homography(outer) @ homography(inner)
    return (product / product[:, 2:, 2:]).reshape(-1, 9)[:, :8]


def agrees(name, ours, theirs, tolerance=1e-9):
    error = (ours - theirs).abs().max().item()
    assert error <= tolerance, f"{name}: differs by {error}"
    print(f"{name}: agrees within {error:.1e}")


def check_scipy():
    import numpy
    from scipy.interpolate import RBFInterpolator
    theta = torch.rand(1, 4, 4, 2) - 0.5
    at, points = controls(4), output_points(6, 5)
    spline = RBFInterpolator(at.numpy(), theta.reshape(16, 2).numpy(),
                             kernel="thin_plate_spline", degree=1)
    theirs = points.reshape(-1, 2) + torch.from_numpy(spline(points.reshape(-1, 2).numpy()))
    agrees("scipy's thin-plate spline", tps(theta, points).reshape(-1, 2), theirs)
    # Its kernel is r^2 log r, half of ours, whose bilaplacian is 8 pi times a Dirac delta; it scales
    # the control points, which are within [-1, 1] already.
    weights = torch.from_numpy(numpy.asarray(spline._coeffs[:16]))
    agrees("scipy's bending energy", bending(theta),
           8 * math.pi * (weights * theta.reshape(16, 2)).sum())


def check_kornia():
    import kornia.geometry as K
    x, theta = torch.rand(4, 1, 9, 8), (torch.rand(4, 8) - 0.5) / 4
    theta = theta + torch.tensor([1.0, 0, 0, 0, 1, 0, 0, 0])
    # kornia's homography_warp takes the normalised map from output to input, on corners' grid.
    ours = F.grid_sample(x, projective(theta, output_points(9, 8, True)), align_corners=True)
    theirs = K.homography_warp(x, homography(theta), (9, 8), align_corners=True)
    agrees("kornia's homography_warp", ours, theirs, 1e-6)
    # warp_perspective takes the map of pixels from input to output.
    to_pixel = torch.tensor([[3.5, 0, 3.5], [0, 4.0, 4.0], [0, 0, 1]])
    pixels = to_pixel @ homography(theta) @ torch.linalg.inv(to_pixel)
    theirs = K.warp_perspective(x, torch.linalg.inv(pixels), (9, 8), align_corners=True)
    agrees("kornia's warp_perspective", ours, theirs, 1e-6)
    # kornia evaluates splines as here (its kernel is half of ours), on corners' grid. Only its
    # get_tps_transform solves for another one: it puts the kernels where the control points go.
    moved = (torch.rand(4, 4, 4, 2) - 0.5) / 2
    at, weights = controls(4).expand(4, 16, 2), tps_weights(moved.reshape(4, 16, 2))
    affine = weights[:, 16:] + torch.tensor([[0.0, 0], [1, 0], [0, 1]])
    points = output_points(9, 8, True)
    theirs = K.warp_points_tps(points.reshape(1, -1, 2).expand(4, -1, 2), at, 2 * weights[:, :16],
                               affine)
    agrees("kornia's warp_points_tps", tps(moved, points).reshape(4, -1, 2), theirs)
    theirs = K.warp_image_tps(x, at, 2 * weights[:, :16], affine, align_corners=True)
    agrees("kornia's warp_image_tps",
           F.grid_sample(x, tps(moved, points), align_corners=True), theirs)


if __name__ == "__main__":
    torch.manual_seed(1)
    for check in (check_scipy, check_kornia):
        try:
            check()
        except ImportError as error:
            print(f"{check.__name__}: {error}")

    straight, splines, fields = Cases(seed=7), Cases(seed=8), Cases(seed=9)
    for index, (name, (mapped, theta, options)) in enumerate(FAMILIES.items()):
        cases = {tps: splines, flow: fields}.get(mapped, straight)
        identity = torch.zeros(SAMPLES, *theta.shape)
        if name == "projective":
            identity = torch.tensor([1.0, 0, 0, 0, 1, 0, 0, 0]).expand(SAMPLES, 8)

        def grid(t, size, corners, identity=identity, mapped=mapped, options=options):
            return mapped(t + identity, output_points(*size, corners), **options)

        # Tests add the identity to theta, so that these thetas are small.
        for size, corners in (((2, 3), False), ((3, 2), True)):
            cases.add(f"{name} {size[0]}x{size[1]}", "warp_grid",
                      lambda t, size=size, corners=corners, grid=grid: grid(t, size, corners),
                      [theta], family=index, size=size, align_corners=int(corners))
        cases.add(f"{name} sampled", "warp_sample",
                  lambda x, t, grid=grid: F.grid_sample(x, grid(t, (2, 2), False),
                                                        align_corners=False),
                  [PerSample(1, 3, 2), theta], family=index, size=(2, 2), align_corners=0)
    straight.add("projective after projective", "compose",
              lambda a, b: compose(a + torch.tensor([1.0, 0, 0, 0, 1, 0, 0, 0]),
                                   b + torch.tensor([1.0, 0, 0, 0, 1, 0, 0, 0])),
              [PerSample(8, low=-0.4, high=0.4), PerSample(8, low=-0.4, high=0.4)], family=0)
    for index in (1, 2):
        name, (_, theta, options) = list(FAMILIES.items())[index]
        splines.add(f"{name} bends", "bending_energy", lambda t, o=options: bending(t, **o), [theta],
                    family=index)
    straight.write(pathlib.Path(__file__))
    splines.write(pathlib.Path(__file__).with_name("warps_tps.py"))
    fields.write(pathlib.Path(__file__).with_name("warps_flow.py"))
