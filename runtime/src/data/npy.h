// NumPy's .npy format: the header, read in all its versions, and writing.
#pragma once

#include "base/source.h"
#include "base/tensor.h"

#include <string>

namespace thalweg::runtime {

std::string npy_header(Scalar scalar, const Dims& shape);
// Little-endian, C order. Complete or not at all, see AtomicFile.
Outcome write_npy(const std::string& path, const Tensor& tensor);

struct NpyHeader {
  char kind = 'f'; // f: floating point, i: signed, u: unsigned, b: truth values
  int size = 8;    // bytes of an element
  bool big_endian = false;
  bool fortran = false; // the first axis runs fastest
  Dims shape;
  uint64_t start = 0; // of the data

  int64_t elements() const { return *element_count(shape); }
};

// Reads the header and leaves the source at the data. Refuses elements that are no real numbers
// (objects are never unpickled), and shapes that the bytes do not hold exactly.
Result<NpyHeader> read_npy_header(ByteSource& bytes, const std::string& name);

} // namespace thalweg::runtime
