#include "pipeline/model/lora.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include "io/error.h"
#include "io/files.h"
#include "io/json.h"
#include "pipeline/model/lora_numbers.h"
#include "pipeline/model/lora_scales.h"

namespace sameseed {
namespace {

using nlohmann::json;

constexpr const char* kMetadata = "lora_adapter_metadata";  // of files that diffusers saved
constexpr const char* kPeftBegin = "base_model.model.";
constexpr const char* kMerge =
    "only plain LoRA is fused here; merge it into the model with the tool that made it and name "
    "that folder with --model";
constexpr const char* kOtherModel =
    "the LoRA is of another model; take one that was trained for this one";

// Parts of keys that belong to more than the product of two matrices.
constexpr std::pair<const char*, const char*> kOtherKinds[] = {
    {"dora_scale", "is DoRA"},
    {"lora_magnitude_vector", "is DoRA"},
    {"hada_", "is LoHa"},
    {"lokr_", "is LoKr"},
    {"lora_mid", "is a Tucker product"},
    {"lora_embedding_", "is of an embedding"},
    {".bias", "is a bias"},
    {".diff", "is a whole difference"},
    {"text_projection", "is of the text projection"}};

enum class Part { kDown, kUp, kAlpha };

struct Ending {
  const char* text;
  Part part;
};
constexpr Ending kEndings[] = {{".lora_A.weight", Part::kDown},
                               {".lora_B.weight", Part::kUp},
                               {".lora.down.weight", Part::kDown},
                               {".lora.up.weight", Part::kUp},
                               {".lora_linear_layer.down.weight", Part::kDown},
                               {".lora_linear_layer.up.weight", Part::kUp},
                               {"_lora.down.weight", Part::kDown},
                               {"_lora.up.weight", Part::kUp}};
constexpr Ending kKohyaEndings[] = {
    {"lora_down.weight", Part::kDown}, {"lora_up.weight", Part::kUp}, {"alpha", Part::kAlpha}};
constexpr const char* kKohyaBegins[] = {"lora_unet_", "lora_te_", "lora_te1_", "lora_te2_"};
constexpr const char* kSgmBlocks[] = {"input_blocks", "middle_block", "output_blocks"};
constexpr const char* kOwnBlocks[] = {"down_blocks", "mid_block", "up_blocks"};

template <typename Words>
bool begins_with_one(const std::string& key, const Words& words) {
  return std::ranges::any_of(words, [&](const char* word) { return key.starts_with(word); });
}
template <typename Words>
bool holds_one(const std::string& key, const Words& words) {
  return std::ranges::any_of(words,
                             [&](const char* word) { return key.find(word) != std::string::npos; });
}

// diffusers turns names of a component into PEFT's by tables, and leaves out without a word what
// none of them knows (huggingface/diffusers:src/diffusers/utils/state_dict_utils.py). Of an ending:
// why it is left out, or empty.
std::string why_left_out(const std::string& ending, const std::string& component) {
  const bool unet = component == "unet";
  if (!ending.starts_with(unet ? ".lora_linear_layer." : ".lora.")) return "";
  return fmt::format("diffusers leaves it out: of {} it knows no such ending; write {} instead",
                     component, unet ? ".lora.down and .lora.up" : ".lora_A and .lora_B");
}

// Older names of attention layers, in front of "_lora"; diffusers leaves others out.
std::optional<std::string> current_name(const std::string& module, bool unet) {
  static constexpr const char* kNames[][3] = {{"to_q", "to_q", "q_proj"},
                                              {"to_k", "to_k", "k_proj"},
                                              {"to_v", "to_v", "v_proj"},
                                              {"to_out", "to_out.0", "out_proj"}};
  for (const auto& [old, of_unet, of_text] : kNames)
    if (module.ends_with(std::string(".") + old))
      return module.substr(0, module.size() - std::string(old).size()) + (unet ? of_unet : of_text);
  return std::nullopt;
}

// One file, taken apart.
class LoraReader {
 public:
  LoraReader(const LoraSource& source, const LoraLayers& layers, LoraSet& set)
      : source_(source), layers_(layers), set_(set), name_(source.file.string()) {
    set.files.push_back(SafetensorsFile::open(source.file));
  }

  void read(double scale) {
    const auto& tensors = set_.files.back().tensors();
    if (tensors.empty()) throw UserError(name_ + ": holds no tensors; is the download complete?");
    refuse_other_kinds();
    refuse_mixed_names();
    kohya_ = std::ranges::any_of(
        tensors, [](const auto& one) { return begins_with_one(one.first, kKohyaBegins); });
    const bool leave_sgm_out = kohya_ && holds_both_blocks();
    for (const auto& [key, view] : tensors)
      if (!leave_sgm_out || !holds_one(key, kSgmBlocks))
        kohya_ ? take_kohya(key, view) : take(key, view);
    refuse_left_out_attention();
    for (const char* component : {"unet", "text_encoder", "text_encoder_2"})
      add_deltas(component, scale);
  }

 private:
  struct Pair {
    const LoraLayer* layer = nullptr;
    const TensorView *down = nullptr, *up = nullptr;
    std::string down_key, up_key, alpha_key;
    std::optional<double> alpha;
  };

  [[noreturn]] void refuse(const std::string& key, const std::string& why) const {
    throw UserError(fmt::format("{}: {}: {}", name_, key, why));
  }

  void refuse_other_kinds() const {
    for (const auto& [key, view] : set_.files.back().tensors())
      for (const auto& [part, kind] : kOtherKinds)
        if (key.find(part) != std::string::npos)
          refuse(key, fmt::format("{}, and {}", kind, kMerge));
  }

  // diffusers looks at the unet's first key only: where that is of PEFT's form, it leaves out the
  // others without a word. It counts them as their data lie in the file.
  void refuse_mixed_names() const {
    const std::byte* begin = nullptr;
    std::string first, other;
    for (const auto& [key, view] : set_.files.back().tensors()) {
      if (!key.starts_with("unet.")) continue;
      if (first.empty() || view.data.data() < begin) first = key, begin = view.data.data();
      if (key.find(".lora_A.") == std::string::npos && key.find(".lora_B.") == std::string::npos)
        other = key;
    }
    if (!other.empty() && first.find("lora_A") != std::string::npos)
      refuse(other,
             fmt::format("diffusers leaves it out, as the unet's first key, {}, has PEFT's form; "
                         "save all keys of the unet in one form",
                         first));
  }

  // Of a text encoder diffusers reads queries, keys and values in older names, kohya's among them,
  // only where an output projection (to_out_lora) tells it that names are old.
  void refuse_left_out_attention() const {
    for (const auto& [component, key] : old_attention_)
      if (!old_output_.contains(component))
        refuse(key,
               fmt::format("diffusers leaves it out, as no out_proj of {} is in the file under "
                           "a name of this form; save the LoRA anew with names that end in "
                           ".lora_A and .lora_B",
                           component));
  }

  // `layer` has a name in the file that is older than PEFT's.
  void note_old_name(const LoraLayer& layer, const std::string& key) {
    if (layer.component == "unet" || layer.module.find(".self_attn.") == std::string::npos) return;
    if (layer.module.ends_with(".out_proj"))
      old_output_.insert(layer.component);
    else
      old_attention_.emplace(layer.component, key);
  }

  bool holds_both_blocks() const {
    bool sgm = false, own = false;
    for (const auto& [key, view] : set_.files.back().tensors()) {
      const bool is_sgm = holds_one(key, kSgmBlocks);
      sgm = sgm || is_sgm;
      own = own || (!is_sgm && holds_one(key, kOwnBlocks));
    }
    if (sgm && own)
      set_.warnings.push_back(name_ +
                              ": names blocks in two ways; input_blocks, middle_block and "
                              "output_blocks are left out, as in diffusers");
    return sgm && own;
  }

  void put(const LoraLayer* layer, const std::string& key, const TensorView& view, Part part) {
    Pair& pair = pairs_[layer->component][layer->module];
    pair.layer = layer;
    std::string& known = part == Part::kDown ? pair.down_key
                         : part == Part::kUp ? pair.up_key
                                             : pair.alpha_key;
    if (!known.empty())
      refuse(key, fmt::format("means what {} means as well; remove one of them", known));
    known = key;
    if (part == Part::kAlpha) {
      pair.alpha = scalar_of(view);
      if (!pair.alpha) refuse(key, "is not one finite number; is the download complete?");
      return;
    }
    if (view.dtype != DType::kF32 && view.dtype != DType::kF16 && view.dtype != DType::kBF16)
      refuse(key, fmt::format("has type {}; save it as F32, F16 or BF16", to_string(view.dtype)));
    (part == Part::kDown ? pair.down : pair.up) = &view;
  }

  void take_kohya(const std::string& key, const TensorView& view) {
    if (!begins_with_one(key, kKohyaBegins))
      refuse(key,
             "is no name of kohya's, as the others are, and diffusers reads none of them then; "
             "remove it");
    const std::size_t dot = key.find('.');
    const std::string ending = dot == std::string::npos ? "" : key.substr(dot + 1);
    for (const auto& [text, part] : kKohyaEndings) {
      if (ending != text) continue;
      if (key.starts_with("lora_unet_add_embedding_"))
        refuse(
            key,
            "diffusers leaves this name out without a word; linear_1 is lora_unet_label_emb_0_0, "
            "linear_2 lora_unet_label_emb_0_2: rename it");
      const LoraLayer* layer = layers_.find_kohya(key.substr(0, dot));
      if (!layer) refuse(key, fmt::format("the model has no such layer; {}", kOtherModel));
      note_old_name(*layer, key);
      return put(layer, key, view, part);
    }
    refuse(key, fmt::format("is not known; {}", kMerge));
  }

  void take(const std::string& key, const TensorView& view) {
    std::string component, rest = key;
    for (const char* name : {"unet", "text_encoder", "text_encoder_2"})
      if (const std::string begin = std::string(name) + "."; key.starts_with(begin))
        component = name, rest = key.substr(begin.size());
    const bool of_peft = component.empty() && key.starts_with(kPeftBegin);
    if (of_peft) rest = key.substr(std::string(kPeftBegin).size());
    for (std::size_t at = 0; (at = rest.find(".processor.")) != std::string::npos;)
      rest.replace(at, 11, ".");
    const auto ending =
        std::ranges::find_if(kEndings, [&](const Ending& one) { return rest.ends_with(one.text); });
    if ((component.empty() && !of_peft) || ending == std::end(kEndings))
      refuse(
          key,
          "is no name of diffusers, PEFT or kohya; save it anew with a saver of theirs, or merge "
          "it into the model and name that folder with --model");
    std::string module = rest.substr(0, rest.size() - std::string(ending->text).size());
    if (of_peft) component = component_of(key, module);
    const bool is_old = ending->text[0] == '_';
    if (const std::string why = why_left_out(ending->text, component); !why.empty())
      refuse(key, why);
    if (is_old) {
      const std::optional<std::string> name = current_name(module, component == "unet");
      if (!name)
        refuse(key,
               "diffusers leaves it out: before _lora it knows to_q, to_k, to_v and to_out only; "
               "write .lora_A and .lora_B instead");
      module = *name;
    }
    const LoraLayer* layer = layers_.find(component, module);
    if (!layer)
      refuse(key, fmt::format("{} of this model has no such layer; {}", component, kOtherModel));
    if (is_old) note_old_name(*layer, key);
    put(layer, key, view, ending->part);
  }

  std::string component_of(const std::string& key, const std::string& module) const {
    if (source_.config.empty())
      refuse(key,
             "is PEFT's, and adapter_config.json, which knows alpha, is not beside the file; "
             "put it there");
    if (!source_.component.empty()) return source_.component;
    if (module.find("encoder.layers.") == std::string::npos) return "unet";
    refuse(key,
           "is of a text encoder; name its folder text_encoder or text_encoder_2, so that it "
           "is known of which");
  }

  std::int64_t check(const Pair& pair) const {
    if (!pair.down || !pair.up) {
      const std::string& there = pair.down ? pair.down_key : pair.up ? pair.up_key : pair.alpha_key;
      refuse(there, fmt::format("the {} half of this layer is missing; is the file complete? Save "
                                "or download it again",
                                pair.down ? "upper (up, lora_B)" : "lower (down, lora_A)"));
    }
    const std::int64_t rank = pair.down->shape.empty() ? 0 : pair.down->shape[0];
    std::vector<std::int64_t> down = pair.layer->weight, up = pair.layer->weight;
    down[0] = up[1] = rank;
    for (std::size_t i = 2; i < up.size(); ++i) up[i] = 1;
    const auto compare = [&](const std::string& key, const TensorView& view,
                             const std::vector<std::int64_t>& needed) {
      if (rank < 1 || view.shape != needed)
        refuse(key, fmt::format("has shape [{}], and {} of the model with [{}] needs [{}]; {}",
                                fmt::join(view.shape, ", "), pair.layer->tensor,
                                fmt::join(pair.layer->weight, ", "), fmt::join(needed, ", "),
                                kOtherModel));
    };
    compare(pair.down_key, *pair.down, down);
    compare(pair.up_key, *pair.up, up);
    return rank;
  }

  std::vector<LoraAlpha> alphas(const std::string& component,
                                const std::vector<RankedLayer>& ranked) const {
    if (!source_.config.empty())
      return alphas_of_config(ranked, read_json(source_.config), source_.config.string());
    const auto& metadata = set_.files.back().metadata();
    const auto found = metadata.find(kMetadata);
    if (found == metadata.end() || found->second.empty())
      return alphas_of_file(ranked, name_, set_.warnings);
    const std::string where = fmt::format("{}: __metadata__.{}", name_, kMetadata);
    if (kohya_)
      throw UserError(where + ": is diffusers', and the tensors have kohya's names; remove one");
    json config = json::object();
    const json all = parse_json(found->second, where);
    for (const auto& [key, value] : all.items())
      if (key.starts_with(component + ".")) config[key.substr(component.size() + 1)] = value;
    return alphas_of_config(ranked, config, where);
  }

  void add_deltas(const std::string& component, double scale) {
    const auto found = pairs_.find(component);
    if (found == pairs_.end()) return;
    std::vector<RankedLayer> ranked;
    for (const auto& [module, pair] : found->second)
      ranked.push_back({pair.layer, check(pair), pair.alpha, pair.down_key});
    const std::vector<LoraAlpha> alpha = alphas(component, ranked);
    std::size_t i = 0;
    for (const auto& [module, pair] : found->second) {
      set_.deltas.push_back({component, pair.layer->tensor, *pair.down, *pair.up,
                             alpha[i].scaling(scale, ranked[i].rank)});
      ++i;
    }
  }

  const LoraSource& source_;
  const LoraLayers& layers_;
  LoraSet& set_;
  const std::string name_;
  bool kohya_ = false;
  std::map<std::string, std::map<std::string, Pair>> pairs_;  // component -> module
  std::map<std::string, std::string> old_attention_;  // component -> key of a query, key or value
  std::set<std::string> old_output_;                  // components
};

}  // namespace

std::vector<LoraDelta> LoraSet::of(const std::string& component) const {
  std::vector<LoraDelta> some;
  for (const LoraDelta& delta : deltas)
    if (delta.component == component) some.push_back(delta);
  return some;
}

LoraSet read_loras(const std::vector<LoraChoice>& choices, const LoraLayers& layers) {
  LoraSet set;
  for (const LoraChoice& choice : choices)
    for (const LoraSource& source : lora_sources(choice.path))
      LoraReader(source, layers, set).read(choice.scale);
  return set;
}

void check_loras(const std::vector<LoraChoice>& choices, const std::filesystem::path& model,
                 const std::string& variant) {
  if (choices.empty()) return;
  if (const std::optional<LoraLayers> layers = LoraLayers::of_model(model, variant)) {
    read_loras(choices, *layers);
    return;
  }
  for (const LoraChoice& choice : choices)
    for (const LoraSource& source : lora_sources(choice.path)) SafetensorsFile::open(source.file);
}

}  // namespace sameseed
