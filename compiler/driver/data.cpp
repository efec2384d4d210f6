// Loading and matching of data (see data.h).
#include "driver/data.h"

#include "base/file.h"

#include <algorithm>
#include <cmath>
#include <fmt/format.h>
#include <fmt/ranges.h>

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
    for (runtime::Block& block : blocks_)
      block.batched = is_batched(data_named(block.name));
    runtime::Result<runtime::Dataset> dataset =
        runtime::prepare_dataset(std::move(blocks_), {x_.holdout, x_.seed});
    if (!dataset)
      return fail(dataset.error(), x_.holdout_span.valid() ? x_.holdout_span
                                   : x_.sources.empty()    ? Span{}
                                                           : x_.sources[0].path_span);
    out_.training_rows = dataset->training_rows;
    out_.validation_rows = dataset->validation_rows;
    for (const ProblemUnit::Data& data : p_.data) {
      if (!tensor(dataset->training, data, out_.training)) return std::nullopt;
      if (x_.holdout > 0 && !tensor(dataset->validation, data, out_.validation))
        return std::nullopt;
    }
    return std::move(out_);
  }

private:
  std::nullopt_t fail(const runtime::DataError& error, Span span) {
    Diagnostic& d = f_.diags.report(DiagKind::bad_data, span, error.message());
    if (!error.help.empty()) d.help(error.help);
    return std::nullopt;
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
      runtime::Result<std::string> path = runtime::resolve_data_path(f_.folder(), source.path);
      if (!path) {
        fail(path.error(), source.path_span);
        return false;
      }
      runtime::CsvOptions options;
      options.header = source.header;
      options.missing = source.missing == "drop"   ? runtime::Missing::drop
                        : source.missing == "mean" ? runtime::Missing::mean
                                                   : runtime::Missing::error;
      if (source.target)
        options.target = *source.target;
      else if (source.target_number)
        options.target = *source.target_number;
      for (const std::string& column : source.columns)
        options.columns.push_back(column);
      std::vector<runtime::DataName> names;
      for (const std::string& name : source.names) {
        const ProblemUnit::Data& data = data_named(name);
        names.push_back({name, static_cast<int64_t>(data.type.rank()), data.is_class});
      }
      options.class_target = names.back().is_class;
      runtime::Result<std::vector<runtime::Block>> blocks =
          runtime::load_csv(*path, source.path, options, names);
      if (!blocks) {
        fail(blocks.error(), source.path_span);
        return false;
      }
      for (runtime::Block& block : *blocks) {
        bool target = source.has_target() && block.name == source.names.back();
        block.standardize = source.standardize && !target;
        block.scale = target ? 1 : source.scale;
        if (!match(block, source)) return false;
        blocks_.push_back(std::move(block));
      }
    }
    return true;
  }

  bool mismatch(const runtime::Block& block, const ProblemUnit::Data& data, Span span,
                const std::string& why) {
    f_.diags
        .report(DiagKind::bad_data, span,
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
    double top = -1;
    for (double v : block.values)
      top = std::max(top, v);
    int64_t classes = block.class_names.empty() ? static_cast<int64_t>(top) + 1
                                                : static_cast<int64_t>(block.class_names.size());
    if (!bind(data.classes, classes)) {
      f_.diags
          .report(DiagKind::bad_data, source.path_span,
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

  bool tensor(const std::vector<runtime::Block>& blocks, const ProblemUnit::Data& data,
              std::vector<std::shared_ptr<runtime::Tensor>>& to) {
    for (const runtime::Block& block : blocks) {
      if (block.name != data.name) continue;
      runtime::Scalar scalar = data.type.dtype == DType::i64 ? runtime::Scalar::i64
                               : precision_ == DType::f32    ? runtime::Scalar::f32
                                                             : runtime::Scalar::f64;
      runtime::Result<runtime::Tensor> made = runtime::to_tensor(block, scalar);
      if (!made) {
        fail(made.error(), data.span);
        return false;
      }
      to.push_back(std::make_shared<runtime::Tensor>(std::move(*made)));
      return true;
    }
    return false;
  }

  Front& f_;
  const irgen::ExperimentUnit& x_;
  const ProblemUnit& p_;
  DType precision_;
  ProblemData out_;
  Bindings all_;
  std::string found_;
  std::vector<runtime::Block> blocks_;
};

} // namespace

std::optional<ProblemData> load_data(Front& front, const irgen::ExperimentUnit& experiment,
                                     const ProblemUnit& problem, DType precision) {
  return Loader(front, experiment, problem, precision).run();
}

} // namespace thalweg::driver
