// What of a folder must be equal however its runs came about.
#pragma once

#include <filesystem>
#include <map>
#include <string>

namespace sameseed::faults {

// Path -> what must be equal of the file: its bytes; of records and reports what is no time and no
// name of a start; of texts for people all but numbers. Logs of workers, locks and what libraries
// keep at home are left out; temporary files are not.
std::map<std::string, std::string> lasting_state(const std::filesystem::path& folder);

// "NAME: missing", "NAME: is too many", "NAME: differs", a line each.
std::string differences(const std::map<std::string, std::string>& is,
                        const std::map<std::string, std::string>& should);

}  // namespace sameseed::faults
