// SPDX-License-Identifier: Apache-2.0
// The promise under test: whatever goes wrong while writing, the old file or folder stays whole and nothing else is
// left.
#include "ballast/base/files.h"

#include <gmock/gmock.h>
#include <sys/resource.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <stdexcept>

#include "ballast/base/error.h"

namespace ballast::base {
namespace {

namespace fs = std::filesystem;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

class Files : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "ballast-files-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    dir_ = name;
  }
  void TearDown() override { fs::remove_all(dir_); }

  std::vector<std::string> names() const {
    std::vector<std::string> found;
    for (const auto& entry : fs::directory_iterator(dir_)) found.push_back(entry.path().filename().string());
    return found;
  }
  ErrorCode code_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const Error& e) {
      message_ = e.what();
      return e.code();
    }
    ADD_FAILURE() << "no base::Error";
    return ErrorCode::internal;
  }

  fs::path dir_;
  std::string message_;
};

TEST_F(Files, ReadsBackWhatWasWritten) {
  const std::string content("line\0with zero\n中文", 20);
  write_file_atomic(dir_ / "a.txt", content);
  EXPECT_EQ(read_file(dir_ / "a.txt"), content);
  EXPECT_EQ(MappedFile(dir_ / "a.txt").text(), content);
  EXPECT_THAT(names(), ElementsAre("a.txt"));
}

TEST_F(Files, EmptyFileMapsToNothing) {
  write_file_atomic(dir_ / "empty", "");
  EXPECT_TRUE(MappedFile(dir_ / "empty").bytes().empty());
  EXPECT_EQ(read_file(dir_ / "empty"), "");
}

TEST_F(Files, MappedFileSurvivesAMove) {
  write_file_atomic(dir_ / "a", "first");
  write_file_atomic(dir_ / "b", "second");
  MappedFile a(dir_ / "a"), b(dir_ / "b");
  a = std::move(b);
  EXPECT_EQ(a.text(), "second");
  const MappedFile c(std::move(a));
  EXPECT_EQ(c.text(), "second");
}

TEST_F(Files, AbsentFilesAndFoldersAreToldApart) {
  EXPECT_EQ(code_of([&] { read_file(dir_ / "none"); }), ErrorCode::not_found);
  EXPECT_EQ(message_, (dir_ / "none").string() + ": cannot open: No such file or directory");
  EXPECT_EQ(code_of([&] { read_file(dir_); }), ErrorCode::bad_input);
  EXPECT_EQ(message_, dir_.string() + ": is not a regular file");
  EXPECT_EQ(code_of([&] { write_file_atomic(dir_ / "none" / "a", "x"); }), ErrorCode::not_found);
}

TEST_F(Files, ManySmallAndOneLargeWriteKeepTheirOrder) {
  std::string expected;
  write_file_atomic(dir_ / "big", [&](FileSink& sink) {
    for (int i = 0; i < 1000; ++i) {
      const std::string part = std::to_string(i) + "\n";
      sink.write(part);
      expected += part;
    }
    const std::string large(3 << 20, 'L');  // more than the sink's buffer: goes straight to the file
    sink.write(large);
    sink.write("end");
    expected += large + "end";
  });
  EXPECT_EQ(read_file(dir_ / "big"), expected);
}

TEST_F(Files, FailingProducerLeavesTheOldFile) {
  write_file_atomic(dir_ / "model", "old");
  const auto produce = [](FileSink& sink) {
    sink.write("half of the new one");
    throw std::runtime_error("weights are NaN");
  };
  EXPECT_THROW(write_file_atomic(dir_ / "model", produce), std::runtime_error);
  EXPECT_EQ(read_file(dir_ / "model"), "old");
  EXPECT_THAT(names(), ElementsAre("model"));
}

TEST_F(Files, FullDiskIsAnIoErrorAndLeavesTheOldFile) {
  write_file_atomic(dir_ / "model", "old");
  // A file-size limit fails in write() as a full disk does; without the handler it would be a signal.
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit small{1 << 20, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const auto code = code_of([&] { write_file_atomic(dir_ / "model", std::string(4 << 20, 'x')); });
  setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  EXPECT_EQ(code, ErrorCode::io);
  EXPECT_THAT(message_, HasSubstr("model: cannot write: File too large"));
  EXPECT_EQ(read_file(dir_ / "model"), "old");
  EXPECT_THAT(names(), ElementsAre("model"));
}

TEST_F(Files, RealFullDeviceIsAnIoError) {
  if (!fs::exists("/dev/full")) GTEST_SKIP() << "needs /dev/full";
  fs::create_symlink("/dev/full", dir_ / ("log.tmp-" + std::to_string(getpid())));
  EXPECT_EQ(code_of([&] { write_file_atomic(dir_ / "log", "x"); }), ErrorCode::io);
  EXPECT_THAT(message_, HasSubstr("log: cannot write: No space left on device"));
  EXPECT_TRUE(names().empty());
}

TEST_F(Files, FolderIsCreatedAndReplacedAsAWhole) {
  const auto fill = [](const char* name) {
    return [name](const fs::path& folder) { write_file_atomic(folder / name, name); };
  };
  write_directory_atomic(dir_ / "model", fill("first"));
  EXPECT_EQ(read_file(dir_ / "model" / "first"), "first");
  write_directory_atomic(dir_ / "model/", fill("second"));  // a trailing slash names the same folder
  EXPECT_EQ(read_file(dir_ / "model" / "second"), "second");
  EXPECT_FALSE(fs::exists(dir_ / "model" / "first"));
  EXPECT_THAT(names(), ElementsAre("model"));
}

TEST_F(Files, FailingProducerLeavesTheOldFolder) {
  write_directory_atomic(dir_ / "model", [](const fs::path& f) { write_file_atomic(f / "config.json", "old"); });
  const auto produce = [](const fs::path& f) {
    write_file_atomic(f / "config.json", "new");
    throw Error(ErrorCode::io, "disk full");
  };
  EXPECT_EQ(code_of([&] { write_directory_atomic(dir_ / "model", produce); }), ErrorCode::io);
  EXPECT_EQ(read_file(dir_ / "model" / "config.json"), "old");
  EXPECT_EQ(code_of([&] { write_directory_atomic(dir_ / "other", produce); }), ErrorCode::io);
  EXPECT_THAT(names(), ElementsAre("model"));
}

TEST_F(Files, FolderWhereNoneCanBeMadeIsAnError) {
  write_file_atomic(dir_ / "file", "x");
  const auto nothing = [](const fs::path&) { FAIL() << "must not be asked to fill a folder that does not exist"; };
  EXPECT_EQ(code_of([&] { write_directory_atomic(dir_ / "file" / "model", nothing); }), ErrorCode::io);
  EXPECT_THAT(names(), UnorderedElementsAre("file"));
}

}  // namespace
}  // namespace ballast::base
