"""The network of the book in PyTorch, timed; see README.md beside this file."""

import common

import argparse  # noqa: F401

