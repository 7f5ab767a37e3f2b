"""The other side of `cargo xtask interop`: reads what the program `interop` has written into the folder, writes files of its own
for it, and leaves the scores of both beside them.

Networks are written as their users would write them. Files: NETWORK.KIND; their scores, (images, 10) as float64:
NETWORK.KIND.scores. Those of this side begin with `theirs.`.
"""

import json
import pickle
import platform
import sys
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import safetensors
import torch
from safetensors.torch import load_file, save_file
from torch import nn
from torch.nn.functional import avg_pool2d, max_pool2d, relu


class SimpleConvNet(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 30, 5)
        self.fc1 = nn.Linear(30 * 12 * 12, 100)
        self.fc2 = nn.Linear(100, 10)

    def forward(self, x):
        x = max_pool2d(relu(self.conv1(x)), 2).flatten(1)
        return self.fc2(relu(self.fc1(x)))


class LeNet5(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 5, padding=2)
        self.conv2 = nn.Conv2d(6, 16, 5)
        self.fc1 = nn.Linear(16 * 5 * 5, 120)
        self.fc2 = nn.Linear(120, 84)
        self.fc3 = nn.Linear(84, 10)

    def forward(self, x):
        x = avg_pool2d(torch.tanh(self.conv1(x)), 2)
        x = avg_pool2d(torch.tanh(self.conv2(x)), 2).flatten(1)
        return self.fc3(torch.tanh(self.fc2(torch.tanh(self.fc1(x)))))


class DeepConvNet(nn.Module):
    # What the book's dropout multiplies with in inference; PyTorch's does nothing there.
    keep = 1.0

    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 16, 3, padding=1)
        self.conv3 = nn.Conv2d(16, 32, 3, padding=1)
        self.conv4 = nn.Conv2d(32, 32, 3, padding=2)
        self.conv5 = nn.Conv2d(32, 64, 3, padding=1)
        self.conv6 = nn.Conv2d(64, 64, 3, padding=1)
        self.fc1 = nn.Linear(64 * 4 * 4, 50)
        self.fc2 = nn.Linear(50, 10)

    def forward(self, x):
        x = max_pool2d(relu(self.conv2(relu(self.conv1(x)))), 2)
        x = max_pool2d(relu(self.conv4(relu(self.conv3(x)))), 2)
        x = max_pool2d(relu(self.conv6(relu(self.conv5(x)))), 2).flatten(1)
        return self.keep * self.fc2(self.keep * relu(self.fc1(x)))


NETWORKS = {"simple": SimpleConvNet, "lenet5": LeNet5, "deep": DeepConvNet}
HALVES = {"f16": torch.float16, "bf16": torch.bfloat16}


def from_state(network, state):
    """PyTorch's way, in single precision."""
    net = network().eval()
    net.load_state_dict({name: tensor.float() for name, tensor in state.items()})
    return net


def from_book(network, params):
    """The book's arrays W1, b1, …, in double precision."""
    net = network().double().eval()
    net.keep = 0.5
    state = {}
    for number, (name, layer) in enumerate(net.named_children(), 1):
        weight = params[f"W{number}"]
        turned = weight.T if isinstance(layer, nn.Linear) else weight
        state[f"{name}.weight"] = torch.from_numpy(np.ascontiguousarray(turned))
        state[f"{name}.bias"] = torch.from_numpy(params[f"b{number}"])
    net.load_state_dict(state)
    return net


def to_book(net):
    """The arrays of a network with the book's names; affine weights are (inputs, outputs), in Fortran's order."""
    params = {}
    for number, layer in enumerate(net.children(), 1):
        weight = layer.weight.detach().double().numpy()
        params[f"W{number}"] = weight.T if isinstance(layer, nn.Linear) else weight
        params[f"b{number}"] = layer.bias.detach().double().numpy()
    return params


def unpickled(path):
    """As the book's scripts load theirs."""
    params = {}
    with open(path, "rb") as f:
        loaded = pickle.load(f)
    for key, val in loaded.items():
        params[key] = val
    return params


def main(folder):
    images = torch.from_numpy(np.fromfile(folder / "images", np.float32).reshape(-1, 1, 28, 28))

    def scores(net, file):
        with torch.no_grad():
            found = net(images.to(next(net.parameters()).dtype))
        found.double().numpy().tofile(f"{folder / file}.scores")

    for name, network in NETWORKS.items():
        # What the other side has written.
        for element in ("f32", "f16", "bf16"):
            file = f"{name}.{element}.safetensors"
            scores(from_state(network, load_file(folder / file)), file)
            file = f"{name}.{element}.onnx"
            onnx.checker.check_model(str(folder / file), full_check=True)
            session = onnxruntime.InferenceSession(str(folder / file), providers=["CPUExecutionProvider"])
            (found,) = session.run(["scores"], {"image": images.numpy()})
            found.astype(np.float64).tofile(f"{folder / file}.scores")
        with np.load(folder / f"{name}.f64.npz") as arrays:
            scores(from_book(network, arrays), f"{name}.f64.npz")
        scores(from_book(network, unpickled(folder / f"{name}.f64.pkl")), f"{name}.f64.pkl")

        # What this side writes.
        torch.manual_seed(1)
        state = network().state_dict()
        for element, dtype in {"f32": torch.float32, **HALVES}.items():
            file = f"theirs.{name}.{element}.safetensors"
            stored = {key: tensor.to(dtype) for key, tensor in state.items()}
            save_file(stored, folder / file)
            scores(from_state(network, stored), file)
        params = to_book(from_state(network, state))
        np.savez_compressed(folder / f"theirs.{name}.f64.npz", **params)
        scores(from_book(network, params), f"theirs.{name}.f64.npz")
        for protocol in (2, 3, 4, 5):
            file = f"theirs.{name}.f64.protocol{protocol}.pkl"
            with open(folder / file, "wb") as f:
                pickle.dump(params, f, protocol)
            scores(from_book(network, params), file)

    modules = (torch, onnxruntime, onnx, np, safetensors)
    versions = [f"Python {platform.python_version()}"] + [f"{m.__name__} {m.__version__}" for m in modules]
    (folder / "versions.json").write_text(json.dumps(versions))


main(Path(sys.argv[1]))
