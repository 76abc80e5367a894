#include "pipeline/text/tokenizer.h"

#include <fmt/format.h>
#include <unicode/locid.h>
#include <unicode/normalizer2.h>
#include <unicode/uchar.h>
#include <unicode/unistr.h>
#include <unicode/utf8.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>
#include <optional>
#include <queue>
#include <sstream>
#include <unordered_map>
#include <utility>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

constexpr const char* kEndOfWord = "</w>";
constexpr std::array<std::u16string_view, 9> kLiterals = {
    u"<|startoftext|>", u"<|endoftext|>", u"'s", u"'t", u"'re", u"'ve", u"'m", u"'ll", u"'d"};

// A token that is found in the text as it stands: before normalization, or after it.
struct SpecialToken {
  std::string text;
  std::int64_t id = 0;
  bool normalized = false;
};

std::string utf8_of(UChar32 point) {
  std::string text;
  icu::UnicodeString(point).toUTF8String(text);
  return text;
}

// GPT-2's map of bytes to printable characters (openai/gpt-2:src/encoder.py, bytes_to_unicode).
std::array<std::string, 256> byte_characters() {
  std::array<std::string, 256> table;
  UChar32 next = 256;
  for (int byte = 0; byte < 256; ++byte) {
    const bool printable =
        (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
    table[static_cast<std::size_t>(byte)] = utf8_of(printable ? byte : next++);
  }
  return table;
}

bool is_letter(UChar32 c) { return (U_GET_GC_MASK(c) & U_GC_L_MASK) != 0; }
bool is_number(UChar32 c) { return (U_GET_GC_MASK(c) & U_GC_N_MASK) != 0; }
bool is_space(UChar32 c) { return u_isUWhiteSpace(c); }

icu::UnicodeString from_utf8(std::string_view text) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(text.data());
  const auto size = static_cast<std::int32_t>(text.size());
  for (std::int32_t i = 0; i < size;) {
    UChar32 point = 0;
    const std::int32_t at = i;
    U8_NEXT(bytes, i, size, point);
    if (point < 0) throw UserError(fmt::format("the prompt is not valid UTF-8 at byte {}", at));
  }
  return icu::UnicodeString::fromUTF8({text.data(), size});
}

// NFC, runs of white space to one space, lower case character by character (no final sigma).
icu::UnicodeString normalize(std::string_view text) {
  UErrorCode error = U_ZERO_ERROR;
  const icu::Normalizer2* nfc = icu::Normalizer2::getNFCInstance(error);
  const icu::UnicodeString composed = nfc->normalize(from_utf8(text), error);
  if (U_FAILURE(error)) throw std::runtime_error(std::string("NFC failed: ") + u_errorName(error));
  icu::UnicodeString result;
  bool spacing = false;
  for (std::int32_t i = 0; i < composed.length(); i = composed.moveIndex32(i, 1)) {
    const UChar32 c = composed.char32At(i);
    if (is_space(c)) {
      if (!spacing) result.append(u' ');
    } else if (c < 0x80) {
      result.append(static_cast<char16_t>(u_tolower(c)));
    } else {
      result.append(icu::UnicodeString(c).toLower(icu::Locale::getRoot()));
    }
    spacing = is_space(c);
  }
  return result;
}

// The pieces that the word pattern matches, as aliases of `text`; a literal special token falls
// into its punctuation and its word.
std::vector<icu::UnicodeString> words_of(const icu::UnicodeString& text) {
  std::vector<icu::UnicodeString> words;
  for (std::int32_t i = 0; i < text.length();) {
    const std::u16string_view rest(text.getBuffer() + i,
                                   static_cast<std::size_t>(text.length() - i));
    const auto literal =
        std::find_if(kLiterals.begin(), kLiterals.end(),
                     [&](std::u16string_view known) { return rest.starts_with(known); });
    if (literal != kLiterals.end()) {
      const auto length = static_cast<std::int32_t>(literal->size());
      if (literal->front() == u'<') {
        words.push_back(text.tempSubString(i, 2));
        words.push_back(text.tempSubString(i + 2, length - 4));
        words.push_back(text.tempSubString(i + length - 2, 2));
      } else {
        words.push_back(text.tempSubString(i, length));
      }
      i += length;
      continue;
    }
    const UChar32 first = text.char32At(i);
    std::int32_t end = text.moveIndex32(i, 1);
    if (!is_space(first)) {
      const auto goes_on = [&](UChar32 c) {
        if (is_letter(first)) return is_letter(c);
        return !is_number(first) && !is_space(c) && !is_letter(c) && !is_number(c);
      };
      while (end < text.length() && goes_on(text.char32At(end))) end = text.moveIndex32(end, 1);
      words.push_back(text.tempSubString(i, end - i));
    }
    i = end;
  }
  return words;
}

struct PairHash {
  std::size_t operator()(std::pair<std::int64_t, std::int64_t> pair) const {
    return std::hash<std::int64_t>()((pair.first << 32) ^ pair.second);
  }
};

bool flag(const nlohmann::json& token, const char* name, bool otherwise) {
  const auto found = token.find(name);
  return found != token.end() && found->is_boolean() ? found->get<bool>() : otherwise;
}

struct Merge {
  std::int64_t rank = 0, result = 0;
};

}  // namespace

struct Tokenizer::Tables {
  std::unordered_map<std::string, std::int64_t> vocabulary;
  std::unordered_map<std::pair<std::int64_t, std::int64_t>, Merge, PairHash> merges;
  std::array<std::string, 256> byte_character = byte_characters();
  std::vector<SpecialToken> specials;
  std::int64_t begin = 0, end = 0, pad = 0, unknown = 0;
  std::size_t length = 77;

  std::int64_t id_of(const std::string& token) const {
    const auto found = vocabulary.find(token);
    return found == vocabulary.end() ? unknown : found->second;
  }

  void add_vocabulary(const nlohmann::json& tokens, const std::string& file);
  void add_merge(const std::string& line, const std::string& file);
  void add_special(const std::string& text, std::int64_t id, bool normalized);

  void encode_word(const std::string& word, std::vector<std::int64_t>& ids) const;
  void encode_plain(const icu::UnicodeString& text, std::vector<std::int64_t>& ids) const;
  void encode_segment(std::string_view text, std::vector<std::int64_t>& ids) const;
  const SpecialToken* special_at(std::string_view text, std::size_t at, bool normalized) const;
};

void Tokenizer::Tables::add_vocabulary(const nlohmann::json& tokens, const std::string& file) {
  if (!tokens.is_object()) throw UserError(file + ": not an object of tokens and ids");
  for (const auto& [token, id] : tokens.items()) {
    if (!id.is_number_integer())
      throw UserError(fmt::format("{}: \"{}\": not a number", file, token));
    vocabulary.emplace(token, id.get<std::int64_t>());
  }
}

// "left right"; a merge that stands earlier goes first.
void Tokenizer::Tables::add_merge(const std::string& line, const std::string& file) {
  const std::size_t space = line.find(' ');
  if (space == std::string::npos)
    throw UserError(fmt::format("{}: \"{}\": not two tokens", file, line));
  const auto id = [&](const std::string& token) {
    const auto found = vocabulary.find(token);
    if (found == vocabulary.end())
      throw UserError(fmt::format("{}: \"{}\": {} is not in the vocabulary", file, line, token));
    return found->second;
  };
  const std::string left = line.substr(0, space), right = line.substr(space + 1);
  const auto rank = static_cast<std::int64_t>(merges.size());
  merges.try_emplace({id(left), id(right)}, Merge{rank, id(left + right)});
}

void Tokenizer::Tables::add_special(const std::string& text, std::int64_t id, bool normalized) {
  std::erase_if(specials, [&](const SpecialToken& known) { return known.id == id; });
  std::string matched = text;
  if (normalized) matched.clear(), normalize(text).toUTF8String(matched);
  if (!matched.empty()) specials.push_back({matched, id, normalized});
}

// Merges neighbours in the order of their rank, leftmost first, over a linked list with a queue of
// candidates.
void Tokenizer::Tables::encode_word(const std::string& word, std::vector<std::int64_t>& ids) const {
  struct Node {
    std::int64_t id;
    std::ptrdiff_t previous, next;
  };
  std::vector<Node> nodes;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const std::string& character = byte_character[static_cast<unsigned char>(word[i])];
    const auto at = static_cast<std::ptrdiff_t>(i);
    nodes.push_back(
        {id_of(i + 1 == word.size() ? character + kEndOfWord : character), at - 1, at + 1});
  }
  nodes.back().next = -1;
  struct Candidate {
    std::int64_t rank;
    std::ptrdiff_t left;
    std::int64_t left_id, right_id, result;
    bool operator>(const Candidate& other) const {
      return std::pair(rank, left) > std::pair(other.rank, other.left);
    }
  };
  std::priority_queue<Candidate, std::vector<Candidate>, std::greater<>> queue;
  const auto consider = [&](std::ptrdiff_t left) {
    if (left < 0 || nodes[static_cast<std::size_t>(left)].next < 0) return;
    const Node& a = nodes[static_cast<std::size_t>(left)];
    const Node& b = nodes[static_cast<std::size_t>(a.next)];
    if (const auto found = merges.find({a.id, b.id}); found != merges.end())
      queue.push({found->second.rank, left, a.id, b.id, found->second.result});
  };
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i) consider(static_cast<std::ptrdiff_t>(i));
  while (!queue.empty()) {
    const Candidate best = queue.top();
    queue.pop();
    Node& left = nodes[static_cast<std::size_t>(best.left)];
    if (left.id != best.left_id || left.next < 0) continue;
    Node& right = nodes[static_cast<std::size_t>(left.next)];
    if (right.id != best.right_id) continue;
    left.id = best.result;
    right.id = -1;
    left.next = right.next;
    if (left.next >= 0) nodes[static_cast<std::size_t>(left.next)].previous = best.left;
    consider(left.previous);
    consider(best.left);
  }
  for (std::ptrdiff_t i = 0; i >= 0; i = nodes[static_cast<std::size_t>(i)].next)
    ids.push_back(nodes[static_cast<std::size_t>(i)].id);
}

void Tokenizer::Tables::encode_plain(const icu::UnicodeString& text,
                                     std::vector<std::int64_t>& ids) const {
  for (const icu::UnicodeString& word : words_of(text)) {
    std::string bytes;
    word.toUTF8String(bytes);
    encode_word(bytes, ids);
  }
}

const SpecialToken* Tokenizer::Tables::special_at(std::string_view text, std::size_t at,
                                                  bool normalized) const {
  const SpecialToken* best = nullptr;
  for (const SpecialToken& token : specials)
    if (token.normalized == normalized && text.substr(at).starts_with(token.text) &&
        (best == nullptr || token.text.size() > best->text.size()))
      best = &token;
  return best;
}

// A stretch of raw text without special tokens of the first kind.
void Tokenizer::Tables::encode_segment(std::string_view text,
                                       std::vector<std::int64_t>& ids) const {
  if (text.empty()) return;
  std::string normal;
  normalize(text).toUTF8String(normal);
  std::size_t start = 0;
  for (std::size_t i = 0; i < normal.size();) {
    const SpecialToken* special = special_at(normal, i, /*normalized=*/true);
    if (special == nullptr) {
      ++i;
      continue;
    }
    encode_plain(icu::UnicodeString::fromUTF8(normal.substr(start, i - start)), ids);
    ids.push_back(special->id);
    start = i += special->text.size();
  }
  encode_plain(icu::UnicodeString::fromUTF8(normal.substr(start)), ids);
}

Tokenizer::Tokenizer(std::shared_ptr<const Tables> tables) : tables_(std::move(tables)) {}

Tokenizer Tokenizer::open(const std::filesystem::path& folder) {
  auto tables = std::make_shared<Tables>();
  const auto single_file = folder / "tokenizer.json";
  const bool single =
      !std::filesystem::exists(folder / "vocab.json") && std::filesystem::exists(single_file);
  nlohmann::json added = nlohmann::json::array();
  if (single) {
    const nlohmann::json file = read_json(single_file);
    const nlohmann::json model = file.contains("model") ? file.at("model") : nlohmann::json();
    if (!model.contains("vocab") || !model.contains("merges") || !model.at("merges").is_array())
      throw UserError(single_file.string() + ": model: needs vocab and merges");
    tables->add_vocabulary(model.at("vocab"), single_file.string());
    for (const nlohmann::json& merge : model.at("merges")) {
      const bool pair =
          merge.is_array() && merge.size() == 2 && merge[0].is_string() && merge[1].is_string();
      if (!pair && !merge.is_string())
        throw UserError(fmt::format("{}: model.merges: {} is not two tokens", single_file.string(),
                                    merge.dump()));
      tables->add_merge(pair ? merge[0].get<std::string>() + " " + merge[1].get<std::string>()
                             : merge.get<std::string>(),
                        single_file.string());
    }
    if (file.contains("added_tokens")) added = file.at("added_tokens");
  } else {
    const auto vocabulary = folder / "vocab.json", merges = folder / "merges.txt";
    tables->add_vocabulary(read_json(vocabulary), vocabulary.string());
    std::istringstream lines(read_file(merges));
    for (std::string line; std::getline(lines, line);)
      if (!line.starts_with("#version") && !line.empty()) tables->add_merge(line, merges.string());
  }

  const nlohmann::json config = read_json(folder / "tokenizer_config.json");
  const auto map_file = folder / "special_tokens_map.json";
  const nlohmann::json map =
      std::filesystem::exists(map_file) ? read_json(map_file) : nlohmann::json::object();
  if (const auto length = config.find("model_max_length");
      length != config.end() && length->is_number())
    tables->length = static_cast<std::size_t>(std::clamp(length->get<double>(), 2.0, 77.0));

  // The same token may have several roles; the last one decides how it is matched, as in
  // transformers.
  const auto special = [&](const char* role, const char* fallback) {
    const nlohmann::json& entry = map.contains(role)      ? map.at(role)
                                  : config.contains(role) ? config.at(role)
                                                          : map;
    const bool object = entry.contains("content") && entry.at("content").is_string();
    const std::string text = object              ? entry.at("content").get<std::string>()
                             : entry.is_string() ? entry.get<std::string>()
                                                 : fallback;
    const auto found = tables->vocabulary.find(text);
    if (found == tables->vocabulary.end())
      throw UserError(
          fmt::format("{}: {} \"{}\" is not in the vocabulary", folder.string(), role, text));
    tables->add_special(text, found->second, object && flag(entry, "normalized", false));
    return found->second;
  };
  tables->begin = special("bos_token", "<|startoftext|>");
  tables->end = special("eos_token", "<|endoftext|>");
  tables->unknown = special("unk_token", "<|endoftext|>");
  tables->pad = special("pad_token", "<|endoftext|>");

  // A list of added tokens has the last word.
  if (const auto decoder = config.find("added_tokens_decoder");
      decoder != config.end() && decoder->is_object())
    for (const auto& [id, token] : decoder->items()) {
      if (!token.is_object() || id.empty() || id.size() > 9 ||
          id.find_first_not_of("0123456789") != std::string::npos)
        throw UserError(fmt::format("{}: added_tokens_decoder.{}: not a token with a number",
                                    (folder / "tokenizer_config.json").string(), id));
      added.push_back(token);
      added.back()["id"] = std::stoll(id);
    }
  for (const nlohmann::json& token : added) {
    if (!token.is_object() || !token.contains("content") || !token.at("content").is_string() ||
        !token.contains("id") || !token.at("id").is_number_integer())
      throw UserError(
          fmt::format("{}: added token {} needs content and id", folder.string(), token.dump()));
    for (const char* option : {"lstrip", "rstrip", "single_word"})
      if (flag(token, option, false))
        throw UserError(fmt::format("{}: added token {}: {} is not supported; set it to false",
                                    folder.string(), token.at("content").dump(), option));
    tables->add_special(token.at("content").get<std::string>(), token.at("id").get<std::int64_t>(),
                        flag(token, "normalized", !flag(token, "special", false)));
  }
  return Tokenizer(std::move(tables));
}

TokenIds Tokenizer::encode(std::string_view text) const {
  std::vector<std::int64_t> content;
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size();) {
    const SpecialToken* special = tables_->special_at(text, i, /*normalized=*/false);
    if (special == nullptr) {
      ++i;
      continue;
    }
    tables_->encode_segment(text.substr(start, i - start), content);
    content.push_back(special->id);
    start = i += special->text.size();
  }
  tables_->encode_segment(text.substr(start), content);

  TokenIds result;
  const std::size_t room = tables_->length - 2;
  result.truncated = content.size() > room;
  result.dropped = result.truncated ? content.size() - room : 0;
  content.resize(std::min(content.size(), room));
  result.ids = {tables_->begin};
  result.ids.insert(result.ids.end(), content.begin(), content.end());
  result.ids.push_back(tables_->end);
  result.ids.resize(tables_->length, tables_->pad);
  return result;
}

}  // namespace sameseed
