#include "tests/faults/hostile_rows.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <nlohmann/json.hpp>
#include <random>
#include <sstream>

#include "io/files.h"

namespace sameseed::faults {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kEscapes = "\x1b]0;taken\x07\x1b[2J";

// ---- Any file, whatever it holds.

struct Way {
  const char* what;
  void (*spoil)(const fs::path& file, const Place& place);
};

void replace(const fs::path& file, const std::string& text) {
  fs::remove_all(file);
  write_file(file, text);
}

// The file as it is, but outside, and a link of this kind in its place.
void link_out(const fs::path& file, const Place& place, bool hard) {
  const fs::path there = place.outside / "linked";
  fs::copy(file, there, fs::copy_options::recursive);
  fs::remove_all(file);
  if (hard)
    fs::create_hard_link(there, file);
  else
    fs::create_symlink(there, file);
}

void put_socket(const fs::path& file, const Place&) {
  fs::remove_all(file);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  // Its whole path may be too long for a socket's name.
  const fs::path here = fs::current_path();
  fs::current_path(file.parent_path());
  const std::string own = file.filename();
  own.copy(name.sun_path, sizeof name.sun_path - 1);
  ::bind(socket, reinterpret_cast<const sockaddr*>(&name), sizeof name);
  fs::current_path(here);
  ::close(socket);
}

constexpr Way kOfAnything[] = {
    {"absent", [](const fs::path& file, const Place&) { fs::remove_all(file); }},
    {"a FIFO in its place",
     [](const fs::path& file, const Place&) {
       fs::remove_all(file);
       ::mkfifo(file.c_str(), 0600);
     }},
    {"a socket in its place", put_socket},
    {"a link to a device",
     [](const fs::path& file, const Place&) {
       fs::remove_all(file);
       fs::create_symlink("/dev/zero", file);
     }},
    {"a link to nowhere",
     [](const fs::path& file, const Place& place) {
       fs::remove_all(file);
       fs::create_symlink(place.outside / "nowhere", file);
     }},
    {"a link to itself",
     [](const fs::path& file, const Place&) {
       fs::remove_all(file);
       fs::create_symlink(file.filename(), file);
     }},
    {"a symbolic link out of the run",
     [](const fs::path& file, const Place& place) { link_out(file, place, false); }},
};

constexpr Way kOfAFile[] = {
    {"a folder in its place",
     [](const fs::path& file, const Place&) {
       fs::remove_all(file);
       fs::create_directories(file / "inner");
     }},
    {"a hard link out of the run",
     [](const fs::path& file, const Place& place) { link_out(file, place, true); }},
    {"empty", [](const fs::path& file, const Place&) { replace(file, ""); }},
    {"cut",
     [](const fs::path& file, const Place&) { fs::resize_file(file, fs::file_size(file) / 2); }},
    {"zeros, as many", [](const fs::path& file,
                          const Place&) { replace(file, std::string(fs::file_size(file), '\0')); }},
    {"longer by 600 MB of zeros",
     [](const fs::path& file, const Place&) {
       fs::resize_file(file, fs::file_size(file) + 600'000'000);
     }},
    {"noise",
     [](const fs::path& file, const Place&) {
       std::mt19937_64 random(5);
       std::string text;
       for (int i = 0; i < 5000; ++i) text += static_cast<char>(random());
       replace(file, text);
     }},
};

constexpr Way kOfAFolder[] = {
    {"a file in its place",
     [](const fs::path& folder, const Place&) { replace(folder, "no folder"); }},
    {"empty",
     [](const fs::path& folder, const Place&) {
       fs::remove_all(folder);
       fs::create_directories(folder);
     }},
    {"with more in it",
     [](const fs::path& folder, const Place& place) {
       fs::create_directories(folder / "inner/more");
       write_file(folder / "inner/more/x.png", "");
       write_file(folder / std::string(kEscapes).substr(0, 3), "");
       write_file(folder / "\xff\xfe", "");
       ::mkfifo((folder / "fifo").c_str(), 0600);
       fs::create_directory_symlink(place.outside, folder / "out");
     }},
};

// ---- Text.

const std::pair<const char*, std::function<std::string(const std::string&)>> kOfText[] = {
    {"no UTF-8 in it",
     [](const std::string& text) { return text.substr(0, 40) + "\xff\xe9" + text.substr(40); }},
    {"the mark of UTF-8", [](const std::string& text) { return "\xef\xbb\xbf" + text; }},
    {"UTF-16",
     [](const std::string& text) {
       std::string wide = "\xff\xfe";
       for (const char c : text) wide += std::string{c, '\0'};
       return wide;
     }},
    {"nothing but escapes", [](const std::string&) { return std::string(kEscapes); }},
    {"100,000 brackets", [](const std::string&) { return std::string(100'000, '['); }},
    {"100,000 objects in one another",
     [](const std::string&) {
       std::string deep;
       for (int i = 0; i < 100'000; ++i) deep += "{\"type\":";
       return deep;
     }},
    {"a JSON text of another kind", [](const std::string&) { return std::string("[1,2]\n"); }},
    {"null", [](const std::string&) { return std::string("null\n"); }},
    {"twice", [](const std::string& text) { return text + text; }},
    {"a later schema",
     [](const std::string& text) {
       std::string changed = text;
       if (const auto at = text.find("\"sameseed/"); at != std::string::npos)
         changed.insert(text.find('"', at + 1), "999");
       else
         changed = R"({"schema":"sameseed/x/999","type":"run"})"
                   "\n" +
                   text;
       return changed;
     }},
    {"a line of 5 MB",
     [](const std::string& text) {
       return text.substr(0, text.find('\n') + 1) + "{\"type\":\"" + std::string(5'000'000, 'x') +
              "\"}\n" + text.substr(text.find('\n') + 1);
     }},
    {"keys twice",
     [](const std::string& text) {
       std::string changed = text;
       for (const char* key : {"\"id\":", "\"sample\":", "\"type\":", "\"candidate\":"})
         for (std::size_t at = 0; (at = changed.find(key, at)) != std::string::npos;) {
           const std::string again = std::string(key) + "\"other\",";
           changed.insert(at, again);
           at += again.size() + 1;
         }
       return changed;
     }},
};

// ---- A value of a JSON text, by a seed.

std::vector<std::string> raw_values(const Place& place) {
  return {"null",
          "true",
          "-1",
          "0",
          "1e308",
          "-1e308",
          "1e999",
          "NaN",
          "18446744073709551615",
          "-9223372036854775808",
          "4294967296",
          "0.5",
          "\"\"",
          "\"NaN\"",
          "\"\\ud800\"",
          "\"\\u0000\"",
          "\"\\u001b]0;taken\\u0007\\u001b[2J\\u009b31m\"",
          "\"..\"",
          "\"../../outside/secret\"",
          "\"" + (place.outside / "secret").string() + "\"",
          "\"" + std::string(300'000, 'a') + "\"",
          "[]",
          "{}",
          "[[[[]]]]",
          "{\"a\\u001b[31m\":1}"};
}

void collect(const json& value, const json::json_pointer& at,
             std::vector<json::json_pointer>& into) {
  into.push_back(at);
  if (value.is_object())
    for (const auto& [key, inner] : value.items()) collect(inner, at / key, into);
  if (value.is_array())
    for (std::size_t i = 0; i < value.size(); ++i) collect(value[i], at / i, into);
}

// Another value in one place of it, or one thing less.
std::string with_change(const std::string& text, const Place& place, std::mt19937_64& random,
                        std::string& what) {
  json value = json::parse(text);
  std::vector<json::json_pointer> places;
  collect(value, json::json_pointer(), places);
  const json::json_pointer at = places[random() % places.size()];
  const std::vector<std::string> raw = raw_values(place);
  const std::string now = raw[random() % raw.size()];
  what = fmt::format("{} is {}", at.to_string().substr(0, 60), now.substr(0, 30));
  constexpr const char* kMark = "@here@";
  if (random() % 5 == 0 && !at.empty() && value[at.parent_pointer()].is_object()) {
    value[at.parent_pointer()].erase(at.back());
    what = at.to_string() + " is not there";
    return value.dump();
  }
  value[at] = kMark;
  std::string changed = value.dump();
  const std::string quoted_mark = std::string("\"") + kMark + "\"";
  return changed.replace(changed.find(quoted_mark), quoted_mark.size(), now);
}

std::string with_change_of_a_line(const std::string& text, const Place& place,
                                  std::mt19937_64& random, std::string& what) {
  std::vector<std::string> lines;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  const std::size_t number = random() % lines.size();
  lines[number] = with_change(lines[number], place, random, what);
  what = fmt::format("line {}: {}", number + 1, what);
  std::string all;
  for (const std::string& line : lines) all += line + "\n";
  return all;
}

std::string everywhere(std::string text, const std::string& old, const std::string& now) {
  for (std::size_t at = 0; (at = text.find(old, at)) != std::string::npos; at += now.size())
    text.replace(at, old.size(), now);
  return text;
}

// ---- The rows.

// Or what is as good: without scores a run was not scored, and a run of a plan that cannot be read
// is not that of a matrix.
std::vector<std::string> names_of(const fs::path& file) {
  std::vector<std::string> names = {file.filename(), file.stem()};
  if (file == "scores.jsonl") names.push_back("was not scored");
  if (file == "records.jsonl") names.push_back("was never started");
  if (file == "plan.json") names.push_back("holds a run of another plan");
  return names;
}

void add_ways(const fs::path& run, const std::string& file, std::vector<Row>& rows) {
  const std::vector<std::string> names = names_of(file);
  const auto add = [&](const Way& way) {
    rows.push_back({file + ": " + way.what, names,
                    [file, &way](const Place& place) { way.spoil(place.run / file, place); }});
  };
  for (const Way& way : kOfAnything) add(way);
  if (fs::is_directory(run / file))
    for (const Way& way : kOfAFolder) add(way);
  else
    for (const Way& way : kOfAFile) add(way);
}

void add_texts(const std::string& file, std::vector<Row>& rows) {
  for (const auto& [what, change] : kOfText)
    rows.push_back({file + ": " + what, names_of(file), [file, &change](const Place& place) {
                      write_file(place.run / file, change(read_file(place.run / file)));
                    }});
}

void add_changes(const fs::path& run, const std::string& file, std::size_t changes,
                 std::uint64_t seed, std::vector<Row>& rows) {
  const bool lines = file.ends_with(".jsonl");
  for (std::size_t i = 0; i < changes; ++i) {
    const auto changed = [file, lines, seed, i](const Place& place, std::string& what) {
      std::mt19937_64 random(seed * 1'000'003 + i);
      const std::string text = read_file(place.run / file);
      return lines ? with_change_of_a_line(text, place, random, what)
                   : with_change(text, place, random, what);
    };
    std::string what;
    changed({run, "/outside"}, what);
    rows.push_back(
        {fmt::format("{}: {}", file, what), names_of(file), [file, changed](const Place& place) {
           std::string ignored;
           write_file(place.run / file, changed(place, ignored));
         }});
  }
}

// One sample's id, in every file that names it.
void add_ids(const std::string& id, std::vector<Row>& rows) {
  for (const char* now : {"../../outside/secret", "OUTSIDE/secret", "..", ".", "", "a/b",
                          "a\\u001b[31mb", "a b'$(x)", "\\u0000", "LONG"})
    rows.push_back({fmt::format("the id of a sample is {}", now),
                    {"plan.json", "records.jsonl", "scores.jsonl", "another plan"},
                    [id, text = std::string(now)](const Place& place) {
                      std::string other = everywhere(text, "OUTSIDE", place.outside);
                      other = everywhere(other, "LONG", std::string(5000, 'x'));
                      for (const char* file : {"plan.json", "records.jsonl", "scores.jsonl"})
                        write_file(place.run / file,
                                   everywhere(read_file(place.run / file), id, other));
                    }});
}

// The record of another case, or none, in the place of one.
void add_records(std::vector<Row>& rows) {
  rows.push_back({"records.jsonl: two samples have each other's records",
                  {"records.jsonl"},
                  [](const Place& place) {
                    const fs::path file = place.run / "records.jsonl";
                    std::vector<std::string> ids;
                    std::istringstream in(read_file(file));
                    for (std::string line; std::getline(in, line);)
                      if (const json record = json::parse(line); record.at("type") == "sample")
                        ids.push_back(record.at("sample"));
                    std::string text = read_file(file);
                    text = everywhere(text, ids.at(0), "@@");
                    text = everywhere(text, ids.at(1), ids.at(0));
                    write_file(file, everywhere(text, "@@", ids.at(1)));
                  }});
  rows.push_back(
      {"records.jsonl: 30,000 lines of another plan", {"records.jsonl"}, [](const Place& place) {
         std::string text = read_file(place.run / "records.jsonl");
         for (int i = 0; i < 30'000; ++i)
           text += fmt::format("{{\"type\":\"sample\",\"sample\":\"x{}\"}}\n", i);
         write_file(place.run / "records.jsonl", text);
       }});
}

}  // namespace

std::vector<Row> hostile_rows(const fs::path& run, std::size_t changes, std::uint64_t seed) {
  std::vector<Row> rows;
  const auto first_in = [&](const std::string& folder) {
    std::vector<fs::path> files(fs::directory_iterator(run / folder), fs::directory_iterator{});
    std::ranges::sort(files);
    return files.front().lexically_relative(run).string();
  };
  const std::vector<std::string> texts = {"plan.json",    "records.jsonl", "scores.jsonl",
                                          "matrix.json",  "report.json",   "gates.json",
                                          "baseline.json"},
                                 folders = {"images", "latents", "noise", "maps", "logs", "traces"};
  for (const std::string& file : texts) {
    add_ways(run, file, rows);
    add_texts(file, rows);
    add_changes(run, file, changes, seed, rows);
  }
  for (const std::string& file : {std::string("lock"), std::string("report.txt")})
    add_ways(run, file, rows);
  for (const std::string& folder : folders) {
    add_ways(run, folder, rows);
    add_ways(run, first_in(folder), rows);
  }
  add_ids(fs::path(first_in("images")).stem(), rows);
  add_records(rows);
  return rows;
}

}  // namespace sameseed::faults
