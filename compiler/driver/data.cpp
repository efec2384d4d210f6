// Loading and matching of data (see data.h).
#include "driver/data.h"

#include "base/memory.h"
#include "driver/data_files.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <map>

namespace thalweg::driver {

using irgen::DataSource;
using irgen::ProblemUnit;

DataView ProblemData::view(bool validation_part) const {
  DataView v;
  for (const auto& tensor : validation_part ? validation : training)
    v.buffers.push_back(tensor->data());
  v.rows = validation_part ? validation_rows : training_rows;
  return v;
}

DataView ProblemData::view(const runtime::Batch& batch) const {
  DataView v = view(false);
  for (size_t k = 0; k < batched.size(); ++k)
    v.buffers[batched[k]] = batch.buffers[k];
  v.rows = batch.rows;
  return v;
}

bool bind_size_hypers(Front& front, const ProblemUnit& problem,
                      const std::vector<std::pair<std::string, double>>& values, Bindings& sizes) {
  for (const ProblemUnit::Hyper& hyper : problem.hypers) {
    if (!hyper.is_size) continue;
    auto it = std::find_if(values.begin(), values.end(),
                           [&](const auto& v) { return v.first == hyper.name; });
    double v = it == values.end() ? -1 : it->second;
    if (!(v >= 0) || v != std::floor(v) || v > 1e12) {
      front.diags.report(
          DiagKind::bad_size, hyper.span,
          fmt::format("'{}' is a size: a whole number from 0 to 1e12, not {}", hyper.name, v));
      return false;
    }
    sizes[hyper.name] = static_cast<int64_t>(v);
  }
  return true;
}

namespace {

class Loader {
public:
  Loader(Front& front, const irgen::ExperimentUnit& experiment, const ProblemUnit& problem,
         DType precision)
      : f_(front), x_(experiment), p_(problem), precision_(precision) {}

  std::optional<ProblemData> run() {
    if (!bind_size_hypers(f_, p_, x_.problem_hypers, out_.sizes)) return std::nullopt;
    if (!find_batch_dimension() || !read()) return std::nullopt;
    if (p_.data.empty()) return std::move(out_);
    runtime::Result<runtime::Dataset> dataset =
        runtime::load_dataset(files_, {x_.holdout, x_.seed, runtime::available_memory()});
    if (!dataset) {
      report_data_error(f_, dataset.error(), place_of(dataset.error()));
      return std::nullopt;
    }
    out_.training_rows = dataset->training_rows;
    out_.validation_rows = dataset->validation_rows;
    for (const ProblemUnit::Data& data : p_.data) {
      size_t k = block_numbers_.at(data.name);
      out_.training.push_back(share(dataset->training[k]));
      if (x_.holdout > 0) out_.validation.push_back(share(dataset->validation[k]));
    }
    return std::move(out_);
  }

private:
  static std::shared_ptr<runtime::Tensor> share(runtime::Tensor& tensor) {
    return std::make_shared<runtime::Tensor>(std::move(tensor));
  }
  // An error of a file points at its path, one of the split at the holdout.
  Span place_of(const runtime::DataError& error) const {
    for (const DataSource& source : x_.sources)
      if (error.path.compare(0, source.path.size(), source.path) == 0 && !error.path.empty())
        return source.path_span;
    if (x_.holdout_span.valid()) return x_.holdout_span;
    return x_.sources.empty() ? Span{} : x_.sources[0].path_span;
  }
  const ProblemUnit::Data& data_named(const std::string& name) const {
    return *std::find_if(p_.data.begin(), p_.data.end(),
                         [&](const auto& d) { return d.name == name; });
  }
  bool is_batched(const ProblemUnit::Data& data) const {
    return !out_.batch_dimension.empty() && !data.type.shape.empty() &&
           data.type.shape[0] == Dim::symbol(out_.batch_dimension);
  }

  // The one leading dimension common to the data that no param uses.
  bool find_batch_dimension() {
    std::vector<std::string> used, candidates;
    for (const auto& parameter : p_.parameters)
      for (const Dim& dim : parameter.type.shape)
        dim.collect_symbols(used);
    for (const auto& data : p_.data)
      if (!data.type.shape.empty())
        if (std::optional<std::string> name = data.type.shape[0].as_symbol())
          if (std::find(used.begin(), used.end(), *name) == used.end() &&
              std::find(candidates.begin(), candidates.end(), *name) == candidates.end())
            candidates.push_back(*name);
    bool wanted = x_.batch || x_.holdout > 0;
    Span place = x_.batch_span.valid()     ? x_.batch_span
                 : x_.holdout_span.valid() ? x_.holdout_span
                                           : x_.decl->name.span;
    if (!x_.batch_dimension.empty()) {
      if (std::find(candidates.begin(), candidates.end(), x_.batch_dimension) == candidates.end()) {
        Diagnostic& d = f_.diags.report(
            DiagKind::bad_experiment, place,
            fmt::format("'{}' is no leading dimension of the data that no param uses",
                        x_.batch_dimension));
        if (!candidates.empty()) d.note(fmt::format("to be had: {}", fmt::join(candidates, ", ")));
        return false;
      }
      out_.batch_dimension = x_.batch_dimension;
    } else if (candidates.size() == 1) {
      out_.batch_dimension = candidates[0];
    } else if (wanted) {
      Diagnostic& d = f_.diags.report(
          DiagKind::bad_experiment, place,
          candidates.empty() ? "the data have no dimension along which batches are cut"
                             : "the data have several dimensions along which batches could be cut");
      if (candidates.empty())
        d.note("that is a leading dimension that no param uses");
      else
        d.help(fmt::format("say which: batch {} of {}", x_.batch.value_or(64), candidates[0]));
      return false;
    }
    for (size_t k = 0; k < p_.data.size(); ++k)
      if (is_batched(p_.data[k])) out_.batched.push_back(k);
    return true;
  }

  bool read() {
    for (const DataSource& source : x_.sources) {
      std::unique_ptr<runtime::DataFile> file = open_data_file(f_, source, p_);
      if (!file) return false;
      for (runtime::Block& block : file->blocks) {
        const ProblemUnit::Data& data = data_named(block.name);
        block.batched = is_batched(data);
        block.scalar = data.type.dtype == DType::i64 ? runtime::Scalar::i64
                       : precision_ == DType::f32    ? runtime::Scalar::f32
                                                     : runtime::Scalar::f64;
        if (!match(block, source)) return false;
        block_numbers_.emplace(block.name, block_numbers_.size());
      }
      files_.push_back(std::move(file));
    }
    return true;
  }

  bool mismatch(const runtime::Block& block, const ProblemUnit::Data& data, Span span,
                const std::string& why) {
    f_.diags
        .report(DiagKind::data_shape, span,
                fmt::format("'{}' is declared {}, the file gives {}: {}", block.name,
                            shape_str(data.type.shape), runtime::shape_text(block.shape), why))
        .label(data.span, "declared here");
    return false;
  }

  // Binds the names in the declared shape to the sizes found, or compares them.
  bool match(const runtime::Block& block, const DataSource& source) {
    const ProblemUnit::Data& data = data_named(block.name);
    if (block.shape.size() != data.type.rank())
      return mismatch(block, data, source.path_span, "the number of axes differs");
    for (size_t k = 0; k < block.shape.size(); ++k)
      if (!bind(data.type.shape[k], block.shape[k]))
        return mismatch(block, data, source.path_span,
                        fmt::format("{} is {} elsewhere", data.type.shape[k].str(),
                                    found_.empty() ? "another number" : found_));
    if (!data.is_class) return true;
    auto classes = static_cast<int64_t>(block.class_names.size());
    if (!bind(data.classes, classes)) {
      f_.diags
          .report(DiagKind::data_shape, source.path_span,
                  fmt::format("'{}' has {} classes in the file, {} = {} are declared", block.name,
                              classes, data.classes.str(), found_))
          .label(data.span, "declared here");
      return false;
    }
    return true;
  }
  bool bind(const Dim& dim, int64_t value) {
    if (std::optional<std::string> name = dim.as_symbol();
        name && !all_.contains(*name) && !out_.sizes.contains(*name)) {
      all_[*name] = value;
      if (*name != out_.batch_dimension) out_.sizes[*name] = value;
      return true;
    }
    Bindings known = out_.sizes;
    for (const auto& [name, size] : all_)
      known[name] = size;
    std::optional<int64_t> now = evaluate_dim(dim, known);
    found_ = now ? std::to_string(*now) : "";
    return now && *now == value;
  }

  Front& f_;
  const irgen::ExperimentUnit& x_;
  const ProblemUnit& p_;
  DType precision_;
  ProblemData out_;
  Bindings all_;
  std::string found_;
  std::vector<std::unique_ptr<runtime::DataFile>> files_;
  std::map<std::string, size_t> block_numbers_; // of the data, in the order of the files
};

} // namespace

std::optional<ProblemData> load_data(Front& front, const irgen::ExperimentUnit& experiment,
                                     const ProblemUnit& problem, DType precision) {
  return Loader(front, experiment, problem, precision).run();
}

} // namespace thalweg::driver
