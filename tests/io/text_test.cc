#include "io/text.h"

#include <gtest/gtest.h>

#include "io/error.h"
#include "io/files.h"

namespace sameseed {
namespace {

const std::string kTextFile = ::testing::TempDir() + "sameseed-text.txt";

std::string text_of(const std::string& bytes) {
  write_file(kTextFile, bytes);
  try {
    return read_text(kTextFile);
  } catch (const UserError& error) {
    const std::string what = error.what();
    EXPECT_EQ(what.find(kTextFile + ": "), 0u) << what;
    return what.substr(kTextFile.size() + 2);
  }
}

TEST(Text, IsReadAsOtherSystemsWriteIt) {
  EXPECT_EQ(text_of("a\nb\n"), "a\nb\n");
  EXPECT_EQ(text_of("\xef\xbb\xbf"
                    "a\n"),
            "a\n");                            // a byte order mark
  EXPECT_EQ(text_of("a\r\nb\r\n"), "a\nb\n");  // Windows
  EXPECT_EQ(text_of("a\rb\r"), "a\nb\n");      // old Macs
  EXPECT_EQ(text_of("a\r\r\nb"), "a\n\nb");
  EXPECT_EQ(text_of("a\xef\xbb\xbf"), "a\xef\xbb\xbf");  // a mark elsewhere is a character
  EXPECT_EQ(text_of("\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"),
            "\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
  EXPECT_EQ(text_of(""), "");
}

TEST(Text, InAnotherEncodingIsRefusedWithItsLine) {
  const std::string utf16 = "line 1: begins with the mark of UTF-16 or UTF-32; save it as UTF-8";
  EXPECT_EQ(text_of(std::string("\xff\xfe"
                                "a\0",
                                4)),
            utf16);
  EXPECT_EQ(text_of(std::string("\xfe\xff\0a", 4)), utf16);
  EXPECT_EQ(text_of(std::string("a\0\n\0", 4)),
            "line 1: holds a NUL at byte 1; remove it, or save it as UTF-8 where it is UTF-16");
  EXPECT_EQ(text_of("a\ncaf\xe9\n"),
            "line 2: is not valid UTF-8 at byte 3; save it as UTF-8");  // Latin-1
}

TEST(Text, IsAPlainNameWhereItLeadsNowhereElse) {
  for (const char* name : {"7ff0", "fp32", "a-b_c.d", "A", "a C"})
    EXPECT_TRUE(is_plain_name(name)) << name;
  for (const char* name : {"", ".", "..", ".hidden", "a/b", "../a", "/a", "a\x1b[m", "a\n", "é"})
    EXPECT_FALSE(is_plain_name(name)) << name;
  EXPECT_FALSE(is_plain_name(std::string_view("a\0b", 3)));
  EXPECT_TRUE(is_plain_name(std::string(100, 'a')));
  EXPECT_FALSE(is_plain_name(std::string(101, 'a')));
}

TEST(Text, IsUtf8OnlyInItsShortestForm) {
  for (const char* bytes : {"\xc0\xaf", "\xe0\x80\x80", "\xf0\x80\x80\x80", "\xed\xa0\x80",
                            "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "\x80", "\xe2\x82"})
    EXPECT_EQ(find_invalid_utf8(std::string("ab") + bytes), 2u);
  EXPECT_EQ(find_invalid_utf8("\xf4\x8f\xbf\xbf\xed\x9f\xbf"), std::string::npos);
}

}  // namespace
}  // namespace sameseed
