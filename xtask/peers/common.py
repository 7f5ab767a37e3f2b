"""What the Python peers share: options, the files of MNIST, clocks, and the line of JSON that each of them prints."""

import argparse
import gzip
import json
import os
import sys
import time
from pathlib import Path
from statistics import median

import numpy as np

BATCH = 100
LEARNING_RATE = 0.001
WEIGHT_DEVIATION = 0.01
FILTERS, FILTER_SIZE = 30, 5
FEATURES, HIDDEN, CLASSES = 30 * 12 * 12, 100, 10

# Steps before the clock of the epochs starts, the first step among them.
WARM_UP_STEPS = 50


def options(description, more_options=lambda parser: None):
    """Reads the command line, and keeps the process to `--threads` cores before any framework counts them."""
    cores = sorted(os.sched_getaffinity(0))
    parser = argparse.ArgumentParser(description=description)
    more_options(parser)
    parser.add_argument("--mnist", type=Path, default=Path(os.environ.get("MNIST_DIR") or "data/mnist"), metavar="DIR",
                        help="the folder of the four gzipped files [default: $MNIST_DIR, else data/mnist]")
    parser.add_argument("--epochs", type=positive, default=2, metavar="N", help="epochs to time [default: 2]")
    parser.add_argument("--threads", type=positive, default=len(cores), metavar="N", help="cores to use [default: all]")
    chosen = parser.parse_args()
    if chosen.threads > len(cores):
        parser.error(f"--threads {chosen.threads}: this process may use {len(cores)} cores; give that or less")
    # All frameworks size their thread pools by the cores that the process may use, and not all have an option for it.
    os.sched_setaffinity(0, cores[:chosen.threads])
    return chosen


def positive(text):
    """A whole number of at least 1, for argparse."""
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("expected at least 1")
    return number


def load_mnist(folder):
    """The images as float32 between 0 and 1, (N, 28, 28), and the labels as int32: ((x, t), (x_test, t_test))."""
    return tuple((images(folder, name), labels(folder, name)) for name in ("train", "t10k"))


def images(folder, name):
    return read_idx(folder / f"{name}-images-idx3-ubyte.gz").astype(np.float32) / np.float32(255)


def labels(folder, name):
    return read_idx(folder / f"{name}-labels-idx1-ubyte.gz").astype(np.int32)


def read_idx(path):
    """An IDX file of bytes: two zeros, the type 8, the number of axes, their lengths (big-endian), the bytes."""
    try:
        with gzip.open(path) as file:
            content = file.read()
    except FileNotFoundError:
        sys.exit(f"error: no file {path}; give the folder of the four files with --mnist, "
                 "or fetch them with `cargo xtask fetch-mnist`")
    if content[:3] != b"\0\0\x08":
        sys.exit(f"error: {path}: an IDX file of bytes begins with 00 00 08, got {content[:3].hex(' ')}")
    axes = content[3]
    shape = np.frombuffer(content, ">u4", axes, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * axes).reshape(shape)


def seconds_since_start():
    """Seconds since the kernel started this process, to a hundredth: the interpreter and all imports are in it."""
    fields = Path("/proc/self/stat").read_text().rsplit(")", 1)[1].split()
    started = int(fields[19]) / os.sysconf("SC_CLK_TCK")
    return float(Path("/proc/uptime").read_text().split()[0]) - started


def peak_rss_mb():
    """The most memory this process held, in millions of bytes."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    sys.exit("error: /proc/self/status has no line VmHWM")


def seconds(run):
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def time_inference(scores, scores_of_one, x_test):
    """Times both from float32 pixels (N, 28, 28) in memory to scores (N, 10) in memory: batches of 100, single images."""
    batches = [x_test[i:i + BATCH] for i in range(0, len(x_test), BATCH)]
    singles = [x_test[i:i + 1] for i in range(1000)]
    # One round of each to warm up; it is not timed.
    for _ in ("warm up", "time"):
        batch_seconds = [seconds(lambda: scores(x)) for x in batches]
        single_seconds = [seconds(lambda: scores_of_one(x)) for x in singles]
    return {"infer_images_per_second": BATCH / median(batch_seconds), "latency_us": median(single_seconds) * 1e6}


def accuracy(scores, x_test, t_test):
    right = 0
    for i in range(0, len(x_test), BATCH):
        right += int((np.argmax(scores(x_test[i:i + BATCH]), axis=1) == t_test[i:i + BATCH]).sum())
    return right / len(x_test)


def report(name, version, chosen, first_step_seconds, epoch_seconds, scores, test, scores_of_one=None):
    """Measures inference, and prints the line of JSON. `scores_of_one`: where another function suits one image better."""
    figures = {
        "name": name,
        "version": version,
        "threads": chosen.threads,
        "dataset": "mnist",
        "epochs": chosen.epochs,
        "epoch_seconds": median(epoch_seconds),
        "first_step_seconds": first_step_seconds,
        "test_accuracy": accuracy(scores, *test),
        **time_inference(scores, scores_of_one or scores, test[0]),
        "peak_rss_mb": peak_rss_mb(),
    }
    print(json.dumps(figures))
