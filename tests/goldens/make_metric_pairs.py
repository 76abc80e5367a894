"""Pairs of small pictures and what public implementations answer for them, for tests/metrics.

    python tests/goldens/make_metric_pairs.py        # writes tests/goldens/metrics/

and prints those of the made pictures of metrics/self_test.cc.

psnr, ssim, color: scikit-image. ms_ssim, gmsd: piq, in float64. flip_tool.*: the public FLIP tool
(flip-evaluator). flip: its published formulas with undivided filters, in float64 (SciPy). detail,
local: NumPy and SciPy, from the definitions.
"""
import json
import pathlib

import flip_evaluator
import numpy as np
import piq
import torch
from PIL import Image
from scipy import ndimage
from skimage import color, metrics

OUT = pathlib.Path(__file__).parent / "metrics"
LUMA = np.array([0.299, 0.587, 0.114])


def levels(picture):
    return np.clip(np.round(picture), 0, 255).astype(np.uint8)


def scene(height, width, seed):
    """Sky, hills, an object and some texture: smooth, sharp and fine parts."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width].astype(float)
    picture = np.stack([90 + 100 * y / height, 140 + 30 * np.sin(x / 23), 220 - 120 * y / height], -1)
    hills = y > height * (0.6 + 0.08 * np.sin(x / width * 9 + seed))
    picture[hills] = [70, 120, 50]
    texture = ndimage.gaussian_filter(random.normal(0, 60, (height, width)), 0.8)
    picture += (hills * texture)[..., None]
    disc = (x - 0.6 * width) ** 2 + (y - 0.35 * height) ** 2 < (0.2 * min(width, height)) ** 2
    picture[disc] = [230, 170, 40]
    return ndimage.gaussian_filter(picture, (0.5, 0.5, 0))


def noisy(picture, sigma, seed):
    return picture + np.random.default_rng(seed).normal(0, sigma, picture.shape)


def patched(picture):
    result = picture.copy()
    result[20:52, 30:62] = [200, 30, 160]
    return result


def desaturated(picture, share):
    grey = (picture @ LUMA)[..., None]
    return grey + share * (picture - grey)


def pairs():
    large, small, odd = scene(176, 176, 1), scene(64, 96, 2), scene(61, 77, 3)
    yield "large_blur", ndimage.gaussian_filter(large, (1, 1, 0)), large
    yield "large_noise", noisy(large, 6, 11), large
    yield "large_cast", large + [9, -4, 2], large
    yield "large_patch", patched(large), large
    yield "large_other", scene(176, 176, 4), large
    yield "small_blur", ndimage.gaussian_filter(small, (0.6, 0.6, 0)), small
    yield "small_noise", noisy(small, 2, 12), small
    yield "small_grey", desaturated(small, 0.4), small
    yield "small_shift", np.roll(small, 1, axis=1), small
    yield "small_bands", np.round(small / 32) * 32, small
    yield "odd_noise", noisy(odd, 15, 13), odd
    yield "odd_dark", odd * 0.85, odd
    yield "odd_turned", odd[..., [1, 2, 0]], odd
    flat = np.full((40, 40, 3), 200.0)
    dot = flat.copy()
    dot[20, 20] += 1
    yield "flat_dot", dot, flat


def starts(side):
    return sorted({max(0, min(at, side - 32)) for at in range(0, side, 32)})


def tiles(height, width):
    return [(slice(y, y + 32), slice(x, x + 32)) for y in starts(height) for x in starts(width)]


def powers(luma):
    height, width = luma.shape
    window = np.outer(np.hanning(height), np.hanning(width))
    power = np.abs(np.fft.fft2((luma - luma.mean()) * window)) ** 2
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :])
    scale = luma.size * (window**2).sum()
    return power[radius >= 0.25].sum() / scale, power[(radius >= 0.0625) & (radius < 0.25)].sum() / scale


def laplacian(luma):
    return ndimage.laplace(luma)[1:-1, 1:-1].var()


def detail(a, b):
    a, b = a @ LUMA, b @ LUMA
    ratio = lambda f, x, y, floor: (f(x) + floor) / (f(y) + floor)
    high, middle = lambda l: powers(l)[0], lambda l: powers(l)[1]
    tiled = lambda f: [ratio(f, a[t], b[t], 1 / 12) for t in tiles(*a.shape)]
    return {
        "detail.high_frequency_ratio": ratio(high, a, b, 1e-9),
        "detail.high_frequency_ratio_p5": np.percentile(tiled(high), 5),
        "detail.high_frequency_ratio_p95": np.percentile(tiled(high), 95),
        "detail.mid_frequency_ratio": ratio(middle, a, b, 1e-9),
        "detail.laplacian_ratio": ratio(laplacian, a, b, 1e-9),
        "detail.laplacian_ratio_p5": np.percentile(tiled(laplacian), 5),
        "detail.laplacian_ratio_p95": np.percentile(tiled(laplacian), 95),
    }


def bands(a, b):
    """Gain, coherence, power ratio and rest of what two spectra have in common, from their definitions."""
    height, width = a.shape[:2]
    window = np.outer(np.hanning(height), np.hanning(width))
    spectrum = lambda luma: np.fft.fft2((luma - luma.mean()) * window)
    a, b = spectrum(a @ LUMA), spectrum(b @ LUMA)
    radius = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None, :])
    edges = {"low": (2.5 / min(height, width), 0.0625), "mid": (0.0625, 0.25), "high": (0.25, 9)}
    result = {}
    for name, (least, most) in edges.items():
        band = (radius >= least) & (radius < most)
        scale = height * width * (window**2).sum()
        aa, bb, ab = ((x[band] * y[band].conj()).real.sum() / scale for x, y in ((a, a), (b, b), (a, b)))
        result[f"bands.gain_{name}"] = (ab + 1e-9) / (bb + 1e-9)
        result[f"bands.coherence_{name}"] = (ab + 1e-9) / np.sqrt((aa + 1e-9) * (bb + 1e-9))
        if name == "low":
            result["bands.power_low"] = (aa + 1e-9) / (bb + 1e-9)
        if name == "high":
            result["bands.rest_high"] = np.sqrt(max(0, aa - (ab * ab / bb if bb > 0 else 0)))
    return result


def grey(picture):
    red, green, blue = (picture[..., c].astype(float) for c in range(3))
    return np.rint(0.299 * red + 0.587 * green + 0.114 * blue).astype(np.uint8)


def colors(a, b):
    a, b = color.rgb2lab(a), color.rgb2lab(b)
    e = color.deltaE_ciede2000(b, a)
    result = {f"color.delta_e_p{p}": np.percentile(e, p) for p in (50, 95, 99)}
    result |= {"color.delta_e_mean": e.mean(), "color.delta_e_max": e.max()}
    result["color.share_above_2_3"] = (e > 2.3).mean()
    result |= {f"color.delta_{n}": (a - b)[..., i].mean() for i, n in enumerate("lab")}
    return result


def local(a, b):
    kernel = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], float)
    difference = ndimage.convolve(a @ LUMA - b @ LUMA, kernel)[1:-1, 1:-1]
    squares = ((a.astype(float) - b) ** 2).mean(-1)
    _, ssim = metrics.structural_similarity(
        a, b, channel_axis=2, gaussian_weights=True, sigma=1.5, use_sample_covariance=False, full=True)
    ssim = ssim[5:-5, 5:-5].mean(-1)
    return {
        "local.ssim_tile_min": min(ssim[t].mean() for t in tiles(*ssim.shape)),
        "local.mse_tile_ratio": max(squares[t].mean() for t in tiles(*squares.shape)) / squares.mean(),
        "local.noise_sigma": np.abs(difference).mean() * np.sqrt(np.pi / 2) / 6,
    }


WHITE = np.array([0.950428545, 1.0, 1.088900371])
TO_XYZ = np.array([
    [10135552 / 24577794, 8788810 / 24577794, 4435075 / 24577794],
    [2613072 / 12288897, 8788810 / 12288897, 887015 / 12288897],
    [1425312 / 73733382, 8788810 / 73733382, 70074185 / 73733382]])
PPD = 0.7 * (3840 / 0.7) * np.pi / 180


def flip_map(a, b):
    """NVlabs/flip:src/pytorch/flip_loss.py, word for word in NumPy; filters in two dimensions."""
    def linear(picture):
        s = picture / 255.0
        return np.where(s > 0.04045, ((s + 0.055) / 1.055) ** 2.4, s / 12.92)

    def opponent(rgb):
        x, y, z = np.moveaxis(rgb @ TO_XYZ.T / WHITE, -1, 0)
        return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)

    def light(ycc):
        y = (ycc[..., 0] + 16) / 116
        xyz = np.stack([ycc[..., 1] / 500 + y, y, y - ycc[..., 2] / 200], -1) * WHITE
        return np.clip(xyz @ np.linalg.inv(TO_XYZ).T, 0, 1)

    def hunt(rgb):
        t = rgb @ TO_XYZ.T / WHITE
        d = 6 / 29
        x, y, z = np.moveaxis(np.where(t > d**3, np.cbrt(t), t / (3 * d * d) + 4 / 29), -1, 0)
        l = 116 * y - 16
        return np.stack([l, 0.01 * l * 500 * (x - y), 0.01 * l * 200 * (y - z)], -1)

    def spatial(parameters):
        r = int(np.ceil(3 * np.sqrt(0.04 / (2 * np.pi**2)) * PPD))
        y, x = np.mgrid[-r:r + 1, -r:r + 1] / PPD
        g = sum(s * np.sqrt(np.pi / w) * np.exp(-np.pi**2 * (x**2 + y**2) / w) for s, w in parameters)
        return g / g.sum()

    def hyab(p, q):
        return np.abs(p[..., 0] - q[..., 0]) + np.linalg.norm((p - q)[..., 1:], axis=-1)

    def feature(luma, kind):
        sigma = 0.5 * 0.082 * PPD
        r = int(np.ceil(3 * sigma))
        y, x = np.mgrid[-r:r + 1, -r:r + 1].astype(float)
        g = np.exp(-(x**2 + y**2) / (2 * sigma**2)) * (-x if kind == "edge" else x**2 / sigma**2 - 1)
        g = np.where(g < 0, g / -g[g < 0].sum(), g / g[g > 0].sum())
        return np.hypot(*(ndimage.correlate(luma, k, mode="nearest") for k in (g, g.T)))

    filters = [spatial(p) for p in ([(1, 0.0047)], [(1, 0.0053)], [(34.1, 0.04), (13.5, 0.025)])]
    ycc = [opponent(linear(p.astype(float))) for p in (a, b)]
    seen = [hunt(light(np.stack([ndimage.correlate(p[..., i], f, mode="nearest")
                                 for i, f in enumerate(filters)], -1))) for p in ycc]
    largest = hyab(*(hunt(np.array(c, float)) for c in ([0, 1, 0], [0, 0, 1]))) ** 0.7
    e, bend = hyab(*seen) ** 0.7, 0.4 * largest
    e = np.where(e < bend, 0.95 / bend * e, 0.95 + (e - bend) / (largest - bend) * 0.05)
    grey = [(p[..., 0] + 16) / 116 for p in ycc]
    differ = [np.abs(feature(grey[0], k) - feature(grey[1], k)) for k in ("edge", "point")]
    return e ** (1 - (np.maximum(*differ) / np.sqrt(2)) ** 0.5)


def flip(a, b):
    error = flip_map(a, b)
    ordered = np.sort(error.ravel())
    half = ordered[np.searchsorted(np.cumsum(ordered), ordered.sum() / 2)]
    _, tool, _ = flip_evaluator.evaluate(b / np.float32(255), a / np.float32(255), "LDR", inputsRGB=True, applyMagma=False)
    return {"flip.mean": error.mean(), "flip.weighted_median": half, "flip.max": error.max(),
            "flip_tool.mean": tool}


def public(a, b):
    tensor = lambda p: torch.from_numpy(p.astype(np.float64)).permute(2, 0, 1)[None]
    ssim = lambda **more: metrics.structural_similarity(a, b, channel_axis=2, **more)
    result = {
        "psnr.rgb": metrics.peak_signal_noise_ratio(b, a),
        "ssim.gaussian": ssim(gaussian_weights=True, sigma=1.5, use_sample_covariance=False),
        "ssim.uniform7": ssim(),
        "ssim.luma": metrics.structural_similarity(
            grey(a), grey(b), gaussian_weights=True, sigma=1.5, use_sample_covariance=False),
        "gmsd": piq.gmsd(tensor(a), tensor(b), data_range=255).item(),
    }
    if min(a.shape[:2]) > 160:
        result["ms_ssim"] = piq.multi_scale_ssim(tensor(a), tensor(b), data_range=255).item()
    return result


def answers_of(a, b):
    return public(a, b) | colors(a, b) | detail(a, b) | bands(a, b) | local(a, b) | flip(a, b)


def wave(phase):
    y, x, c = np.mgrid[0:64, 0:64, 0:3]
    return ((x * 3 + y * (c + 1) + phase * 7 * (c + 1)) % 256).astype(np.uint8)


def noise(seed):
    v = (np.arange(64 * 64 * 3, dtype=np.uint64) * 2654435761 + seed * 40503) & 0xFFFFFFFF
    v ^= v >> np.uint64(16)
    v = (v * np.uint64(2246822519)) & 0xFFFFFFFF
    v ^= v >> np.uint64(13)
    return (v & 255).astype(np.uint8).reshape(64, 64, 3)


def main():
    OUT.mkdir(exist_ok=True)
    answers = []
    for name, candidate, reference in pairs():
        a, b = levels(candidate), levels(reference)
        base = name.split("_")[0]
        Image.fromarray(a).save(OUT / f"{name}.png", optimize=True)
        Image.fromarray(b).save(OUT / f"{base}.png", optimize=True)
        values = answers_of(a, b)
        answers.append({"candidate": f"{name}.png", "reference": f"{base}.png",
                        "values": {key: float(value) for key, value in values.items()}})
    (OUT / "answers.json").write_text(json.dumps(answers, indent=1) + "\n")
    made = [answers_of(wave(3), wave(0)), answers_of(noise(1), wave(0)), answers_of(noise(2), noise(1))]
    for quantity in made[0]:
        print(quantity, *(repr(float(values[quantity])) for values in made))


main()
