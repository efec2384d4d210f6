// The C header of a library.
#include "aot/library.h"

#include "support/check.h"

#include <fmt/format.h>

namespace thalweg::aot {

namespace {

const char* c_type(DType dtype) {
  switch (dtype) {
  case DType::f64: return "double";
  case DType::f32: return "float";
  case DType::i64: return "int64_t";
  case DType::boolean: return "bool";
  }
  TW_CHECK(false);
  return "";
}

std::string value_text(const Hyperparameter& hyper) {
  if (hyper.dtype == DType::boolean) return hyper.value != 0 ? "true" : "false";
  return fmt::format("{}", hyper.value);
}

// Nothing of a doc line may end the comment it stands in.
std::string comment_text(std::string text) {
  for (size_t at = 0; (at = text.find("*/", at)) != std::string::npos;)
    text.replace(at, 2, "* /");
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  return text;
}

} // namespace

std::string variant_suffix(const Variant& variant) {
  TW_CHECK(is_real(variant.dtype), "a library's numbers are real");
  return variant.dtype == DType::f32 ? "_f32" : "";
}

std::string library_header(const LibrarySpec& spec) {
  const std::string& p = spec.prefix;
  std::string guard = "THALWEG_" + p + "_H";
  for (char& c : guard)
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  std::string text = fmt::format("/* {}: an optimizer compiled by Thalweg.", p);
  if (!spec.title.empty()) text += fmt::format(" {}", comment_text(spec.title));
  text += " */\n";
  text += fmt::format("#ifndef {0}\n#define {0}\n\n", guard);
  text += "#include <stdbool.h>\n#include <stddef.h>\n#include <stdint.h>\n\n"
          "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";

  text += fmt::format("typedef struct {}_hyper {{\n", p);
  for (const Hyperparameter& hyper : spec.hyperparameters) {
    text +=
        fmt::format("  {} {}; /* default {}", c_type(hyper.dtype), hyper.name, value_text(hyper));
    text += hyper.doc.empty() ? " */\n" : fmt::format("; {} */\n", comment_text(hyper.doc));
  }
  if (spec.hyperparameters.empty()) text += "  char none; /* C knows no empty struct */\n";
  text += fmt::format("}} {}_hyper;\n\n{}_hyper {}_defaults(void);\n\n", p, p, p);

  text += fmt::format(
      "/* `state` is memory of the caller's: {0}_state_size(n) bytes, aligned to 8 or more (64 is\n"
      "   best). It may be copied and saved; it holds no pointers. Arrays must not overlap.\n"
      "   init sets it up for parameters x; step updates x in place by the gradient at x. The\n"
      "   functions return 0, or the reason why nothing of the result may be used:\n"
      "     1 the rule failed   2 the rule is done      3 singular matrix\n"
      "     4 index out of range                        5 a hyperparameter is out of its range\n"
      "     6 n is not the n of init                    7 a null pointer, or no state of this "
      "rule\n"
      "     9 eigenvalues that do not converge\n"
      "   After 1, 2 and 5 x and the state are as before; after any other they are not to be used. "
      "*/\n",
      p);
  if (!spec.variants.empty() && spec.variants[0].answer)
    text += "/* answer writes what x stands for after a step: the rule's result, for use and for "
            "validation. */\n";
  for (const Variant& variant : spec.variants) {
    const std::string s = variant_suffix(variant);
    const char* real = c_type(variant.dtype);
    text += fmt::format(
        "size_t {0}_state_size{1}(size_t n);\n"
        "int {0}_init{1}(void* state, const {2}* x, size_t n, const {0}_hyper* hyper);\n"
        "int {0}_step{1}(void* state, {2}* x, const {2}* gradient, size_t n,\n"
        "    const {0}_hyper* hyper);\n",
        p, s, real);
    if (variant.answer)
      text += fmt::format("int {0}_answer{1}(void* state, const {2}* x, {2}* answer, size_t n,\n"
                          "    const {0}_hyper* hyper);\n",
                          p, s, real);
    text += "\n";
  }
  text += fmt::format("#ifdef __cplusplus\n}}\n#endif\n#endif /* {} */\n", guard);
  return text;
}

} // namespace thalweg::aot
