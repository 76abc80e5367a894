// Group and layer norms, see kernels.h.
#include <algorithm>
#include <stdexcept>
#include <type_traits>

#include "pipeline/cuda/kernels/e4m3.cuh"

namespace sameseed::cuda {
namespace {

__device__ float warp_sum(float value) {
#pragma unroll
  for (int lane = 16; lane > 0; lane /= 2) value += __shfl_xor_sync(0xffffffffu, value, lane);
  return value;
}

// Two units in the last place of float32 off, which 16 bits do not show.
__device__ float silu(float x) { return __fdividef(x, 1.0f + __expf(-x)); }

// A group's mean is far from zero in late blocks, where a sum of squares would cancel; sums are
// taken about the group's first value of the picture instead.
struct Moments {
  float sum, squares;  // of value - pivot
};

// Two pictures whose channels lie one behind the other, read as one; `behind` may have none.
template <typename T>
struct Joined {
  const T *first, *behind;
  int first_channels, behind_channels;
  std::int64_t first_stride, behind_stride;  // values between pictures
  int pictures;                              // behind the last one comes the first one again

  // Where a channel's values begin, and how far they are apart.
  __device__ const T* of(int output, int channel) const {
    const std::int64_t picture = output % pictures;
    return channel < first_channels ? first + picture * first_stride + channel
                                    : behind + picture * behind_stride + channel - first_channels;
  }
  __device__ int pitch(int channel) const {
    return channel < first_channels ? first_channels : behind_channels;
  }
};

constexpr int kGroupThreads = 320;
constexpr int kMostChunks = 128;

struct GroupGrid {
  int vectors;  // 16-byte vectors a pixel
  int rows;     // pixels that a block reads at once
  int threads;
  int chunks;  // blocks a picture
};

GroupGrid group_grid(const GroupNormShape& shape) {
  GroupGrid grid{};
  grid.vectors = static_cast<int>(shape.channels / kVector);
  grid.rows = std::max(1, kGroupThreads / grid.vectors);
  grid.threads = grid.rows * grid.vectors;
  const std::int64_t passes = (shape.pixels + grid.rows - 1) / grid.rows;
  grid.chunks = static_cast<int>(std::min<std::int64_t>(kMostChunks, (passes + 3) / 4));
  return grid;
}

// Shared memory: per row of threads and channel, sum and sum of squares.
template <typename T>
__global__ void group_moments(Joined<T> x, const T* shift, std::int64_t shift_stride,
                              Moments* scratch, std::int64_t pixels, int channels, int groups,
                              int rows, int chunks) {
  extern __shared__ Moments partial[];
  wait_for_kernel_before();
  let_kernel_behind_start();
  const int vectors = channels / kVector, vector = static_cast<int>(threadIdx.x) % vectors,
            row = static_cast<int>(threadIdx.x) / vectors, per_group = channels / groups;
  const int picture = static_cast<int>(blockIdx.y);
  const T* const from = x.of(picture, vector * kVector);
  const int pitch = x.pitch(vector * kVector);
  float shifts[kVector] = {}, sums[kVector] = {}, squares[kVector] = {};
  if (shift) load(shift + picture * shift_stride + vector * kVector, shifts);
#pragma unroll
  for (int i = 0; i < kVector; ++i) {
    const int first = (vector * kVector + i) / per_group * per_group;
    const float shifted = shift ? static_cast<float>(shift[picture * shift_stride + first]) : 0.0f;
    shifts[i] -= static_cast<float>(*x.of(picture, first)) + shifted;
  }
  const std::int64_t step = static_cast<std::int64_t>(rows) * chunks;
#pragma unroll 4
  for (std::int64_t pixel = static_cast<std::int64_t>(blockIdx.x) * rows + row; pixel < pixels;
       pixel += step) {
    float values[kVector];
    load(from + pixel * pitch, values);
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      const float value = values[i] + shifts[i];
      sums[i] += value;
      squares[i] = fmaf(value, value, squares[i]);
    }
  }
#pragma unroll
  for (int i = 0; i < kVector; ++i)
    partial[row * channels + vector * kVector + i] = {sums[i], squares[i]};
  __syncthreads();

  // Only whole warps add up; the launcher sees to one at least.
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32,
            warps = static_cast<int>(blockDim.x) / 32;
  if (warp >= warps) return;
  for (int group = warp; group < groups; group += warps) {
    float sum = 0, square = 0;
    for (int i = lane; i < per_group * rows; i += 32) {
      const Moments one = partial[i / per_group * channels + group * per_group + i % per_group];
      sum += one.sum;
      square += one.squares;
    }
    sum = warp_sum(sum);
    square = warp_sum(square);
    if (lane == 0) scratch[(picture * groups + group) * chunks + blockIdx.x] = {sum, square};
  }
}

// Shared memory: mean and reciprocal deviation of each group.
template <typename T>
__global__ void group_apply(Joined<T> x, const T* shift, std::int64_t shift_stride, const T* weight,
                            const T* bias, T* y, const Moments* scratch, std::int64_t pixels,
                            int channels, int groups, int rows, int chunks, float eps,
                            bool then_silu) {
  extern __shared__ float2 statistics[];
  const int vectors = channels / kVector, vector = static_cast<int>(threadIdx.x) % vectors,
            row = static_cast<int>(threadIdx.x) / vectors, per_group = channels / groups;
  float scales[kVector], offsets[kVector], shifts[kVector] = {};
  load(weight + vector * kVector, scales);  // which no kernel writes
  load(bias + vector * kVector, offsets);
  wait_for_kernel_before();
  let_kernel_behind_start();
  const int picture = static_cast<int>(blockIdx.y);
  const int lane = static_cast<int>(threadIdx.x) % 32, warps = static_cast<int>(blockDim.x) / 32;
  for (int group = static_cast<int>(threadIdx.x) / 32; group < groups; group += warps) {
    if (static_cast<int>(threadIdx.x) / 32 >= warps) break;  // only whole warps add up
    float sum = 0, square = 0;
    for (int chunk = lane; chunk < chunks; chunk += 32) {
      const Moments one = scratch[(picture * groups + group) * chunks + chunk];
      sum += one.sum;
      square += one.squares;
    }
    sum = warp_sum(sum);
    square = warp_sum(square);
    const float count = static_cast<float>(pixels) * static_cast<float>(per_group);
    const float mean = sum / count, variance = fmaxf(square / count - mean * mean, 0.0f);
    const int first = group * per_group;
    const float pivot = static_cast<float>(*x.of(picture, first)) +
                        (shift ? static_cast<float>(shift[picture * shift_stride + first]) : 0.0f);
    if (lane == 0) statistics[group] = make_float2(mean + pivot, rsqrtf(variance + eps));
  }
  __syncthreads();

  if (shift) load(shift + picture * shift_stride + vector * kVector, shifts);
  float means[kVector];
#pragma unroll
  for (int i = 0; i < kVector; ++i) {
    const float2 one = statistics[(vector * kVector + i) / per_group];
    means[i] = one.x - shifts[i];
    scales[i] *= one.y;
  }
  const std::int64_t step = static_cast<std::int64_t>(rows) * gridDim.x;
  const std::int64_t base = picture * pixels * channels + vector * kVector;
  const T* const from = x.of(picture, vector * kVector);
  const int pitch = x.pitch(vector * kVector);
  // From the end: the pass before left the last pixels in the cache.
#pragma unroll 4
  for (std::int64_t pixel = pixels - 1 - (static_cast<std::int64_t>(blockIdx.x) * rows + row);
       pixel >= 0; pixel -= step) {
    float values[kVector];
    load_last(from + pixel * pitch, values);
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      values[i] = fmaf(values[i] - means[i], scales[i], offsets[i]);
      if (then_silu) values[i] = silu(values[i]);
    }
    store(values, y + base + pixel * channels);
  }
}

constexpr int kRowsABlock = 4;                           // a warp each
constexpr std::int64_t kMostNormed = 10 * 32 * kVector;  // vectors a lane, lanes

// A row of a warp's values, rounded to fp16 and quantised with a scale of its own.
template <int kVectors>
__device__ void store_codes(float (&values)[kVectors][kVector], __nv_fp8_storage_t* to,
                            float* to_scale, int vectors) {
  const int lane = static_cast<int>(threadIdx.x);
  float largest = 0;
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    if (v * 32 + lane >= vectors) continue;
    round_to_fp16(values[v]);
    largest = largest_of(values[v], largest);
  }
  const float scale = scale_of(largest_of_warp(largest)), by = __fdiv_rn(1.0f, scale);
#pragma unroll
  for (int v = 0; v < kVectors; ++v)
    if (v * 32 + lane < vectors) store_e4m3(values[v], by, to + (v * 32 + lane) * kVector);
  if (lane == 0) *to_scale = scale;
}

// Codes: y is E4M3 with a scale a row, of what fp16 keeps of the norm; else `y_scales` is null.
template <typename T, typename Y, int kVectors, bool kSums>
__global__ void layer_norm_rows(const T* x, const T* residual, const T* weight, const T* bias,
                                T* total, Y* y, float* y_scales, std::int64_t rows, int channels,
                                float eps) {
  const std::int64_t row = static_cast<std::int64_t>(blockIdx.x) * kRowsABlock + threadIdx.y;
  const int lane = static_cast<int>(threadIdx.x), vectors = channels / kVector;
  // No kernel writes weights: they may be read before the kernel before this one has ended.
  Vector<T> scales[kVectors], offsets[kVectors];
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    if (v * 32 + lane >= vectors) continue;
    scales[v] = *reinterpret_cast<const Vector<T>*>(weight + (v * 32 + lane) * kVector);
    offsets[v] = *reinterpret_cast<const Vector<T>*>(bias + (v * 32 + lane) * kVector);
  }
  wait_for_kernel_before();
  let_kernel_behind_start();
  if (row >= rows) return;
  float values[kVectors][kVector];
  Vector<T> added[kVectors];
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    const std::int64_t at = row * channels + (v * 32 + lane) * kVector;
    if (v * 32 + lane >= vectors) continue;
    load(x + at, values[v]);
    if (kSums) added[v] = *reinterpret_cast<const Vector<T>*>(residual + at);
  }
  float sum = 0;
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    if (v * 32 + lane >= vectors) continue;
    if (kSums) {
#pragma unroll
      for (int i = 0; i < kVector; ++i) values[v][i] += static_cast<float>(added[v].values[i]);
      store(values[v], total + row * channels + (v * 32 + lane) * kVector);
    }
#pragma unroll
    for (int i = 0; i < kVector; ++i) sum += values[v][i];
  }
  const float mean = warp_sum(sum) / static_cast<float>(channels);
  float squares = 0;
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    if (v * 32 + lane >= vectors) continue;
#pragma unroll
    for (int i = 0; i < kVector; ++i) {
      values[v][i] -= mean;
      squares = fmaf(values[v][i], values[v][i], squares);
    }
  }
  const float scale = rsqrtf(warp_sum(squares) / static_cast<float>(channels) + eps);
#pragma unroll
  for (int v = 0; v < kVectors; ++v) {
    if (v * 32 + lane >= vectors) continue;
#pragma unroll
    for (int i = 0; i < kVector; ++i)
      values[v][i] = fmaf(values[v][i] * scale, static_cast<float>(scales[v].values[i]),
                          static_cast<float>(offsets[v].values[i]));
  }
  if constexpr (std::is_same_v<Y, T>) {
#pragma unroll
    for (int v = 0; v < kVectors; ++v)
      if (v * 32 + lane < vectors) store(values[v], y + row * channels + (v * 32 + lane) * kVector);
  } else {
    store_codes(values, y + row * channels, y_scales + row, vectors);
  }
}
}  // namespace

std::size_t group_norm_scratch(const GroupNormShape& shape) {
  return static_cast<std::size_t>(shape.n * group_grid(shape).chunks * shape.groups) *
         sizeof(Moments);
}

void group_norm(const void* x, const void* x_behind, const void* shift, std::int64_t shift_stride,
                const void* weight, const void* bias, void* y, float* scratch,
                const GroupNormShape& shape, Half type, cudaStream_t stream) {
  if (shape.pictures < 1 || shape.n % shape.pictures != 0)
    throw std::invalid_argument("a group norm of pictures that do not stand for all");
  if (shape.channels % kVector != 0 || shape.first_channels % kVector != 0 ||
      shape.first_channels < 1 || shape.first_channels > shape.channels)
    throw std::invalid_argument("a group norm over channels that are no multiple of 8");
  const GroupGrid grid = group_grid(shape);
  // A whole warp at least, for the sums over groups; rows beyond the first find no pixels or few.
  const int rows = std::max(grid.rows, (32 + grid.vectors - 1) / grid.vectors);
  const dim3 blocks(static_cast<unsigned>(grid.chunks), static_cast<unsigned>(shape.n));
  const auto threads = static_cast<unsigned>(rows * grid.vectors);
  const auto channels = static_cast<int>(shape.channels), groups = static_cast<int>(shape.groups);
  const auto first = static_cast<int>(shape.first_channels);
  auto* const moments = reinterpret_cast<Moments*>(scratch);
  with_type(type, [&](auto one) {
    using T = decltype(one);
    const Joined<T> joined{static_cast<const T*>(x),
                           static_cast<const T*>(x_behind),
                           first,
                           channels - first,
                           shape.pixels * first,
                           shape.pixels * (channels - first),
                           static_cast<int>(shape.pictures)};
    launch_dependent(group_moments<T>, blocks, threads,
                     sizeof(Moments) * static_cast<std::size_t>(rows * channels), stream, joined,
                     static_cast<const T*>(shift), shift_stride, moments, shape.pixels, channels,
                     groups, rows, grid.chunks);
    launch_dependent(group_apply<T>, dim3(blocks.x * 2, blocks.y), threads,
                     sizeof(float2) * static_cast<std::size_t>(groups), stream, joined,
                     static_cast<const T*>(shift), shift_stride, static_cast<const T*>(weight),
                     static_cast<const T*>(bias), static_cast<T*>(y), moments, shape.pixels,
                     channels, groups, rows, grid.chunks, static_cast<float>(shape.eps),
                     shape.silu);
  });
}

namespace {

template <typename T, typename Y>
void launch_layer_norm(const T* x, const T* residual, const T* weight, const T* bias, T* sum, Y* y,
                       float* y_scales, std::int64_t rows, std::int64_t channels, double eps,
                       cudaStream_t stream) {
  if (channels % kVector != 0 || channels > kMostNormed)
    throw std::invalid_argument(
        "a layer norm over channels that are no multiple of 8, or more than 2560");
  const auto blocks = static_cast<unsigned>((rows + kRowsABlock - 1) / kRowsABlock);
  const dim3 threads(32, kRowsABlock);
  const auto launch = [&](auto kernel) {
    launch_dependent(kernel, blocks, threads, 0, stream, x, residual, weight, bias, sum, y,
                     y_scales, rows, static_cast<int>(channels), static_cast<float>(eps));
  };
  const std::int64_t vectors = (channels / kVector + 31) / 32;  // a lane
  const auto with = [&](auto count) {
    if (residual)
      launch(layer_norm_rows<T, Y, decltype(count)::value, true>);
    else
      launch(layer_norm_rows<T, Y, decltype(count)::value, false>);
  };
  if (vectors <= 1)
    with(std::integral_constant<int, 1>{});
  else if (vectors <= 3)
    with(std::integral_constant<int, 3>{});
  else if (vectors <= 5)
    with(std::integral_constant<int, 5>{});
  else
    with(std::integral_constant<int, 10>{});
}

}  // namespace

void layer_norm(const void* x, const void* residual, const void* weight, const void* bias,
                void* sum, void* y, std::int64_t rows, std::int64_t channels, double eps, Half type,
                cudaStream_t stream) {
  with_type(type, [&](auto one) {
    using T = decltype(one);
    launch_layer_norm(static_cast<const T*>(x), static_cast<const T*>(residual),
                      static_cast<const T*>(weight), static_cast<const T*>(bias),
                      static_cast<T*>(sum), static_cast<T*>(y), nullptr, rows, channels, eps,
                      stream);
  });
}

void layer_norm_codes(const void* x, const void* residual, const void* weight, const void* bias,
                      void* sum, void* y, float* scales, std::int64_t rows, std::int64_t channels,
                      double eps, cudaStream_t stream) {
  launch_layer_norm(static_cast<const __half*>(x), static_cast<const __half*>(residual),
                    static_cast<const __half*>(weight), static_cast<const __half*>(bias),
                    static_cast<__half*>(sum), static_cast<__nv_fp8_storage_t*>(y), scales, rows,
                    channels, eps, stream);
}
}  // namespace sameseed::cuda
