# SDXL itself, over LibTorch.
sameseed_library(sameseed_network LIBTORCH
  UNITS
    "backend.cc config.cc embeddings.cc noise.cc nonfinite.cc"
    "resnet.cc schedulers/all_schedulers.cc schedulers/euler.cc stopwatch.cc tensor_files.cc"
    "sdxl_engine.cc sdxl_pipeline.cc text_encoder.cc trace.cc"
    "transformer.cc unet.cc vae.cc weights.cc"
  LIBRARIES sameseed_pipeline_core sameseed_png LibTorch::cpu)
