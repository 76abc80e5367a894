# SDXL itself, over LibTorch.
sameseed_library(sameseed_network LIBTORCH
  UNITS
    "layers/backend.cc layers/fp8_probe.cc noise.cc unet/embeddings.cc watch/nonfinite.cc"
    "layers/resnet.cc model/lora_fuse.cc model/tensor_files.cc watch/stopwatch.cc"
    "schedulers/ddim.cc schedulers/distilled_timesteps.cc schedulers/dpm_solver.cc schedulers/dpm_update.cc schedulers/edm.cc schedulers/edm_dpm_solver.cc
     schedulers/edm_euler.cc schedulers/euler.cc schedulers/euler_ancestral.cc schedulers/heun.cc schedulers/lcm.cc
     schedulers/noise_levels.cc schedulers/read_scheduler.cc schedulers/tcd.cc schedulers/unipc.cc"
    "sdxl_engine.cc sdxl_parts.cc sdxl_pipeline.cc text/text_encoder.cc watch/trace.cc"
    "layers/transformer.cc model/weights.cc unet/unet.cc vae/vae.cc"
  LIBRARIES sameseed_pipeline_core sameseed_png LibTorch::cpu)
