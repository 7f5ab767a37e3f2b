"""The network of the book in PyTorch, timed; README.md beside this file says how and why."""

import common

chosen = common.options(__doc__, lambda parser: parser.add_argument(
    "--compile", action="store_true", help="run the network through torch.compile (needs a C++ compiler)"))

import torch
from torch import nn
from torch.nn import functional

# Faster here than the default order of axes, in training and in inference; it is PyTorch's own advice for convolutions.
LAYOUT = torch.channels_last


def main():
    torch.set_num_threads(chosen.threads)
    (x, t), test = common.load_mnist(chosen.mnist)
    x, t = torch.from_numpy(x).unsqueeze(1).to(memory_format=LAYOUT), torch.from_numpy(t).long()
    network = build()
    optimizer = torch.optim.Adam(network.parameters(), lr=common.LEARNING_RATE, fused=True)
    if chosen.compile:
        network = torch.compile(network)

    def step(index):
        optimizer.zero_grad()
        functional.cross_entropy(network(x[index]), t[index]).backward()
        optimizer.step()

    def epoch():
        for index in torch.randperm(len(x)).split(common.BATCH):
            step(index)

    step(torch.arange(common.BATCH))
    first_step_seconds = common.seconds_since_start()
    for _ in range(common.WARM_UP_STEPS - 1):
        step(torch.randint(len(x), (common.BATCH,)))
    epoch_seconds = [common.seconds(epoch) for _ in range(chosen.epochs)]

    @torch.inference_mode()
    def scores(images):
        return network(torch.from_numpy(images).unsqueeze(1).to(memory_format=LAYOUT)).numpy()

    network.eval()
    name = "pytorch-compile" if chosen.compile else "pytorch"
    common.report(name, torch.__version__, chosen, first_step_seconds, epoch_seconds, scores, test)


def build():
    network = nn.Sequential(
        nn.Conv2d(1, common.FILTERS, common.FILTER_SIZE),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(common.FEATURES, common.HIDDEN),
        nn.ReLU(),
        nn.Linear(common.HIDDEN, common.CLASSES),
    )
    for name, parameter in network.named_parameters():
        if name.endswith("weight"):
            nn.init.normal_(parameter, std=common.WEIGHT_DEVIATION)
        else:
            nn.init.zeros_(parameter)
    return network.to(memory_format=LAYOUT)


main()
