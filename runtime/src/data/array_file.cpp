// NumPy arrays as data, see array_file.h.
#include "data/array_file.h"

#include "base/text.h"
#include "data/npy.h"
#include "data/zip.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <fmt/format.h>
#include <map>

namespace thalweg::runtime {

namespace {

// Bytes of one element as a double; integers beyond 2^53 round.
template <class T> double element(const char* from, bool swap) {
  std::array<char, sizeof(T)> bytes;
  std::memcpy(bytes.data(), from, sizeof(T));
  if (swap) std::reverse(bytes.begin(), bytes.end());
  return static_cast<double>(std::bit_cast<T>(bytes));
}

using Element = double (*)(const char*, bool);

Element element_reader(const NpyHeader& header) {
  switch (header.kind) {
  case 'f': return header.size == 4 ? &element<float> : &element<double>;
  case 'i':
    return header.size == 1   ? &element<int8_t>
           : header.size == 2 ? &element<int16_t>
           : header.size == 4 ? &element<int32_t>
                              : &element<int64_t>;
  default:
    return header.size == 1   ? &element<uint8_t>
           : header.size == 2 ? &element<uint16_t>
           : header.size == 4 ? &element<uint32_t>
                              : &element<uint64_t>;
  }
}

struct Member {
  std::unique_ptr<ByteSource> bytes;
  std::string name; // for messages
  NpyHeader header;
  std::map<double, double> classes; // index by label, for class data
};

class ArrayFile : public DataFile {
public:
  Outcome add(std::unique_ptr<ByteSource> bytes, std::string shown_name, const DataName& name,
              bool fill_missing);
  Outcome visit(ValueSink& sink) override;

private:
  Outcome visit_member(size_t index, ValueSink& sink);
  // All values in the order of the file, as fn(first position in the file, values, count).
  template <class Fn> Outcome each_chunk(Member& member, Fn&& fn);
  Outcome learn_classes(Member& member, Block& block);
  DataError bad_value(const Member& member, int64_t position, double value) const;

  std::vector<Member> members_;
};

template <class Fn> Outcome ArrayFile::each_chunk(Member& member, Fn&& fn) {
  constexpr size_t kChunk = size_t{1} << 16; // elements
  ByteSource& bytes = *member.bytes;
  if (Outcome back = bytes.rewind(); !back) return back;
  Result<NpyHeader> header = read_npy_header(bytes, member.name);
  if (!header) return header.error();
  const auto size = static_cast<size_t>(member.header.size);
  const Element read = element_reader(member.header);
  const bool swap = member.header.big_endian && size > 1;
  const auto count = static_cast<size_t>(member.header.elements());
  std::vector<char> raw(std::min(kChunk, count) * size);
  std::vector<double> values(std::min(kChunk, count));
  for (size_t first = 0; first < count; first += kChunk) {
    const size_t now = std::min(kChunk, count - first);
    Result<size_t> got = bytes.read_fully(raw.data(), now * size);
    if (!got) return got.error();
    if (*got < now * size) return DataError{member.name, 0, 0, "ends inside its data", ""};
    for (size_t k = 0; k < now; ++k)
      values[k] = read(raw.data() + k * size, swap);
    if (Outcome fine = fn(static_cast<int64_t>(first), values.data(), now); !fine) return fine;
  }
  // The end of an archive's member is where its checksum is compared.
  char after = 0;
  Result<size_t> end = bytes.read(&after, 1);
  return end ? Outcome(Unit{}) : Outcome(end.error());
}

DataError ArrayFile::bad_value(const Member& member, int64_t position, double value) const {
  Dims index(member.header.shape.size());
  for (size_t k = 0; k < index.size(); ++k) {
    const size_t axis = member.header.fortran ? k : index.size() - 1 - k;
    index[axis] = position % member.header.shape[axis];
    position /= member.header.shape[axis];
  }
  const bool gap = std::isnan(value);
  return {member.name,
          0,
          0,
          fmt::format("holds {} at {}", number_text(value), shape_text(index)),
          gap ? "use the column's mean with missing = \"mean\", or clean the array" : "",
          gap ? DataFault::missing : DataFault::content};
}

Outcome ArrayFile::learn_classes(Member& member, Block& block) {
  Outcome learned = each_chunk(member, [&](int64_t first, const double* values, size_t count) {
    for (size_t k = 0; k < count; ++k) {
      const double value = values[k];
      if (!std::isfinite(value))
        return Outcome(bad_value(member, first + static_cast<int64_t>(k), value));
      if (value != std::floor(value)) {
        DataError error = bad_value(member, first + static_cast<int64_t>(k), value);
        error.text += ", which is no label: labels are whole numbers";
        return Outcome(error);
      }
      member.classes.emplace(value == 0 ? 0 : value, 0);
    }
    return Outcome(Unit{});
  });
  for (auto& [label, index] : member.classes) {
    index = static_cast<double>(block.class_names.size());
    block.class_names.push_back(number_text(label));
  }
  return learned;
}

Outcome ArrayFile::add(std::unique_ptr<ByteSource> bytes, std::string shown_name,
                       const DataName& name, bool fill_missing) {
  Result<NpyHeader> header = read_npy_header(*bytes, shown_name);
  if (!header) return header.error();
  Member member{std::move(bytes), std::move(shown_name), std::move(*header), {}};
  Block block;
  block.name = name.name;
  block.source = member.name;
  block.shape = member.header.shape;
  block.is_class = name.is_class;
  block.fill_missing = fill_missing && !name.is_class && member.header.kind == 'f';
  if (static_cast<int64_t>(block.shape.size()) != name.rank) {
    const bool column = name.rank == 1 && block.shape.size() == 2 &&
                        std::find(block.shape.begin(), block.shape.end(), 1) != block.shape.end();
    return DataError{member.name,
                     0,
                     0,
                     fmt::format("has the shape {}, but data '{}' has rank {}",
                                 shape_text(block.shape), name.name, name.rank),
                     column ? "save it with .ravel()" : "",
                     DataFault::shape};
  }
  if (member.header.elements() == 0) {
    return DataError{
        member.name,
        0,
        0,
        fmt::format("has the shape {}: there is nothing in it", shape_text(block.shape)),
        "",
        DataFault::shape};
  }
  if (name.is_class)
    if (Outcome learned = learn_classes(member, block); !learned) return learned;
  members_.push_back(std::move(member));
  blocks.push_back(std::move(block));
  return Unit{};
}

Outcome ArrayFile::visit_member(size_t index, ValueSink& sink) {
  Member& member = members_[index];
  const Block& block = blocks[index];
  const Dims& shape = member.header.shape;
  const bool down = member.header.fortran && shape.size() > 1;
  const int64_t rows = down ? shape[0] : 1, row_size = down ? block.row_size() : 1;
  std::vector<double> labels;
  return each_chunk(member, [&](int64_t first, const double* values, size_t count) -> Outcome {
    if (block.is_class) {
      labels.assign(values, values + count);
      for (double& label : labels)
        label = member.classes.find(label)->second; // all of them have been seen
      values = labels.data();
    } else {
      for (size_t k = 0; k < count; ++k)
        if (!std::isfinite(values[k]) && !(block.fill_missing && std::isnan(values[k])))
          return bad_value(member, first + static_cast<int64_t>(k), values[k]);
    }
    if (!down) return sink.take({index, first, false, values, count});
    // In Fortran order the first axis runs fastest: a column lies whole in the file, columns follow
    // in the order of the remaining axes from the first to the last.
    for (size_t done = 0; done < count;) {
      const int64_t at = first + static_cast<int64_t>(done), row = at % rows;
      int64_t rest = at / rows, column = 0;
      for (size_t axis = 1; axis < shape.size(); ++axis) {
        int64_t weight = 1;
        for (size_t later = axis + 1; later < shape.size(); ++later)
          weight *= shape[later];
        column += rest % shape[axis] * weight;
        rest /= shape[axis];
      }
      const size_t run = std::min(count - done, static_cast<size_t>(rows - row));
      const Values part{index, row * row_size + column, true, values + done, run};
      if (Outcome taken = sink.take(part); !taken) return taken;
      done += run;
    }
    return Unit{};
  });
}

Outcome ArrayFile::visit(ValueSink& sink) {
  for (size_t k = 0; k < members_.size(); ++k) {
    Outcome visited = visit_member(k, sink);
    if (Outcome same = members_[k].bytes->unchanged(); !same) return same;
    if (!visited) return visited;
  }
  return Unit{};
}

} // namespace

Result<std::unique_ptr<DataFile>> open_npy(std::unique_ptr<ByteSource> bytes,
                                           const std::string& file, const DataName& name,
                                           const ArrayOptions& options) {
  auto array = std::make_unique<ArrayFile>();
  if (Outcome added = array->add(std::move(bytes), file, name, options.fill_missing); !added)
    return added.error();
  return std::unique_ptr<DataFile>(std::move(array));
}

Result<std::unique_ptr<DataFile>> open_npz(const std::string& path, const std::string& file,
                                           const std::vector<DataName>& names,
                                           const std::vector<std::string>& members,
                                           const ArrayOptions& options) {
  Result<std::shared_ptr<ZipArchive>> archive = ZipArchive::open(path, file);
  if (!archive) return archive.error();
  const std::vector<std::string> stored = (*archive)->members();
  auto array = std::make_unique<ArrayFile>();
  for (size_t k = 0; k < names.size(); ++k) {
    auto found = std::find(stored.begin(), stored.end(), members[k] + ".npy");
    if (found == stored.end()) found = std::find(stored.begin(), stored.end(), members[k]);
    if (found == stored.end()) {
      constexpr size_t kListed = 8;
      std::string list;
      for (size_t i = 0; i < std::min(stored.size(), kListed); ++i) {
        std::string name = stored[i];
        if (name.size() > 4 && name.compare(name.size() - 4, 4, ".npy") == 0)
          name.resize(name.size() - 4);
        list += fmt::format("{}'{}'", i == 0 ? "" : ", ", shown(name));
      }
      return DataError{file,
                       0,
                       0,
                       fmt::format("has no array '{}'", shown(members[k])),
                       stored.empty() ? "the archive is empty"
                                      : fmt::format("it holds {}{}; name them with names = [\"…\"]",
                                                    list, stored.size() > kListed ? ", …" : ""),
                       DataFault::column};
    }
    Result<std::unique_ptr<ByteSource>> bytes = (*archive)->member(*found);
    if (!bytes) return bytes.error();
    if (Outcome added =
            array->add(std::move(*bytes), fmt::format("{}: {}", file, shown(members[k])), names[k],
                       options.fill_missing && k == 0);
        !added)
      return added.error();
  }
  return std::unique_ptr<DataFile>(std::move(array));
}

} // namespace thalweg::runtime
