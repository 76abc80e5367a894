// What a user can get wrong, given to the real program: exit code 1 and one line that names the
// place and the remedy.
#include "tests/bench/commands/bad_input.h"

#include <cstring>
#include <span>

#include "io/safetensors.h"

namespace sameseed {
namespace {

TEST_F(BadInput, MatricesThatCannotBePlanned) {
  const std::string head = R"({"schema":"sameseed/matrix/1","requests":{"prompts":)";
  const std::pair<std::string, std::vector<std::string>> cases[] = {
      {"", {"m.json: not valid JSON at line 1, column 1"}},
      {"{\n \"schema\": oops}", {"m.json: not valid JSON at line 2, column 12"}},
      {std::string(1'000'000, '['), {"m.json: nested deeper than 200 levels"}},
      {head + R"(["a"]},"schema":"x"})", {"m.json: \"schema\" stands twice in one object"}},
      {head + R"(["a"]},"axs":{}})", {"m.json: axs:", "did you mean \"axes\"?"}},
      {head + R"("no.txt"}})", {"m.json: requests.prompts:", "no.txt", "no such file"}},
      {head + R"(["a\u0000"]}})",
       {"m.json: requests.prompts[0]: holds a NUL at byte 1; remove it"}},
      {head + R"(["a"],"steps":0}})", {"requests.steps: must be a whole number from 1 to 1000"}},
      {head + R"(["a"],"size":"100000x100000"}})", {"requests.size:", "from 8 to 8192"}},
      {head + R"(["a"]},"axes":{"both.request.steps":[1,1]}})",
       {"axes.both.request.steps: 1 stands twice"}},
  };
  for (const auto& [text, words] : cases) {
    write_file(folder_ / "m.json", text);
    expect_refusal({"plan", (folder_ / "m.json").string(), "--out", (folder_ / "run").string()},
                   words);
  }
  write_file(folder_ / "m.json",
             head + R"(["a"]},"models":{"a":{"path":"nano-sdxl"},"b":{"path":"nano-playground"}},)"
                    R"("axes":{"both.load.model":["a","b"]}})");
  const std::pair<std::vector<std::string>, std::string> models[] = {
      {{""}, "--model \"\": names no folder"},
      {{"a="}, "--model \"a=\": names no folder"},
      {{"a=nano-sdxl", "a=nano-playground"}, "\"a\" stands twice"},
      {{"b=nano-sdxl"}, "models \"a\" and \"b\" are one folder"},
      {{"c=nano-sdxl"}, "write NAME=FOLDER with one of its names: a, b"}};
  for (const auto& [given, words] : models) {
    std::vector<std::string> arguments = {"plan", (folder_ / "m.json").string(), "--out",
                                          (folder_ / "run").string()};
    for (const std::string& one : given) arguments.insert(arguments.end(), {"--model", one});
    expect_refusal(arguments, {words});
  }
  expect_refusal({"plan", (folder_ / "absent.json").string()},
                 {"absent.json: cannot be read: no such file"});
  expect_refusal({"plan", folder_.string()}, {"cannot be read"});
  write_file(folder_ / "m.json", head + R"(["a"]}})");
  expect_refusal(
      {"plan", (folder_ / "m.json").string(), "--out", (folder_ / "m.json/run").string()},
      {"m.json/run"});
}

TEST_F(BadInput, SettingsOfOnePicture) {
  const std::pair<std::vector<std::string>, std::vector<std::string>> cases[] = {
      {{"--size", "0x0"}, {"size: must be WIDTHxHEIGHT", "multiple of 8 from 8 to 8192", "0x0"}},
      {{"--size", "7x7"}, {"size:", "7x7"}},
      {{"--size", "100000x100000"}, {"size:", "100000x100000"}},
      {{"--steps", "0"}, {"steps: must be a whole number from 1 to 1000, not 0"}},
      {{"--steps", "many"}, {"--steps", "many"}},
      {{"--guidance", "nan"}, {"guidance: must be a finite number"}},
      {{"--seed", "-1"}, {"--seed", "-1"}},
      {{"--seed", "18446744073709551616"}, {"--seed"}},
      {{"--deepcache", "3/2/2"}, {"deepcache \"3/2/2\":", "legal LAYER/BLOCK pairs are 0/0"}},
      {{"--prompt", "a\xff"}, {"prompt: is not valid UTF-8 at byte 1"}},
      {{"--negative", "\xc3"}, {"negative: is not valid UTF-8 at byte 0"}},
      {{"--set", "steps"}, {"--set steps: must be env.NAME=VALUE"}},
      {{"--set", "request.stesp=3"}, {"stesp: there is no such field"}},
      {{"--out", "/dev/null/x.png", "--engine", "null"}, {"/dev/null"}},
      {{"--model", "/nowhere"}, {"/nowhere: no such folder; name one in diffusers' layout"}},
      {{"--model", (kModel / "vae/config.json").string()},
       {"vae/config.json: is a file; a model is a folder", "from_single_file"}},
      {{"--case", "/nowhere/1234"}, {"/nowhere/plan.json: cannot be read: no such file"}},
  };
  for (const auto& [arguments, words] : cases) expect_refusal(image(arguments), words);
}

TEST_F(BadInput, ModelsThatAreDamaged) {
  const std::string weights = read_file(kModel / "vae/diffusion_pytorch_model.safetensors");
  const std::string name = "vae/diffusion_pytorch_model.safetensors";
  std::string not_a_number = weights;
  const auto contents =
      parse_safetensors(std::as_bytes(std::span(weights.data(), weights.size())), name);
  const TensorView& bias = contents.tensors.at("decoder.conv_out.bias");
  const auto place = reinterpret_cast<const char*>(bias.data.data()) - weights.data();
  std::memset(not_a_number.data() + place, 0xff, size_in_bytes(bias.dtype));
  const std::pair<std::pair<const char*, std::string>, std::vector<std::string>> cases[] = {
      {{"model_index.json", "{"}, {"model_index.json: not valid JSON at line 1"}},
      {{"unet/config.json", std::string(100'000, '[')},
       {"unet/config.json: nested deeper than 200"}},
      {{"unet/config.json", "[]"}, {"unet/config.json: not a JSON object"}},
      {{"unet/config.json", R"({"act_fn":"silu","act_fn":"silu"})"}, {"\"act_fn\" stands twice"}},
      {{"vae/config.json", R"({"latent_channels":"4"})"}, {"vae/config.json", "latent_channels"}},
      {{"tokenizer/vocab.json", "[1]"}, {"tokenizer/vocab.json: not an object of tokens and ids"}},
      {{"tokenizer/merges.txt", "x"}, {"tokenizer/merges.txt: \"x\": not two tokens"}},
      {{"vae/diffusion_pytorch_model.safetensors", weights.substr(0, weights.size() - 1)},
       {name, "lie outside the file's"}},
      {{"vae/diffusion_pytorch_model.safetensors", weights.substr(0, 100)}, {name, "cut short"}},
      {{"vae/diffusion_pytorch_model.safetensors",
        "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 167335342\n"},
       {name, "is a Git LFS pointer", "git lfs pull"}},
      {{"vae/diffusion_pytorch_model.safetensors", ""}, {name, "is the download complete?"}},
      {{"vae/diffusion_pytorch_model.safetensors", not_a_number},
       {"vae", "decoder.conv_out.bias: holds NaN or infinite values"}},
  };
  for (const auto& [replaced, words] : cases)
    expect_refusal(image({"--model", model_with(replaced.first, replaced.second)}), words);
  const std::string sampler = (folder_ / "ddpm.json").string();
  write_file(sampler, R"({"_class_name":"DDPMScheduler"})");
  write_file(folder_ / "m.json", R"({"schema":"sameseed/matrix/1","requests":{"prompts":["a"]},)"
                                 R"("axes":{"both.load.scheduler":[")" +
                                     sampler + R"("]}})");
  expect_refusal({"plan", (folder_ / "m.json").string(), "--out", (folder_ / "run").string()},
                 {"ddpm.json: scheduler \"DDPMScheduler\" is not supported yet"});
  const std::string outside = model_with("vae/diffusion_pytorch_model.safetensors.index.json",
                                         R"({"weight_map":{"a":"../../x.safetensors"}})");
  fs::remove(fs::path(outside) / name);
  expect_refusal(image({"--model", outside}),
                 {"weight_map[\"a\"]", "not the name of a file in this folder"});
}

TEST_F(BadInput, LinesForTheTokenizer) {
  expect_refusal({"tokenize"}, {"line 2 of the input is not a JSON string"}, "\"a\"\nb\n");
  expect_refusal({"tokenize"}, {"line 1 of the input: is not valid UTF-8 at byte 2"},
                 "\"a\xff\"\n");
  expect_refusal({"tokenize"}, {"line 1 of the input"}, std::string(100'000, '[') + "\n");
  expect_refusal({"tokenize", "--model", "/nowhere"}, {"/nowhere: no such folder"}, "\"a\"\n");
}

TEST_F(BadInput, RunsAndPicturesThatAreNone) {
  expect_refusal({"generate", "/nowhere"}, {"/nowhere/plan.json: cannot be read: no such file"});
  expect_refusal({"report", "/nowhere"}, {"/nowhere/plan.json: cannot be read: no such file"});
  write_file(folder_ / "x.png", "no picture");
  expect_refusal({"score-pair", "/nowhere.png", "/nowhere.png"}, {"/nowhere.png"});
  expect_refusal({"score-pair", (folder_ / "x.png").string(), (folder_ / "x.png").string()},
                 {"x.png"});
}

TEST_F(BadInput, PlansThatSomebodyEdited) {
  for (const char* text : {"{}", "[]", R"({"schema":"sameseed/plan/2"})", "{"}) {
    write_file(folder_ / "run/plan.json", text);
    for (const char* stage : {"generate", "score", "report"})
      expect_refusal({stage, (folder_ / "run").string()}, {"plan.json: "});
    expect_refusal({"image", "--case", (folder_ / "run/x").string(), "--out", "x.png"},
                   {"plan.json: "});
  }
}

// Legal, if odd: the encoders read the first 77 tokens of it.
TEST_F(BadInput, PromptsOfAHundredThousandWordsAreTaken) {
  std::string words;
  for (int i = 0; i < 100'000; ++i) words += "cat ";
  const Outcome tokens = outcome_of({"tokenize"}, nlohmann::json(words).dump() + "\n");
  EXPECT_EQ(tokens.code, 0) << tokens.err;
  EXPECT_EQ(nlohmann::json::parse(tokens.out).at("input_ids").size(), 77u);
  // One argument of a command holds 128 KiB at most.
  const Outcome picture = outcome_of(image({"--prompt", words.substr(0, 120'000)}));
  EXPECT_EQ(picture.code, 0) << picture.err;
  EXPECT_NE(picture.err.find("warning: "), std::string::npos) << picture.err;
}

}  // namespace
}  // namespace sameseed
