#include "pipeline/text/tokenizer.h"

#include <unicode/uchar.h>
#include <unicode/unistr.h>

#include <algorithm>
#include <array>
#include <functional>
#include <queue>
#include <utility>

#include "pipeline/text/normalize.h"
#include "pipeline/text/tokenizer_tables.h"

namespace sameseed {
namespace {

constexpr const char* kEndOfWord = "</w>";
constexpr std::array<std::u16string_view, 9> kLiterals = {
    u"<|startoftext|>", u"<|endoftext|>", u"'s", u"'t", u"'re", u"'ve", u"'m", u"'ll", u"'d"};

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

// Merges neighbours in the order of their rank, leftmost first, over a linked list with a queue of
// pairs.
void encode_word(const std::string& word, const TokenizerTables& tables,
                 std::vector<std::int64_t>& ids) {
  static const std::array<std::string, 256> byte_character = byte_characters();
  struct Node {
    std::int64_t id;
    std::ptrdiff_t previous, next;
  };
  std::vector<Node> nodes;
  for (std::size_t i = 0; i < word.size(); ++i) {
    const std::string& character = byte_character[static_cast<unsigned char>(word[i])];
    const auto at = static_cast<std::ptrdiff_t>(i);
    nodes.push_back(
        {tables.id_of(i + 1 == word.size() ? character + kEndOfWord : character), at - 1, at + 1});
  }
  nodes.back().next = -1;
  struct Neighbours {
    std::int64_t rank;
    std::ptrdiff_t left;
    std::int64_t left_id, right_id, result;
    bool operator>(const Neighbours& other) const {
      return std::pair(rank, left) > std::pair(other.rank, other.left);
    }
  };
  std::priority_queue<Neighbours, std::vector<Neighbours>, std::greater<>> queue;
  const auto consider = [&](std::ptrdiff_t left) {
    if (left < 0 || nodes[static_cast<std::size_t>(left)].next < 0) return;
    const Node& a = nodes[static_cast<std::size_t>(left)];
    const Node& b = nodes[static_cast<std::size_t>(a.next)];
    if (const auto found = tables.merges.find({a.id, b.id}); found != tables.merges.end())
      queue.push({found->second.rank, left, a.id, b.id, found->second.result});
  };
  for (std::size_t i = 0; i + 1 < nodes.size(); ++i) consider(static_cast<std::ptrdiff_t>(i));
  while (!queue.empty()) {
    const Neighbours best = queue.top();
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

void encode_plain(const icu::UnicodeString& text, const TokenizerTables& tables,
                  std::vector<std::int64_t>& ids) {
  for (const icu::UnicodeString& word : words_of(text)) {
    std::string bytes;
    word.toUTF8String(bytes);
    encode_word(bytes, tables, ids);
  }
}

// Takes out the special tokens of one kind, longest first, and hands what lies between them to
// `encode_rest`.
template <typename EncodeRest>
void encode_around_specials(std::string_view text, bool normalized, const TokenizerTables& tables,
                            std::vector<std::int64_t>& ids, EncodeRest encode_rest) {
  std::size_t start = 0;
  for (std::size_t i = 0; i < text.size();) {
    const SpecialToken* special = tables.special_at(text, i, normalized);
    if (special == nullptr) {
      ++i;
      continue;
    }
    encode_rest(text.substr(start, i - start));
    ids.push_back(special->id);
    start = i += special->text.size();
  }
  encode_rest(text.substr(start));
}

// Raw text without special tokens of the first kind.
void encode_raw(std::string_view text, const TokenizerTables& tables,
                std::vector<std::int64_t>& ids) {
  if (text.empty()) return;
  std::string normal;
  normalize(text).toUTF8String(normal);
  encode_around_specials(normal, /*normalized=*/true, tables, ids, [&](std::string_view rest) {
    encode_plain(
        icu::UnicodeString::fromUTF8({rest.data(), static_cast<std::int32_t>(rest.size())}), tables,
        ids);
  });
}

std::vector<std::int64_t> content_of(std::string_view text, const TokenizerTables& tables) {
  std::vector<std::int64_t> content;
  encode_around_specials(text, /*normalized=*/false, tables, content,
                         [&](std::string_view rest) { encode_raw(rest, tables, content); });
  return content;
}

// A textual inversion of several vectors is X, X_1, X_2 and so on: diffusers writes all of them
// where a prompt has X (TextualInversionLoaderMixin.maybe_convert_prompt).
std::string with_all_vectors(std::string text, const TokenizerTables& tables) {
  const auto following = [&](const std::string& token, int i) {
    return token + "_" + std::to_string(i);
  };
  std::vector<std::string> several;
  for (const auto& [token, id] : tables.added)
    if (tables.added.contains(following(token, 1))) several.push_back(token);
  if (several.empty()) return text;
  const std::vector<std::int64_t> used = content_of(text, tables);
  for (const std::string& token : several) {
    if (std::ranges::find(used, tables.added.at(token)) == used.end()) continue;
    std::string all = token;
    for (int i = 1; tables.added.contains(following(token, i)); ++i)
      all += " " + following(token, i);
    for (std::size_t at = 0; (at = text.find(token, at)) != std::string::npos; at += all.size())
      text.replace(at, token.size(), all);
  }
  return text;
}

}  // namespace

Tokenizer::Tokenizer(std::shared_ptr<const TokenizerTables> tables) : tables_(std::move(tables)) {}

Tokenizer Tokenizer::open(const std::filesystem::path& folder) {
  return Tokenizer(std::make_shared<const TokenizerTables>(read_tokenizer(folder)));
}

TokenIds Tokenizer::encode(std::string_view text) const {
  std::vector<std::int64_t> content =
      content_of(with_all_vectors(std::string(text), *tables_), *tables_);

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

std::size_t Tokenizer::length() const { return tables_->length; }

}  // namespace sameseed
