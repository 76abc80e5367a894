// Variables that change pictures or times, by name: a matrix that misspells one sweeps nothing.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace sameseed {

// Pure. Why an axis of this variable is hardly meant: the name is three edits or fewer from a known
// switch and is none, or begins as OneFlow's or Torch's switches do and is none that an engine of
// ours reads. Empty where it is fine.
std::string refusal_of_switch(const std::string& variable);

// Pure. Why a switch known here can hardly be meant to have this value: what reads it takes a word
// that it does not know for another, or passes over it, in silence. Empty where it is fine.
std::string refusal_of_switch_value(const std::string& variable, const std::string& value);

// Pure. The same text for values that this switch takes for the same: "1", "on" and "yes".
std::string meaning_of_switch_value(const std::string& variable, const std::string& value);

// Pure. Of the three switches of half accumulation those that are not among `named`, where some
// are: they stay unset, which means on, and with the named ones off not all is off. Else empty.
std::vector<std::string> unnamed_accumulations(const std::set<std::string>& named);

}  // namespace sameseed
