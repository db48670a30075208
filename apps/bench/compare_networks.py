"""The networks of bench, as lists of layers that PyTorch and JAX are given alike.

`localization` ends before its regression to six numbers; both start at the identity.
"""

NETWORKS = {
    "train": {
        "name": "tutorial", "image": (1, 28, 28), "evaluation_batch": 1024,
        "localization": "conv 8 7; pool; relu; conv 10 5; pool; relu; linear 32; relu",
        "classifier": "conv 10 5; pool; relu; conv 20 5; dropout2d 0.5; pool; relu; "
                      "linear 50; relu; dropout 0.5; linear 10",
    },
    "wide": {
        "name": "wide CIFAR-10", "image": (3, 32, 32), "evaluation_batch": 256,
        "localization": "conv 64 7; pool; relu; conv 128 5; pool; relu; linear 256; relu",
        "classifier": "conv 16 5; pool; relu; conv 32 5; dropout2d 0.5; pool; relu; "
                      "linear 1024; relu; dropout 0.5; linear 10",
    },
    "deep": {
        "name": "cifar-deep", "image": (3, 32, 32), "evaluation_batch": 256,
        "localization": "conv 16 7; pool; relu; conv 32 5; pool; relu; linear 64; relu",
        "classifier": "; ".join(
            "conv %d 3 1; relu; conv %d 3 1; pool; relu; dropout2d 0.1" % (n, n)
            for n in (32, 64, 128)) + "; linear 256; relu; dropout 0.5; linear 10",
    },
    "st-cnn": {
        "name": "ST-CNN", "image": (1, 28, 28), "evaluation_batch": 256,
        "localization": "average; conv 20 5; pool; relu; conv 20 5; relu; linear 20; relu",
        "classifier": "conv 60 9; pool; relu; conv 120 7; pool; relu; linear 10",
    },
    "best": {
        "name": "best", "image": (1, 28, 28), "evaluation_batch": 256,
        "localization": "conv 16 3 1; relu; conv 16 3 1; pool; relu; conv 32 3 1; pool; relu; "
                        "linear 32; relu",
        "classifier": "; ".join(
            "conv %d 3 1; relu; conv %d 3 1; pool; relu" % (n, n)
            for n in (32, 64, 128)) + "; dropout 0.3; linear 10",
    },
}  # fmt: skip


def layers(description):
    """Yields ("conv", out, kernel, padding), ("linear", out), ("dropout", p), ("pool",), ..."""
    for layer in description.split("; "):
        kind, *numbers = layer.split()
        if kind == "conv":
            yield (kind, int(numbers[0]), int(numbers[1]), int((numbers + [0])[2]))
        elif kind == "linear":
            yield (kind, int(numbers[0]))
        else:
            yield (kind, *map(float, numbers))


def torch_network(torch, kind):
    nn, F = torch.nn, torch.nn.functional
    spec = NETWORKS[kind]

    def sequence(description):
        modules, flat = [], False
        for what, *sizes in layers(description):
            if what == "conv":
                modules.append(nn.LazyConv2d(sizes[0], sizes[1], padding=sizes[2]))
            elif what == "linear":
                modules += [] if flat else [nn.Flatten()]
                modules.append(nn.LazyLinear(sizes[0]))
                flat = True
            else:
                modules.append({"pool": lambda: nn.MaxPool2d(2), "average": lambda: nn.AvgPool2d(2),
                                "relu": lambda: nn.ReLU(True), "dropout": lambda: nn.Dropout(*sizes),
                                "dropout2d": lambda: nn.Dropout2d(*sizes)}[what]())  # fmt: skip
        return nn.Sequential(*modules)

    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.localization = sequence(spec["localization"])
            self.regression = nn.LazyLinear(6)
            self.classifier = sequence(spec["classifier"])

        def forward(self, x):
            theta = self.regression(self.localization(x)).view(-1, 2, 3)
            grid = F.affine_grid(theta, list(x.shape), align_corners=False)
            seen = F.grid_sample(x, grid, align_corners=False)
            return F.log_softmax(self.classifier(seen), 1)

    net = Net()
    net(torch.zeros((2,) + spec["image"]))  # lazy layers learn their sizes
    net.regression.weight.data.zero_()
    net.regression.bias.data.copy_(torch.tensor([1.0, 0, 0, 0, 1, 0]))
    return net


def jax_network(jax, kind):
    """Returns (parameters, apply(parameters, images, key or None for evaluation)); images are
    [N, H, W, C], the layout that XLA's CPU convolutions want."""
    jnp, lax = jax.numpy, jax.lax
    spec = NETWORKS[kind]
    keys = iter(jax.random.split(jax.random.PRNGKey(1), 64))

    def made(fan_in, shape):
        bound = fan_in**-0.5
        return {"w": jax.random.uniform(next(keys), shape, minval=-bound, maxval=bound),
                "b": jax.random.uniform(next(keys), shape[-1:], minval=-bound, maxval=bound)}

    def sequence(description, shape):
        parameters = []
        for what, *sizes in layers(description):
            height, width, channels = shape
            if what == "conv":
                out, k, padding = sizes
                parameters.append(made(channels * k * k, (k, k, channels, out)))
                shape = (height + 2 * padding - k + 1, width + 2 * padding - k + 1, out)
            elif what == "linear":
                features = height * width * channels
                parameters.append(made(features, (features, sizes[0])))
                shape = (1, 1, sizes[0])
            elif what in ("pool", "average"):
                shape = (height // 2, width // 2, channels)
        return parameters, shape

    def run(description, parameters, x, key):
        parameters = iter(parameters)
        for what, *sizes in layers(description):
            if what == "conv":
                p, pad = next(parameters), (sizes[2], sizes[2])
                x = lax.conv_general_dilated(x, p["w"], (1, 1), (pad, pad),
                                             dimension_numbers=("NHWC", "HWIO", "NHWC")) + p["b"]
            elif what == "linear":
                p = next(parameters)
                x = x.reshape(x.shape[0], -1) @ p["w"] + p["b"]
            elif what == "pool":
                x = lax.reduce_window(x, -jnp.inf, lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")
            elif what == "average":
                x = lax.reduce_window(x, 0.0, lax.add, (1, 2, 2, 1), (1, 2, 2, 1), "VALID") / 4
            elif what == "relu":
                x = jnp.maximum(x, 0)
            elif key is not None:
                key, own = jax.random.split(key)
                shape = x.shape if what == "dropout" else (x.shape[0], 1, 1, x.shape[3])
                x = jnp.where(jax.random.bernoulli(own, 1 - sizes[0], shape),
                              x / (1 - sizes[0]), 0)
        return x

    channels, height, width = spec["image"]
    image = (height, width, channels)
    localization, found = sequence(spec["localization"], image)
    parameters = {"localization": localization,
                  "regression": {"w": jnp.zeros((found[2], 6)),
                                 "b": jnp.array([1.0, 0, 0, 0, 1, 0])},
                  "classifier": sequence(spec["classifier"], image)[0]}
    xs, ys = jnp.meshgrid((2 * jnp.arange(width) + 1) / width - 1,
                          (2 * jnp.arange(height) + 1) / height - 1)
    target = jnp.stack([xs, ys, jnp.ones_like(xs)], -1)

    def sample(image, theta):
        at = target @ theta.reshape(2, 3).T
        x, y = ((at[..., 0] + 1) * width - 1) / 2, ((at[..., 1] + 1) * height - 1) / 2
        x0, y0, out = jnp.floor(x), jnp.floor(y), 0
        for dx in (0, 1):
            for dy in (0, 1):
                cx, cy = x0 + dx, y0 + dy
                weight = (1 - abs(x - cx)) * (1 - abs(y - cy))
                inside = (cx >= 0) & (cx < width) & (cy >= 0) & (cy < height)
                value = image[jnp.clip(cy, 0, height - 1).astype(int),
                              jnp.clip(cx, 0, width - 1).astype(int)]
                out += jnp.where(inside, weight, 0)[..., None] * value
        return out

    def apply(parameters, x, key=None):
        found = run(spec["localization"], parameters["localization"], x, None)
        p = parameters["regression"]
        seen = jax.vmap(sample)(x, found @ p["w"] + p["b"])
        return jax.nn.log_softmax(run(spec["classifier"], parameters["classifier"], seen, key))

    return parameters, apply
