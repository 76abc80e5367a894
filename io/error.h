// The one kind of error that a user can put right; every other exception is a fault of ours.
#pragma once

#include <stdexcept>
#include <string>

namespace sameseed {

// The message names the file and the field, says what is wrong and what would be right.
class UserError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// No room for what a command writes: nothing is wrong with what was asked.
class DiskFull : public UserError {
 public:
  using UserError::UserError;
};

}  // namespace sameseed
