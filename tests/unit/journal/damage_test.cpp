// SPDX-License-Identifier: BSL-1.0
// A journal that is cut and flipped everywhere, relative to the position up to which it had acknowledged.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <functional>
#include <weft/posix/file_storage.hpp>

#include "counting_run.hpp"
#include "support/crash_storage.hpp"
#include "support/scratch_directory.hpp"

namespace weft {
namespace {

using testing::counter;
using testing::counting_run;
using testing::crash_storage;
using testing::fake_disk;
namespace format = journal_format;

using content = std::vector<std::byte>;
using image = std::map<std::string, content>;  ///< by file name, without the folder

constexpr journal_options small{durability::synced, 8 * 1024};

/// A record, or a segment's header, in the image.
struct place {
  std::string file;
  std::uint64_t offset;
  std::uint64_t bytes;     ///< that its checksum covers
  std::uint64_t position;  ///< of its first byte; of a header: of its first record
};

/// A journal of several segments: acknowledged up to `durable`, with unforced records behind.
struct sample {
  image files;
  std::string last_file;
  journal_run run;
  journal_position durable = 0;
  std::uint64_t acknowledged = 0;
  std::uint64_t counted = 0;
  std::vector<place> places;
};

std::uint32_t seed_of(const journal_run& run) { return format::record_seed(run.live, 0, run.identity); }

void find_places(sample& in) {
  for (const auto& [name, bytes] : in.files) {
    const auto header = format::decode_segment_header(bytes);
    if (!header) continue;
    in.last_file = name;
    in.places.push_back({name, 0, 68, header->first});
    std::uint64_t at = format::segment_header_bytes;
    while (const auto record = format::decode_record(std::span(bytes).subspan(at), seed_of(in.run))) {
      in.places.push_back({name, at, format::record_header_bytes + record->length, record->position});
      at += format::record_bytes(record->length);
      if (at >= bytes.size()) break;
    }
  }
}

struct outcome {
  bool is_refused = false;
  std::string file;
  std::uint64_t offset = 0;
  std::uint64_t found = 0;
  bool is_cut = false;
  journal_summary summary;
};

outcome read(storage& files, const journal_run& run, damage_policy policy = damage_policy::refuse,
             const std::function<void(const journal_record&)>& meanwhile = {}) {
  journal_folder folder(files, file_space::shared, std::string(testing::journal_path));
  folder.join(run, time_point{});
  testing::drive(files, [&] { return folder.ready(); });
  outcome result;
  counter numbers;
  try {
    result.summary = journal_reader(folder, policy).read(0, [&](const journal_record& r) {
      numbers.visit(r);
      if (meanwhile) meanwhile(r);
    });
    result.is_cut = result.summary.cut.has_value();
  } catch (const journal_damaged& damage) {
    result.is_refused = true;
    result.file = damage.file().substr(damage.file().rfind('/') + 1);
    result.offset = damage.offset();
    EXPECT_NE(std::string(damage.what()).find(damage.file()), std::string::npos);
  }
  result.found = numbers.last;
  return result;
}

std::shared_ptr<fake_disk> disk_with(const image& files) {
  const auto disk = std::make_shared<fake_disk>();
  disk->directories.insert(std::string(testing::journal_path));
  for (const auto& [name, bytes] : files) {
    auto& file = disk->files[std::string(testing::journal_path) + "/" + name];
    file = std::make_shared<testing::fake_file>();
    file->data = bytes;
  }
  return disk;
}

outcome read(const image& files, const journal_run& run, damage_policy policy = damage_policy::refuse) {
  crash_storage storage(disk_with(files));
  return read(storage, run, policy);
}

sample make_sample() {
  crash_storage files;
  counting_run run(files, small);
  run.begin();
  for (int group = 0; group < 28; ++group) {
    run.count(10);
    run.settle();
  }
  sample made;
  made.durable = run.log->durable();
  made.acknowledged = run.acknowledged;
  files.die_at(files.operations() + 3);  // enough for the writes, not for the end of a force
  run.count(25);
  try {
    for (int i = 0; i < 10; ++i) run.poll_once();
  } catch (const world_error&) {
  }
  EXPECT_EQ(run.log->durable(), made.durable);
  made.run = run.folder().run();
  made.run.live = made.run.epoch++;
  made.run.writers = 1;
  const auto left = files.after_kill();
  for (const auto& [name, file] : left->files) {
    const std::string own = name.substr(name.find('/') + 1);
    if (format::parse_file_name(own)) made.files[own] = file->data;
  }
  find_places(made);
  made.counted = read(made.files, made.run).found;
  return made;
}

void flip(content& bytes, std::uint64_t at, std::uint64_t bit) {
  bytes[at] ^= std::byte{1} << static_cast<int>(bit % 8);
}

/// The record or header whose checksum covers that byte.
const place* covering(const sample& in, const std::string& file, std::uint64_t offset) {
  for (const place& each : in.places) {
    if (each.file == file && offset >= each.offset && offset < each.offset + each.bytes) return &each;
  }
  return nullptr;
}

/// `leaves_zeros`: behind the place there is nothing that could be cut.
void expect_right(const sample& in, const outcome& result, const place* hit, bool leaves_zeros = false) {
  if (hit != nullptr && hit->position < in.durable) {
    ASSERT_TRUE(result.is_refused);
    EXPECT_EQ(result.file, hit->file);
    EXPECT_EQ(result.offset, hit->offset);
    return;
  }
  ASSERT_FALSE(result.is_refused) << result.file << " " << result.offset;
  ASSERT_GE(result.found, in.acknowledged);
  ASSERT_TRUE(result.is_cut || result.found == in.counted || leaves_zeros);
}

class damage : public ::testing::Test {
 protected:
  static const sample& in() {
    static const sample made = make_sample();
    return made;
  }
};

TEST_F(damage, sample_is_what_the_tests_need) {
  EXPECT_GE(in().files.size(), 4u);
  EXPECT_GT(in().places.size(), 280u);
  EXPECT_GT(in().counted, in().acknowledged);
  EXPECT_LT(format::decode_segment_header(in().files.at(in().last_file))->first + 800, in().durable);
  const outcome whole = read(in().files, in().run);
  EXPECT_FALSE(whole.is_refused);
  EXPECT_FALSE(whole.is_cut);
  EXPECT_EQ(whole.found, in().counted);
  const auto behind = [](const place& each) { return each.position >= in().durable; };
  EXPECT_GT(std::count_if(in().places.begin(), in().places.end(), behind), 5);
}

TEST_F(damage, a_bit_flipped_at_every_record_boundary) {
  for (const place& each : in().places) {
    for (const std::uint64_t at : {each.offset, each.offset + 5, each.offset + each.bytes - 1}) {
      SCOPED_TRACE(each.file + " at " + std::to_string(at));
      image files = in().files;
      flip(files[each.file], at, at);
      expect_right(in(), read(files, in().run), &each);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(damage, a_bit_flipped_at_random_places) {
  for (std::uint64_t seed = 0; seed < 1000; ++seed) {
    random_source random(seed);
    image files = in().files;
    auto file = files.begin();
    std::advance(file, static_cast<std::ptrdiff_t>(random.below(files.size())));
    const std::uint64_t at = random.below(file->second.size());
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + file->first + " at " + std::to_string(at));
    flip(file->second, at, random());
    expect_right(in(), read(files, in().run), covering(in(), file->first, at));
    if (HasFatalFailure()) return;
  }
}

/// Where a file system shows a piece of a file late, the second look decides.
TEST_F(damage, what_is_there_at_a_second_look_is_no_damage) {
  int looked_again = 0;
  for (const place& each : in().places) {
    if (each.offset == 0 || each.position >= in().durable) continue;
    SCOPED_TRACE(each.file + " at " + std::to_string(each.offset));
    const auto disk = disk_with(in().files);
    content& bytes = disk->files[std::string(testing::journal_path) + "/" + each.file]->data;
    flip(bytes, each.offset + 5, 0);
    bool is_late = true;
    crash_storage storage(disk);
    const outcome result = read(storage, in().run, damage_policy::refuse, [&](const journal_record& before) {
      if (is_late && before.end == each.position) flip(bytes, each.offset + 5, 0);
      is_late = is_late && before.end != each.position;
    });
    ASSERT_EQ(result.is_refused, is_late);
    if (is_late) continue;
    EXPECT_EQ(result.found, in().counted);
    ++looked_again;
  }
  EXPECT_GT(looked_again, 250);
}

/// Zeros or rubbish from a place to the end of the file, as when the last writes are lost.
TEST_F(damage, everything_behind_a_place_lost_or_rubbish) {
  random_source random(5);
  std::vector<place> all = in().places;
  for (int i = 0; i < 1000; ++i) {  // random places within records
    place where = in().places[random.below(in().places.size())];
    where.bytes = random.below(where.bytes);
    all.push_back(where);
  }
  for (const place& each : all) {
    if (each.offset == 0) continue;  // the first page is written once
    const std::uint64_t at =
        each.offset + (each.bytes == covering(in(), each.file, each.offset)->bytes ? 0 : each.bytes);
    for (const bool is_rubbish : {false, true}) {
      SCOPED_TRACE(each.file + " from " + std::to_string(at) + (is_rubbish ? " rubbish" : " zeros"));
      image files = in().files;
      content& bytes = files[each.file];
      for (std::uint64_t i = at; i < bytes.size(); ++i)
        bytes[i] = is_rubbish ? static_cast<std::byte>(random()) : std::byte{0};
      // What counts is the first byte that is another one now; a record's last ones may be zeros anyway.
      const content& before = in().files.at(each.file);
      const auto changed = std::mismatch(before.begin(), before.end(), bytes.begin()).first - before.begin();
      expect_right(in(), read(files, in().run), covering(in(), each.file, static_cast<std::uint64_t>(changed)),
                   !is_rubbish);
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(damage, a_file_made_shorter) {
  for (const place& each : in().places) {
    SCOPED_TRACE(each.file + " cut at " + std::to_string(each.offset));
    image files = in().files;
    files[each.file].resize(each.offset);
    const outcome result = read(files, in().run);
    if (each.position < in().durable) {
      ASSERT_TRUE(result.is_refused);
      EXPECT_EQ(result.file, each.file);
    }
    // Behind, nobody can tell whether more had been acknowledged: its size alone lets the start be refused.
    ASSERT_TRUE(result.is_refused || result.found >= in().acknowledged);
  }
}

TEST_F(damage, a_file_that_lost_only_unused_room_is_read) {
  image files = in().files;
  content& last = files[in().last_file];
  last.resize(last.size() - 8);
  const outcome result = read(files, in().run);
  EXPECT_FALSE(result.is_refused);
  EXPECT_EQ(result.found, in().counted);
}

TEST_F(damage, a_file_gone) {
  for (const auto& [name, bytes] : in().files) {
    const auto header = format::decode_segment_header(bytes);
    if (!header || header->first >= in().durable) continue;
    SCOPED_TRACE(name);
    image files = in().files;
    files.erase(name);
    EXPECT_TRUE(read(files, in().run).is_refused);
  }
  EXPECT_TRUE(read(image{}, in().run).is_refused);
}

TEST_F(damage, a_file_of_another_folder_is_not_read) {
  journal_run other = in().run;
  ++other.identity;
  EXPECT_TRUE(read(in().files, other).is_refused);
}

/// The sample as a power cut may leave it just after the last force: no later record, and the mark lost.
image without_voucher(const sample& in) {
  image files = in.files;
  content& last = files[in.last_file];
  std::fill_n(last.begin() + 512, 1024, std::byte{0});
  for (const place& each : in.places) {
    if (each.file == in.last_file && each.position >= in.durable)
      std::fill(last.begin() + static_cast<std::ptrdiff_t>(each.offset), last.end(), std::byte{0});
  }
  return files;
}

/// The window: nothing vouches for the last group. It is never cut silently.
TEST_F(damage, without_a_voucher_the_cut_is_told) {
  std::uint64_t lost_some = 0;
  for (const place& each : in().places) {
    if (each.file != in().last_file || each.offset == 0 || each.position >= in().durable) continue;
    SCOPED_TRACE(each.offset);
    image files = without_voucher(in());
    flip(files[each.file], each.offset + 9, 1);
    const outcome result = read(files, in().run);
    if (result.is_refused) continue;
    ASSERT_TRUE(result.is_cut);
    EXPECT_EQ(result.summary.cut->file, std::string(testing::journal_path) + "/" + each.file);
    EXPECT_EQ(result.summary.cut->offset, each.offset);
    EXPECT_GT(result.summary.cut->bytes, 0u);
    EXPECT_NE(describe(*result.summary.cut).find(each.file), std::string::npos);
    ++lost_some;
  }
  EXPECT_GT(lost_some, 0u);   // the window is there ...
  EXPECT_LE(lost_some, 10u);  // ... and is one group
}

TEST_F(damage, the_size_of_the_file_vouches) {
  for (const place& each : in().places) {
    if (each.file != in().last_file || each.offset == 0 || each.position >= in().durable) continue;
    for (const std::uint64_t more : {std::uint64_t{0}, each.bytes / 2}) {
      SCOPED_TRACE(each.offset + more);
      image files = without_voucher(in());
      files[each.file].resize(each.offset + more);
      const outcome result = read(files, in().run);
      ASSERT_TRUE(result.is_refused);
      EXPECT_EQ(result.file, each.file);
      EXPECT_EQ(result.offset, each.offset);
    }
  }
}

TEST_F(damage, another_journal_vouches) {
  image files = without_voucher(in());
  const place* target = nullptr;
  for (const place& each : in().places) {
    if (each.position < in().durable) target = &each;
  }
  flip(files[target->file], target->offset + 9, 1);
  const outcome result = read(files, in().run);
  ASSERT_FALSE(result.is_refused);
  crash_storage storage;
  journal_folder folder(storage, file_space::shared, "elsewhere");
  const journal_reader reader(folder);
  const std::vector<journal_witness> others{{1, 0, in().durable}, {0, 0, result.summary.end}};
  EXPECT_NO_THROW(reader.check_witnesses({&result.summary, 1}, others));
  const std::vector<journal_witness> witnesses{{0, 0, in().durable}};
  EXPECT_THROW(reader.check_witnesses({&result.summary, 1}, witnesses), journal_damaged);
  EXPECT_NO_THROW(journal_reader(folder, damage_policy::cut).check_witnesses({&result.summary, 1}, witnesses));
}

TEST_F(damage, a_user_who_says_so_goes_on_with_what_stands_before) {
  const place& middle = in().places[in().places.size() / 2];
  image files = in().files;
  flip(files[middle.file], middle.offset + 12, 3);
  const outcome result = read(files, in().run, damage_policy::cut);
  EXPECT_FALSE(result.is_refused);
  ASSERT_TRUE(result.is_cut);
  EXPECT_LT(result.found, in().acknowledged);
  EXPECT_GT(result.found, 0u);
}

TEST_F(damage, the_same_on_a_file_system) {
  const testing::scratch_directory scratch;
  const std::string& root = scratch.path();
  const std::string folder = root + "/" + std::string(testing::journal_path);
  std::filesystem::create_directory(folder);
  const auto write = [&](const std::string& name, const content& bytes) {
    std::ofstream out(folder + "/" + name, std::ios::binary);
    out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  };
  for (const auto& [name, bytes] : in().files) write(name, bytes);
  posix::file_storage storage({.shared_root = root, .node_root = root});
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    random_source random(seed);
    const place& each = in().places[random.below(in().places.size())];
    const std::uint64_t at = each.offset + random.below(each.bytes);
    SCOPED_TRACE("seed " + std::to_string(seed) + ": " + each.file + " at " + std::to_string(at));
    content bytes = in().files.at(each.file);
    flip(bytes, at, random());
    write(each.file, bytes);
    expect_right(in(), read(storage, in().run), &each);
    write(each.file, in().files.at(each.file));
    if (HasFatalFailure()) break;
  }
}

}  // namespace
}  // namespace weft
