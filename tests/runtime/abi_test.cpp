// The C side of the runtime, seen from C++: both languages agree on layout and numbers.
#include "thalweg/abi.h"

#include "random/random.h"

#include <catch2/catch.hpp>
#include <cstring>
#include <set>
#include <string>

extern "C" {
extern const tw_function abi_test_function;
uint64_t abi_test_bits(uint64_t seed);
}

TEST_CASE("a function in the calling convention gets its buffers, rows and oracle") {
  double x[3] = {1, 2, 3}, y[3] = {};
  void* const buffers[2] = {x, y};
  const int64_t dims[1] = {3}, row_dims[1] = {10};
  const tw_row row = {nullptr, row_dims};
  tw_call call{};
  call.buffers = buffers;
  call.dims = dims;
  CHECK(abi_test_function(&call) == TW_OK);
  CHECK(y[2] == 6);
  call.rows = &row;
  call.row_count = 1;
  int asked = 0;
  call.oracle_context = &asked;
  call.oracle = [](void* context, int32_t site, const tw_call* from) -> int32_t {
    *static_cast<int*>(context) = site;
    return from->dims[0] == 3 ? TW_SINGULAR : TW_OK;
  };
  CHECK(abi_test_function(&call) == TW_SINGULAR);
  CHECK(asked == 3);
  CHECK(y[0] == 12);
}

TEST_CASE("draws in C and C++ are the same") {
  const tw_key key = thalweg::runtime::random_key(11, "w");
  CHECK(abi_test_bits(11) == tw_bits(tw_stream(&key), 0, 5));
}

TEST_CASE("every status has its own words") {
  std::set<std::string> words;
  for (int32_t status = TW_OK; status <= TW_UNSUPPORTED; ++status)
    words.insert(tw_status_text(status));
  CHECK(words.size() == TW_UNSUPPORTED + 1);
  CHECK(words.count("unknown status") == 0);
  CHECK(std::string(tw_status_text(-1)) == "unknown status");
  CHECK(std::string(tw_status_text(9999)) == "unknown status");
}
