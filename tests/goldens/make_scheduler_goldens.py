"""tests/goldens/schedulers.json: samplers of diffusers over a network of one line.

Run: python make_scheduler_goldens.py [--out FILE], with requirements.txt installed. `--bits PROGRAM` compares the
program's `scheduler_answers` with diffusers to the bit instead, on this CPU.
"""
import argparse
import json
import logging
import os
import pathlib
import subprocess
import sys

os.environ["CUDA_VISIBLE_DEVICES"] = ""
import diffusers
import torch

logging.getLogger("diffusers").setLevel(logging.ERROR)
TYPES = {"fp32": torch.float32, "fp16": torch.float16, "bf16": torch.bfloat16}
SDXL = {"num_train_timesteps": 1000, "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
        "timestep_spacing": "leading", "steps_offset": 1, "prediction_type": "epsilon", "clip_sample": False,
        "set_alpha_to_one": False}
PLAYGROUND = {"algorithm_type": "dpmsolver++", "dynamic_thresholding_ratio": 0.995, "euler_at_final": False,
              "final_sigmas_type": "zero", "lower_order_final": True, "num_train_timesteps": 1000,
              "prediction_type": "epsilon", "rho": 7.0, "sample_max_value": 1.0, "sigma_data": 0.5, "sigma_max": 80.0,
              "sigma_min": 0.002, "solver_order": 2, "solver_type": "midpoint", "thresholding": False}
EULER, ANCESTRAL, DPM = "EulerDiscreteScheduler", "EulerAncestralDiscreteScheduler", "DPMSolverMultistepScheduler"
EDM_DPM, EDM_EULER = "EDMDPMSolverMultistepScheduler", "EDMEulerScheduler"
DDIM, LCM, UNIPC = "DDIMScheduler", "LCMScheduler", "UniPCMultistepScheduler"
TCD, HEUN = "TCDScheduler", "HeunDiscreteScheduler"
SPACINGS = ("leading", "trailing", "linspace")
FEW, MANY = (1, 4, 8), (1, 4, 5, 8, 20, 50)


def configs():
    """(class, config, steps: each a number, or what else set_timesteps takes in its place)"""
    def rows(name, base, changes, steps):
        return [(name, {**base, **change}, steps) for change in changes]
    spread = [{"use_karras_sigmas": True}, {"use_exponential_sigmas": True}, {"use_beta_sigmas": True}]
    spaced = [{"timestep_spacing": s} for s in SPACINGS]
    velocity, sample = {"prediction_type": "v_prediction"}, {"prediction_type": "sample"}
    low = {"final_sigmas_type": "sigma_min"}
    zero = {"rescale_betas_zero_snr": True, "timestep_spacing": "trailing", **velocity}
    cases = rows(EULER, SDXL, [{**s, **k} for s in spaced for k in [{}] + spread[:1]], (*MANY, 48))
    cases += rows(EULER, SDXL, [
        *spread[1:], velocity, sample, low, zero, {"steps_offset": 0}, {"beta_schedule": "linear"},
        {"interpolation_type": "log_linear"}, {"timestep_type": "continuous", **velocity},
        {"use_karras_sigmas": True, "sigma_min": 0.05, "sigma_max": 12.0}], FEW)
    cases += rows(ANCESTRAL, SDXL, spaced, MANY) + rows(ANCESTRAL, SDXL, [velocity, zero], FEW)
    cases += rows(DPM, SDXL, spaced + spread[:1], MANY)
    cases += rows(DPM, SDXL, [
        *spread[1:], {"use_lu_lambdas": True}, {**velocity, "use_karras_sigmas": True}, sample, low, zero,
        {"solver_type": "heun"}, {"euler_at_final": True, **low}, {"lower_order_final": False, **low},
        {"solver_order": 1}], FEW)
    cases += rows(DPM, SDXL, [{"solver_order": 3}, {"solver_order": 3, "use_karras_sigmas": True, **low}], MANY)
    cases += rows(DPM, {**SDXL, "algorithm_type": "sde-dpmsolver++"}, [
        {}, {"use_karras_sigmas": True}, {"solver_type": "heun"}, {"solver_order": 3}], (4, 8, 20))
    cases += rows(EDM_DPM, PLAYGROUND, [{}], MANY)
    cases += rows(EDM_DPM, PLAYGROUND, [
        low, {"solver_order": 3}, {"solver_type": "heun"}, {"sigma_schedule": "exponential"}, velocity,
        {"algorithm_type": "sde-dpmsolver++"}, {"algorithm_type": "sde-dpmsolver++", "solver_type": "heun"},
        {"sigma_max": 120.0}], FEW)
    cases += rows(EDM_EULER, {}, [{}], MANY)
    cases += rows(EDM_EULER, {}, [low, velocity, {"sigma_schedule": "exponential"}], FEW)
    cases += rows(DDIM, SDXL, spaced, (*MANY, 6, 7))
    cases += rows(DDIM, SDXL, [velocity, sample, zero, {"set_alpha_to_one": True}, {"clip_sample": True}], FEW)
    cases += rows(LCM, SDXL, [{}], (1, 2, 3, 4, 8, 50)) + rows(LCM, SDXL, [velocity, sample], FEW)
    cases += rows(UNIPC, SDXL, spaced + spread[:1], MANY)
    cases += rows(UNIPC, SDXL, [
        *spread[1:], velocity, low, {"solver_type": "bh1"}, {"solver_order": 3}, {"solver_order": 1},
        {"lower_order_final": False}, {"disable_corrector": [0, 2]}, {"use_karras_sigmas": True, **low}], FEW)
    # Own lists, as set_timesteps takes them: DMD2's, one that does not descend, numbers between the table's.
    lists = [{"timesteps": t} for t in ([999, 749, 499, 249], [999], [999, 500.75, 499.5, 10], [200, 900, 900, 100])]
    levels = [{"sigmas": s} for s in ([14.6146, 4.0817, 1.6129, 0.0], [80.0, 0.5, 2.5, 0.001, 0.0005], [7.0, 1e-12])]
    cases += rows(LCM, SDXL, [{}, sample], lists[:3])
    cases += rows(EULER, SDXL, [{}, velocity], lists + levels)
    cases += rows(EULER, SDXL, [low, {"interpolation_type": "log_linear"}, {"timestep_spacing": "trailing"}], lists[:1])
    cases += rows(EULER, SDXL, [low, spread[0], {"timestep_type": "continuous", **velocity}], levels[:2])
    cases += rows(DPM, SDXL, [{}, low, {"solver_order": 3}], lists[:3])
    cases += rows(DPM, {**SDXL, "algorithm_type": "sde-dpmsolver++"}, [{}], lists[:1])
    limits = {"sigma_min": 0.05, "sigma_max": 12.0}  # which these classes take from a config of another one
    cases += rows(DPM, SDXL, [limits, *({**limits, **s} for s in spread), {**limits, "use_lu_lambdas": True}], (4,))
    cases += rows(TCD, SDXL, [{}], (1, 2, 4, 8, 50)) + rows(TCD, SDXL, [velocity, sample, zero], FEW)
    cases += rows(TCD, {}, [{"original_inference_steps": 20}], (4,)) + rows(TCD, SDXL, [{}], lists[:3])
    cases += rows(HEUN, SDXL, spaced + spread[:1], MANY) + rows(HEUN, SDXL, [{}], lists)
    cases += rows(HEUN, SDXL, [*spread[1:], velocity, sample, {"clip_sample": True}, {**limits, **spread[0]}], FEW)
    cases += rows(HEUN, {}, [{}], (4,))
    return cases


def answer(name, config, steps, type_name):
    """Final latents [1, 4, 2, 2] of the network 0.25 x + 0.1, timesteps and sigmas."""
    kind = TYPES[type_name]
    scheduler = getattr(diffusers, name).from_config(config)
    scheduler.set_timesteps(**(steps if isinstance(steps, dict) else {"num_inference_steps": steps}))
    if hasattr(scheduler, "set_begin_index"):
        scheduler.set_begin_index(0)
    generator = torch.Generator("cpu").manual_seed(123)
    x = torch.randn([1, 4, 2, 2], generator=generator, dtype=kind) * scheduler.init_noise_sigma
    takes = scheduler.step.__code__.co_varnames
    more = {"generator": generator} if "generator" in takes else {}
    if "eta" in takes:
        more["eta"] = 0.0
    for t in scheduler.timesteps:
        out = 0.25 * scheduler.scale_model_input(x, t) + 0.1
        x = scheduler.step(out, t, x, return_dict=False, **more)[0]
    sigmas = getattr(scheduler, "sigmas", None)
    return {"latents": x.float().flatten().tolist(), "timesteps": scheduler.timesteps.float().tolist(),
            "sigmas": None if sigmas is None or name in (DDIM, LCM, TCD) else sigmas.tolist(),
            "init_noise_sigma": float(scheduler.init_noise_sigma)}


def shortest(values):
    """Floats as the shortest decimals that give the same float32."""
    if isinstance(values, list):
        return [shortest(v) for v in values]
    if isinstance(values, dict):
        return {key: shortest(v) for key, v in values.items()}
    if not isinstance(values, float) or values != values or values in (float("inf"), float("-inf")):
        return None if isinstance(values, float) else values
    import numpy as np
    return float(str(np.float32(values)))


def cases():
    for name, config, numbers in configs():
        for steps in numbers:
            case = {"class": name, "config": {"_class_name": name, **config}, "steps": steps}
            for type_name in TYPES:
                got = answer(name, config, steps, type_name)
                case.setdefault("latents", {})[type_name] = got.pop("latents")
                case.update(got)
            yield {key: value if key == "config" else shortest(value) for key, value in case.items()}


def compare(program):
    """Counts the numbers that differ from diffusers, for each class and type."""
    wrong, total = {}, {}
    all_cases = list(cases())
    lines = "".join(json.dumps({k: c[k] for k in ("config", "steps")}) + "\n" for c in all_cases)
    out = subprocess.run([program], input=lines, capture_output=True, text=True, check=True).stdout
    for case, line in zip(all_cases, out.splitlines(), strict=True):
        got = json.loads(line)
        for what, ours, theirs in [(t, got["latents"][t], case["latents"][t]) for t in TYPES] + [
                ("timesteps", got["timesteps"], case["timesteps"]), ("sigmas", got["sigmas"], case["sigmas"])]:
            key = case["class"], what
            total[key] = total.get(key, 0) + 1
            if shortest(ours) != theirs:
                wrong.setdefault(key, []).append((case["config"], case["steps"]))
    for (name, what), n in total.items():
        bad = wrong.get((name, what), [])
        print(f"{name:34} {what:9} {n - len(bad):4} of {n} equal" + (f"; first: {bad[0]}" if bad else ""))
    return sum(map(len, wrong.values()))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--out", type=pathlib.Path, default=pathlib.Path(__file__).parent / "schedulers.json")
    parser.add_argument("--bits", metavar="PROGRAM")
    args = parser.parse_args()
    torch.set_num_threads(1)
    if args.bits:
        sys.exit(compare(args.bits) != 0)
    args.out.write_text("[\n" + ",\n".join(json.dumps(c, separators=(",", ":")) for c in cases()) + "\n]\n")
