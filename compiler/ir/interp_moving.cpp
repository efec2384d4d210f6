// Evaluation of operators that move elements (see interp.h; meaning: graph.h).
#include "ir/interp_call.h"

namespace thalweg::interp {

std::vector<int64_t> strides_of(const std::vector<int64_t>& shape) {
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t k = shape.size(); k-- > 1;)
    strides[k - 1] = strides[k] * shape[k];
  return strides;
}

std::vector<int64_t> unravel(int64_t i, const std::vector<int64_t>& shape) {
  std::vector<int64_t> index(shape.size());
  for (size_t k = shape.size(); k-- > 0;) {
    index[k] = i % shape[k];
    i /= shape[k];
  }
  return index;
}

namespace {

int64_t offset_of(const std::vector<int64_t>& index, const std::vector<int64_t>& strides) {
  int64_t offset = 0;
  for (size_t k = 0; k < index.size(); ++k)
    offset += index[k] * strides[k];
  return offset;
}

// out[i] = in[source(index of i)], or 0 where source gives -1.
template <class Source> void move(const Tensor& in, Tensor& out, Source source) {
  in.with_type([&]<class T>(T*) {
    const std::vector<T>& from = in.data<T>();
    std::vector<T>& to = out.data<T>();
    for (int64_t i = 0; i < out.size(); ++i) {
      int64_t at = source(unravel(i, out.shape()));
      if (at >= 0) to[static_cast<size_t>(i)] = from[static_cast<size_t>(at)];
    }
  });
}

} // namespace

void eval_broadcast(Call& call) {
  std::optional<Tensor> out = call.zeros();
  if (!out) return;
  const Tensor& a = call.operand(0);
  std::vector<int64_t> strides = strides_of(a.shape());
  move(a, *out, [&](const std::vector<int64_t>& index) {
    int64_t at = 0;
    for (size_t k = 0; k < a.rank(); ++k)
      if (a.shape()[k] != 1) at += strides[k] * index[static_cast<size_t>(call.ints()[k])];
    return at;
  });
  call.give(std::move(*out));
}

void eval_reshape(Call& call) {
  std::optional<Tensor> out = call.zeros();
  if (!out) return;
  const Tensor& a = call.operand(0);
  TW_CHECK(a.size() == out->size(), "a reshape changes the number of elements");
  a.with_type([&]<class T>(T*) { out->data<T>() = a.data<T>(); });
  call.give(std::move(*out));
}

void eval_transpose(Call& call) {
  std::optional<Tensor> out = call.zeros();
  if (!out) return;
  const Tensor& a = call.operand(0);
  std::vector<int64_t> strides = strides_of(a.shape());
  move(a, *out, [&](const std::vector<int64_t>& index) {
    int64_t at = 0;
    for (size_t k = 0; k < index.size(); ++k)
      at += index[k] * strides[static_cast<size_t>(call.ints()[k])];
    return at;
  });
  call.give(std::move(*out));
}

void eval_slice(Call& call) {
  const Tensor& a = call.operand(0);
  std::vector<int64_t> start;
  for (size_t k = 0; k < a.rank(); ++k) {
    std::optional<int64_t> first = call.size(call.node.attr.dims[k]);
    if (!first) return;
    start.push_back(*first);
  }
  std::optional<Tensor> out = call.zeros();
  if (!out) return;
  for (size_t k = 0; k < a.rank(); ++k)
    if (start[k] < 0 || start[k] > a.shape()[k] - out->shape()[k])
      return call.fail(run_status::kShapeMismatch,
                       fmt::format("{} elements from {} on leave axis {} of size {}",
                                   out->shape()[k], start[k], k, a.shape()[k]));
  std::vector<int64_t> strides = strides_of(a.shape());
  int64_t base = offset_of(start, strides);
  move(a, *out,
       [&](const std::vector<int64_t>& index) { return base + offset_of(index, strides); });
  call.give(std::move(*out));
}

void eval_pad(Call& call) {
  const Tensor& a = call.operand(0);
  std::optional<std::vector<int64_t>> widths = call.sizes(call.node.attr.dims);
  if (!widths) return;
  std::optional<Tensor> out = call.zeros();
  if (!out) return;
  std::vector<int64_t> strides = strides_of(a.shape());
  move(a, *out, [&](const std::vector<int64_t>& index) {
    int64_t at = 0;
    for (size_t k = 0; k < index.size(); ++k) {
      int64_t inside = index[k] - (*widths)[k];
      if (inside < 0 || inside >= a.shape()[k]) return int64_t{-1};
      at += inside * strides[k];
    }
    return at;
  });
  call.give(std::move(*out));
}

void eval_concat(Call& call) {
  std::optional<Tensor> out = call.zeros();
  if (!out) return;
  size_t axis = static_cast<size_t>(call.ints()[0]);
  std::vector<int64_t> strides = strides_of(out->shape());
  int64_t offset = 0;
  for (size_t part = 0; part < call.operands.size(); ++part) {
    const Tensor& a = call.operand(part);
    a.with_type([&]<class T>(T*) {
      for (int64_t i = 0; i < a.size(); ++i) {
        std::vector<int64_t> index = unravel(i, a.shape());
        index[axis] += offset;
        out->data<T>()[static_cast<size_t>(offset_of(index, strides))] =
            a.data<T>()[static_cast<size_t>(i)];
      }
    });
    offset += a.shape()[axis];
  }
  call.give(std::move(*out));
}

// Offset into a tensor of `shape` that the index tensors name at element i; -1 after a failure.
static int64_t indexed_offset(Call& call, size_t first, const std::vector<int64_t>& shape,
                              int64_t i) {
  std::vector<int64_t> index;
  for (size_t k = 0; k < shape.size(); ++k) {
    index.push_back(call.operand(first + k).data<int64_t>()[static_cast<size_t>(i)]);
    if (index[k] < 0 || index[k] >= shape[k]) {
      call.fail(run_status::kIndexOutOfRange,
                fmt::format("index {} along axis {} of size {}", index[k], k, shape[k]));
      return -1;
    }
  }
  return offset_of(index, strides_of(shape));
}

void eval_gather(Call& call) {
  std::optional<Tensor> out = call.zeros();
  if (!out) return;
  const Tensor& data = call.operand(0);
  data.with_type([&]<class T>(T*) {
    for (int64_t i = 0; i < out->size() && !call.failure; ++i) {
      int64_t at = indexed_offset(call, 1, data.shape(), i);
      if (at >= 0) out->data<T>()[static_cast<size_t>(i)] = data.data<T>()[static_cast<size_t>(at)];
    }
  });
  call.give(std::move(*out));
}

void eval_scatter_add(Call& call) {
  std::optional<Tensor> out = call.zeros();
  if (!out) return;
  const Tensor& values = call.operand(call.operands.size() - 1);
  values.with_type([&]<class T>(T*) {
    for (int64_t i = 0; i < values.size() && !call.failure; ++i) {
      int64_t at = indexed_offset(call, 0, out->shape(), i);
      if (at >= 0)
        out->data<T>()[static_cast<size_t>(at)] += values.data<T>()[static_cast<size_t>(i)];
    }
  });
  call.give(std::move(*out));
}

} // namespace thalweg::interp
