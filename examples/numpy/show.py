"""Sends a picture of numpy's through the filter."""

import numpy as np

from filter_bindings.host import Filter
from filter_bindings.types.filter import Image

pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
with Filter.open("invert.wasm") as component:
    done = component.apply(Image(width=4, height=3, pixels=memoryview(np.ascontiguousarray(pixels).reshape(-1))))
    result = np.frombuffer(done.pixels, dtype=np.uint8).reshape(done.height, done.width)
print(result)
