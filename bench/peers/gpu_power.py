"""Energy and clock of this machine's GPU, as its driver tells them (NVML), for programs that time.

Under the power limit a card's clock falls for some seconds, and what is timed before is too fast: settle() waits for it.
"""
import ctypes
import os
import statistics
import threading
import time

STEADY = 0.02  # the clock's means of two seconds, one behind the other, differ by less
SM = 1         # NVML_CLOCK_SM


class Gpu:
    """The first GPU that CUDA_VISIBLE_DEVICES names (a number or a UUID), else the machine's first."""

    def __init__(self, library="libnvidia-ml.so.1"):
        self.nvml = ctypes.CDLL(library)
        self.call("nvmlInit_v2")
        self.device = ctypes.c_void_p()
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")[0]
        if visible.startswith("GPU-"):
            self.call("nvmlDeviceGetHandleByUUID", visible.encode(), ctypes.byref(self.device))
        else:
            self.call("nvmlDeviceGetHandleByIndex_v2", ctypes.c_uint(int(visible or 0)), ctypes.byref(self.device))

    def call(self, name, *arguments):
        code = getattr(self.nvml, name)(*arguments)
        if code != 0:
            raise OSError(f"{name}: NVML answers {code}")

    def joules(self):
        """Since the driver began."""
        millijoules = ctypes.c_ulonglong()
        self.call("nvmlDeviceGetTotalEnergyConsumption", self.device, ctypes.byref(millijoules))
        return millijoules.value / 1000

    def sm_mhz(self):
        mhz = ctypes.c_uint()
        self.call("nvmlDeviceGetClockInfo", self.device, ctypes.c_int(SM), ctypes.byref(mhz))
        return mhz.value


def is_steady(samples):
    """samples: (seconds, MHz), oldest first. The last second's mean is that of the second before."""
    if not samples or samples[-1][0] - samples[0][0] < 2:
        return False
    end = samples[-1][0]
    last = [mhz for at, mhz in samples if at > end - 1]
    before = [mhz for at, mhz in samples if end - 2 < at <= end - 1]
    return bool(before) and abs(statistics.mean(last) / statistics.mean(before) - 1) < STEADY


def settle(work, gpu, most=60.0, interval=0.05):
    """Calls work() again and again until the clock is steady under it, or `most` seconds are over."""
    samples, done, start = [], threading.Event(), time.monotonic()

    def watch():
        while not done.wait(interval):
            samples.append((time.monotonic(), gpu.sm_mhz()))
    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        steady = False
        while not steady and time.monotonic() < start + most:
            work()
            steady = is_steady(list(samples))
    finally:
        done.set()
        watcher.join()
    return {"steady": steady, "seconds": round(time.monotonic() - start, 2), "sm_mhz": samples[-1][1] if samples else None}


def joules_a_step(picture, gpu, steps, pictures=5):
    """picture(steps) makes one and waits for it. What a picture takes beside its steps (text, decode, pauses) is in those of
    few steps as well, and cancels."""
    few = max(1, steps // 3)

    def energy(number):
        before = gpu.joules()
        for _ in range(pictures):
            picture(number)
        return gpu.joules() - before
    return (energy(steps) - energy(few)) / (pictures * (steps - few))
