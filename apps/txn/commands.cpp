// SPDX-License-Identifier: BSL-1.0
#include "commands.hpp"

#include <charconv>
#include <fstream>
#include <iostream>
#include <set>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <weft/core/error.hpp>
#include <weft/posix/file_storage.hpp>

#include "dump.hpp"
#include "resolve.hpp"
#include "store_files.hpp"
#include "transaction_text.hpp"

namespace weft::txn_app {
namespace {

using nlohmann::json;

std::uint64_t bytes_of(const store_files& store) {
  std::uint64_t bytes = 0;
  for (const seen_journal& each : store.journals) bytes += each.summary.end;
  return bytes;
}

// --- inspect ---------------------------------------------------------------------------------------------------------

json inspect(storage& files, const command_line& line) {
  store_files store = read_store(files, line.directory);
  const std::vector<doubt> doubts = doubts_of(store);
  json journals = json::array();
  std::size_t decided = 0;
  for (const seen_journal& each : store.journals) {
    decided += each.past.heuristics().size();
    journals.push_back({{"writer", each.summary.writer},
                        {"records", each.summary.records},
                        {"transaction_records", each.protocol_records},
                        {"promises", each.past.promises().size()},
                        {"ends_in", each.summary.end_file},
                        {"ends_at", each.summary.end_offset},
                        {"cut_bytes", each.summary.cut ? each.summary.cut->bytes : 0}});
  }
  const std::uint64_t bytes = bytes_of(store);
  const std::size_t keys = contents_of(store).size();
  std::cout << fmt::format("{}: newest run {}, journals of run {}, {}\n", line.directory, store.run.epoch, store.run.live,
                           store.is_in_use ? "in use by a job" : "not in use");
  for (const json& each : journals) {
    std::cout << fmt::format("  journal {}: {} records, {} of transactions, {} promises, ends in {} at byte {}{}\n",
                             each["writer"].get<int>(), each["records"].get<std::uint64_t>(),
                             each["transaction_records"].get<std::uint64_t>(), each["promises"].get<std::uint64_t>(),
                             each["ends_in"].get<std::string>(), each["ends_at"].get<std::uint64_t>(),
                             each["cut_bytes"] == 0 ? "" : fmt::format(", behind which {} bytes are no whole records",
                                                                       each["cut_bytes"].get<std::uint64_t>()));
  }
  std::cout << fmt::format("{} keys and names, {} transactions in doubt, {} decided by an operator\n", keys, doubts.size(),
                           decided);
  return {{"directory", line.directory},    {"newest_run", store.run.epoch}, {"live_run", store.run.live},
          {"is_in_use", store.is_in_use},   {"journals", journals},          {"bytes", bytes},
          {"keys", keys},                   {"in_doubt", doubts.size()},     {"decided_by_operator", decided}};
}

// --- list, explain ---------------------------------------------------------------------------------------------------

json list(storage& files, const command_line& line) {
  const store_files store = read_store(files, line.directory);
  json in_doubt = json::array();
  std::set<transaction_id> listed;
  for (const doubt& each : doubts_of(store)) {
    listed.insert(each.id);
    in_doubt.push_back({{"id", text_of(each.id)}, {"would", each.commits ? "commit" : "abort"}, {"reason", each.reason}});
    std::cout << fmt::format("{}  in doubt: a start would {} it, because {}\n", text_of(each.id),
                             each.commits ? "commit" : "abort", each.reason);
  }
  json others = json::array();
  for (const seen_record& record : store.records) {
    if (!line.all || !listed.insert(record.head.id).second) continue;
    const std::string ended = outcome_text(store, record.head.id);
    others.push_back({{"id", text_of(record.head.id)}, {"outcome", ended}});
    std::cout << fmt::format("{}  {}\n", text_of(record.head.id), ended);
  }
  if (listed.empty()) std::cout << "nothing is in doubt\n";
  return {{"in_doubt", in_doubt}, {"others", others}};
}

json explain(storage& files, const command_line& line) {
  const transaction_id id = id_of(line.id);
  const store_files store = read_store(files, line.directory);
  json records = json::array();
  for (const seen_record& each : store.records) {
    if (each.head.id != id) continue;
    records.push_back({{"writer", each.writer},
                       {"end", each.end},
                       {"record", txn::name_of(each.head.kind)},
                       {"voters", each.head.voters},
                       {"bytes", each.redo_bytes},
                       {"text", record_text(each)}});
    std::cout << fmt::format("journal {}, up to byte {}: {}\n", each.writer, each.end, record_text(each));
  }
  std::string verdict = outcome_text(store, id);
  for (const doubt& each : doubts_of(store)) {
    if (each.id == id)
      verdict = fmt::format("in doubt: a start would {} it, because {}", each.commits ? "commit" : "abort", each.reason);
  }
  for (const std::string& decided : heuristics_text(store, id)) verdict += "; " + decided;
  std::cout << fmt::format("{}: {}\n", text_of(id), verdict);
  return {{"id", text_of(id)}, {"records", records}, {"verdict", verdict}};
}

// --- verify ----------------------------------------------------------------------------------------------------------

json verify(storage& files, const command_line& line) {
  const store_files store = read_store(files, line.directory);  // throws what a start would refuse
  json cuts = json::array();
  for (const seen_journal& each : store.journals) {
    if (!each.summary.cut) continue;
    cuts.push_back({{"file", each.summary.cut->file}, {"offset", each.summary.cut->offset}, {"bytes", each.summary.cut->bytes}});
    std::cout << describe(*each.summary.cut) << "\n";
  }
  std::cout << fmt::format("{} journals, {} bytes: everything that was acknowledged is there\n", store.journals.size(),
                           bytes_of(store));
  return {{"journals", store.journals.size()}, {"bytes", bytes_of(store)}, {"cut", cuts}};
}

}  // namespace

void add_commands(CLI::App& program, command_line& line) {
  program.require_subcommand(1);
  const auto add = [&](const char* name, const char* help) {
    CLI::App* made = program.add_subcommand(name, help);
    made->fallthrough();  // --json may stand behind as well
    return made;
  };
  const auto add_directory = [&](CLI::App* to) {
    to->add_option("DIR", line.directory, "the store's directory")->required()->type_name("");
  };
  const auto add_id = [&](CLI::App* to) {
    to->add_option("ID", line.id, "EPOCH.COORDINATOR.SEQUENCE, as 'list' prints it")->required()->type_name("");
  };
  add_directory(add("inspect", "Says what lies in the directory: runs, journals, keys, transactions in doubt"));
  CLI::App* listing = add("list", "Lists the transactions in doubt, and what a start would do about each");
  listing->add_flag("--all", line.all, "and all others that the journals have records of");
  add_directory(listing);
  CLI::App* explaining = add("explain", "Prints all records of a transaction, and what follows from them");
  add_id(explaining);
  add_directory(explaining);
  add_directory(add("verify", "Reads everything; exit code 1, with file and byte, if what was acknowledged is damaged"));
  CLI::App* dumping = add("dump", "Writes all keys and values that a start would find, one JSON object a line");
  add_directory(dumping);
  dumping->add_option("FILE", line.file, "instead of standard output")->type_name("");
  CLI::App* loading = add("load", "Makes a new store of what 'dump' has written");
  add_directory(loading);
  loading->add_option("FILE", line.file, "instead of standard input")->type_name("");
  CLI::App* resolving = add("resolve", "The last way out: decides a transaction in doubt, against all rules; the journals keep\n"
                                       "that it was an operator's decision. Other ranks' acknowledgements may say otherwise");
  add_id(resolving);
  resolving->add_option("OUTCOME", line.outcome, "commit or abort")->required()->type_name("")->check(CLI::IsMember({"commit", "abort"}));
  add_directory(resolving);
  resolving->add_flag("--force", line.force, "nothing is done without");
}

json run_command(const CLI::App& program, const command_line& line) {
  posix::file_storage files;
  const std::string name = program.get_subcommands().front()->get_name();
  if (name == "inspect") return inspect(files, line);
  if (name == "list") return list(files, line);
  if (name == "explain") return explain(files, line);
  if (name == "verify") return verify(files, line);
  if (name == "dump") return dump(files, line.directory, line.file);
  if (name == "load") return load(files, line.directory, line.file);
  return resolve(files, line);
}

}  // namespace weft::txn_app
