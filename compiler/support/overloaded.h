// overloaded: the set of lambdas for std::visit; no catch-all, so that a new node fails to compile.
#pragma once

namespace thalweg {

template <typename... Fs> struct overloaded : Fs... {
  using Fs::operator()...;
};
template <typename... Fs> overloaded(Fs...) -> overloaded<Fs...>;

} // namespace thalweg
