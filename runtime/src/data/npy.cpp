// NPY headers and writing, see npy.h.
#include "data/npy.h"

#include "base/file.h"

#include <bit>
#include <charconv>
#include <fmt/format.h>

namespace thalweg::runtime {

static_assert(std::endian::native == std::endian::little,
              "NPY data is written as it lies in memory");

namespace {

constexpr std::string_view kMagic = "\x93NUMPY";

const char* descr_of(Scalar scalar) {
  return scalar == Scalar::f32 ? "<f4" : scalar == Scalar::f64 ? "<f8" : "<i8";
}

// Reads the header's Python dictionary, a small fixed language: {'descr': '<f8', 'fortran_order':
// False, 'shape': (3, 4), }
class HeaderParser {
public:
  explicit HeaderParser(std::string_view text) : text_(text) {}

  bool parse() {
    if (!take('{')) return false;
    while (!take('}')) {
      std::string key;
      if (!string(key) || !take(':')) return false;
      const bool fine = key == "descr"           ? string(descr)
                        : key == "fortran_order" ? boolean(fortran)
                        : key == "shape"         ? tuple()
                                                 : false;
      if (!fine) return false;
      if (!take(',') && peek() != '}') return false;
    }
    return has_shape_ && !descr.empty() && peek() == '\0';
  }

  std::string descr;
  bool fortran = false;
  Dims shape;

private:
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n'))
      ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool take(char c) {
    if (peek() != c) return false;
    ++at_;
    return true;
  }
  bool string(std::string& out) {
    const char quote = peek();
    if (quote != '\'' && quote != '"') return false;
    const size_t end = text_.find(quote, at_ + 1);
    if (end == text_.npos) return false;
    out = text_.substr(at_ + 1, end - at_ - 1);
    at_ = end + 1;
    return true;
  }
  bool boolean(bool& out) {
    peek();
    for (const std::string_view word : {"True", "False"}) {
      if (text_.substr(at_, word.size()) != word) continue;
      at_ += word.size();
      out = word == "True";
      return true;
    }
    return false;
  }
  bool tuple() {
    constexpr size_t kMostAxes = 32;
    if (!take('(')) return false;
    while (!take(')')) {
      int64_t size = 0;
      peek();
      const char* const begin = text_.data() + at_;
      const auto [stop, error] = std::from_chars(begin, text_.data() + text_.size(), size);
      if (error != std::errc{} || size < 0 || shape.size() == kMostAxes) return false;
      at_ += static_cast<size_t>(stop - begin);
      shape.push_back(size);
      if (!take(',') && peek() != ')') return false;
    }
    has_shape_ = true;
    return true;
  }

  std::string_view text_;
  size_t at_ = 0;
  bool has_shape_ = false;
};

} // namespace

std::string npy_header(Scalar scalar, const Dims& shape) {
  std::string sizes;
  for (size_t i = 0; i < shape.size(); ++i)
    sizes += fmt::format("{}{}", i == 0 ? "" : ", ", shape[i]);
  if (shape.size() == 1) sizes += ",";
  std::string dictionary = fmt::format("{{'descr': '{}', 'fortran_order': False, 'shape': ({}), }}",
                                       descr_of(scalar), sizes);
  // Padded with blanks so that the data begins at a multiple of 64.
  const size_t fixed = kMagic.size() + 4;
  const size_t whole = (fixed + dictionary.size() + 1 + 63) / 64 * 64;
  dictionary.append(whole - fixed - dictionary.size() - 1, ' ');
  dictionary += '\n';
  std::string header(kMagic);
  header += {'\x01', '\x00', static_cast<char>(dictionary.size() & 0xff),
             static_cast<char>(dictionary.size() >> 8)};
  return header + dictionary;
}

Outcome write_npy(const std::string& path, const Tensor& tensor) {
  Result<AtomicFile> file = AtomicFile::create(path);
  if (!file) return file.error();
  if (Outcome put = file->write(npy_header(tensor.scalar(), tensor.shape())); !put) return put;
  const std::string_view bytes(static_cast<const char*>(tensor.data()), tensor.bytes());
  if (Outcome put = file->write(bytes); !put) return put;
  return file->commit();
}

namespace {

// '<f8', '>i4', '|b1', '|u1' …; nothing else is a number.
std::optional<NpyHeader> element_of(const std::string& descr) {
  if (descr.size() != 3 || std::string_view("<>|=").find(descr[0]) == std::string_view::npos)
    return std::nullopt;
  NpyHeader header;
  header.big_endian = descr[0] == '>';
  header.kind = descr[1];
  header.size = descr[2] - '0';
  const std::string_view sizes = header.kind == 'f'                         ? "48"
                                 : header.kind == 'i' || header.kind == 'u' ? "1248"
                                 : header.kind == 'b'                       ? "1"
                                                                            : "";
  if (sizes.find(descr[2]) == sizes.npos) return std::nullopt;
  return header;
}

} // namespace

Result<NpyHeader> read_npy_header(ByteSource& bytes, const std::string& name) {
  constexpr size_t kMostHeader = size_t{1} << 20;
  const auto fail = [&](std::string text, std::string help = "") {
    return DataError{name, 0, 0, std::move(text), std::move(help)};
  };
  std::string start(12, '\0');
  Result<size_t> got = bytes.read_fully(start.data(), 10);
  if (!got) return got.error();
  if (*got < 10 || start.compare(0, kMagic.size(), kMagic) != 0) return fail("is no .npy file");
  const auto byte = [&](size_t i) {
    return static_cast<size_t>(static_cast<unsigned char>(start[i]));
  };
  const size_t version = byte(6);
  if (version < 1 || version > 3)
    return fail(fmt::format("has the .npy version {}, known are 1, 2 and 3", version));
  size_t length = byte(8) | byte(9) << 8;
  uint64_t begin = 10;
  if (version > 1) {
    got = bytes.read_fully(start.data() + 10, 2);
    if (!got) return got.error();
    length |= byte(10) << 16 | byte(11) << 24;
    begin = 12;
  }
  if (length > kMostHeader) return fail(fmt::format("has a header of {} bytes", length));
  std::string text(length, '\0');
  got = bytes.read_fully(text.data(), length);
  if (!got) return got.error();
  if (*got < length) return fail("ends inside its header");
  HeaderParser parsed(text);
  if (!parsed.parse()) {
    if (text.find("'descr': [") != text.npos)
      return fail("holds records of named fields", "save each field as an array of its own");
    return fail("has a header that cannot be read");
  }
  std::optional<NpyHeader> header = element_of(parsed.descr);
  if (!header) {
    const bool object = parsed.descr.find('O') != parsed.descr.npos;
    return fail(object ? "holds Python objects, which are never loaded"
                       : fmt::format("holds elements of type '{}'", shown(parsed.descr)),
                object ? "save an array of numbers: a.astype(float)"
                       : "known are f4, f8, i1 to i8, u1 to u8 and truth values");
  }
  header->fortran = parsed.fortran;
  header->shape = std::move(parsed.shape);
  header->start = begin + length;
  const std::optional<int64_t> count = element_count(header->shape);
  const uint64_t have = bytes.size() - header->start;
  if (!count || static_cast<uint64_t>(*count) * static_cast<uint64_t>(header->size) != have) {
    return fail(fmt::format("has {} bytes of data, which its shape {} of {}{} does not fit", have,
                            shape_text(header->shape), header->kind, header->size));
  }
  return *header;
}

} // namespace thalweg::runtime
