// JPEGs as libjpeg writes them, with any marker put in.
#pragma once

#include <jpeglib.h>

#include <cstdint>
#include <cstdio>  // jpeglib.h needs it before
#include <cstdlib>
#include <string>
#include <vector>

namespace sameseed {

struct MadeJpeg {
  unsigned width = 24, height = 16;
  int channels = 3, quality = 75;
  J_COLOR_SPACE stored = JCS_YCbCr;  // how the file holds its colours
  bool progressive = false;
  std::vector<jpeg_scan_info> scans = {};                 // in place of libjpeg's own
  std::vector<std::pair<int, std::string>> markers = {};  // 1: APP1 ...; in front of the pixels

  // A ramp in every channel.
  std::vector<std::uint8_t> pixels() const {
    std::vector<std::uint8_t> bytes;
    for (unsigned y = 0; y < height; ++y)
      for (unsigned x = 0; x < width; ++x)
        for (int c = 0; c < channels; ++c)
          bytes.push_back(static_cast<std::uint8_t>(40 + 40 * c + 3 * x + 2 * y));
    return bytes;
  }

  std::string bytes() const {
    jpeg_compress_struct jpeg{};
    jpeg_error_mgr errors{};
    jpeg.err = jpeg_std_error(&errors);
    jpeg_create_compress(&jpeg);
    unsigned char* data = nullptr;
    unsigned long size = 0;
    jpeg_mem_dest(&jpeg, &data, &size);
    jpeg.image_width = width;
    jpeg.image_height = height;
    jpeg.input_components = channels;
    jpeg.in_color_space = channels == 1 ? JCS_GRAYSCALE : channels == 3 ? JCS_RGB : JCS_CMYK;
    jpeg_set_defaults(&jpeg);
    if (channels > 1) jpeg_set_colorspace(&jpeg, stored);
    jpeg_set_quality(&jpeg, quality, TRUE);
    if (progressive) jpeg_simple_progression(&jpeg);
    if (!scans.empty()) {
      jpeg.scan_info = scans.data();
      jpeg.num_scans = static_cast<int>(scans.size());
    }
    jpeg_start_compress(&jpeg, TRUE);
    for (const auto& [number, content] : markers)
      jpeg_write_marker(&jpeg, JPEG_APP0 + number, reinterpret_cast<const JOCTET*>(content.data()),
                        static_cast<unsigned>(content.size()));
    std::vector<std::uint8_t> all = pixels();
    for (unsigned y = 0; y < height; ++y) {
      JSAMPROW row =
          all.data() + static_cast<std::size_t>(y * width) * static_cast<std::size_t>(channels);
      jpeg_write_scanlines(&jpeg, &row, 1);
    }
    jpeg_finish_compress(&jpeg);
    std::string file(reinterpret_cast<const char*>(data), size);
    jpeg_destroy_compress(&jpeg);
    std::free(data);
    return file;
  }
};

}  // namespace sameseed
