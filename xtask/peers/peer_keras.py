"""The network of the book in Keras (on TensorFlow), timed; README.md beside this file says how and why."""

import os
import time

import common

chosen = common.options(__doc__)
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import tensorflow
from keras import layers


def main():
    (x, t), test = common.load_mnist(chosen.mnist)
    x = x[..., None]
    network = build()
    # jit_compile is "auto" if nothing is said, which on a CPU means a graph without XLA: that is the faster one here.
    network.compile(optimizer=keras.optimizers.Adam(common.LEARNING_RATE),
                    loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True))

    def fit(images, epochs, clock):
        network.fit(x[:images], t[:images], batch_size=common.BATCH, epochs=epochs, verbose=0, callbacks=[clock])

    fit(common.BATCH, 1, Clock())
    first_step_seconds = common.seconds_since_start()
    fit((common.WARM_UP_STEPS - 1) * common.BATCH, 1, Clock())
    clock = Clock()
    fit(len(x), chosen.epochs, clock)

    # For one image XLA is faster, for a batch it is slower.
    infer = tensorflow.function(lambda images: network(images, training=False))
    infer_one = tensorflow.function(lambda images: network(images, training=False), jit_compile=True)
    common.report("keras", f"{keras.__version__}, TensorFlow {tensorflow.__version__}", chosen, first_step_seconds,
                  clock.epoch_seconds, lambda images: infer(images[..., None]).numpy(), test,
                  lambda images: infer_one(images[..., None]).numpy())


class Clock(keras.callbacks.Callback):
    """Times each epoch inside one call of `fit`: copying the images into its pipeline is not in it, shuffling is."""

    def __init__(self):
        super().__init__()
        self.epoch_seconds = []

    def on_epoch_begin(self, epoch, logs=None):
        self.start = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        self.epoch_seconds.append(time.perf_counter() - self.start)


def build():
    weights = {"kernel_initializer": keras.initializers.RandomNormal(stddev=common.WEIGHT_DEVIATION)}
    return keras.Sequential([
        keras.Input((28, 28, 1)),
        layers.Conv2D(common.FILTERS, common.FILTER_SIZE, activation="relu", **weights),
        layers.MaxPooling2D(),
        layers.Flatten(),
        layers.Dense(common.HIDDEN, activation="relu", **weights),
        layers.Dense(common.CLASSES, **weights),
    ])


main()
