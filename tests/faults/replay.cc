#include "tests/faults/replay.h"

#include <algorithm>
#include <regex>

#include "io/files.h"

namespace sameseed::faults {
namespace {

namespace fs = std::filesystem;

constexpr std::uint32_t kMade = 1, kEmptied = 2;  // of EntryHead::flags

// How many of a sorted list are below the bound.
std::size_t below(const std::vector<std::size_t>& list, std::size_t bound) {
  return static_cast<std::size_t>(std::ranges::lower_bound(list, bound) - list.begin());
}

// The last of a sorted list below the bound; 0 where there is none.
std::size_t last_below(const std::vector<std::size_t>& list, std::size_t bound) {
  const std::size_t count = below(list, bound);
  return count == 0 ? 0 : list[count - 1];
}

std::size_t one_of(std::size_t low, std::size_t high, std::mt19937_64& random) {
  return std::uniform_int_distribution<std::size_t>(low, high)(random);
}

// Pictures and their names, each moved behind the second sync after it: the one that follows its
// record is over by then.
std::vector<Note> with_late_pictures(const std::vector<Note>& notes) {
  std::vector<Note> result, late;
  for (const Note& note : notes) {
    if (note.path.find("/images/") != std::string::npos && note.head.kind != Kind::kRead) {
      late.push_back(note);
      continue;
    }
    result.push_back(note);
    if (note.head.kind != Kind::kSay) continue;
    result.insert(result.end(), late.begin(), late.end());
    late.clear();
  }
  result.insert(result.end(), late.begin(), late.end());
  return result;
}

}  // namespace

Replay::Replay(const fs::path& before, const fs::path& folder, std::vector<Note> notes,
               Planted planted)
    : folder_(folder), notes_(std::move(notes)) {
  if (planted == Planted::kNoSync)
    std::erase_if(notes_, [](const Note& note) { return note.head.kind == Kind::kSync; });
  if (planted == Planted::kRecordFirst) notes_ = with_late_pictures(notes_);
  read(before);
  for (std::size_t call = 0; call < notes_.size(); ++call) take(call, notes_[call]);
}

void Replay::read(const fs::path& before) {
  for (const auto& entry : fs::recursive_directory_iterator(before)) {
    const std::string path = folder_ / entry.path().lexically_relative(before);
    if (entry.is_directory()) {
      first_folders_.push_back(path);
      continue;
    }
    first_names_[path] = files_.size();
    files_.push_back({read_file(entry.path()), {}, {}});
  }
  live_ = first_names_;
}

void Replay::take(std::size_t call, const Note& note) {
  const EntryHead& head = note.head;
  const auto name = [&](Name change) {
    change.call = call;
    names_.push_back(std::move(change));
  };
  switch (head.kind) {
    case Kind::kOpen:
      if ((head.flags & kMade) != 0) {
        live_[note.path] = files_.size();
        files_.push_back({});
        name({.path = note.path, .file = live_[note.path]});
      }
      if (head.inode == 0 || !live_.contains(note.path)) return;
      file_of_inode_[head.inode] = live_.at(note.path);
      if ((head.flags & kEmptied) != 0)
        files_[live_.at(note.path)].changes.push_back({.call = call, .cuts = true});
      return;
    case Kind::kWrite:
    case Kind::kTruncate:
      if (const auto file = file_of_inode_.find(head.inode); file != file_of_inode_.end())
        files_[file->second].changes.push_back({.call = call,
                                                .cuts = head.kind == Kind::kTruncate,
                                                .at = head.at,
                                                .bytes = note.data});
      return;
    case Kind::kSync:
      if ((head.flags & 1) != 0) {
        all_syncs_.push_back(call);
        name_syncs_.push_back(call);
      } else if (fs::path(note.path).has_extension()) {
        if (const auto file = file_of_inode_.find(head.inode); file != file_of_inode_.end())
          files_[file->second].syncs.push_back(call);
      } else {
        name_syncs_.push_back(call);  // of a folder
      }
      return;
    case Kind::kRename:
    case Kind::kLink: {
      const auto from = live_.find(note.other);
      if (from == live_.end()) return;
      const File file = from->second;
      const bool moves = head.kind == Kind::kRename;
      if (moves) live_.erase(from);
      live_[note.path] = file;
      name({.path = note.path, .gone = moves ? note.other : "", .file = file});
      return;
    }
    case Kind::kUnlink:
      live_.erase(note.path);
      return name({.gone = note.path});
    case Kind::kMkdir:
      return name({.path = note.path, .folder = true});
    default:
      return;
  }
}

std::string Replay::content(const Bytes& file, std::size_t cut, std::mt19937_64& random) const {
  const std::size_t synced = std::max(last_below(file.syncs, cut), last_below(all_syncs_, cut));
  std::vector<const Change*> sure, open;
  for (const Change& change : file.changes)
    if (change.call < cut) (change.call < synced ? sure : open).push_back(&change);
  // Nothing of it, all of it, or some: there the last one may have come in part.
  const std::size_t how = one_of(0, 2, random);
  const std::size_t kept = how == 0 ? 0 : how == 1 ? open.size() : one_of(0, open.size(), random);
  std::string bytes = file.before;
  const auto apply = [&](const Change& change, std::size_t size) {
    if (change.cuts) return bytes.resize(change.at);
    if (bytes.size() < change.at + size) bytes.resize(change.at + size);
    bytes.replace(change.at, size, change.bytes, 0, size);
  };
  for (const Change* change : sure) apply(*change, change->bytes.size());
  for (std::size_t i = 0; i < kept; ++i) apply(*open[i], open[i]->bytes.size());
  if (how == 2 && kept < open.size() && !open[kept]->cuts)
    apply(*open[kept], one_of(0, open[kept]->bytes.size(), random));
  return bytes;
}

void Replay::write_state(std::size_t cut, std::mt19937_64& random) const {
  const auto names_before = [&](std::size_t call) {
    return static_cast<std::size_t>(
        std::ranges::count_if(names_, [&](const Name& name) { return name.call < call; }));
  };
  const std::size_t sure = names_before(last_below(name_syncs_, cut)), all = names_before(cut);
  // Half of the cuts lose no name, which is what leaves most files without their bytes.
  const std::size_t kept = one_of(0, 1, random) == 0 ? all : one_of(sure, all, random);
  std::map<std::string, File> names = first_names_;
  std::vector<std::string> folders = first_folders_;
  for (std::size_t i = 0; i < kept; ++i) {
    const Name& name = names_[i];
    if (!name.gone.empty()) {
      names.erase(name.gone);
      std::erase(folders, name.gone);
    }
    if (name.folder)
      folders.push_back(name.path);
    else if (!name.path.empty())
      names[name.path] = name.file;
  }
  fs::remove_all(folder_);
  fs::create_directories(folder_);
  for (const std::string& path : folders) fs::create_directories(path);
  for (const auto& [path, file] : names)
    write_file(path, content(files_[file], cut, random), FlushToDisk::kNo);
}

std::size_t Replay::cut_point(std::mt19937_64& random) const {
  std::vector<std::size_t> behind;
  for (std::size_t call = 0; call < calls(); ++call)
    if (notes_[call].head.kind == Kind::kSay &&
        notes_[call].data.find(" samples in ") != std::string::npos)
      behind.push_back(call + 1);
  if (one_of(0, 3, random) == 0) return calls();
  if (behind.empty() || one_of(0, 1, random) == 0) return one_of(0, calls(), random);
  return behind[one_of(0, behind.size() - 1, random)];
}

std::size_t Replay::promised(std::size_t cut) const {
  std::string said;
  for (std::size_t call = 0; call < cut; ++call)
    if (notes_[call].head.kind == Kind::kSay) said += notes_[call].data + " ";
  static const std::regex kCounted(R"((\d+)/\d+ samples in)");
  std::size_t count = 0;
  for (auto found = std::sregex_iterator(said.begin(), said.end(), kCounted);
       found != std::sregex_iterator(); ++found)
    count = std::stoull((*found)[1]);
  return count;
}

}  // namespace sameseed::faults
