#include "bench/score/pair_scores.h"

#include <fmt/format.h>

#include <cmath>
#include <opencv2/imgproc.hpp>

#include "io/error.h"
#include "io/picture.h"
#include "io/safetensors.h"
#include "metrics/broken.h"
#include "metrics/images.h"
#include "metrics/tensors.h"
#include "metrics/traces.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kMapped = "flip.mean";  // whose map is the heat map
constexpr const char* kTensors[] = {"latents", "prompt_embeds", "pooled_prompt_embeds"};

const char* word_for(Better better) {
  return better == Better::kHigher ? "higher" : better == Better::kLower ? "lower" : "nearer";
}

json describe(const Quantity& quantity, const Metric& metric) {
  json result = {{"name", quantity.name},
                 {"unit", quantity.unit},
                 {"better", word_for(quantity.better)},
                 {"definition", metric.definition()}};
  if (std::isfinite(quantity.identical))
    result["identical"] = quantity.identical;
  else
    result.update({{"identical", nullptr}, {"identical_nonfinite", "+inf"}});
  if (const std::string library = metric.library(); !library.empty()) result["library"] = library;
  if (const std::string why = metric.unavailable(); !why.empty()) result["unavailable"] = why;
  return result;
}

// JSON has no infinity: the value is null then, and a word stands beside it.
void add_score(json& scores, const std::string& name, double value) {
  scores["values"][name] = std::isfinite(value) ? json(value) : json();
  if (!std::isfinite(value))
    scores["nonfinite"][name] = std::isnan(value) ? "nan" : value > 0 ? "+inf" : "-inf";
}

cv::Mat mat_of(const Image& image) {
  return cv::Mat(image.height, image.width, CV_8UC3, const_cast<std::uint8_t*>(image.rgb.data()))
      .clone();
}

json place_of(const Place& place) {
  return {{"x", place.x}, {"y", place.y}, {"width", place.width}, {"height", place.height}};
}

std::string compression_of(const Picture& candidate, const Picture& reference) {
  if (candidate.jpeg_quality == 0 && reference.jpeg_quality == 0) return "";
  return fmt::format(
      "the candidate is {}, the reference {}: a part of the difference is compression",
      kind_of(candidate), kind_of(reference));
}

// Of each quantity its value, or why it has none.
void add_scores(const Metric& metric, const Scores& result, json& scores) {
  const auto quantities = metric.quantities();
  for (std::size_t i = 0; i < quantities.size(); ++i) {
    const std::string& name = quantities[i].name;
    if (const auto why = result.absent.find(name); why != result.absent.end())
      scores["absent"][name] = why->second;
    else
      add_score(scores, name, result.values[i]);
  }
  for (const auto& [quantity, place] : result.places) scores["places"][quantity] = place_of(place);
}

// How far its brightness goes from the mean, in levels.
double contrast_of(const cv::Mat& picture) {
  cv::Mat grey;
  cv::cvtColor(picture, grey, cv::COLOR_RGB2GRAY);
  cv::Scalar mean, deviation;
  cv::meanStdDev(grey, mean, deviation);
  return deviation[0];
}

// Dark where the pictures look alike, bright where they do not.
Image heat_map(const cv::Mat& map) {
  cv::Mat grey, colours;
  map.convertTo(grey, CV_8U, 255);
  cv::applyColorMap(grey, colours, cv::COLORMAP_MAGMA);
  cv::cvtColor(colours, colours, cv::COLOR_BGR2RGB);
  const std::uint8_t* data = colours.ptr();
  return {colours.cols, colours.rows, {data, data + 3 * colours.total()}};
}

}  // namespace

json describe_all(const Metrics& metrics) {
  json list = json::array();
  for (const auto& metric : metrics)
    for (const Quantity& quantity : metric->quantities())
      list.push_back(describe(quantity, *metric));
  for (const char* tensor : kTensors)
    list.push_back(
        {{"name", fmt::format("{}.relative_l2", tensor)},
         {"unit", ""},
         {"better", "lower"},
         {"identical", 0},
         {"definition",
          "||candidate - reference|| / ||reference||, before any rounding to pictures"}});
  return list;
}

PictureScores score_pictures(const Metrics& metrics, const std::filesystem::path& candidate,
                             const std::filesystem::path& reference) {
  const Picture first = read_picture(candidate), second = read_picture(reference);
  const cv::Mat a = mat_of(first.image), b = mat_of(second.image);
  PictureScores pair{.compression = compression_of(first, second)};
  pair.scores = {{"values", json::object()},
                 {"nonfinite", json::object()},
                 {"absent", json::object()},
                 {"places", json::object()},
                 {"of_reference", {{"contrast", contrast_of(b)}}},
                 {"broken", {{"candidate", broken_ways(a)}, {"reference", broken_ways(b)}}}};
  for (const auto& metric : metrics) {
    if (!metric->unavailable().empty()) continue;
    const Scores result = score_or_absent(*metric, a, b);
    add_scores(*metric, result, pair.scores);
    if (metric->quantities().front().name == kMapped) pair.map = heat_map(result.map);
  }
  return pair;
}

void score_tensors(const std::filesystem::path& candidate, const std::filesystem::path& reference,
                   json& scores) {
  if (candidate.empty() || reference.empty()) {
    for (const char* name : kTensors)
      scores["absent"][fmt::format("{}.relative_l2", name)] = "an arm's engine has no latents";
    return;
  }
  const auto a = SafetensorsFile::open(candidate), b = SafetensorsFile::open(reference);
  for (const char* name : kTensors)
    if (a.tensors().contains(name) && b.tensors().contains(name))
      add_score(scores, fmt::format("{}.relative_l2", name),
                relative_l2(a.tensors().at(name), b.tensors().at(name)));
  if (b.tensors().contains("latents"))  // null where it is not finite
    scores["of_reference"]["latents_deviation"] = standard_deviation(b.tensors().at("latents"));
}

json score_traces(const std::filesystem::path& candidate, const std::filesystem::path& reference) {
  try {
    const TraceDifference difference =
        compare_traces(SafetensorsFile::open(candidate), SafetensorsFile::open(reference));
    json scores = {{"blocks", difference.blocks},
                   {"latents", difference.latents},
                   {"block_norms", difference.block_norms}};
    if (difference.nonfinite_from) scores["nonfinite_from"] = *difference.nonfinite_from;
    return scores;
  } catch (const UserError& error) {  // the pictures can be scored all the same
    return {{"refused", error.what()}};
  }
}

}  // namespace sameseed
