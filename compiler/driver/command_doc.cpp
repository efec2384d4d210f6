// `thalweg doc`: what the library's comments say of an item, or the page of all of them.
#include "driver/commands.h"
#include "driver/library_doc.h"

namespace thalweg::driver {

int doc_command(const DocOptions& options) {
  Front front(options.library);
  if (library_list(options.library).empty()) {
    front.diags.report(DiagKind::no_such_item, {},
                       fmt::format("no library at '{}'", escape_for_display(options.library)));
    return front.report();
  }
  if (options.markdown) {
    fmt::print("{}", library_page(options.library));
    return kExitOk;
  }
  if (options.names.empty()) {
    fmt::print("{}", library_list(options.library));
    return kExitOk;
  }
  bool first = true;
  for (const std::string& name : options.names)
    if (auto page = item_page(options.library, front.diags, name)) {
      fmt::print("{}{}", first ? "" : "\n", *page);
      first = false;
    }
  return front.report();
}

} // namespace thalweg::driver
