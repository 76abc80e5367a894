// The captions of the shipped matrices.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "bench/plan/prompts.h"
#include "bench/system/programs.h"
#include "pipeline/text/tokenizer.h"

namespace sameseed {
namespace {

TEST(ShippedPrompts, AreWholeAndDifferentForTheModel) {
  const std::string model = data("reference/nano-sdxl").string();
  for (const char* folder : {"/tokenizer", "/tokenizer_2"}) {
    const Tokenizer tokenizer = Tokenizer::open(model + folder);
    for (const auto& [file, count] : std::map<std::string, std::size_t>{{"six", 6},
                                                                        {"twelve", 12},
                                                                        {"twenty-four", 24},
                                                                        {"sixty-four", 64},
                                                                        {"ninety-six", 96}}) {
      const auto prompts =
          read_prompts("../prompts/" + file + ".txt", data("bench/matrices/demo.json"));
      EXPECT_EQ(prompts.size(), count) << file;
      std::map<std::vector<std::int64_t>, std::string> known;
      for (const std::string& prompt : prompts) {
        const TokenIds tokens = tokenizer.encode(prompt);
        EXPECT_FALSE(tokens.truncated) << file << ": " << prompt;
        const auto [equal, is_new] = known.emplace(tokens.ids, prompt);
        EXPECT_TRUE(is_new) << file << ": \"" << prompt << "\" and \"" << equal->second << "\"";
      }
    }
  }
}

}  // namespace
}  // namespace sameseed
