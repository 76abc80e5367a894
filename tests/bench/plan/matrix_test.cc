#include "bench/plan/matrix.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>

#include "bench/plan/plan.h"
#include "bench/plan/points.h"
#include "io/error.h"
#include "io/files.h"
#include "reports/judge/gate.h"

namespace sameseed {
namespace {

using nlohmann::json;

const std::string kFolder = ::testing::TempDir() + "sameseed-matrix/";
const std::string kFile = kFolder + "m.json";
const std::string kHead = R"({"schema":"sameseed/matrix/1","requests":{"prompts":["a"]},)";

std::string refusal_of(const std::string& text) {
  write_file(kFile, text);
  try {
    read_matrix(kFile);
  } catch (const UserError& error) {
    return error.what();
  }
  return "taken";
}

std::string refusal_of_requests(const std::string& fields) {
  return refusal_of(R"({"schema":"sameseed/matrix/1","requests":{)" + fields + "}}");
}

std::string refusal_of_axes(const std::string& axes) {
  return refusal_of(kHead + R"("axes":{)" + axes + "}}");
}

std::string refusal_of_prompts(const std::string& text) {
  write_file(kFolder + "p.txt", text);
  return refusal_of_requests(R"("prompts":"p.txt")");
}

#define EXPECT_SAYS(expression, words)                                                         \
  do {                                                                                         \
    const std::string said = expression;                                                       \
    EXPECT_NE(said.find(words), std::string::npos) << said;                                    \
    EXPECT_EQ(said.find('\n'), std::string::npos) << said;                                     \
    if (std::string(words) != "taken") {                                                       \
      EXPECT_TRUE(said.starts_with(kFile + ": ") || said.starts_with(kFolder + "p.txt: line")) \
          << said;                                                                             \
    }                                                                                          \
  } while (false)

TEST(Matrix, PointsTurnTheLastAxisFastest) {
  const auto all =
      points({{"candidate.request.steps", {20, 30}}, {"candidate.env.X", {nullptr, "1"}}});
  ASSERT_EQ(all.size(), 4u);
  EXPECT_EQ(all[1].at("candidate.request.steps"), 20);
  EXPECT_EQ(all[1].at("candidate.env.X"), "1");
  EXPECT_EQ(all[2].at("candidate.env.X"), nullptr);
}

TEST(Matrix, KeepsTheOrderOfTheAxesInTheFile) {
  write_file(kFile, kHead + R"("exclude":[{"when":{"both.request.steps":20},"because":"b"}],
      "axes":{"candidate.env.Z":["1"],"both.request.steps":[20,30],"candidate.env.A":["0"]}})");
  const Matrix matrix = read_matrix(kFile);
  ASSERT_EQ(matrix.axes.size(), 3u);
  EXPECT_EQ(matrix.axes[0].name, "candidate.env.Z");
  EXPECT_EQ(matrix.axes[1].name, "both.request.steps");
  EXPECT_EQ(matrix.axes[2].name, "candidate.env.A");
}

TEST(Matrix, TakesEveryFieldThatTheSchemaKnows) {
  write_file(kFolder + "p.txt", "# two prompts\r\na cat\r\n\na dog\n");
  write_file(kFile, R"({"schema":"sameseed/matrix/1","name":"n","model":"m","axes":{},
      "reference":{"engine":"null"},"candidate":{"engine":"my engine"},"exclude":[],
      "requests":{"prompts":"p.txt","seeds":[0,18446744073709551615],"steps":1000,"guidance":1,
                  "size":"8x8192","negative":"","noise_precision":"bf16"},
      "timing":{"warmup":0,"blocks":2,"prompts":3}})");
  Matrix matrix = read_matrix(kFile);
  EXPECT_EQ(matrix.prompts, (std::vector<std::string>{"a cat", "a dog"}));
  EXPECT_EQ(matrix.seeds, (std::vector<std::uint64_t>{0, ~std::uint64_t{0}}));
  EXPECT_EQ(matrix.engines.at("candidate"), "my engine");
  EXPECT_EQ(matrix.noise_precision, "bf16");
  EXPECT_EQ(matrix.request, (json{{"guidance", 1.0},
                                  {"size", "8x8192"},
                                  {"steps", 1000},
                                  {"negative", ""},
                                  {"deepcache", nullptr},
                                  {"enhance", nullptr}}));
  EXPECT_EQ(matrix.timing.prompts, 3);
  write_file(kFile, R"({"schema":"sameseed/matrix/1","requests":{"prompts":["a"],"batch":2,
      "timesteps":[999,499],"sigmas":null}})");
  matrix = read_matrix(kFile);
  EXPECT_EQ(matrix.request.at("timesteps"), (json{999, 499}));
  EXPECT_TRUE(matrix.request.at("sigmas").is_null());
  EXPECT_EQ(matrix.request.at("batch"), 2);
}

TEST(Matrix, NamesTheFieldAndTheRemedyForWhatTheSchemaForbids) {
  EXPECT_SAYS(refusal_of("[]"), "must be an object");
  EXPECT_SAYS(refusal_of(kHead + R"("axs":{}})"),
              "axs: there is no such field; did you mean \"axes\"?");
  EXPECT_SAYS(refusal_of(R"({"schema":"sameseed/matrix/2"})"),
              "schema: must be \"sameseed/matrix/1\"");
  EXPECT_SAYS(refusal_of(R"({"schema":"sameseed/matrix/1"})"), "requests: is missing");
  EXPECT_SAYS(refusal_of(kHead + R"("axes":[]})"), "axes: must be an object");
  EXPECT_SAYS(refusal_of(kHead + R"("axes":{"candidate.env.X":"1"}})"),
              "axes.candidate.env.X: must be a list");
  EXPECT_SAYS(refusal_of(kHead + R"("exclude":[{"when":[]}]})"),
              "exclude[0].when: must be an object");
  EXPECT_SAYS(refusal_of(kHead + R"("exclude":[{"when":{"x":1}}]})"),
              "exclude[0].because: is missing");
  EXPECT_SAYS(refusal_of(kHead + R"("timing":{"blocks":-1}})"),
              "timing.blocks: must be a whole number from 0");
  EXPECT_SAYS(refusal_of(kHead + R"("candidate":{"engin":"null"}})"), "did you mean \"engine\"?");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":7)"), "requests.prompts: must be a text or a list");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a",null])"),
              "requests.prompts[1]: must be a text, not null");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a"],"steps":0)"),
              "requests.steps: must be a whole number from 1 to 1000");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a"],"seeds":["0"])"),
              "requests.seeds[0]: must be a whole number");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a"],"noise_precision":"fp8")"),
              "\"fp32\" or \"fp16\" or \"bf16\"");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a"],"prompts":["b"])"),
              "\"prompts\" stands twice");
}

TEST(Matrix, RefusesASwitchThatIsHardlyMeant) {
  const std::string conv = "ONEFLOW_CONV_ALLOW_HALF_PRECISION_ACCUMULATION";
  EXPECT_SAYS(
      refusal_of_axes(R"("candidate.env.ONEFLOW_CONV_ALLOW_HALF_PRECISON_ACCUMULATION":["1"])"),
      "there is no such switch; did you mean \"" + conv + "\"? Where it is meant, write");
  EXPECT_SAYS(refusal_of_axes(R"("both.env.oneflow_conv_allow_half_precision_accumulation":["1"])"),
              "did you mean \"" + conv + "\"?");
  EXPECT_SAYS(refusal_of_axes(R"("reference.env.OMP_NUM_THREAD":["1"])"),
              "did you mean \"OMP_NUM_THREADS\"?");
  EXPECT_SAYS(refusal_of_axes(R"("candidate.env.TORCH_SOMETHING_ELSE":["1"])"),
              "no engine is known to read it");
  EXPECT_SAYS(refusal_of_axes(R"("candidate.env.ONEFLOW_LINEAR_EVERYTHING":["1"])"),
              "no engine is known to read it");
  const std::string meant =
      kHead + R"("axes":{"candidate.env.ONEFLOW_X":["1"]},"unknown_switches":)";
  EXPECT_EQ(refusal_of(meant + R"(["ONEFLOW_X"]})"), "taken");
  EXPECT_SAYS(refusal_of(meant + R"(["ONEFLOW_X","ONEFLOW_Y"]})"),
              "unknown_switches[1]: no axis varies \"ONEFLOW_Y\"");
  for (const char* fine :
       {"X", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "MY_ENGINE_MODE", "TORCH_CUDNN_V8_API_DISABLED"})
    EXPECT_EQ(refusal_of_axes(std::string("\"candidate.env.") + fine + "\":[\"1\"]"), "taken")
        << fine;
}

TEST(Matrix, RefusesASwitchsValueThatWouldBeReadAsAnotherInSilence) {
  const auto refusal_of_value = [](const std::string& variable, const std::string& values) {
    return refusal_of_axes("\"candidate.env." + variable + "\":[" + values + "]");
  };
  const std::string matmul = "ONEFLOW_MATMUL_ALLOW_HALF_PRECISION_ACCUMULATION";
  for (const char* value : {"maybe", "2", "", "enable", "1 ", "t", "01"})
    EXPECT_SAYS(refusal_of_value(matmul, "\"0\",\"" + std::string(value) + "\""),
                "is neither on nor off, and would be read as off in silence; write \"1\" or \"0\"");
  EXPECT_SAYS(refusal_of_value(matmul, R"("0","off")"), "\"0\" and \"off\" mean the same");
  EXPECT_SAYS(refusal_of_value(matmul, R"("TRUE","0","y")"), "\"TRUE\" and \"y\" mean the same");
  EXPECT_EQ(refusal_of_value(matmul, R"(null,"no","On")"), "taken");

  const std::string attention = "ONEFLOW_ATTENTION_ALLOW_HALF_PRECISION_ACCUMULATION";
  EXPECT_SAYS(refusal_of_value(attention, R"("float")"), "is neither on nor off");
  EXPECT_SAYS(refusal_of_value(attention, R"("1","on")"), "\"1\" and \"on\" mean the same");
  EXPECT_EQ(refusal_of_value(attention, R"(null,"0","1")"), "taken");

  EXPECT_SAYS(refusal_of_value("TORCH_CUDNN_V8_API_DISABLED", R"("true")"),
              "\"true\" is neither \"0\" nor \"1\", and nothing else is read");
  EXPECT_SAYS(refusal_of_value("NVIDIA_TF32_OVERRIDE", R"("off")"), "neither \"0\" nor \"1\"");
  EXPECT_SAYS(refusal_of_value("OMP_NUM_THREADS", R"("all")"), "\"all\" is no number of threads");
  EXPECT_SAYS(refusal_of_value("MKL_NUM_THREADS", R"("0")"), "\"0\" is no number of threads");
  EXPECT_EQ(refusal_of_value("OMP_NUM_THREADS", R"("1","16")"), "taken");
  EXPECT_EQ(refusal_of_value("MY_ENGINE_MODE", R"("maybe","2")"), "taken");
  EXPECT_EQ(refusal_of(kHead + R"("axes":{"candidate.env.)" + matmul +
                       R"(":["0","2"]},"unknown_switches":[")" + matmul + R"("]})"),
            "taken");
}

TEST(Matrix, RefusesValuesThatNoEngineTakes) {
  EXPECT_SAYS(refusal_of_axes(R"("candidate.request.stesp":[1])"),
              "did you mean \"candidate.request.steps\"?");
  EXPECT_SAYS(refusal_of_axes(R"("candidat.request.steps":[1])"), "is named ARM.KIND.NAME");
  EXPECT_SAYS(refusal_of_axes(R"("candidate.env.A=B":["1"])"), "named by letters, digits and _");
  EXPECT_SAYS(refusal_of_axes(R"("candidate.env.X":["1","1"])"), "\"1\" stands twice");
  EXPECT_SAYS(refusal_of_axes(R"("candidate.env.X":[1])"), "is a text, or null for unset, not 1");
  EXPECT_SAYS(refusal_of_axes(R"("candidate.env.X":["a\u0000"])"), "cannot hold a NUL");
  EXPECT_SAYS(refusal_of_axes(R"("both.request.steps":[20,0])"), "from 1 to 1000, not 0");
  EXPECT_SAYS(refusal_of_axes(R"("both.request.steps":[null])"), "name a value");
  EXPECT_SAYS(refusal_of_axes(R"("both.request.guidance":["5"])"), "must be a finite number");
  EXPECT_SAYS(refusal_of_axes(R"("both.request.size":["7x8"])"), "multiple of 8 from 8 to 8192");
  EXPECT_SAYS(refusal_of_axes(R"("both.request.negative":[null,1])"), "must be a text or null");
  EXPECT_SAYS(refusal_of_axes(R"("both.load.threads":["2"])"), "threads: must be a whole number");
  EXPECT_SAYS(refusal_of_axes(R"("candidate.request.deepcache":["3/2/2"])"), "never be filled");
  EXPECT_SAYS(refusal_of_axes(R"("candidate.request.deepcache":[3])"), "deepcache: must be a text");
  EXPECT_SAYS(refusal_of_axes(R"("candidate.request.deepcache":["3/0/0","03/0/0"])"),
              "\"3/0/0\" and \"03/0/0\" mean the same");
  EXPECT_SAYS(refusal_of_axes(R"("both.request.steps":[1],"candidate.request.steps":[2])"),
              "sets what both.request.steps sets as well");
  EXPECT_SAYS(refusal_of_axes(R"("reference.request.steps":[1],"candidate.request.steps":[2])"),
              "taken");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a"],"size":"100000x8")"),
              "requests.size: must be WIDTHxHEIGHT");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a"],"seeds":[0,-1])"),
              "requests.seeds[1]: must be a whole number from 0 to 2^64-1, not -1");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a"],"seeds":[18446744073709551616])"),
              "requests.seeds[0]: must be a whole number");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a"],"seeds":[7,7])"), "7 stands twice");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a"],"seeds":[7,4294967303])"),
              "requests.seeds[1]: 4294967303 draws the same noise as 7");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a"],"guidance":1e999)"),
              "a number that is too large");
  EXPECT_SAYS(refusal_of(kHead + R"("name":"../x"})"), "must not hold /");
}

TEST(Matrix, TakesABatchOfBothArmsOnly) {
  EXPECT_SAYS(refusal_of_axes(R"("candidate.request.batch":[1,2])"), "both.request.batch");
  EXPECT_SAYS(refusal_of_axes(R"("both.request.batch":[1,5])"), "from 1 to 4, not 5");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a"],"batch":0)"), "requests.batch");
}

TEST(Matrix, RefusesExclusionsThatCanNeverApply) {
  const std::string axes = R"("axes":{"candidate.env.X":["1",null]},)";
  EXPECT_SAYS(
      refusal_of(kHead + axes + R"("exclude":[{"when":{"candidate.env.Y":"1"},"because":"b"}]})"),
      "no such axis in this matrix; known: candidate.env.X");
  EXPECT_SAYS(
      refusal_of(kHead + axes + R"("exclude":[{"when":{"candidate.env.X":"0"},"because":"b"}]})"),
      "\"0\" is no value of this axis; its values are [\"1\",null]");
  EXPECT_SAYS(
      refusal_of(kHead + axes + R"("exclude":[{"when":{"candidate.env.X":null},"because":"b"}]})"),
      "taken");
}

TEST(Matrix, NamesTheLineOfAPromptThatCannotStand) {
  EXPECT_SAYS(refusal_of_prompts("a\n\n# b\n\xff\n"),
              "p.txt: line 4: is not valid UTF-8 at byte 0");
  EXPECT_SAYS(refusal_of_prompts(std::string("a\nb\0c\n", 6)),
              "p.txt: line 2: holds a NUL at byte 1");
  EXPECT_SAYS(refusal_of_prompts("a\n" + std::string(100'001, 'x')),
              "p.txt: line 2: is a prompt of 100001 bytes");
  EXPECT_SAYS(refusal_of_prompts(std::string(100'000, 'x')), "taken");
  EXPECT_SAYS(refusal_of_prompts("a\nb\n\na\n"), "the prompt at line 4 stands at line 1 already");
  EXPECT_SAYS(refusal_of_prompts("# nothing\n"), "holds no prompt");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":"absent.txt")"), "requests.prompts: ");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a\u0000"])"), "requests.prompts[0]: holds a NUL");
}

TEST(Matrix, RefusesMoreThanCanBePlannedAndSaysHowMuchItIs) {
  const auto list = [](int count) {
    json numbers = json::array();
    for (int i = 0; i < count; ++i) numbers.push_back(i);
    return numbers.dump();
  };
  EXPECT_SAYS(refusal_of_axes(R"("candidate.request.guidance":)" + list(1000) +
                              R"(,"reference.request.guidance":)" + list(101)),
              "axes: 101000 combinations; at most 100000");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":["a"],"seeds":)" + list(1'000'000)),
              "1000000 cases (1 combinations x 1 prompts x 1000000 seeds)");
}

TEST(Matrix, EveryShippedOnePlans) {
  for (const char* name : {"demo", "nightly", "release", "engagement", "full", "libraries",
                           "precision", "quality-first", "speed-first"}) {
    const Matrix matrix =
        read_matrix(std::string(SAMESEED_SOURCE_DIR) + "/bench/matrices/" + name + ".json");
    EXPECT_EQ(matrix.name, name);
    EXPECT_FALSE(make_plan(matrix, {{"model", "m"}}).at("comparisons").empty()) << name;
  }
}

// Enough prompts for the tail (59 for the worst 5 % at 95 %), one seed each, and a gate for every
// setting that is compared against the reference.
TEST(Matrix, TheShippedGatesCoverTheirMatrices) {
  const std::string folder = std::string(SAMESEED_SOURCE_DIR) + "/bench/";
  for (const auto& [name, prompts] : {std::pair{"nightly", 64u}, {"release", 96u}}) {
    Matrix matrix = read_matrix(folder + "matrices/" + name + ".json");
    EXPECT_EQ(matrix.prompts.size(), prompts);
    EXPECT_EQ(matrix.seeds.size(), 1u);
    EXPECT_GE(matrix.timing.blocks, 6);
    const std::vector<Gate> gates = read_gates(folder + "gates/" + name + ".json");
    matrix.prompts.resize(1);  // settings are what counts here
    matrix.timing.blocks = 0;
    const json plan = make_plan(matrix, {{"model", "m"}});
    for (const json& comparison : plan.at("comparisons")) {
      if (comparison.at("kind") != "reference") continue;
      const json& setting = comparison.at("setting");
      EXPECT_TRUE(std::ranges::any_of(gates, [&](const Gate& gate) {
        return !gate.is_timing && gate.against == "reference" &&
               std::ranges::all_of(gate.where, [&](const auto& wanted) {
                 return setting.value(wanted.first, json("none")) == wanted.second;
               });
      })) << setting.dump();
    }
    for (const Gate& gate : gates) EXPECT_FALSE(gate.because.empty()) << gate_label(gate);
  }
}

// A preset's first values are the advice; every other setting leaves one piece of it.
TEST(Matrix, PresetsHoldTheAdviceAndItsNeighboursAndSayWhy) {
  for (const auto& [name, neighbours] : {std::pair{"quality-first", 4u}, {"speed-first", 4u}}) {
    const Matrix matrix =
        read_matrix(std::string(SAMESEED_SOURCE_DIR) + "/bench/matrices/" + name + ".json");
    Point advice;
    for (const Axis& axis : matrix.axes) {
      advice[axis.name] = axis.values.front();
      EXPECT_TRUE(matrix.reasons.contains(axis.name)) << name << ": " << axis.name;
    }
    const json plan = make_plan(matrix, {{"model", "m"}});
    EXPECT_EQ(plan.at("reasons"), json(matrix.reasons));
    std::map<int, std::size_t> left;  // how many pieces of advice are left -> settings
    for (const json& comparison : plan.at("comparisons")) {
      if (comparison.at("kind") != "reference") continue;
      int apart = 0;
      for (const auto& [axis, value] : comparison.at("setting").items())
        apart += value != advice.at(axis);
      ++left[apart];
    }
    EXPECT_EQ(left, (std::map<int, std::size_t>{{0, 1}, {1, neighbours}})) << name;
  }
}

TEST(Matrix, SaysInOneLineWhatIsWrongWithNamesOfSeveral) {
  EXPECT_SAYS(refusal_of(kHead + R"("reasons":{"a\nb":"z"}})"),
              R"(reasons.a\nb: there is no such)");
  EXPECT_SAYS(refusal_of(kHead + R"("exclude":[{"when":{"a\nb":1},"because":"z"}]})"),
              R"(exclude[0].when.a\nb: there is no such)");
  EXPECT_SAYS(refusal_of(kHead + R"("candidate":{"engine":"folder","pictures":"a\nb"}})"),
              "candidate.pictures: must not hold control characters");
  EXPECT_SAYS(refusal_of_requests(R"("prompts":"a\nb")"),
              "requests.prompts: must not hold control characters");
}

TEST(Matrix, GivesReasonsForAxesThatItHas) {
  EXPECT_SAYS(
      refusal_of(kHead + R"("axes":{"candidate.env.X":["1"]},"reasons":{"candidate.env.Y":"z"}})"),
      "reasons.candidate.env.Y: there is no such axis in this matrix; known: candidate.env.X");
}

TEST(Matrix, TakesAFolderOfPicturesForAnEngine) {
  write_file(kFile, kHead + R"("candidate":{"engine":"folder","pictures":"their pictures"}})");
  EXPECT_EQ(read_matrix(kFile).engines.at("candidate"), "folder " + kFolder + "their pictures");
  EXPECT_SAYS(refusal_of(kHead + R"("candidate":{"engine":"folder"}})"),
              "candidate.pictures: is missing; name the folder that holds the pictures");
  EXPECT_SAYS(refusal_of(kHead + R"("candidate":{"engine":"null","pictures":"p"}})"),
              "candidate.pictures: is for the engine folder only; this one is \"null\"");
  EXPECT_SAYS(
      refusal_of(kHead +
                 R"("candidate":{"engine":"folder","pictures":"p"},"timing":{"blocks":1}})"),
      "timing.blocks: must be 0: the candidate's pictures lie in a folder and took no time");
}

// 3 values of each variable, and no DeepCache or 8 pairs x 3 intervals.
TEST(Matrix, FullHoldsEveryCombinationOfTheSwitches) {
  const Matrix matrix = read_matrix(std::string(SAMESEED_SOURCE_DIR) + "/bench/matrices/full.json");
  const json plan = make_plan(matrix, {{"model", "m"}});
  std::map<std::string, std::string> environments;
  for (const json& planned : plan.at("cases"))
    environments[planned.at("id")] = planned.at("environment");
  std::set<std::pair<std::string, std::string>> pairs;
  std::set<json> caches;
  std::size_t comparisons = 0;
  for (const json& comparison : plan.at("comparisons")) {
    if (comparison.at("kind") != "reference") continue;
    ++comparisons;
    const json& pair = comparison.at("pairs").at(0);
    pairs.emplace(environments.at(pair.at("candidate")), environments.at(pair.at("reference")));
    caches.insert(comparison.at("setting").at("candidate.request.deepcache"));
  }
  EXPECT_EQ(pairs.size(), 81u);
  EXPECT_EQ(caches.size(), 25u);
  EXPECT_EQ(comparisons, 81u * 25u);
}

}  // namespace
}  // namespace sameseed
