"""The network of the book in JAX, timed; README.md beside this file says how and why."""

import common

chosen = common.options(__doc__)

import jax
import jax.numpy as jnp
import numpy as np
import optax

random = np.random.default_rng()
optimizer = optax.adam(common.LEARNING_RATE)


def main():
    (x, t), test = common.load_mnist(chosen.mnist)
    x, t = jnp.asarray(x[..., None]), jnp.asarray(t)
    params = build()
    state = optimizer.init(params)

    def run(batches):
        nonlocal params, state
        for index in batches:
            params, state = step(params, state, x, t, index)
        jax.block_until_ready(params)

    run(np.arange(common.BATCH)[None])
    first_step_seconds = common.seconds_since_start()
    run(random.integers(len(x), size=(common.WARM_UP_STEPS - 1, common.BATCH)))
    epoch_seconds = [common.seconds(lambda: run(random.permutation(len(x)).reshape(-1, common.BATCH)))
                     for _ in range(chosen.epochs)]

    infer = jax.jit(lambda params, x: forward(params, x, max_pool))
    common.report("jax", jax.__version__, chosen, first_step_seconds, epoch_seconds,
                  lambda images: np.asarray(infer(params, images[..., None])), test)


def build():
    weights = {
        "W1": (common.FILTER_SIZE, common.FILTER_SIZE, 1, common.FILTERS),
        "W2": (common.FEATURES, common.HIDDEN),
        "W3": (common.HIDDEN, common.CLASSES),
    }
    params = {name: common.WEIGHT_DEVIATION * jax.random.normal(jax.random.key(number), shape)
              for number, (name, shape) in enumerate(weights.items())}
    return params | {name.replace("W", "b"): jnp.zeros(shape[-1]) for name, shape in weights.items()}


def forward(params, x, pool):
    """Images (N, 28, 28, 1) to scores (N, 10). With the channels last XLA is faster on a CPU, as with PyTorch."""
    axes = ("NHWC", "HWIO", "NHWC")
    y = jax.lax.conv_general_dilated(x, params["W1"], (1, 1), "VALID", dimension_numbers=axes) + params["b1"]
    y = pool(jax.nn.relu(y)).reshape(len(x), -1)
    y = jax.nn.relu(y @ params["W2"] + params["b2"])
    return y @ params["W3"] + params["b3"]


def max_pool(y):
    """The pooling that all JAX libraries use. Its gradient is very slow on a CPU."""
    return jax.lax.reduce_window(y, -jnp.inf, jax.lax.max, (1, 2, 2, 1), (1, 2, 2, 1), "VALID")


def max_pool_for_training(y):
    """The same maxima by reshaping: a step takes a third of the time, though inference takes a little longer."""
    n, height, width, channels = y.shape
    return y.reshape(n, height // 2, 2, width // 2, 2, channels).max(axis=(2, 4))


def loss(params, x, t):
    scores = forward(params, x, max_pool_for_training)
    return optax.losses.softmax_cross_entropy_with_integer_labels(scores, t).mean()


# The old parameters and the old state of Adam are given up, so that the new ones may take their memory.
@jax.jit(donate_argnames=("params", "state"))
def step(params, state, x, t, index):
    gradients = jax.grad(loss)(params, x[index], t[index])
    updates, state = optimizer.update(gradients, state, params)
    return optax.apply_updates(params, updates), state


main()
