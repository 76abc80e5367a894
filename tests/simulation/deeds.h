// What a worker may do with a request, and what is to come of it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sameseed::simulation {

// A request's kind: n noise, l load, w warm-up, g generate.
using Op = char;
const char* name_of(Op op);

// When an answer comes, if one comes.
enum class Pace { kUsual, kSlow, kJustInTime, kAtLimit };

struct Deed {
  const char* name;
  const char* ops;      // those that it is done to
  const char* outcome;  // of the request: "ok" or a WorkerFailure's kind
  // What comes back: a line, in which $ID stands for the request's id and $MORE for what a good
  // answer has besides; empty: none, and `outcome` is what waiting for it ends in.
  const char* answer;
  Pace pace = Pace::kUsual;
  const char* next = "";      // what it does to the request after this one; empty: it serves
  bool writes_files = false;  // in full, before it answers (or does not)
  const char* picture = "";  // what it does to its files instead: "none", "half", "other size", ...
  bool only_pictures = false;  // of samples without pictures it does no harm
  bool is_answered = false;    // well enough for ask(): its time is learnt
};

// The first is a good answer.
const std::vector<Deed>& deeds();
const Deed& deed(std::string_view name);

}  // namespace sameseed::simulation
