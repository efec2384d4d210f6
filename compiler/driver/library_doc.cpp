// Documentation of the library's items (see library_doc.h).
#include "driver/library_doc.h"

#include "diag/suggest.h"
#include "driver/rule_cost.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <filesystem>
#include <set>
#include <sstream>

namespace thalweg::driver {

namespace fs = std::filesystem;

namespace {

struct Item {
  std::string name, folder;
  std::string signature;          // "Name(lr = 0.1) on tensor x"
  std::vector<std::string> lines; // of its comment
  std::optional<RuleCost> cost;
};

// Lines that begin with such a word and a colon are entries of a list.
constexpr std::array<std::string_view, 6> kTopics{"Hyperparameters", "Errors", "Source",
                                                  "Equals",          "Solves", "Example"};

std::optional<std::string_view> topic_of(const std::string& line) {
  for (std::string_view topic : kTopics)
    if (line.starts_with(topic) && line.substr(topic.size(), 2) == ": ") return topic;
  return std::nullopt;
}

// The declaration up to its body, on one line.
std::string signature_of(std::string_view text) {
  std::string out;
  int depth = 0;
  for (char c : text) {
    if (c == '(') ++depth;
    if (c == ')') --depth;
    // A set's formula stands behind a colon.
    if (depth == 0 && (c == '{' || c == '=' || c == ':')) break;
    bool space = c == ' ' || c == '\n';
    if (!space || (!out.empty() && out.back() != ' ')) out += space ? ' ' : c;
  }
  while (!out.empty() && out.back() == ' ')
    out.pop_back();
  return out;
}

std::vector<std::pair<std::string, fs::path>> files_of(const std::string& library) {
  std::vector<std::pair<std::string, fs::path>> files; // folder, file
  std::error_code error;
  std::vector<std::string> folders{"optimizers", "methods", "transforms", "line_searches",
                                   "schedules",  "losses",  "functions",  "problems"};
  std::set<std::string> others;
  for (const auto& entry : fs::directory_iterator(library, error))
    if (entry.is_directory() &&
        std::find(folders.begin(), folders.end(), entry.path().filename()) == folders.end())
      others.insert(entry.path().filename().string());
  folders.insert(folders.end(), others.begin(), others.end());
  for (const std::string& folder : folders) {
    std::set<fs::path> names;
    for (const auto& entry : fs::directory_iterator(fs::path(library) / folder, error))
      if (entry.path().extension() == ".tw") names.insert(entry.path());
    for (const fs::path& path : names)
      files.emplace_back(folder, path);
  }
  return files;
}

// Of rules and transforms as `check --cost` counts it, in f32 at their defaults.
std::optional<RuleCost> cost_of(Front& front, const ast::Decl& decl) {
  const auto* optimizer = decl.as<ast::OptimizerDecl>();
  if (!optimizer && !decl.as<ast::TransformDecl>()) return std::nullopt;
  Graph graph;
  irgen::Unit unit = front.unit(graph, DType::f32);
  auto call = irgen::default_call(unit, decl);
  if (!call) return std::nullopt;
  irgen::Chain chain;
  if (optimizer)
    chain.rule = std::move(*call);
  else
    chain.transforms.push_back(std::move(*call));
  auto rule = irgen::elaborate_rule(unit, chain, 1);
  if (!rule) return std::nullopt;
  PipelineOptions options;
  Pipeline pipeline(graph, front.diags, options);
  return rule_cost(pipeline, *rule);
}

std::optional<Item> read_item(const std::string& library, const std::string& folder,
                              const fs::path& path) {
  Front front(library);
  if (!front.load(path.string()) || front.program.own.empty()) return std::nullopt;
  const ast::Decl& decl = *front.program.own.front();
  Item item{ast::name_of(decl).name.str(),
            folder,
            signature_of(front.sources.text(decl.span)),
            {},
            cost_of(front, decl)};
  std::istringstream doc(decl.doc);
  for (std::string line; std::getline(doc, line);)
    item.lines.push_back(line);
  return item;
}

std::string cost_text(const RuleCost& cost) {
  auto number = [](double value) { return fmt::format("{:.4g}", value); };
  std::string text =
      fmt::format("{} pass{}, {} bytes read and {} written", cost.passes,
                  cost.passes == 1 ? "" : "es", number(cost.read), number(cost.written));
  text += fmt::format(", {} flops, {} bytes of state", number(cost.flops), number(cost.state));
  if (cost.gradients != 1)
    text += fmt::format("; {} evaluations of the objective a step", cost.gradients);
  return text;
}

// The first sentence of the comment, and what stands after `topic`.
std::string first_sentence(const Item& item) {
  std::string text;
  for (const std::string& line : item.lines) {
    if (line.empty()) break;
    text += (text.empty() ? "" : " ") + line;
  }
  size_t end = text.find(". ");
  if (end != text.npos) text = text.substr(0, end);
  while (!text.empty() && (text.back() == '.' || text.back() == ':'))
    text.pop_back();
  return text;
}
std::string under(const Item& item, std::string_view topic) {
  std::string text;
  bool inside = false;
  for (const std::string& line : item.lines) {
    auto here = topic_of(line);
    if (here) inside = *here == topic;
    if (line.empty()) inside = false;
    if (inside) text += (text.empty() ? "" : " ") + (here ? line.substr(topic.size() + 2) : line);
  }
  return text;
}

std::string cell(std::string text) {
  for (size_t at = 0; (at = text.find('|', at)) != text.npos; at += 2)
    text.insert(at, "\\");
  return text;
}

std::string anchor(const std::string& name) {
  std::string text = name;
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

// Lines indented by two are formulas, others flow together until a blank one.
std::string section(const Item& item) {
  std::string out = fmt::format("\n### {}\n", item.name), text;
  bool code = false, listed = false, blank = true;
  auto close = [&] {
    if (code) out += "```\n";
    if (!text.empty()) out += text + "\n";
    code = false;
    text.clear();
  };
  auto list = [&](std::string_view topic, const std::string& rest) {
    close();
    if (!listed || blank) out += "\n";
    listed = true;
    text = fmt::format("- **{}:** {}", topic, rest);
  };
  for (const std::string& line : item.lines) {
    if (line.empty()) {
      close();
      blank = true;
      continue;
    }
    if (line.starts_with("  ")) {
      if (!code) {
        close();
        out += "\n```\n";
      }
      code = true;
      out += line.substr(2) + "\n";
    } else if (auto topic = topic_of(line)) {
      std::string rest = line.substr(topic->size() + 2);
      if (*topic == "Example") {
        if (item.cost) list("Cost", cost_text(*item.cost) + ".");
        rest = "`" + rest + "`";
      }
      if (code) close();
      list(*topic, rest);
      blank = false;
      continue;
    } else {
      if (code) close();
      if (blank && text.empty()) out += "\n";
      text += (text.empty() ? "" : " ") + line;
    }
    blank = false;
  }
  close();
  return out + fmt::format("\n`{}`\n", item.signature);
}

std::string title(std::string folder) {
  folder[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(folder[0])));
  return folder;
}

} // namespace

std::optional<std::string> item_page(const std::string& library, Diagnostics& diags,
                                     const std::string& name) {
  std::vector<std::string> known;
  for (const auto& [folder, path] : files_of(library)) {
    known.push_back(path.stem().string());
    if (known.back() != name) continue;
    std::optional<Item> item = read_item(library, folder, path);
    if (!item) break;
    std::string out = item->signature + "\n\n";
    for (const std::string& line : item->lines)
      out += line + "\n";
    if (item->cost)
      out += fmt::format("\nA step costs {} a parameter in f32.\n", cost_text(*item->cost));
    return out + fmt::format("\n{}\n", path.string());
  }
  Diagnostic& d =
      diags.report(DiagKind::no_such_item, {},
                   fmt::format("the library has no item '{}'", escape_for_display(name)));
  if (auto near = suggest(name, known))
    d.help(fmt::format("did you mean '{}'?", *near));
  else
    d.help("without a name, all items are listed");
  return std::nullopt;
}

std::string library_list(const std::string& library) {
  std::string out, folder;
  for (const auto& [in, path] : files_of(library)) {
    std::optional<Item> item = read_item(library, in, path);
    if (!item) continue;
    if (in != folder) out += fmt::format("{}{}\n", folder.empty() ? "" : "\n", title(in));
    folder = in;
    out += fmt::format("  {:<22} {}\n", item->name, first_sentence(*item));
  }
  return out;
}

std::string library_page(const std::string& library) {
  std::string out =
      "# The library\n\n"
      "Made from the comments of these files by `thalweg doc --markdown`; a test holds the two "
      "together. "
      "Items are found by their name, without `use`. What `Equals:` names is compared number by "
      "number in `tests/reference`. Costs are for one parameter in f32, as `thalweg check --cost` "
      "counts them: "
      "passes over the tensors / bytes read and written / flops / bytes of state.\n";
  std::string folder;
  std::string table, sections;
  auto flush = [&] {
    out += table + sections;
    table.clear();
    sections.clear();
  };
  for (const auto& [in, path] : files_of(library)) {
    std::optional<Item> item = read_item(library, in, path);
    if (!item) continue;
    if (in != folder) {
      flush();
      folder = in;
      out += fmt::format("\n## {}\n\n", title(folder));
      bool costs = item->cost.has_value();
      table =
          costs ? "| | | cost | equals |\n|---|---|---|---|\n" : "| | | equals |\n|---|---|---|\n";
    }
    table += fmt::format("| [`{}`](#{}) | {} |", item->name, anchor(item->name),
                         cell(first_sentence(*item)));
    if (item->cost)
      table +=
          fmt::format(" {} / {:.4g} + {:.4g} / {:.4g} / {:.4g} |", item->cost->passes,
                      item->cost->read, item->cost->written, item->cost->flops, item->cost->state);
    table += fmt::format(" {} |\n", cell(under(*item, "Equals")));
    sections += section(*item);
  }
  flush();
  return out;
}

} // namespace thalweg::driver
