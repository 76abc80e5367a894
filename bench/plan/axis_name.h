// How axes are named: ARM.KIND.NAME, such as candidate.env.X or both.request.steps.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace sameseed {

enum class AxisKind { kEnv, kLoad, kRequest };

// KIND.NAME: an axis of one arm, as `sameseed image --set` names it.
struct BareAxisName {
  AxisKind kind;
  std::string name;
  bool operator==(const BareAxisName&) const = default;
};

// Its values are names of the matrix's `models`.
inline const BareAxisName kModelAxis = {AxisKind::kLoad, "model"};

struct AxisName {
  std::string arm;  // "reference", "candidate" or "both"
  BareAxisName bare;

  // Whether it sets something of this arm.
  bool is_of(const std::string& which) const { return arm == which || arm == "both"; }
};

// Nothing where there is no dot or no such kind. Takes any name.
std::optional<BareAxisName> split_bare_axis_name(const std::string& text);

// Throws UserError that says why for what is no name of an axis: another form, a variable's name
// that no shell takes, a setting that there is none of.
AxisName parse_axis_name(const std::string& text);

// What `request.` axes are named.
const std::vector<std::string>& request_fields();

// Whether two axes set the same thing of the same arm.
bool overlap(const AxisName& a, const AxisName& b);

}  // namespace sameseed
