"""BlurHash: a picture as some thirty characters, which apps show as a blur until the picture itself is there.

Written from the published description of the algorithm. Pure; the cost grows with the number of points, so a caller
gives a picture of a few hundred.
"""

from collections.abc import Sequence
from math import copysign, cos, pi
from typing import Final, TypeAlias

Point: TypeAlias = tuple[float, float, float]

ACROSS: Final = 4
DOWN: Final = 3
_DIGITS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~"
_STEPS: Final = 9


def encode(points: Sequence[tuple[int, int, int]], *, width: int, height: int) -> str:
    """The hash of a picture, given row by row as red, green and blue from 0 to 255."""
    light = [(_LINEAR[red], _LINEAR[green], _LINEAR[blue]) for red, green, blue in points]
    waves = [_wave(light, width, height, x, y) for y in range(DOWN) for x in range(ACROSS)]
    mean, rest = waves[0], waves[1:]
    largest = max(abs(part) for wave in rest for part in wave)
    scale = max(0, min(82, int(largest * 166 - 0.5)))
    most = (scale + 1) / 166
    said = _number(ACROSS - 1 + (DOWN - 1) * 9, 1) + _number(scale, 1) + _number(_packed(mean), 4)
    return said + "".join(_number(_quantised(wave, most), 2) for wave in rest)


def _wave(light: Sequence[Point], width: int, height: int, x: int, y: int) -> Point:
    """How much of one cosine there is in the picture."""
    across = [cos(pi * x * (column + 0.5) / width) for column in range(width)]
    down = [cos(pi * y * (row + 0.5) / height) for row in range(height)]
    red = green = blue = 0.0
    for row in range(height):
        start = row * width
        for column in range(width):
            basis = across[column] * down[row]
            point = light[start + column]
            red += basis * point[0]
            green += basis * point[1]
            blue += basis * point[2]
    share = (1.0 if x == y == 0 else 2.0) / (width * height)
    return red * share, green * share, blue * share


def _packed(colour: Point) -> int:
    red, green, blue = (_srgb(part) for part in colour)
    return (red << 16) + (green << 8) + blue


def _quantised(wave: Point, most: float) -> int:
    red, green, blue = (max(0, min(18, int(_root(part / most) * _STEPS + 9.5))) for part in wave)
    return red * 19 * 19 + green * 19 + blue


def _root(value: float) -> float:
    return copysign(abs(value) ** 0.5, value)


def _number(value: int, length: int) -> str:
    return "".join(_DIGITS[value // 83**place % 83] for place in range(length - 1, -1, -1))


def _to_linear(value: int) -> float:
    part = value / 255
    return part / 12.92 if part <= 0.04045 else float(((part + 0.055) / 1.055) ** 2.4)  # noqa: PLR2004 -- the curve of sRGB (IEC 61966-2-1)


def _srgb(value: float) -> int:
    part = max(0.0, min(1.0, value))
    shown = part * 12.92 if part <= 0.0031308 else 1.055 * part ** (1 / 2.4) - 0.055  # noqa: PLR2004 -- as above
    return int(shown * 255 + 0.5)


_LINEAR: Final = tuple(map(_to_linear, range(256)))
