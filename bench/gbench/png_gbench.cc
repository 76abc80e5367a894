// What a picture of 1024x1024 costs to write, beside libpng at level 1 with the file's writing left
// out, and to read and to check again. A picture as photographs are (smooth, with fine
// noise), and the same without noise; `KB` is the size of the file.
#include <benchmark/benchmark.h>
#include <png.h>
#include <unistd.h>

#include <filesystem>
#include <opencv2/core.hpp>
#include <opencv2/imgproc.hpp>
#include <string>
#include <vector>

#include "bench/gbench/in_turn.h"
#include "io/picture.h"
#include "io/png.h"
#include "io/png_check.h"

namespace sameseed {
namespace {

constexpr int kSide = 1024;

cv::Mat smooth_picture(double noise) {
  cv::Mat small(kSide / 32, kSide / 32, CV_8UC3), picture, grain(kSide, kSide, CV_8SC3);
  cv::RNG(1).fill(small, cv::RNG::UNIFORM, 0, 256);
  cv::resize(small, picture, {kSide, kSide}, 0, 0, cv::INTER_CUBIC);
  cv::RNG(2).fill(grain, cv::RNG::NORMAL, 0, noise);
  cv::add(picture, grain, picture, cv::noArray(), CV_8UC3);
  return picture;
}

class File {
 public:
  ~File() { std::filesystem::remove(path_); }
  const std::filesystem::path& path() const { return path_; }
  void count_bytes(benchmark::State& state) const {
    state.counters["KB"] = static_cast<double>(std::filesystem::file_size(path_)) / 1024;
  }

 private:
  const std::filesystem::path path_ =
      std::filesystem::temp_directory_path() / ("sameseed-png-" + std::to_string(::getpid()));
};

Image image_of(const cv::Mat& picture) {
  return {picture.cols, picture.rows, {picture.data, picture.data + 3 * picture.total()}};
}

void pack_by_libpng(const Image& image, std::string& bytes) {
  bytes.clear();
  png_structp png = png_create_write_struct(PNG_LIBPNG_VER_STRING, nullptr, nullptr, nullptr);
  png_infop info = png_create_info_struct(png);
  png_set_write_fn(
      png, &bytes,
      [](png_structp writer, png_bytep data, std::size_t size) {
        static_cast<std::string*>(png_get_io_ptr(writer))
            ->append(reinterpret_cast<const char*>(data), size);
      },
      nullptr);
  png_set_compression_level(png, 1);
  const auto width = static_cast<png_uint_32>(image.width);
  png_set_IHDR(png, info, width, static_cast<png_uint_32>(image.height), 8, PNG_COLOR_TYPE_RGB,
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_write_info(png, info);
  for (int y = 0; y < image.height; ++y)
    png_write_row(png, image.rgb.data() + static_cast<std::size_t>(y) * width * 3);
  png_write_end(png, info);
  png_destroy_write_struct(&png, &info);
}

void write_beside_level_1(benchmark::State& state) {
  const cv::Mat picture = smooth_picture(static_cast<double>(state.range(0)));
  const Image image = image_of(picture);
  const File file;
  std::string bytes;
  compare_in_turn(
      state, [&] { write_png(file.path(), image); }, [&] { pack_by_libpng(image, bytes); });
  file.count_bytes(state);
  state.counters["KB_level_1"] = static_cast<double>(bytes.size()) / 1024;
}

void read(benchmark::State& state) {
  const File file;
  write_png(file.path(), image_of(smooth_picture(static_cast<double>(state.range(0)))));
  for (auto _ : state) benchmark::DoNotOptimize(read_picture(file.path()));
}

void check(benchmark::State& state) {
  const File file;
  write_png(file.path(), image_of(smooth_picture(static_cast<double>(state.range(0)))));
  for (auto _ : state) check_png(file.path(), kSide, kSide);
}

BENCHMARK(write_beside_level_1)
    ->ArgName("noise")
    ->Arg(0)
    ->Arg(2)
    ->Unit(benchmark::kMillisecond)
    ->UseManualTime();
BENCHMARK(read)->ArgName("noise")->Arg(0)->Arg(2)->Unit(benchmark::kMillisecond);
BENCHMARK(check)->ArgName("noise")->Arg(0)->Arg(2)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace sameseed

BENCHMARK_MAIN();
