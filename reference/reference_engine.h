// The arm that counts as right: plain ATen, diffusers' operations in diffusers' order.
#pragma once

#include <c10/core/Device.h>

#include <memory>

#include "pipeline/engine.h"
#include "pipeline/model/upload.h"

namespace sameseed {

// `upload` as in SdxlEngine.
std::unique_ptr<Engine> make_reference_engine(c10::Device device, MakeUpload upload = {});

}  // namespace sameseed
