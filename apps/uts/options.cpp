// SPDX-License-Identifier: BSL-1.0
#include "options.hpp"

#include <CLI/CLI.hpp>
#include <limits>

#include "published.hpp"

namespace weft::uts {
namespace {

std::string known_names() {
  std::string names;
  for (const published_tree& t : published_trees()) names.append(names.empty() ? "" : " ").append(t.name);
  return names;
}

std::string unknown_tree(std::string& name) {
  if (find_published(name) != nullptr) return {};
  return "no such tree: '" + name + "'; known are " + known_names();
}

template <class T>
void add(CLI::App& program, const char* names, std::optional<T>& value, T least, T most, const char* meaning) {
  program.add_option(names, value, meaning)
      ->check(CLI::Range(least, most))
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast)
      ->group("Tree");
}

}  // namespace

tree_parameters tree_options::parameters() const {
  const published_tree* named = find_published(name);
  tree_parameters p = named != nullptr ? named->parameters : tree_parameters{};
  if (type) p.type = static_cast<tree_type>(*type);
  if (shape) p.shape = static_cast<tree_shape>(*shape);
  p.depth = depth.value_or(p.depth);
  p.branching = branching.value_or(p.branching);
  p.seed = seed.value_or(p.seed);
  p.probability = probability.value_or(p.probability);
  p.children = children.value_or(p.children);
  p.shift = shift.value_or(p.shift);
  p.granularity = granularity.value_or(p.granularity);
  return p;
}

void add_tree_options(CLI::App& program, tree_options& o) {
  constexpr int most = std::numeric_limits<int>::max();
  program.add_option("--tree", o.name, "a published tree: " + known_names())
      ->check(CLI::Validator(unknown_tree, "NAME"))
      ->group("Tree");
  add(program, "-t", o.type, 0, 3, "type: 0 binomial, 1 geometric (default), 2 hybrid, 3 balanced");
  add(program, "-a", o.shape, 0, 3, "geometric shape: 0 linear (default), 1 exponential, 2 cyclic, 3 fixed");
  add(program, "-d", o.depth, 1, most / 8, "depth of a geometric tree (default 6)");
  add(program, "-b", o.branching, 0.0, 1e9, "mean number of the root's children (default 4)");
  add(program, "-r", o.seed, std::numeric_limits<std::int32_t>::min(), most, "seed of the root (default 0)");
  add(program, "-q", o.probability, 0.0, 1.0, "probability that a binomial node has children (default 15/64)");
  add(program, "-m", o.children, 0, most, "number of a binomial node's children (default 4)");
  add(program, "-f", o.shift, 0.0, 1.0, "part of the depth where a hybrid tree becomes binomial (default 0.5)");
  add(program, "-g", o.granularity, 1, most, "how often each hash is computed (default 1)");
}

}  // namespace weft::uts
