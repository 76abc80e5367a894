// sameseed-scorer: a process of its own with a clean environment, so that scores never depend on
// what is under test.
#include <signal.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <iostream>
#include <opencv2/core/utility.hpp>

#include "bench/score/score.h"
#include "io/error.h"
#include "io/files.h"
#include "metrics/memory.h"
#include "pipeline/protocol.h"

namespace {

// Several scorers share the cores, each on one.
void serve(const std::string& run, const std::string& weights) {
  cv::setNumThreads(1);
  sameseed::PairScorer scorer(run, weights);
  sameseed::serve([&](const nlohmann::json& ask) { return scorer.answer(ask); }, std::cin,
                  std::cout);
}

}  // namespace

int main(int argc, char** argv) {
  sameseed::keep_freed_memory();
  CLI::App app{"Scores the pictures of a run, or one pair of pictures.", "sameseed-scorer"};
  app.require_subcommand(1);
  std::string run, reference, candidate, weights, map, pairs, out;
  CLI::App* serve_command = app.add_subcommand(
      "serve", "answers a line with a line: scores pairs of RUN as stdin asks (score.h)");
  serve_command->add_option("run", run, "folder of the run")->required();
  CLI::App* pair_command = app.add_subcommand("pair", "every metric of one pair, as JSON");
  pair_command->add_option("reference", reference, "PNG or JPEG")->required();
  pair_command->add_option("candidate", candidate, "PNG or JPEG")->required();
  pair_command->add_option("--map", map, "write the heat map of the difference to this PNG");
  CLI::App* across_command =
      app.add_subcommand("across", "pictures of one run against those of another");
  across_command->add_option("pairs", pairs, "JSON: {a, b, pairs: [{a, b}]}")->required();
  across_command->add_option("--out", out, "file to write, as scores.jsonl")->required();
  for (CLI::App* command : {serve_command, pair_command, across_command})
    command->add_option("--weights", weights, "folder that holds lpips/")->required();
  int descriptor = -1;
  app.add_option(
      "--signs-of-life", descriptor,
      "descriptor that gets a byte after the self-test and after each pair of `pair` and `across`");
  // Whoever read them may be gone.
  const auto sign_of_life = [&descriptor] {
    if (descriptor < 0) return;
    [[maybe_unused]] const ssize_t ignored = ::write(descriptor, ".", 1);
  };
  ::signal(SIGPIPE, SIG_IGN);
  try {
    app.parse(argc, argv);
    if (*serve_command)
      serve(run, weights);
    else if (*across_command)
      sameseed::score_across(pairs, weights, out, sign_of_life);
    else
      std::cout << sameseed::score_pair(reference, candidate, weights, map, sign_of_life).dump(1)
                << "\n";
    return 0;
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : 1;
  } catch (const sameseed::DiskFull& error) {
    std::cerr << "sameseed-scorer: " << error.what() << "\n";
    return 7;
  } catch (const sameseed::UserError& error) {
    std::cerr << "sameseed-scorer: " << error.what() << "\n";
    return 1;
  } catch (const std::filesystem::filesystem_error& error) {
    std::cerr << "sameseed-scorer: " << sameseed::in_words(error) << "\n";
    return 7;
  } catch (const std::exception& error) {
    std::cerr << "sameseed-scorer: " << error.what() << "\n";
    return 7;  // infrastructure, as sameseed has it
  }
}
