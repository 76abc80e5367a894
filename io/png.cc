#include "io/png.h"

#include <zlib.h>

#include <algorithm>
#include <atomic>
#include <future>
#include <new>
#include <stdexcept>
#include <string>
#include <thread>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {

namespace {

// Each is packed by itself, so that several cores may; a file is the same whatever their number.
constexpr int kBandRows = 64;

struct Band {
  std::string packed;  // raw deflate, whole bytes
  uLong adler = 0;     // of what was packed
  z_off_t raw_bytes = 0;
};

std::string number(std::int64_t value) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(value >> shift & 0xff);
  return bytes;
}

// PNG, section 5.3.
std::string chunk(const std::string& type, const std::string& data) {
  const std::string typed = type + data;
  const uLong sum = ::crc32_z(0, reinterpret_cast<const Bytef*>(typed.data()), typed.size());
  return number(static_cast<std::int64_t>(data.size())) + typed +
         number(static_cast<std::int64_t>(sum));
}

// The rows less the mean of their neighbours to the left and above (PNG, section 9.2, filter 3),
// each behind the filter's number. Of filters it leaves the least, next to Paeth's, which takes
// longer.
std::vector<Bytef> filtered(const Image& image, int first, int last) {
  constexpr std::size_t kPixel = 3;
  constexpr Bytef kAverage = 3;
  const auto row = static_cast<std::size_t>(image.width) * kPixel;
  const std::vector<std::uint8_t> black(row);
  std::vector<Bytef> bytes;
  bytes.resize((row + 1) * static_cast<std::size_t>(last - first));
  Bytef* out = bytes.data();
  for (int y = first; y < last; ++y) {
    const std::uint8_t* pixels = image.rgb.data() + static_cast<std::size_t>(y) * row;
    const std::uint8_t* above = y > 0 ? pixels - row : black.data();
    *out++ = kAverage;
    for (std::size_t x = 0; x < kPixel; ++x)
      *out++ = static_cast<Bytef>(pixels[x] - (above[x] >> 1));
    for (std::size_t x = kPixel; x < row; ++x)
      *out++ = static_cast<Bytef>(pixels[x] - ((pixels[x - kPixel] + above[x]) >> 1));
  }
  return bytes;
}

// Looks for runs only: a picture's noise has nothing else to find, and a search takes as long
// again.
Band band_of(const Image& image, int number, int count) {
  const int first = number * kBandRows, last = std::min(image.height, first + kBandRows);
  std::vector<Bytef> raw = filtered(image, first, last);
  Band band{.adler = ::adler32_z(::adler32(0, nullptr, 0), raw.data(), raw.size()),
            .raw_bytes = static_cast<z_off_t>(raw.size())};
  z_stream stream{};
  constexpr int kRawDeflate = -15, kMemory = 9, kLevel = 1;
  if (::deflateInit2(&stream, kLevel, Z_DEFLATED, kRawDeflate, kMemory, Z_RLE) != Z_OK)
    throw std::bad_alloc();
  band.packed.resize(::deflateBound(&stream, static_cast<uLong>(raw.size())) + 16);
  stream.next_in = raw.data();
  stream.avail_in = static_cast<uInt>(raw.size());
  stream.next_out = reinterpret_cast<Bytef*>(band.packed.data());
  stream.avail_out = static_cast<uInt>(band.packed.size());
  ::deflate(&stream, number + 1 == count ? Z_FINISH : Z_FULL_FLUSH);
  band.packed.resize(stream.total_out);
  const bool is_whole = stream.avail_in == 0;
  ::deflateEnd(&stream);
  if (!is_whole) throw std::runtime_error("a picture could not be packed");
  return band;
}

}  // namespace

void write_png(const std::filesystem::path& path, const Image& image) {
  if (image.width < 1 || image.height < 1)
    throw UserError(path.string() + ": a picture without pixels cannot be written");
  const int count = (image.height + kBandRows - 1) / kBandRows;
  std::vector<Band> bands(static_cast<std::size_t>(count));
  std::atomic<int> next = 0;
  const auto work = [&] {
    for (int i; (i = next++) < count;)
      bands[static_cast<std::size_t>(i)] = band_of(image, i, count);
  };
  std::vector<std::future<void>> others;
  const int threads = std::min(count, static_cast<int>(std::thread::hardware_concurrency()));
  for (int i = 1; i < threads; ++i) others.push_back(std::async(std::launch::async, work));
  work();
  for (std::future<void>& other : others) other.get();

  std::string file = "\x89PNG\r\n\x1a\n";
  file += chunk("IHDR", number(image.width) + number(image.height) +
                            std::string("\x08\x02\0\0\0", 5));  // 8 bits, RGB
  uLong sum = ::adler32(0, nullptr, 0);
  for (const Band& band : bands) sum = ::adler32_combine(sum, band.adler, band.raw_bytes);
  bands.front().packed.insert(0, "\x78\x01");  // the head of zlib's format
  bands.back().packed += number(static_cast<std::int64_t>(sum));
  for (const Band& band : bands) file += chunk("IDAT", band.packed);
  file += chunk("IEND", "");
  write_file(path, file, FlushToDisk::kNo);
}

}  // namespace sameseed
