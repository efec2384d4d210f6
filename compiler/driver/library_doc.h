// Pages of the library, made from the comments of its items: one item, or all of them.
#pragma once

#include "driver/front.h"

#include <optional>
#include <string>

namespace thalweg::driver {

// One item as it is shown in a terminal; nothing after a message.
std::optional<std::string> item_page(const std::string& library, Diagnostics& diags,
                                     const std::string& name);
// A line for each item, by folders.
std::string library_list(const std::string& library);
// The Markdown page of all items.
std::string library_page(const std::string& library);

} // namespace thalweg::driver
