"""Every distortion at several strengths: FAMILIES maps a family to rows of (what, strength, make).

make(picture, rng, photographs) takes and returns 8-bit RGB; the generator is seeded by the names of photograph
and row, so that a pair is the same on every machine with the packages of requirements.txt. Within one `what` the
strengths rise. `photographs` holds the other photographs of the same half of the split.
"""
import zlib

import cv2
import numpy as np

FAMILIES = {}


def row(family, what, strengths):
    """Adds a row for each strength; the function gets the strength behind the picture."""

    def add(make):
        for strength in strengths:
            FAMILIES.setdefault(family, []).append(
                (what, strength, lambda p, rng, others, s=strength: make(p, s, rng, others)))
        return make

    return add


def generator(photograph, what, strength):
    return np.random.default_rng(zlib.crc32(f"{photograph} {what} {strength}".encode()))


def rounded(values):
    return np.clip(np.rint(values), 0, 255).astype(np.uint8)


def real(picture):
    return picture.astype(np.float64)


def luma(picture):
    return real(picture) @ [0.299, 0.587, 0.114]


def smooth_field(shape, scale, rng):
    """A random field without a mean and of deviation 1 that changes over `scale` pixels."""
    field = cv2.GaussianBlur(rng.normal(size=shape), (0, 0), scale, borderType=cv2.BORDER_REFLECT)
    field -= field.mean()
    return field / field.std()


# ------------------------------------------------------------------------------------------------ nothing, blur
row("nothing", "itself", [0])(lambda p, s, rng, o: p.copy())
row("nothing", "one level", [1])(lambda p, s, rng, o: rounded(real(p) + rng.integers(-1, 2, p.shape)))
row("blur", "gaussian blur", [0.6, 1, 1.5, 2.5, 4, 8])(lambda p, s, rng, o: cv2.GaussianBlur(p, (0, 0), s))
row("blur", "box blur", [3, 5, 9])(lambda p, s, rng, o: cv2.blur(p, (s, s)))
row("blur", "median", [3, 5, 9])(lambda p, s, rng, o: cv2.medianBlur(p, s))
row("blur", "reduced and enlarged", [1.5, 2, 3, 6])(
    lambda p, s, rng, o: cv2.resize(
        cv2.resize(p, (round(p.shape[1] / s), round(p.shape[0] / s)), interpolation=cv2.INTER_AREA),
        p.shape[1::-1], interpolation=cv2.INTER_CUBIC))


@row("blur", "motion blur", [5, 9, 17])
def motion_blur(p, length, rng, others):
    kernel = np.zeros((length, length))
    angle = rng.uniform(0, np.pi)
    for t in np.linspace(-0.5, 0.5, 8 * length):
        kernel[round((length - 1) * (0.5 + t * np.sin(angle))), round((length - 1) * (0.5 + t * np.cos(angle)))] += 1
    return cv2.filter2D(p, -1, kernel / kernel.sum())


@row("blur", "disc blur", [1.5, 3, 6])
def disc_blur(p, radius, rng, others):
    y, x = np.mgrid[-7:8, -7:8]
    kernel = np.clip(radius + 0.5 - np.hypot(x, y), 0, 1)
    return cv2.filter2D(p, -1, kernel / kernel.sum())


# ------------------------------------------------------------------------------------------------ compression
@row("compression", "JPEG", [75, 60, 40, 20, 10, 5])
def jpeg(p, quality, rng, others):
    packed = cv2.imencode(".jpg", p[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1].copy()


# Saved as JPEG and then cut: the blocks do not begin at the corner.
@row("compression", "JPEG, cut", [60, 20])
def cut_jpeg(p, quality, rng, others):
    wide = cv2.copyMakeBorder(p, 3, 5, 5, 3, cv2.BORDER_REFLECT)
    return jpeg(wide, quality, rng, others)[3:-5, 5:-3].copy()


@row("pixelation", "pixelated", [2, 3, 4, 6, 8, 16])
def pixelated(p, side, rng, others):
    small = cv2.resize(p, (-(-p.shape[1] // side), -(-p.shape[0] // side)), interpolation=cv2.INTER_AREA)
    return np.repeat(np.repeat(small, side, 0), side, 1)[: p.shape[0], : p.shape[1]].copy()


# ------------------------------------------------------------------------------------------------ noise
row("noise", "gaussian noise", [2, 5, 10, 25])(
    lambda p, s, rng, o: rounded(real(p) + rng.normal(0, s, p.shape)))
row("noise", "luma noise", [2, 5, 12])(
    lambda p, s, rng, o: rounded(real(p) + rng.normal(0, s, p.shape[:2])[..., None]))
row("noise", "speckle", [0.03, 0.08, 0.2])(
    lambda p, s, rng, o: rounded(real(p) * (1 + rng.normal(0, s, p.shape))))
row("noise", "shot noise", [4, 1, 0.25])(lambda p, s, rng, o: rounded(rng.poisson(real(p) * s) / s))


@row("noise", "salt and pepper", [0.002, 0.01, 0.05])
def salt_and_pepper(p, share, rng, others):
    result, dice = p.copy(), rng.random(p.shape[:2])
    result[dice < share / 2] = 0
    result[dice > 1 - share / 2] = 255
    return result


# ------------------------------------------------------------------------------------------------ colour
def saturated(p, factor):
    grey = luma(p)[..., None]
    return rounded(grey + factor * (real(p) - grey))


@row("colour", "hue", [10, 30, 90])
def hue(p, degrees, rng, others):
    hsv = cv2.cvtColor(p.astype(np.float32) / 255, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0] + degrees) % 360
    return rounded(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB) * 255.0)


def cast(p, levels):
    return rounded(real(p) + levels * np.array([1, 0.1, -0.8]))


row("colour", "less saturation", [0.8, 0.5])(lambda p, s, rng, o: saturated(p, s))
row("colour", "more saturation", [1.3, 1.8])(lambda p, s, rng, o: saturated(p, s))
row("colour", "cast", [4, 10, 25])(lambda p, s, rng, o: cast(p, s))
row("colour", "lighter", [5, 15, 40])(lambda p, s, rng, o: rounded(real(p) + s))
row("colour", "darker", [-8, -30])(lambda p, s, rng, o: rounded(real(p) + s))
row("colour", "gamma above 1", [1.1, 1.4])(lambda p, s, rng, o: rounded(255 * (real(p) / 255) ** s))
row("colour", "gamma below 1", [0.9, 0.6])(lambda p, s, rng, o: rounded(255 * (real(p) / 255) ** s))
row("colour", "less contrast", [0.9, 0.7])(lambda p, s, rng, o: rounded(128 + s * (real(p) - 128)))
row("colour", "more contrast", [1.15, 1.5])(lambda p, s, rng, o: rounded(128 + s * (real(p) - 128)))
row("colour", "grey", [0])(lambda p, s, rng, o: saturated(p, 0))
row("colour", "negative", [0])(lambda p, s, rng, o: 255 - p)


# ------------------------------------------------------------------------------------------------ places
def moved(p, x, y, interpolation=cv2.INTER_NEAREST):
    matrix = np.array([[1, 0, x], [0, 1, y]], float)
    return cv2.warpAffine(p, matrix, p.shape[1::-1], flags=interpolation, borderMode=cv2.BORDER_REFLECT)


row("shift", "shift", [1, 2, 3, 6, 12, 25])(lambda p, s, rng, o: moved(p, s, -(s // 2)))
row("shift", "shift down", [1, 4, 16])(lambda p, s, rng, o: moved(p, 0, s))
row("shift by parts", "shift by parts", [0.25, 0.5, 0.75])(
    lambda p, s, rng, o: moved(p, s, -0.4 * s, cv2.INTER_CUBIC))
row("shift by parts", "larger shift by parts", [1.5, 4.5])(
    lambda p, s, rng, o: moved(p, s, 0.3 * s, cv2.INTER_CUBIC))
row("shift by parts", "half a pixel, linear", [0.5])(lambda p, s, rng, o: moved(p, s, 0, cv2.INTER_LINEAR))


@row("warp", "turned", [0.5, 1, 3])
def turned(p, degrees, rng, others):
    matrix = cv2.getRotationMatrix2D((p.shape[1] / 2, p.shape[0] / 2), degrees, 1)
    return cv2.warpAffine(p, matrix, p.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


@row("warp", "enlarged", [1.01, 1.03, 1.06])
def enlarged(p, factor, rng, others):
    matrix = cv2.getRotationMatrix2D((p.shape[1] / 2, p.shape[0] / 2), 0, factor)
    return cv2.warpAffine(p, matrix, p.shape[1::-1], flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


@row("warp", "warp", [1, 2, 4])
def warp(p, pixels, rng, others):
    y, x = np.mgrid[: p.shape[0], : p.shape[1]].astype(np.float32)
    dx = pixels * smooth_field(p.shape[:2], 24, rng)
    dy = pixels * smooth_field(p.shape[:2], 24, rng)
    return cv2.remap(p, (x + dx).astype(np.float32), (y + dy).astype(np.float32), cv2.INTER_CUBIC,
                     borderMode=cv2.BORDER_REFLECT)


@row("warp", "wave", [1, 3])
def wave(p, pixels, rng, others):
    y, x = np.mgrid[: p.shape[0], : p.shape[1]].astype(np.float32)
    return cv2.remap(p, x + np.float32(pixels) * np.sin(y / 9), y, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT)


# ------------------------------------------------------------------------------------------------ one place
def busy_place(p, width, height, rng):
    """Of six random places the one with most contrast: damage where nothing is cannot be seen."""
    grey, best = luma(p), None
    for _ in range(6):
        x, y = int(rng.integers(0, p.shape[1] - width)), int(rng.integers(0, p.shape[0] - height))
        contrast = grey[y : y + height, x : x + width].std()
        if best is None or contrast > best[0]:
            best = (contrast, x, y)
    return best[1], best[2]


def in_a_patch(change):
    def make(p, share, rng, others):
        side = round(share * min(p.shape[:2]))
        x, y = busy_place(p, side, side, rng)
        result = p.copy()
        result[y : y + side, x : x + side] = change(p[y : y + side, x : x + side], rng)
        return result

    return make


SIDES = [0.1, 0.25]
row("patch", "flat patch", SIDES)(in_a_patch(lambda q, rng: np.full_like(q, (20, 160, 90))))
row("patch", "patch of noise", SIDES)(in_a_patch(lambda q, rng: rng.integers(0, 256, q.shape).astype(np.uint8)))
row("patch", "blurred patch", SIDES)(in_a_patch(lambda q, rng: cv2.GaussianBlur(q, (0, 0), 6)))
row("patch", "patch in another colour", SIDES)(in_a_patch(lambda q, rng: rounded(real(q) * [1.3, 0.8, 0.6] + 20)))
row("patch", "black patch", SIDES)(in_a_patch(lambda q, rng: np.zeros_like(q)))


def laid_over(p, other, x, y, mask):
    """`other`, of the mask's size, over p at x, y."""
    result = real(p)
    height, width = mask.shape
    part = result[y : y + height, x : x + width]
    result[y : y + height, x : x + width] = part + mask[..., None] * (real(other) - part)
    return rounded(result)


def soft_ellipse(width, height):
    y, x = np.mgrid[:height, :width]
    distance = np.hypot((x - (width - 1) / 2) / (width / 2), (y - (height - 1) / 2) / (height / 2))
    return np.clip((1 - distance) / 0.25, 0, 1)


def like(other, part):
    """`other` with the mean and contrast of `part`, channel by channel: what fits in."""
    o, q = real(other), real(part)
    return rounded((o - o.mean((0, 1))) / (o.std((0, 1)) + 1) * q.std((0, 1)) + q.mean((0, 1)))


@row("redrawn", "face redrawn: other content", [0.2, 0.3, 0.4])
def other_content(p, share, rng, others):
    side = round(share * min(p.shape[:2]))
    x, y = busy_place(p, side, side, rng)
    u, v = busy_place(p, side, side, rng)
    if abs(u - x) < side / 2 and abs(v - y) < side / 2:
        u, v = (x + p.shape[1] // 2) % (p.shape[1] - side), (y + p.shape[0] // 2) % (p.shape[0] - side)
    part = p[y : y + side, x : x + side]
    return laid_over(p, like(p[v : v + side, u : u + side][:, ::-1], part), x, y, soft_ellipse(side, side))


@row("redrawn", "face redrawn: features moved", [0.25, 0.4])
def features_moved(p, share, rng, others):
    side = round(share * min(p.shape[:2]))
    x, y = busy_place(p, side, side, rng)
    part = p[y : y + side, x : x + side]
    v, u = np.mgrid[:side, :side].astype(np.float32)
    dx, dy = (side / 12 * smooth_field((side, side), 6, rng) for _ in range(2))
    other = cv2.remap(part, (u + dx).astype(np.float32), (v + dy).astype(np.float32), cv2.INTER_CUBIC,
                      borderMode=cv2.BORDER_REFLECT)
    return laid_over(p, other, x, y, soft_ellipse(side, side))


def written(height, width, rng):
    paper = np.full((height, width, 3), 235, np.uint8)
    for line in range(height // 16):
        text = "".join(chr(c) for c in rng.integers(ord("A"), ord("Z") + 1, width // 8))
        cv2.putText(paper, text, (2, 13 + 16 * line), cv2.FONT_HERSHEY_SIMPLEX, 0.45, (30, 30, 40), 1, cv2.LINE_AA)
    return paper


@row("redrawn", "text redrawn", [2, 4])
def text_redrawn(p, lines, rng, others):
    """Not p: both pictures have a sheet of text, with other letters. The reference is the second value."""
    height, width = 16 * lines + 4, p.shape[1] // 2
    x, y = p.shape[1] // 4, p.shape[0] // 3
    first, second = p.copy(), p.copy()
    first[y : y + height, x : x + width] = written(height, width, rng)
    second[y : y + height, x : x + width] = written(height, width, rng)
    return second, first


# ------------------------------------------------------------------------------------------------ levels
row("posterised", "levels", [32, 16, 8, 4])(
    lambda p, s, rng, o: rounded(np.rint(real(p) / 255 * (s - 1)) * 255 / (s - 1)))
row("posterised", "steps of", [6, 12, 24])(lambda p, s, rng, o: rounded(p // s * s + s / 2))


@row("banding", "bands of luma", [8, 16, 32])
def bands(p, step, rng, others):
    grey = luma(p)
    return rounded(real(p) + (np.floor(grey / step) * step + step / 2 - grey)[..., None])


# Soft parts only, as where a sky is stored with too few bits.
@row("banding", "bands where it is smooth", [12, 24])
def soft_bands(p, step, rng, others):
    blurred = real(cv2.GaussianBlur(p, (0, 0), 2))
    rough = np.abs(real(p) - blurred).max(2)
    smooth = cv2.GaussianBlur((rough < 10).astype(np.float64), (0, 0), 2)[..., None] > 0.5
    return rounded(np.where(smooth, np.floor(blurred / step) * step + step / 2, p))


# ------------------------------------------------------------------------------------------------ frequencies
def spectrum_cut(p, cycles):
    fy, fx = np.fft.fftfreq(p.shape[0])[:, None], np.fft.fftfreq(p.shape[1])[None]
    keep = np.hypot(fx, fy) <= cycles
    return np.stack([np.fft.ifft2(np.fft.fft2(real(p)[..., c]) * keep).real for c in range(3)], -1)


row("ringing", "ideal low pass", [0.35, 0.25, 0.15, 0.08])(lambda p, s, rng, o: rounded(spectrum_cut(p, s)))


@row("ringing", "JPEG 2000", [30, 60])
def jpeg_2000(p, ratio, rng, others):
    packed = cv2.imencode(".jp2", p[..., ::-1], [cv2.IMWRITE_JPEG2000_COMPRESSION_X1000, 1000 // ratio])[1]
    return cv2.imdecode(packed, cv2.IMREAD_COLOR)[..., ::-1].copy()


row("sharpening", "unsharp mask, 1 pixel", [0.5, 1, 2])(
    lambda p, s, rng, o: rounded(real(p) + s * (real(p) - cv2.GaussianBlur(real(p), (0, 0), 1))))
row("sharpening", "unsharp mask, 2.5 pixels", [0.4, 1])(
    lambda p, s, rng, o: rounded(real(p) + s * (real(p) - cv2.GaussianBlur(real(p), (0, 0), 2.5))))


# ------------------------------------------------------------------------------------------------ another picture
def another(index):
    def make(p, s, rng, others):
        other = others[(index + int(rng.integers(0, len(others)))) % len(others)]
        scale = max(p.shape[0] / other.shape[0], p.shape[1] / other.shape[1])
        fitted = cv2.resize(other, None, fx=scale + 1e-3, fy=scale + 1e-3, interpolation=cv2.INTER_AREA)
        return fitted[: p.shape[0], : p.shape[1]].copy()

    return make


for number in range(3):
    row("another picture", "another photograph", [number])(another(number))
row("another picture", "mirrored", [0])(lambda p, s, rng, o: p[:, ::-1].copy())


# ------------------------------------------------------------------------------------------------ networks' marks
def tiles(p, levels, rng, side, blend):
    """Each tile has its own offset and contrast; over `blend` pixels one passes into the next."""
    height, width = p.shape[:2]
    across, down = -(-width // side), -(-height // side)
    offsets, gains = rng.normal(0, levels, (down, across, 3)), rng.normal(0, levels / 100, (down, across, 1))

    def spread(values):
        position = lambda n, count: np.clip(np.arange(n) // side, 0, count - 1)
        field = values[position(height, down)][:, position(width, across)]
        return cv2.blur(field, (blend, blend), borderType=cv2.BORDER_REFLECT).reshape(height, width, -1)

    return rounded(128 + (real(p) - 128) * (1 + spread(gains)) + spread(offsets))


row("seams", "tiles, hard", [2, 4, 8])(lambda p, s, rng, o: tiles(p, s, rng, 96, 1))
row("seams", "tiles, blended over 8 pixels", [4, 8])(lambda p, s, rng, o: tiles(p, s, rng, 80, 8))


@row("seams", "one seam", [5, 10])
def one_seam(p, levels, rng, others):
    result = real(p)
    result[:, p.shape[1] // 2 + 7 :] += levels * np.array([1, 0.8, 0.6])
    return rounded(result)


def pattern(shape, period):
    y, x = np.mgrid[: shape[0], : shape[1]]
    if period == 2:
        return np.where((x + y) % 2 == 0, 1.0, -1.0)
    weights = np.cos(2 * np.pi * np.arange(period) / period)
    return (weights[x % period] + weights[y % period]) / 1.2


row("checkerboard", "period 2", [2, 4, 10])(
    lambda p, s, rng, o: rounded(real(p) + s * pattern(p.shape, 2)[..., None]))
row("checkerboard", "period 4", [3, 8])(
    lambda p, s, rng, o: rounded(real(p) + s * pattern(p.shape, 4)[..., None]))


# As overlapping kernels make it: in proportion to what is there.
@row("checkerboard", "period 2, in proportion", [0.03, 0.08])
def in_proportion(p, share, rng, others):
    y, x = np.mgrid[: p.shape[0], : p.shape[1]]
    weights = np.array([[1.0, -0.5], [-0.5, 0.0]])
    return rounded(real(p) * (1 + share * weights[y % 2, x % 2])[..., None])


# ------------------------------------------------------------------------------------------------ two at once
row("blur and cast", "blur and cast", [1.5, 3])(lambda p, s, rng, o: cast(cv2.GaussianBlur(p, (0, 0), s), 18))
row("noise and cast", "noise and cast", [5, 12])(
    lambda p, s, rng, o: rounded(real(cast(p, 20)) + rng.normal(0, s, p.shape)))
row("JPEG and cast", "JPEG and cast", [30, 10])(lambda p, s, rng, o: cast(jpeg(p, s, rng, o), 18))
