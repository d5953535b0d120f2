"""A filter, which has no numpy: it inverts a picture."""

from filter_bindings.guest import exports
from filter_bindings.types.filter import Image

INVERT = bytes(255 - value for value in range(256))


def apply(image: Image) -> Image:
    return Image(image.width, image.height, image.pixels.translate(INVERT))


exports.serve(__name__, apply=apply)
