"""Golden values for tests/optim/test_optim.cpp, test_schedule.cpp and test_clip.cpp, from PyTorch.

    /opt/venv/bin/python tests/golden/optim.py        writes optim.json beside this file

One flat object: name -> list of numbers. Everything is computed in double precision.
"""

import json
import math
import pathlib

import torch
from torch.optim import lr_scheduler

torch.set_default_dtype(torch.float64)
SHAPES = [[3, 2], [2], [19]]
STEPS = 12
SAVED = [1, 2, 3, 7, 12]  # steps after which the parameters are written down
out = {"torch": [float(x) for x in torch.__version__.split("+")[0].split(".")[:2]]}


def put(name, values):
    out[name] = [float(f"{float(v):.15g}") for v in values]


def rounded(tensor):  # short in the file, and the same number for both sides
    return torch.round(tensor * 1000) / 1000


generator = torch.Generator().manual_seed(7)
initial = [rounded(torch.randn(s, generator=generator)) for s in SHAPES]
gradients = [[rounded(torch.randn(s, generator=generator)) for s in SHAPES] for _ in range(STEPS)]
for i, value in enumerate(initial):
    put(f"initial.{i}", value.flatten())
    put(f"gradient.{i}", torch.stack([g[i].flatten() for g in gradients]).flatten())


def trajectory(name, make, missing=lambda step, i: False, before=lambda step, optimizer: None):
    parameters = [value.clone().requires_grad_() for value in initial]
    optimizer = make(parameters)
    saved = []
    for step in range(STEPS):
        for i, parameter in enumerate(parameters):
            parameter.grad = None if missing(step, i) else gradients[step][i].clone()
        before(step, optimizer)
        optimizer.step()
        if step + 1 in SAVED:
            saved += [float(v) for p in parameters for v in p.detach().flatten()]
    put(name, saved)


SGD, Adam, AdamW = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
RMSprop = torch.optim.RMSprop
OPTIONS = {
    # The six of the end-to-end replay.
    "sgd": (SGD, dict(lr=0.01)),
    "sgd_nesterov": (SGD, dict(lr=0.01, momentum=0.9, nesterov=True, weight_decay=0.0005)),
    "sgd_momentum_dampening": (SGD, dict(lr=0.01, momentum=0.9, dampening=0.1)),
    "adam": (Adam, dict(lr=0.001)),
    "adam_decay": (Adam, dict(lr=0.001, weight_decay=0.0001, betas=(0.8, 0.99), eps=1e-7)),
    "adamw": (AdamW, dict(lr=0.002, weight_decay=0.02)),
    # Corners.
    "sgd_decay": (SGD, dict(lr=0.1, weight_decay=0.3)),
    "sgd_all": (SGD, dict(lr=0.1, momentum=0.7, dampening=0.6, weight_decay=0.2)),
    "adam_fast": (Adam, dict(lr=0.02, betas=(0.3, 0.6), eps=0.05, weight_decay=0.4)),
    "adam_no_memory": (Adam, dict(lr=0.02, betas=(0.0, 0.0), eps=0.1)),
    "adam_amsgrad": (Adam, dict(lr=0.02, betas=(0.5, 0.6), weight_decay=0.1, amsgrad=True)),
    "adamw_amsgrad": (AdamW, dict(lr=0.02, betas=(0.9, 0.7), amsgrad=True)),
    "rmsprop": (RMSprop, dict(lr=0.01)),
    "rmsprop_momentum": (RMSprop, dict(lr=0.01, alpha=0.8, eps=1e-3, momentum=0.9,
                                       weight_decay=0.1)),
    "rmsprop_centered": (RMSprop, dict(lr=0.01, alpha=0.7, centered=True)),
    "rmsprop_all": (RMSprop, dict(lr=0.02, alpha=0.4, eps=0.01, momentum=0.6, weight_decay=0.2,
                                  centered=True)),
    "adamw_fast": (AdamW, dict(lr=0.03, betas=(0.5, 0.8), eps=0.01, weight_decay=0.5)),
}
for name, (kind, options) in OPTIONS.items():
    trajectory(name, lambda p: kind(p, **options))

# Parameter 1 has its first gradient in step 1 and none in every third one.
for name, kind, options in [
    ("sgd", SGD, dict(lr=0.05, momentum=0.9, dampening=0.5)),
    ("adam", Adam, dict(lr=0.01)),
    ("rmsprop", RMSprop, dict(lr=0.01, momentum=0.5, centered=True)),
]:
    missing = lambda step, i: i == 1 and step % 3 == 0
    trajectory(f"missing_{name}", lambda p: kind(p, **options), missing)

# Two groups: the second with a tenth of the rate and its own decay; and a rate that changes.
for name, kind, options in [
    ("sgd", SGD, dict(lr=0.05, momentum=0.9, weight_decay=0.1)),
    ("adamw", AdamW, dict(lr=0.01, weight_decay=0.1)),
]:

    def make(p):
        second = dict(params=p[1:], lr=options["lr"] / 10, weight_decay=0.3)
        return kind([dict(params=p[:1]), second], **options)

    def halve(step, optimizer):
        if step == 4:
            for group in optimizer.param_groups:
                group["lr"] /= 2

    trajectory(f"groups_{name}", make, before=halve)


def schedule(name, lr, steps, make, **options):
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=lr, **options)
    scheduler = make(optimizer)
    rates, momenta = [], []
    for _ in range(steps):
        rates.append(optimizer.param_groups[0]["lr"])
        momenta.append(optimizer.param_groups[0]["momentum"])
        optimizer.step()
        scheduler.step()
    put(f"schedule.{name}", rates)
    return momenta


schedule("constant", 0.03, 3, lambda o: lr_scheduler.ConstantLR(o, factor=1, total_iters=1))
schedule("step_decay", 0.5, 20, lambda o: lr_scheduler.StepLR(o, 6, gamma=0.3))
schedule("exponential", 0.5, 20, lambda o: lr_scheduler.ExponentialLR(o, 0.9))
schedule("cosine", 0.5, 25, lambda o: lr_scheduler.CosineAnnealingLR(o, 10, eta_min=0.02))
schedule("multi_step", 0.5, 20, lambda o: lr_scheduler.MultiStepLR(o, [4, 11, 11, 15], gamma=0.3))
restarts = lr_scheduler.CosineAnnealingWarmRestarts
schedule("restarts", 0.5, 20, lambda o: restarts(o, 6, eta_min=0.02))
schedule("restarts_doubled", 0.5, 30, lambda o: restarts(o, 4, T_mult=2))

# Values that fall, stand still, rise, and are no numbers.
metric = [5.0, 4.0, 3.9997, 3.9996, 4.2, 3.9, 3.9, 3.9, 3.9, 3.9, 1.0, math.nan, math.inf, 2.0, 2.0,
          -1.0, -1.0, -1.00005, -1.2, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0]
put("plateau.metric", [1e30 if v == math.inf else -1e30 if v != v else v for v in metric])
PLATEAUS = {
    "plain": dict(patience=2),
    "cooling": dict(factor=0.5, patience=1, cooldown=2, threshold=0.1),
    "impatient": dict(factor=0.3, patience=0, min_lr=0.01),
}
for name, options in PLATEAUS.items():
    optimizer = SGD([torch.zeros(1, requires_grad=True)], lr=0.5)
    scheduler = lr_scheduler.ReduceLROnPlateau(optimizer, **options)
    rates = []
    for value in metric:
        scheduler.step(value)
        rates.append(optimizer.param_groups[0]["lr"])
    put(f"plateau.{name}", rates)

ONE_CYCLES = {
    "one_cycle": dict(max_lr=0.1, total_steps=37),
    "one_cycle_late": dict(
        max_lr=2.0, total_steps=20, pct_start=0.85, div_factor=4.0, final_div_factor=50.0
    ),
    "one_cycle_short": dict(max_lr=0.1, total_steps=3),
    "one_cycle_down": dict(max_lr=0.1, total_steps=8, pct_start=0.0),
}
for name, options in ONE_CYCLES.items():
    make = lambda o: lr_scheduler.OneCycleLR(o, **options)
    momenta = schedule(name, 1, options["total_steps"], make, momentum=0.9)
    put(f"momentum.{name}", momenta)


def warm_up(after, start_factor, steps):
    def make(optimizer):
        warm = lr_scheduler.LinearLR(optimizer, start_factor=start_factor, total_iters=steps)
        return lr_scheduler.SequentialLR(optimizer, [warm, after(optimizer)], milestones=[steps])

    return make


schedule("warm_cosine", 0.5, 20, warm_up(lambda o: lr_scheduler.CosineAnnealingLR(o, 15), 0.01, 5))
schedule("warm_step", 0.5, 20, warm_up(lambda o: lr_scheduler.StepLR(o, 4, gamma=0.5), 1 / 3, 7))

# Clipping the gradients of step 0 and of a longer vector.
long = [math.sin(1.0 + i * i) for i in range(1003)]
for name, norm in [("tight", 0.5), ("loose", 1e3)]:
    parameters = [torch.zeros(s, requires_grad=True) for s in SHAPES + [[1003]]]
    for parameter, gradient in zip(parameters, gradients[0] + [torch.tensor(long)]):
        parameter.grad = gradient.clone()
    put(f"clip_{name}.norm", [torch.nn.utils.clip_grad_norm_(parameters, norm)])
    put(f"clip_{name}", [v for p in parameters[:3] for v in p.grad.flatten()])
for parameter, gradient in zip(parameters, gradients[0]):
    parameter.grad = gradient.clone()
torch.nn.utils.clip_grad_value_(parameters, 0.4)
put("clip_value", [v for p in parameters[:3] for v in p.grad.flatten()])

path = pathlib.Path(__file__).with_suffix(".json")
path.write_text("{\n" + ",\n".join(f'"{k}": {json.dumps(v)}' for k, v in out.items()) + "\n}\n")
print(path, path.stat().st_size, "bytes")
