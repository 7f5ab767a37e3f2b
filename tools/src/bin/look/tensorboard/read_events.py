"""Reads a folder of event files with TensorBoard's own reader; prints what is in them as JSON: kind, tag, step, value."""

import dataclasses
import json
import sys

from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

# Of each kind, 0 stands for all that there is; without it the reader keeps a sample.
events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "images": 0, "histograms": 0})
events.Reload()
tags = events.Tags()


def told(kind, of_tag, value):
    return {tag: [[event.step, value(event)] for event in of_tag(tag)] for tag in tags[kind]}


print(json.dumps({
    "scalars": told("scalars", events.Scalars, lambda event: event.value),
    "images": told("images", events.Images, lambda event: {
        "height": event.height, "width": event.width, "png": event.encoded_image_string.hex()}),
    "histograms": told("histograms", events.Histograms, lambda event: dataclasses.asdict(event.histogram_value)),
}))
